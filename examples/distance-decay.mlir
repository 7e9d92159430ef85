// Decay with distance: z = silu(s) * exp(-slope[h] * |i - j|), a learned slope per head (compare ALiBi, which adds the
// distance to a softmax logit).

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %slopes: tensor<?xf32> {gdpa.name = "slopes"},  // [query heads]
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
      captures(%slopes : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %slopes: tensor<?xf32>) {
        %one = arith.constant 1.0 : f32
        %ij = arith.subi %i, %j : index
        %ij_int = arith.index_cast %ij : index to i32
        %ij_float = arith.sitofp %ij_int : i32 to f32
        %distance = math.absf %ij_float : f32
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %x = arith.mulf %slope, %distance : f32
        %nx = arith.negf %x : f32
        %decay = math.exp %nx : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %silu = arith.divf %s, %d : f32
        %z = arith.mulf %silu, %decay : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
