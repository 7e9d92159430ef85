// pipeline: builtin.module(gdpa-plan{target=cpu},convert-gdpa-to-tile,canonicalize)
!q = memref<?x?x?x64xbf16, strided<[?, ?, ?, ?], offset: ?>>
!b = memref<?x?xf32>
func.func @f(%q: !q, %k: !q, %v: !q, %o: !q, %scale: f32, %bias: !b, %t: f32) {
  gdpa.attention bhsd none ins(%q, %k, %v : !q, !q, !q) outs(%o : !q) scale(%scale : f32) captures(%bias, %t : !b, f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index, %B: !b, %T: f32) {
        %l = memref.load %B[%hh, %j] : !b
        %y = arith.mulf %x, %T : f32
        %z = arith.addf %y, %l : f32
        gdpa.yield %z : f32
      }
  return
}
