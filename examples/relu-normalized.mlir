// Normalized ReLU attention: w = (relu(s) + 0.1) / r, with r the sum of relu(s) + 0.1 over the keys. The offset keeps every row's sum
// away from zero.

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
  %o, %r = gdpa.attention bhsd sum
      ins(%q, %k, %v : !query, !key, !value)
      outs(%o0, %st0 : !output, !statistics)
      scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %offset = arith.constant 1.0e-1 : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %relu = arith.select %positive, %s, %zero : f32
        %z = arith.addf %relu, %offset : f32
        gdpa.yield %z : f32
      }
      -> !output, !statistics
  return %o, %r : !output, !statistics
}
