// RUN: gdpa-opt %s --gdpa-cpu-order-depth-first="interleave=1" | FileCheck %s
// RUN: gdpa-opt %s --gdpa-cpu-order-depth-first="interleave=2" | FileCheck %s --check-prefix=PAIR

// CHECK-LABEL: func.func private @tile
// CHECK: arith.addf %[[A:.*]], %[[A]]
// CHECK: arith.mulf
// CHECK: vector.store
// CHECK: arith.addf %[[B:.*]], %[[B]]
// CHECK: arith.mulf
// CHECK: vector.store
// PAIR-LABEL: func.func private @tile
// PAIR: arith.addf
// PAIR-NEXT: arith.addf
// PAIR-NEXT: arith.mulf
// PAIR-NEXT: arith.mulf
// PAIR-NEXT: vector.store
// PAIR-NEXT: vector.store
func.func private @tile(%a: vector<8xf32>, %b: vector<8xf32>, %m: memref<16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %a1 = arith.addf %a, %a : vector<8xf32>
  %b1 = arith.addf %b, %b : vector<8xf32>
  %a2 = arith.mulf %a1, %a : vector<8xf32>
  %b2 = arith.mulf %b1, %b : vector<8xf32>
  vector.store %a2, %m[%c0] : memref<16xf32>, vector<8xf32>
  vector.store %b2, %m[%c8] : memref<16xf32>, vector<8xf32>
  return
}

// A value that something else needs earlier stays where it is, and so does what
// depends on a load between the stores.

// CHECK-LABEL: func.func private @shared
// CHECK: arith.addf
// CHECK-NEXT: vector.extract
// CHECK: vector.load
// CHECK-NEXT: arith.mulf
// PAIR-LABEL: func.func private @shared
// PAIR: vector.store
// PAIR-NEXT: vector.load
// PAIR-NEXT: arith.mulf
// PAIR-NEXT: vector.store
func.func private @shared(%a: vector<8xf32>, %m: memref<16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) -> f32 attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %a1 = arith.addf %a, %a : vector<8xf32>
  %e = vector.extract %a1[0] : f32 from vector<8xf32>
  memref.store %e, %m[%c8] : memref<16xf32>
  vector.store %a1, %m[%c0] : memref<16xf32>, vector<8xf32>
  %l = vector.load %m[%c0] : memref<16xf32>, vector<8xf32>
  %p = arith.mulf %l, %a1 : vector<8xf32>
  vector.store %p, %m[%c8] : memref<16xf32>, vector<8xf32>
  return %e : f32
}
