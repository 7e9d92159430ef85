// pipeline: builtin.module(gdpa-to-cpu{gradients=true})
func.func @nothing() {
  return
}
func.func @constant() -> tensor<1x1x4x8xf32> {
  %q = arith.constant dense<1.0> : tensor<1x1x4x8xf32>
  %scale = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<1x1x4x8xf32>
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) outs(%e : tensor<1x1x4x8xf32>) scale(%scale : f32)
      activation(%x: f32, %bb: index, %hh: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %x : f32
      } -> tensor<1x1x4x8xf32>
  return %o : tensor<1x1x4x8xf32>
}
