// pipeline: builtin.module(gdpa-to-cpu{gradients=true})
!q = tensor<?x?x?x16xf64>
func.func @f(%q: !q {gdpa.name = "q"}, %k: !q {gdpa.name = "k"}, %v: !q {gdpa.name = "v"}, %scale: f64 {gdpa.name = "scale"}, %ids: tensor<?xi32> {gdpa.name = "ids"}, %t: f64 {gdpa.name = "t"}) -> !q {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : !q
  %h = tensor.dim %q, %c1 : !q
  %s = tensor.dim %q, %c2 : !q
  %e = tensor.empty(%b, %h, %s) : !q
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !q, !q, !q) outs(%e : !q) scale(%scale : f64) captures(%ids, %t : tensor<?xi32>, f64)
      activation(%x: f64, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index, %I: tensor<?xi32>, %T: f64) {
        %z = math.round %x : f64
        %y = arith.mulf %z, %T : f64
        gdpa.yield %y : f64
      } mask(%bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index, %I: tensor<?xi32>, %T: f64) {
        %a = tensor.extract %I[%i] : tensor<?xi32>
        %d = tensor.extract %I[%j] : tensor<?xi32>
        %keep = arith.cmpi eq, %a, %d : i32
        gdpa.yield %keep : i1
      } vjp(%x: f64, %ct: f64, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index, %I: tensor<?xi32>, %T: f64) {
        %g = arith.mulf %ct, %x : f64
        gdpa.accumulate %g, %T : f64, f64
        %ds = arith.mulf %ct, %T : f64
        gdpa.yield %ds : f64
      } -> !q
  return %o : !q
}
