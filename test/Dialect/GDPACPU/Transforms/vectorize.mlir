// RUN: gdpa-opt %s --gdpa-cpu-vectorize | FileCheck %s

// The accumulator of a reduction loop is a vector that the loop carries.

// CHECK-LABEL: func.func private @product
// CHECK: %[[START:.*]] = vector.transfer_read
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[ACC:.*]] = %[[START]]) -> (vector<4x16xf32>)
// CHECK:   vector.contract {{.*}} : vector<4x1xf32>, vector<1x16xf32> into vector<4x16xf32>
// CHECK: vector.transfer_write %[[SUM]]
func.func private @product(%K: tensor<4x64xf32>, %Q: tensor<64x16xf32>, %S: tensor<4x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> tensor<4x16xf32> attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %r = scf.for %d = %c0 to %c64 step %c1 iter_args(%s = %S) -> (tensor<4x16xf32>) {
    %k = tensor.extract_slice %K[0, %d] [4, 1] [1, 1] : tensor<4x64xf32> to tensor<4x1xf32>
    %q = tensor.extract_slice %Q[%d, 0] [1, 16] [1, 1] : tensor<64x16xf32> to tensor<1x16xf32>
    %n = linalg.contract indexing_maps = [affine_map<(j, i, d) -> (j, d)>, affine_map<(j, i, d) -> (d, i)>, affine_map<(j, i, d) -> (j, i)>]
        ins(%k, %q : tensor<4x1xf32>, tensor<1x16xf32>) outs(%s : tensor<4x16xf32>) -> tensor<4x16xf32>
    scf.yield %n : tensor<4x16xf32>
  }
  return %r : tensor<4x16xf32>
}
