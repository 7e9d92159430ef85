// Softmax attention: w = exp(s - lse) with lse the log of the sum of exp(s) over the keys, the row statistic that training keeps.

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
  // The normalizer acts on the activation: a logit is any function of the score, here the score itself.
  %o, %lse = gdpa.attention bhsd softmax
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0, %st0 : !output, !statistics)
      scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> !output, !statistics
  return %o, %lse : !output, !statistics
}
