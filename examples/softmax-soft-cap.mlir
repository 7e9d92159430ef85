// Causal softmax with a soft cap: logits 15 tanh(s / 15) bound what a query can say to a key before the normalizer compares it with
// the others. Bottom-right aligned: the last query sees every key; with fewer keys than queries the first rows keep nothing, o = 0.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]
!statistics = tensor<?x?x?xf32> // [batch, query heads, queries]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %scale: f32 {gdpa.name = "scale"}) -> (!output, !statistics) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : !query
  %heads = tensor.dim %q, %c1 : !query
  %queries = tensor.dim %q, %c2 : !query
  %o0 = tensor.empty(%batch, %heads, %queries) : !output
  %st0 = tensor.empty(%batch, %heads, %queries) : !statistics
  %o, %lse = gdpa.attention bhsd softmax
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0, %st0 : !output, !statistics)
      scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %cap = arith.constant 15.0 : f32
        %u = arith.divf %s, %cap : f32
        %t = math.tanh %u : f32
        %z = arith.mulf %t, %cap : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %left = arith.addi %j, %nq : index
        %right = arith.addi %i, %nk : index
        %keep = arith.cmpi sle, %left, %right : index
        gdpa.yield %keep : i1
      }
      -> !output, !statistics
  return %o, %lse : !output, !statistics
}
