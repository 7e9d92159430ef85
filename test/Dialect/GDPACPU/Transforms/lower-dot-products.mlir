// RUN: gdpa-opt %s --gdpa-cpu-lower-dot-products --split-input-file --verify-diagnostics | FileCheck %s

// Four rows by two groups of 16 lanes: each pair of the left operand is read once and put into all lanes, each 16 pairs of the
// right one are read once.

#left = affine_map<(r, e, i, d, v) -> (r, e, d, v)>
#right = affine_map<(r, e, i, d, v) -> (d, i, v)>
#sum = affine_map<(r, e, i, d, v) -> (r, e, i)>
// CHECK-LABEL: func.func private @scores
// CHECK-DAG: %[[K:.*]] = memref.collapse_shape %arg0 {{\[\[}}0], [1], [2, 3]] : memref<2x2x8x2xbf16> into memref<2x2x16xbf16>
// CHECK-DAG: %[[Q:.*]] = memref.collapse_shape %arg1 {{\[\[}}0], [1, 2]] : memref<8x32x2xbf16{{.*}}> into memref<8x64xbf16
// CHECK: %[[WORD:.*]] = vector.load %[[K]]{{.*}} vector<2xbf16>
// CHECK: %[[SCALAR:.*]] = vector.extract %{{.*}}[0] : i32 from vector<1xi32>
// CHECK: vector.broadcast %[[SCALAR]] : i32 to vector<16xi32>
// CHECK: vector.load %[[Q]]{{.*}} vector<32xbf16>
// CHECK: x86vector.avx512.dot %{{.*}}, %{{.*}}, %{{.*}} : vector<32xbf16> -> vector<16xf32>
// CHECK-COUNT-7: x86vector.avx512.dot
// CHECK-NOT: x86vector.avx512.dot
// CHECK-NOT: vector.contract
func.func private @scores(%k: memref<2x2x8x2xbf16>, %q: memref<8x32x2xbf16, strided<[80, 2, 1]>>, %s: memref<2x2x32xf32>, %d: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index)
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<dot = 2>} {
  %c0 = arith.constant 0 : index
  %none = arith.constant 0.0 : bf16
  %zero = arith.constant 0.0 : f32
  %left = vector.transfer_read %k[%c0, %c0, %d, %c0], %none {in_bounds = [true, true, true, true]} : memref<2x2x8x2xbf16>, vector<2x2x1x2xbf16>
  %right = vector.transfer_read %q[%d, %c0, %c0], %none {in_bounds = [true, true, true]} : memref<8x32x2xbf16, strided<[80, 2, 1]>>, vector<1x32x2xbf16>
  %before = vector.transfer_read %s[%c0, %c0, %c0], %zero {in_bounds = [true, true, true]} : memref<2x2x32xf32>, vector<2x2x32xf32>
  %after = vector.contract {indexing_maps = [#left, #right, #sum], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"], kind = #vector.kind<add>}
      %left, %right, %before : vector<2x2x1x2xbf16>, vector<1x32x2xbf16> into vector<2x2x32xf32>
  vector.transfer_write %after, %s[%c0, %c0, %c0] {in_bounds = [true, true, true]} : vector<2x2x32xf32>, memref<2x2x32xf32>
  return
}

// -----

// A tile written as pairs: two rows are rounded by one instruction and interleaved.

// CHECK-LABEL: func.func private @pairs
// CHECK: %[[TO:.*]] = memref.collapse_shape %arg1 {{\[\[}}0], [1, 2]]
// CHECK: %[[BOTH:.*]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%{{.*}}, %{{.*}}) : (vector<16xf32>, vector<16xf32>) -> vector<32xbf16>
// CHECK: %[[PAIRS:.*]] = vector.shuffle %[[BOTH]], %[[BOTH]] [0, 16, 1, 17,
// CHECK: vector.store %[[PAIRS]], %[[TO]][
// CHECK-COUNT-1: cvtne2ps2bf16
// CHECK-NOT: cvtne2ps2bf16
func.func private @pairs(%s: memref<2x2x16xf32>, %p: memref<2x16x2xbf16>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index)
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<dot = 2>} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tile = vector.transfer_read %s[%c0, %c0, %c0], %zero {in_bounds = [true, true, true]} : memref<2x2x16xf32>, vector<2x2x16xf32>
  %round = arith.truncf %tile : vector<2x2x16xf32> to vector<2x2x16xbf16>
  %transposed = vector.transpose %round, [0, 2, 1] : vector<2x2x16xbf16> to vector<2x16x2xbf16>
  vector.transfer_write %transposed, %p[%c0, %c0, %c0] {in_bounds = [true, true, true]} : vector<2x16x2xbf16>, memref<2x16x2xbf16>
  return
}

// -----

// Nothing else multiplies bf16 there.

func.func private @other(%a: vector<4x8xbf16>, %b: vector<8x4xbf16>, %c: vector<4x4xf32>, %m: memref<4x4xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index)
    attributes {gdpa_cpu.program, schedule = #gdpa_cpu.schedule<dot = 2>} {
  %c0 = arith.constant 0 : index
  // expected-error @below {{expected a product of pairs of bf16, found 'vector<4x8xbf16>'}}
  %d = vector.contract {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %a, %b, %c : vector<4x8xbf16>, vector<8x4xbf16> into vector<4x4xf32>
  vector.transfer_write %d, %m[%c0, %c0] : vector<4x4xf32>, memref<4x4xf32>
  return
}
