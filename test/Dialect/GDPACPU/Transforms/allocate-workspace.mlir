// RUN: gdpa-opt %s --pass-pipeline="builtin.module(func.func(gdpa-cpu-allocate-workspace))" | FileCheck %s

func.func private @use(memref<?xf32>)

// A buffer lives until the last use of a view of it; one in a task is left to the task's scratch memory, one that must be
// cleared to the runtime.
// CHECK-LABEL: func.func @f
// CHECK: %[[A:.*]] = memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?x4xf32>
// CHECK: %[[V:.*]] = memref.collapse_shape %[[A]]
// CHECK: call @use(%[[V]])
// CHECK-NEXT: memref.dealloc %[[A]]
// CHECK: gdpa_tile.workspace(%{{.*}}) zero
// CHECK: scf.forall
// CHECK: memref.alloc()
// CHECK-NOT: memref.dealloc
func.func @f(%n: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %a = gdpa_tile.workspace(%n) : memref<?x4xf32>
  %v = memref.collapse_shape %a [[0, 1]] : memref<?x4xf32> into memref<?xf32>
  func.call @use(%v) : (memref<?xf32>) -> ()
  %z = gdpa_tile.workspace(%n) zero : memref<?xf32>
  func.call @use(%z) : (memref<?xf32>) -> ()
  scf.forall (%i) in (8) {
    %t = gdpa_tile.workspace() : memref<16xf32>
    memref.store %zero, %t[%c0] : memref<16xf32>
  }
  return
}

// A buffer that bufferization made, too.
// CHECK-LABEL: func.func @buffer
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: call @use(%[[A]])
// CHECK-NEXT: memref.dealloc %[[A]]
func.func @buffer(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  func.call @use(%a) : (memref<?xf32>) -> ()
  return
}
