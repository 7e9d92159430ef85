// A straight-through estimator: z = clamp(s + bias[h], 0, ceiling) forward, while the gradient passes the clamp as if it were not there.
//
// A `vjp` region replaces the derivative of the activation: from s and the cotangent ct of z it computes ds, and accumulates into the
// gradients of captures. A capture that it does not accumulate into (the ceiling) gets zero. The forward ignores the region. A check
// evaluates it in f64 as it stands: central differences of the activation would say something else, on purpose.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]
!bias = tensor<?xf32>           // [query heads]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %bias: !bias {gdpa.name = "bias"}, %ceiling: f32 {gdpa.name = "ceiling"},
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
      captures(%bias, %ceiling : !bias, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %bias: !bias, %ceiling: f32) {
        %zero = arith.constant 0.0 : f32
        %x = tensor.extract %bias[%h] : !bias
        %u = arith.addf %s, %x : f32
        %low = arith.maximumf %u, %zero : f32
        %z = arith.minimumf %low, %ceiling : f32
        gdpa.yield %z : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %bias: !bias, %ceiling: f32) {
        gdpa.accumulate %ct, %bias[%h] : f32, !bias
        gdpa.yield %ct : f32
      }
      -> !output
  return %o : !output
}
