// RUN: gdpa-opt %s --gdpa-cpu-lower-block-access="vector-bits=512" --split-input-file --allow-unregistered-dialect | FileCheck %s

// Pairs of columns lie beside each other in the source already: rows are copied.

// CHECK-LABEL: func.func private @columns
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<32x2x2x32x2xbf16>
// CHECK: memref.collapse_shape %[[BUFFER]] {{\[\[}}0], [1], [2], [3, 4]] : {{.*}} into memref<32x2x2x64xbf16>
// CHECK: vector.load {{.*}} vector<16xbf16>
// CHECK-NEXT: vector.store
func.func private @columns(%k: memref<?x64xbf16, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %k, %c0 : memref<?x64xbf16, strided<[?, 1], offset: ?>>
  %nt = affine.min affine_map<()[s0, s1] -> (32, (s0 - s1) ceildiv 4)>()[%n, %x]
  %K = gdpa_tile.load %k[%x, %c0] map affine_map<(t, r, e, d, v) -> (t * 4 + r * 2 + e, d * 2 + v)> sizes(%nt) : memref<?x64xbf16, strided<[?, 1], offset: ?>> -> tensor<?x2x2x32x2xbf16>
  "test.use"(%K) : (tensor<?x2x2x32x2xbf16>) -> ()
  return
}

// -----

// Pairs of rows are interleaved; a row past the end is masked. A line of pairs is no multiple of 256 bytes.

// CHECK-LABEL: func.func private @rows
// CHECK: memref.alloc() : memref<32x2x80x2xbf16>
// CHECK: memref.subview {{.*}} [32, 2, 64, 2]
// CHECK: %[[A:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<16xbf16>
// CHECK: %[[B:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<16xbf16>
// CHECK: %[[PAIRS:.*]] = vector.interleave %[[A]], %[[B]]
// CHECK: vector.store %[[PAIRS]]
func.func private @rows(%v: memref<?x64xbf16, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %v, %c0 : memref<?x64xbf16, strided<[?, 1], offset: ?>>
  %nt = affine.min affine_map<()[s0, s1] -> (32, (s0 - s1) ceildiv 4)>()[%n, %x]
  %V = gdpa_tile.load %v[%x, %c0] map affine_map<(t, r, d, e) -> (t * 4 + r * 2 + e, d)> sizes(%nt) : memref<?x64xbf16, strided<[?, 1], offset: ?>> -> tensor<?x2x64x2xbf16>
  "test.use"(%V) : (tensor<?x2x64x2xbf16>) -> ()
  return
}

// -----

// Panels of pairs: squares of 16 x 16 pairs are transposed as 32-bit words.

// CHECK-LABEL: func.func private @panels
// CHECK: memref.alloc() : memref<4x32x80x2xbf16>
// CHECK: vector.load {{.*}} vector<32xbf16>
// CHECK: vector.bitcast {{.*}} : vector<32xbf16> to vector<16xi32>
// CHECK-COUNT-64: vector.shuffle {{.*}} : vector<16xi32>, vector<16xi32>
// CHECK: vector.bitcast {{.*}} : vector<16xi32> to vector<32xbf16>
// CHECK: vector.store {{.*}} vector<32xbf16>
func.func private @panels(%q: memref<?x64xbf16, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %q, %c0 : memref<?x64xbf16, strided<[?, 1], offset: ?>>
  %np = affine.min affine_map<()[s0, s1] -> (4, (s0 - s1) ceildiv 64)>()[%n, %x]
  %Q = gdpa_tile.load %q[%x, %c0] map affine_map<(p, d, i, v) -> (p * 64 + i, d * 2 + v)> sizes(%np) : memref<?x64xbf16, strided<[?, 1], offset: ?>> -> tensor<?x32x64x2xbf16>
  "test.use"(%Q) : (tensor<?x32x64x2xbf16>) -> ()
  return
}
