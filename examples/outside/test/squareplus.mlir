// An activation that uses an operation of another project: z = squareplus(s, b) with a learned b.

!t = tensor<?x?x?x32xf32>
func.func @attention(%q: !t {gdpa.name = "q"}, %k: !t {gdpa.name = "k"}, %v: !t {gdpa.name = "v"},
                     %b: f32 {gdpa.name = "b"}, %scale: f32 {gdpa.name = "scale"}) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %batch = tensor.dim %q, %c0 : !t
  %heads = tensor.dim %q, %c1 : !t
  %queries = tensor.dim %q, %c2 : !t
  %o0 = tensor.empty(%batch, %heads, %queries) : !t
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !t, !t, !t)
      outs(%o0 : !t)
      scale(%scale : f32)
      captures(%b : f32)
      activation(%s: f32, %batch: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %b: f32) {
        %z = outside.squareplus %s, %b : f32
        gdpa.yield %z : f32
      }
      -> !t
  return %o : !t
}
