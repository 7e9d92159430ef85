// Squared ReLU: z = max(s, 0)^2.
//
// relu is written as a comparison and a select: then its derivative at 0 is 0. With arith.maximumf it would be 1/2, since
// ties share the cotangent; no pass turns one spelling into the other before differentiation.

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
        %zero = arith.constant 0.0 : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %r = arith.select %positive, %s, %zero : f32
        %z = arith.mulf %r, %r : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
