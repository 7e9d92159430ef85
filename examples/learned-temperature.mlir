// A learned temperature: z = silu(temperature * s), one scalar for all heads.
//
// A scalar capture is an argument like any other; its gradient d_temperature is a tensor of rank 0. The operation's own
// `scale` gets no gradient: what is learned is a capture.

!query = tensor<?x?x?x64xf32>   // [batch, query heads, queries, D]
!key = tensor<?x?x?x64xf32>     // [batch, key heads, keys, D]
!value = tensor<?x?x?x64xf32>   // [batch, key heads, keys, Dv]
!output = tensor<?x?x?x64xf32>  // [batch, query heads, queries, Dv]

func.func @attention(
    %q: !query {gdpa.name = "q"}, %k: !key {gdpa.name = "k"}, %v: !value {gdpa.name = "v"},
    %temperature: f32 {gdpa.name = "temperature"},
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
      captures(%temperature : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %temperature: f32) {
        %one = arith.constant 1.0 : f32
        %x = arith.mulf %temperature, %s : f32
        %n = arith.negf %x : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      -> !output
  return %o : !output
}
