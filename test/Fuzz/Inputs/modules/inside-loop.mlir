// pipeline: builtin.module(gdpa-to-cpu)
!q = tensor<2x4x?x16xf32>
func.func @loop(%q: !q, %k: !q, %v: !q, %scale: f32, %n: index) -> !q {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %s = tensor.dim %q, %c2 : !q
  %e = tensor.empty(%s) : !q
  %r = scf.for %t = %c0 to %n step %c1 iter_args(%acc = %e) -> (!q) {
    %o = gdpa.attention bhsd none ins(%q, %k, %v : !q, !q, !q) outs(%acc : !q) scale(%scale : f32)
        activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
          gdpa.yield %x : f32
        } mask(%bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
          %keep = arith.cmpi sge, %i, %j : index
          gdpa.yield %keep : i1
        } -> !q
    scf.yield %o : !q
  }
  return %r : !q
}
