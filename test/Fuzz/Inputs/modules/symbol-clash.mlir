// pipeline: builtin.module(gdpa-to-reference{gradients=true})
!q = tensor<1x1x?x8xf32>
func.func @f(%q: !q {gdpa.name = "q"}, %k: !q {gdpa.name = "k"}, %v: !q {gdpa.name = "v"}, %scale: f32 {gdpa.name = "scale"}) -> !q {
  %c2 = arith.constant 2 : index
  %s = tensor.dim %q, %c2 : !q
  %e = tensor.empty(%s) : !q
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !q, !q, !q) outs(%e : !q) scale(%scale : f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %x : f32
        gdpa.yield %z : f32
      } -> !q
  return %o : !q
}
func.func @f_vjp(%a: f32) -> f32 { return %a : f32 }
func.func private @f.activation(f64) -> f64
func.func private @"f_vjp.joint"(f64) -> f64
func.func private @attention.activation(i1)
memref.global @f_forward : memref<4xf32>
