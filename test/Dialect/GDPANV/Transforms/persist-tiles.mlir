// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa-nv-persist-tiles)" | FileCheck %s

// Points of the grid become tiles; dimension 0 is the fastest digit of a tile's number.
// CHECK-LABEL: func.func @host
// CHECK: %[[XY:.*]] = arith.muli %[[X:.*]], %[[Y:.*]] : index
// CHECK: %[[ALL:.*]] = gdpa_nv.processors
// CHECK: %[[BLOCKS:.*]] = arith.minsi %[[XY]], %[[ALL]]
// CHECK: %[[COUNTER:.*]] = gdpa_tile.workspace() zero : memref<1xi32>
// CHECK: gdpa_tile.launch @forward grid(%[[BLOCKS]]) (%{{.*}}, %[[X]], %[[Y]], %[[COUNTER]])
func.func @host(%o: memref<?x?xf32>, %x: index, %y: index) {
  gdpa_tile.launch @forward grid(%x, %y) (%o) : memref<?x?xf32>
  gdpa_tile.launch @portable grid(%x) (%o) : memref<?x?xf32>
  return
}

// CHECK-LABEL: gdpa_tile.program @forward
// CHECK-SAME: %[[O:.*]]: memref<?x?xf32>, %[[GX:.*]]: index, %[[GY:.*]]: index, %[[C:.*]]: memref<1xi32>
// CHECK: %[[NX:.*]] = arith.index_cast %[[GX]] : index to i32
// CHECK: %[[NY:.*]] = arith.index_cast %[[GY]] : index to i32
// CHECK: %[[TOTAL:.*]] = arith.muli %[[NX]], %[[NY]] : i32
// CHECK: gdpa_nv.for_tiles %[[TOTAL]] counter %[[C]]
// CHECK: ^bb0(%[[TILE:.*]]: i32):
// CHECK: %[[D0:.*]] = arith.remui %[[TILE]], %[[NX]]
// CHECK: %[[REST:.*]] = arith.divui %[[TILE]], %[[NX]]
// CHECK: %[[I:.*]] = arith.index_castui %[[D0]]
// CHECK: %[[J:.*]] = arith.index_castui %[[REST]]
// CHECK: %[[K:.*]] = arith.constant 0 : index
// CHECK: memref.store %{{.*}}, %[[O]][%[[I]], %[[J]]]
// CHECK: memref.store %{{.*}}, %[[O]][%[[K]], %[[J]]]
gdpa_tile.program @forward(%o: memref<?x?xf32>) attributes {schedule = #gdpa_nv.schedule<consumers = 2>} {
  %i = gdpa_tile.program_id 0
  %j = gdpa_tile.program_id 1
  %k = gdpa_tile.program_id 2
  %one = arith.constant 1.0 : f32
  memref.store %one, %o[%i, %j] : memref<?x?xf32>
  memref.store %one, %o[%k, %j] : memref<?x?xf32>
  gdpa_tile.return
}

// A portable kernel keeps its grid.
// CHECK-LABEL: gdpa_tile.program @portable
// CHECK-NOT: gdpa_nv.for_tiles
// CHECK: gdpa_tile.program_id
gdpa_tile.program @portable(%o: memref<?x?xf32>) attributes {schedule = #gdpa_nv.schedule<warps = 4>} {
  %i = gdpa_tile.program_id 0
  %one = arith.constant 1.0 : f32
  memref.store %one, %o[%i, %i] : memref<?x?xf32>
  gdpa_tile.return
}
