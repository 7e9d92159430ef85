// Soft cap: z = cap * tanh(s / cap) with cap = 20, which bounds the weights smoothly and is the identity near zero.

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
        %cap = arith.constant 20.0 : f32
        %inverse = arith.constant 5.0e-2 : f32
        %u = arith.mulf %s, %inverse : f32
        %t = math.tanh %u : f32
        %z = arith.mulf %t, %cap : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
