// GELU in its tanh form: z = s/2 * (1 + tanh(sqrt(2/pi) * (s + 0.044715 s^3))).
//
// A region is ordinary arith and math: the derivative, which shares tanh with the value, comes from --gdpa-autodiff.

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
        %cubic = arith.constant 0.044715 : f32
        %root = arith.constant 0.797884583 : f32  // sqrt(2/pi)
        %s2 = arith.mulf %s, %s : f32
        %s3 = arith.mulf %s2, %s : f32
        %c = arith.mulf %s3, %cubic : f32
        %p = arith.addf %s, %c : f32
        %u = arith.mulf %p, %root : f32
        %t = math.tanh %u : f32
        %t1 = arith.addf %t, %one : f32
        %hs = arith.mulf %s, %half : f32
        %z = arith.mulf %hs, %t1 : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
