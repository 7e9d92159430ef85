// RUN: gdpa-opt %s --gdpa-cpu-assign-scratch | FileCheck %s

// Offsets are multiples of 64; other functions stay as they are.

// CHECK-LABEL: func.func private @program
// CHECK-SAME: %[[SCRATCH:[a-z0-9]+]]: memref<?xi8>
// CHECK-SAME: gdpa_cpu.scratch_bytes = 192 : i64
// CHECK: %[[C0:.*]] = arith.constant 0
// CHECK: memref.view %[[SCRATCH]][%[[C0]]][] : memref<?xi8> to memref<5x3xf32>
// CHECK: %[[C64:.*]] = arith.constant 64
// CHECK: memref.view %[[SCRATCH]][%[[C64]]][] : memref<?xi8> to memref<128xi8>
func.func private @program(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %a = memref.alloc() : memref<5x3xf32>
  %b = memref.alloc() : memref<128xi8>
  return
}

// CHECK-LABEL: func.func @other
// CHECK: memref.alloc
func.func @other() {
  %a = memref.alloc() : memref<5x3xf32>
  return
}
