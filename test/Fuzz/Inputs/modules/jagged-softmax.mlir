// pipeline: builtin.module(gdpa-autodiff,canonicalize,cse)
!q = tensor<?x8x64xbf16>
!k = tensor<?x2x64xbf16>
!v = tensor<?x2x32xbf16>
!o = tensor<?x8x32xbf16>
!s = tensor<8x?xf32>
!c = tensor<?xi32>
func.func @f(%q: !q {gdpa.name = "q"}, %k: !k {gdpa.name = "k"}, %v: !v {gdpa.name = "v"}, %cq: !c {gdpa.name = "cu_q"}, %ck: !c {gdpa.name = "cu_k"}, %scale: f32 {gdpa.name = "scale"}) -> (!o, !s) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %q, %c0 : !q
  %o0 = tensor.empty(%n) : !o
  %s0 = tensor.empty(%n) : !s
  %o, %s = gdpa.attention thd softmax ins(%q, %k, %v : !q, !k, !v) outs(%o0, %s0 : !o, !s) scale(%scale : f32) cu_seqlens(%cq, %ck : !c, !c)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %x : f32
      } mask(%bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        %d = arith.subi %nk, %nq : index
        %e = arith.addi %i, %d : index
        %keep = arith.cmpi sge, %e, %j : index
        gdpa.yield %keep : i1
      } {precision = #gdpa.precision<fast>} -> !o, !s
  return %o, %s : !o, !s
}
