// GELU as defined: z = s * Phi(s) = s/2 * (1 + erf(s / sqrt(2))), Phi the normal distribution function.
//
// `precision = #gdpa.precision<exact>`, the default on CPUs, asks for elementary functions within 2 ulp of f32;
// `fast`, the default on GPUs, allows hardware approximations and proven polynomials.

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
        %half = arith.constant 0.5 : f32
        %one = arith.constant 1.0 : f32
        %rsqrt2 = arith.constant 0.707106769 : f32
        %u = arith.mulf %s, %rsqrt2 : f32
        %f = math.erf %u : f32
        %f1 = arith.addf %f, %one : f32
        %hs = arith.mulf %s, %half : f32
        %z = arith.mulf %hs, %f1 : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
