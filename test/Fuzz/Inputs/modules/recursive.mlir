// pipeline: builtin.module(gdpa-autodiff,canonicalize)
!q = tensor<1x1x?x8xf32>
func.func @f(%q: !q, %e: !q, %scale: f32) -> !q {
  %r = func.call @f(%q, %e, %scale) : (!q, !q, f32) -> !q
  %o = gdpa.attention bhsd none ins(%r, %q, %q : !q, !q, !q) outs(%e : !q) scale(%scale : f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %x : f32
      } -> !q
  return %o : !q
}
