// RUN: gdpa-opt %s --gdpa-cpu-outline-forall | FileCheck %s

// Constants come along, everything else is an argument; the last loop is the fastest.
// CHECK: func.func private @f_loop(%[[B:.*]]: memref<?x8xf32>, %[[N:.*]]: index, %[[C:[a-z0-9]+]]: index, %{{.*}}: memref<?xi8>, %[[X:.*]]: index, %{{.*}}: index, %{{.*}}: index) attributes {gdpa_cpu.program}
// CHECK: %[[ONE:.*]] = arith.constant 1.0
// CHECK: %[[J:.*]] = arith.remui %[[X]],
// CHECK: %[[REST:.*]] = arith.divui %[[X]],
// CHECK: memref.store %[[ONE]], %[[B]][
// CHECK: return
// CHECK: func.func @f(%[[BUFFER:.*]]: memref<?x8xf32>, %[[ROWS:.*]]: index)
// CHECK: gdpa_tile.launch @f_loop grid(%{{.*}}) (%[[BUFFER]]
// CHECK-NOT: scf.forall
func.func @f(%b: memref<?x8xf32>, %n: index) {
  %one = arith.constant 1.0 : f32
  scf.forall (%i, %j) = (0, 0) to (%n, 8) step (4, 2) {
    memref.store %one, %b[%i, %j] : memref<?x8xf32>
  }
  return
}
