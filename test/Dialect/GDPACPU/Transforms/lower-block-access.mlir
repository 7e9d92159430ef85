// RUN: gdpa-opt %s --gdpa-cpu-lower-block-access --split-input-file --allow-unregistered-dialect | FileCheck %s
// RUN: gdpa-opt %s --gdpa-cpu-lower-block-access="vector-bits=512" --split-input-file --allow-unregistered-dialect | FileCheck %s --check-prefix=WIDE

// Rows: a buffer of static capacity, live rows copied by vectors and widened, the
// others cleared; the columns past the source's are zero.

// CHECK-LABEL: func.func private @rows
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<32x4x48xf32>
// CHECK: scf.for
// CHECK:   vector.load {{.*}} : memref<?x40xbf16, strided<[?, 1], offset: ?>>, vector<8xbf16>
// CHECK:   arith.extf {{.*}} : vector<8xbf16> to vector<8xf32>
// CHECK:   vector.store {{.*}} : memref<32x4x48xf32>, vector<8xf32>
// CHECK: vector.store %{{.*}}, {{.*}}%c40] : memref<32x4x48xf32>, vector<8xf32>
// CHECK: %[[LIVE:.*]] = memref.subview %[[BUFFER]][0, 0, 0] [%{{.*}}, 4, 48] [1, 1, 1]
// CHECK: bufferization.to_tensor %[[LIVE]] restrict writable
// WIDE-LABEL: func.func private @rows
// WIDE: vector.load {{.*}}, vector<16xbf16>
// WIDE: vector.load {{.*}}, vector<8xbf16>
func.func private @rows(%k: memref<?x40xbf16, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %k, %c0 : memref<?x40xbf16, strided<[?, 1], offset: ?>>
  %nt = affine.min affine_map<()[s0, s1] -> (32, (s0 - s1) ceildiv 4)>()[%n, %x]
  %K = gdpa_tile.load %k[%x, %c0] map affine_map<(t, j, d) -> (t * 4 + j, d)> sizes(%nt) : memref<?x40xbf16, strided<[?, 1], offset: ?>> -> tensor<?x4x48xf32>
  "test.use"(%K) : (tensor<?x4x48xf32>) -> ()
  return
}

// -----

// Panels: 8 x 8 elements are transposed in registers, rows past the end masked.

// CHECK-LABEL: func.func private @panels
// CHECK: memref.alloc() : memref<16x64x16xf32>
// CHECK: scf.for
// CHECK-COUNT-8: vector.load
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store
func.func private @panels(%q: memref<?x64xf32, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %q, %c0 : memref<?x64xf32, strided<[?, 1], offset: ?>>
  %np = affine.min affine_map<()[s0, s1] -> (16, (s0 - s1) ceildiv 16)>()[%n, %x]
  %Q = gdpa_tile.load %q[%x, %c0] map affine_map<(p, d, i) -> (p * 16 + i, d)> sizes(%np) : memref<?x64xf32, strided<[?, 1], offset: ?>> -> tensor<?x64x16xf32>
  "test.use"(%Q) : (tensor<?x64x16xf32>) -> ()
  return
}

// -----

// Anything else by scalars; `clamp` reads the nearest element.

// CHECK-LABEL: func.func private @capture
// CHECK: memref.alloc() : memref<32x4xi32>
// CHECK: scf.if
// CHECK:   arith.minsi
// CHECK:   memref.load
// CHECK-NOT: arith.select
// CHECK:   memref.store
// CHECK: else
func.func private @capture(%c: memref<?xi32, strided<[?], offset: ?>>, %nt0: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %nt = affine.min affine_map<()[s0] -> (32, s0)>()[%nt0]
  %C = gdpa_tile.load %c[%x] map affine_map<(t, j) -> (t * 4 + j)> sizes(%nt) clamp : memref<?xi32, strided<[?], offset: ?>> -> tensor<?x4xi32>
  "test.use"(%C) : (tensor<?x4xi32>) -> ()
  return
}

// -----

// A store copies the live rows and rounds; rows 256 bytes apart get a buffer
// whose rows are not.

// CHECK-LABEL: func.func private @store
// CHECK: memref.alloc() : memref<16x16x80xf32>
// CHECK: linalg.fill
// CHECK: %[[O:.*]] = bufferization.to_buffer {{.*}} read_only
// CHECK: vector.load %[[O]]
// CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xf16>
// CHECK: vector.store
func.func private @store(%o: memref<?x64xf16, strided<[?, 1], offset: ?>>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %o, %c0 : memref<?x64xf16, strided<[?, 1], offset: ?>>
  %np = affine.min affine_map<()[s0, s1] -> (16, (s0 - s1) ceildiv 16)>()[%n, %x]
  %e = tensor.empty(%np) : tensor<?x16x64xf32>
  %O = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16x64xf32>) -> tensor<?x16x64xf32>
  gdpa_tile.store %O, %o[%x, %c0] map affine_map<(p, i, e) -> (p * 16 + i, e)> : tensor<?x16x64xf32>, memref<?x64xf16, strided<[?, 1], offset: ?>>
  return
}

// -----

// Two accumulators that start from one cleared block get a buffer each.

// CHECK-LABEL: func.func private @accumulators
// CHECK-DAG: memref.alloc() : memref<4x16xf32>
// CHECK-DAG: memref.alloc() : memref<4x16xf32>
// CHECK: linalg.fill
// CHECK: linalg.fill
func.func private @accumulators(%n: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %f, %b = %f) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
    %a1 = "test.add"(%a) : (tensor<4x16xf32>) -> tensor<4x16xf32>
    %b1 = "test.add"(%b) : (tensor<4x16xf32>) -> tensor<4x16xf32>
    scf.yield %a1, %b1 : tensor<4x16xf32>, tensor<4x16xf32>
  }
  "test.use"(%r#0, %r#1) : (tensor<4x16xf32>, tensor<4x16xf32>) -> ()
  return
}

// -----

// A filled block that a loop writes to in each of its turns is filled in each of them.

// CHECK-LABEL: func.func private @filled_in_turns
// CHECK: scf.for
// CHECK:   linalg.fill
// CHECK:   "test.add"
func.func private @filled_in_turns(%n: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %f) -> (tensor<4x16xf32>) {
    %b = "test.add"(%f) : (tensor<4x16xf32>) -> tensor<4x16xf32>
    %a1 = "test.add2"(%a, %b) : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
    scf.yield %a1 : tensor<4x16xf32>
  }
  "test.use"(%r) : (tensor<4x16xf32>) -> ()
  return
}

// -----

// Gradients of captures are added one by one, in order.

// CHECK-LABEL: func.func private @accumulate
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:     %[[G:.*]] = tensor.extract
// CHECK:     %[[D:.*]] = memref.load
// CHECK:     arith.addf %[[D]], %[[G]]
// CHECK:     memref.store
func.func private @accumulate(%d: memref<?xf32>, %g: tensor<8x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  gdpa_tile.accumulate %g into %d : tensor<8x16xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    %i = arith.subi %r, %c : index
    gdpa_tile.yield %i : index
  }
  return
}
