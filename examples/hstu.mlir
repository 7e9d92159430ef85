// Pointwise attention of sequential recommenders (HSTU): z = silu(s) / nk over a causal mask.
//
// Dividing by the length takes the place of softmax's normalisation without a reduction over the row.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %scale: f32 {gdpa.name = "scale"}) -> !output {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : !query
  %heads = tensor.dim %q, %c1 : !query
  %queries = tensor.dim %q, %c2 : !query
  %o0 = tensor.empty(%batch, %heads, %queries) : !output
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0 : !output)
      scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %nk_int = arith.index_cast %nk : index to i32
        %nk_float = arith.sitofp %nk_int : i32 to f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %silu = arith.divf %s, %d : f32
        %z = arith.divf %silu, %nk_float : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> !output
  return %o : !output
}
