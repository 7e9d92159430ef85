// pipeline: builtin.module(gdpa-to-nvvm{chip=sm_80 gradients=true})
!q = tensor<?x4x?x64xbf16>
func.func @f(%q: !q {gdpa.name = "q"}, %k: !q {gdpa.name = "k"}, %v: !q {gdpa.name = "v"}, %scale: f32 {gdpa.name = "scale"}, %w: tensor<4x3xf32> {gdpa.name = "w"}) -> !q {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : !q
  %s = tensor.dim %q, %c2 : !q
  %e = tensor.empty(%b, %s) : !q
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !q, !q, !q) outs(%e : !q) scale(%scale : f32) captures(%w : tensor<4x3xf32>)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index, %W: tensor<4x3xf32>) {
        %i0 = arith.constant 0 : index
        %i1 = arith.constant 1 : index
        %i3 = arith.constant 3 : index
        %zero = arith.constant 0.0 : f32
        %sum = scf.for %t = %i0 to %i3 step %i1 iter_args(%acc = %zero) -> (f32) {
          %c = tensor.extract %W[%hh, %t] : tensor<4x3xf32>
          %m = arith.mulf %acc, %x : f32
          %n = arith.addf %m, %c : f32
          scf.yield %n : f32
        }
        %p = arith.cmpf ogt, %x, %zero : f32
        %z = scf.if %p -> (f32) {
          %l = math.log1p %sum : f32
          scf.yield %l : f32
        } else {
          scf.yield %zero : f32
        }
        gdpa.yield %z : f32
      } -> !q
  return %o : !q
}
