// RUN: gdpa-opt %s --gdpa-cpu-entry --split-input-file | FileCheck %s

// The number of the first argument that is not as declared, or 0.
// CHECK-LABEL: func.func @twice(
// CHECK-SAME: %[[ARGS:.*]]: !llvm.ptr, %[[WORKSPACE:.*]]: !llvm.ptr, %[[RUNTIME:.*]]: !llvm.ptr) -> i32
// CHECK: arith.cmpi eq
// CHECK: scf.if
// CHECK:   llvm.call %{{.*}}(%{{.*}}) : !llvm.ptr, (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> ()
// CHECK: return %{{.*}} : i32
// CHECK-LABEL: func.func private @twice_task0(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[SCRATCH:.*]]: !llvm.ptr) attributes {llvm.linkage = #llvm.linkage<internal>}
// CHECK: scf.for
// CHECK: arith.remui
// CHECK: func.call @block(
func.func private @block(%a: memref<?x8xf32, strided<[?, 1], offset: ?>>, %s: f32, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program, gdpa_cpu.scratch_bytes = 128 : i64} {
  return
}
func.func @twice(%a: memref<?x8xf32, strided<[?, 1], offset: ?>>, %s: f32) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %a, %c0 : memref<?x8xf32, strided<[?, 1], offset: ?>>
  gdpa_tile.launch @block grid(%n) (%a, %s) : memref<?x8xf32, strided<[?, 1], offset: ?>>, f32
  return
}

// -----

// Workspaces: cleared in parallel where asked, each at a multiple of 256 bytes.

// CHECK-LABEL: func.func @host
// CHECK: arith.andi {{.*}} : i64
// CHECK-LABEL: func.func private @gdpa_cpu_clear
// CHECK: "llvm.intr.memset"
func.func private @block(%w: memref<?xf32>, %v: memref<4xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program, gdpa_cpu.scratch_bytes = 0 : i64} {
  return
}
func.func @host(%n: index) {
  %w = gdpa_tile.workspace(%n) zero : memref<?xf32>
  %v = gdpa_tile.workspace() : memref<4xf32>
  gdpa_tile.launch @block grid(%n) (%w, %v) : memref<?xf32>, memref<4xf32>
  return
}
