// RUN: gdpa-opt %s --gdpa-function-to-cpu="cpu=x86-64-v3" | FileCheck %s

// Two attention operations with a projection between them: one entry, the tasks of which are kernels and tiles of the product.
// CHECK-DAG: llvm.func internal @two_forward{{.*}}(
// CHECK-DAG: llvm.func internal @two_loop{{.*}}(
// CHECK-DAG: llvm.call @free
// CHECK-DAG: llvm.func @two(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
func.func @two(%x: tensor<1x2x64x16xf32>, %w: tensor<16x16xf32>, %c: f32) -> tensor<1x2x64x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x2x64x16xf32>
  %a = gdpa.attention bhsd none ins(%x, %x, %x : tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>)
      outs(%e : tensor<1x2x64x16xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %s : f32
        gdpa.yield %z : f32
      } -> tensor<1x2x64x16xf32>
  %rows = tensor.collapse_shape %a [[0, 1, 2], [3]] : tensor<1x2x64x16xf32> into tensor<128x16xf32>
  %e2 = tensor.empty() : tensor<128x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e2 : tensor<128x16xf32>) -> tensor<128x16xf32>
  %p = linalg.matmul ins(%rows, %w : tensor<128x16xf32>, tensor<16x16xf32>) outs(%f : tensor<128x16xf32>) -> tensor<128x16xf32>
  %y = tensor.expand_shape %p [[0, 1, 2], [3]] output_shape [1, 2, 64, 16] : tensor<128x16xf32> into tensor<1x2x64x16xf32>
  %o = gdpa.attention bhsd none ins(%y, %x, %y : tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>)
      outs(%e : tensor<1x2x64x16xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      } -> tensor<1x2x64x16xf32>
  return %o : tensor<1x2x64x16xf32>
}
