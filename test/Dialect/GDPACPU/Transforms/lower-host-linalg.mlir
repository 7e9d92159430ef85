// RUN: gdpa-opt %s --pass-pipeline="builtin.module(func.func(gdpa-cpu-lower-host-linalg))" | FileCheck %s

// CHECK-LABEL: func.func @copy
// CHECK: scf.for
// CHECK: memref.load
// CHECK: memref.store
// CHECK-NOT: memref.copy
func.func @copy(%a: memref<?xf32, strided<[?]>>, %b: memref<?xf32>) {
  memref.copy %a, %b : memref<?xf32, strided<[?]>> to memref<?xf32>
  return
}

// The sum stays in a register.
// CHECK-LABEL: func.func @accumulator
// CHECK: %[[START:.*]] = vector.transfer_read
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[START]])
// CHECK: scf.yield
// CHECK: vector.transfer_write %[[SUM]]
func.func @accumulator(%a: memref<16x8xf32>, %b: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c16 step %c1 {
    %x = vector.transfer_read %a[%i, %c0], %zero {in_bounds = [true]} : memref<16x8xf32>, vector<8xf32>
    %y = vector.transfer_read %b[%c0], %zero {in_bounds = [true]} : memref<8xf32>, vector<8xf32>
    %z = arith.addf %x, %y : vector<8xf32>
    vector.transfer_write %z, %b[%c0] {in_bounds = [true]} : vector<8xf32>, memref<8xf32>
  }
  return
}
