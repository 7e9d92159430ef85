// RUN: gdpa-opt %s --gdpa-cpu-program-to-func | FileCheck %s

// The program's arguments come first, then scratch and the position in the grid;
// attributes stay, launches keep their names.

// CHECK-LABEL: func.func private @copy(
// CHECK-SAME: %[[A:.*]]: memref<?xf32>, %[[SCRATCH:.*]]: memref<?xi8>,
// CHECK-SAME: %[[X:.*]]: index, %[[Y:.*]]: index, %[[Z:.*]]: index)
// CHECK-SAME: gdpa_cpu.program
// CHECK-SAME: schedule = #gdpa_cpu.schedule<block_q = 256>
// CHECK: arith.addi %[[X]], %[[Z]]
// CHECK-NOT: gdpa_tile.program_id
// CHECK: return
gdpa_tile.program @copy(%a: memref<?xf32>) attributes {schedule = #gdpa_cpu.schedule<block_q = 256>} {
  %x = gdpa_tile.program_id 0
  %z = gdpa_tile.program_id 2
  %i = arith.addi %x, %z : index
  %v = memref.load %a[%i] : memref<?xf32>
  memref.store %v, %a[%x] : memref<?xf32>
  gdpa_tile.return
}

// CHECK-LABEL: func.func @host
// CHECK: gdpa_tile.launch @copy
func.func @host(%a: memref<?xf32>) {
  %c1 = arith.constant 1 : index
  gdpa_tile.launch @copy grid(%c1) (%a) : memref<?xf32>
  return
}
