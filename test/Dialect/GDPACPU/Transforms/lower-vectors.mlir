// RUN: gdpa-opt %s --gdpa-cpu-lower-vectors | FileCheck %s

// A product: the left operand is broadcast from memory, one multiply-add a row.

// CHECK-LABEL: func.func private @product
// CHECK-COUNT-2: vector.broadcast {{.*}} : f32 to vector<16xf32>
// CHECK-NOT: vector.contract
// CHECK-NOT: vector.outerproduct
// CHECK: vector.fma {{.*}} : vector<16xf32>
// CHECK-NOT: vector.transfer
func.func private @product(%k: memref<2x64xf32>, %q: memref<64x16xf32>, %acc: vector<2x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> vector<2x16xf32> attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %a = vector.transfer_read %k[%c0, %x], %zero {in_bounds = [true, true]} : memref<2x64xf32>, vector<2x1xf32>
  %b = vector.transfer_read %q[%x, %c0], %zero {in_bounds = [true, true]} : memref<64x16xf32>, vector<1x16xf32>
  %r = vector.contract {indexing_maps = [affine_map<(j, i, d) -> (j, d)>, affine_map<(j, i, d) -> (d, i)>, affine_map<(j, i, d) -> (j, i)>], iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %a, %b, %acc : vector<2x1xf32>, vector<1x16xf32> into vector<2x16xf32>
  return %r : vector<2x16xf32>
}
