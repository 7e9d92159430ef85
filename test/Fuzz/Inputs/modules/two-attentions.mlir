// pipeline: builtin.module(gdpa-to-cpu{gradients=true})
!q = tensor<?x?x?x64xf32>
!k = tensor<?x?x?x64xf32>
func.func @two(%q: !q {gdpa.name = "q"}, %k: !k {gdpa.name = "k"}, %v: !k {gdpa.name = "v"}, %scale: f32 {gdpa.name = "scale"}) -> !q {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : !q
  %h = tensor.dim %q, %c1 : !q
  %s = tensor.dim %q, %c2 : !q
  %e = tensor.empty(%b, %h, %s) : !q
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !q, !k, !k) outs(%e : !q) scale(%scale : f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %x : f32
        gdpa.yield %z : f32
      } -> !q
  %p = gdpa.attention bhsd none ins(%o, %k, %v : !q, !k, !k) outs(%e : !q) scale(%scale : f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %x : f32
      } -> !q
  return %p : !q
}
