// RUN: gdpa-opt %s --split-input-file --gdpa-cpu-lower-block-access="vector-bits=256" | FileCheck %s

// A clamped distance: a tile whose corners go to one place is added as one sum in the destination's type, any other by elements.

// CHECK-LABEL: func.func private @clamped
// CHECK: %[[FIRST:.*]] = arith.minsi
// CHECK: arith.cmpi eq, %[[FIRST]]
// CHECK: arith.cmpi eq, %[[FIRST]]
// CHECK: arith.cmpi eq, %[[FIRST]]
// CHECK: scf.if
// CHECK-COUNT-8: arith.extf {{.*}} : vector<4xf32> to vector<4xf64>
// CHECK: %[[TILE:.*]] = vector.reduction <add>, {{.*}} : vector<4xf64> into f64
// CHECK: %[[OLD:.*]] = memref.load %{{.*}}[%[[FIRST]]]
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[TILE]] : f64
// CHECK: memref.store %[[NEW]], %{{.*}}[%[[FIRST]]]
// CHECK: } else {
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.extf {{.*}} : f32 to f64
// CHECK: memref.store
func.func private @clamped(%d: memref<?xf64>, %g: tensor<3x4x8xf32>, %i0: index, %j0: index, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  gdpa_tile.accumulate %g into %d : tensor<3x4x8xf32>, memref<?xf64> {
  ^bb0(%p: index, %r: index, %c: index):
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %i = affine.apply affine_map<(d0, d1) -> (d0 * -2 + d1)>(%r, %i0)
    %j = affine.apply affine_map<(d0, d1, d2) -> (d0 * 8 + d1 floordiv 2 + d2)>(%p, %c, %j0)
    %n = arith.subi %i, %j : index
    %low = arith.maxsi %n, %c0 : index
    %place = arith.minsi %low, %c64 : index
    gdpa_tile.yield %place : index
  }
  return
}

// -----

// The place changes with every row, so no tile has one place.

// CHECK-LABEL: func.func private @strict
// CHECK-NOT: scf.if
// CHECK-NOT: vector
func.func private @strict(%d: memref<?x?xf32>, %g: tensor<4x8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  gdpa_tile.accumulate %g into %d : tensor<4x8xf32>, memref<?x?xf32> {
  ^bb0(%r: index, %c: index):
    %c3 = arith.constant 3 : index
    %half = arith.floordivsi %c, %c3 : index
    gdpa_tile.yield %r, %half : index, index
  }
  return
}

// -----

// Places that rise and fall inside a tile do not show at its corners: (r - c) / 3 + c, r mod 2, products of positions.

// CHECK-LABEL: func.func private @unknown
// CHECK-NOT: scf.if
// CHECK-NOT: vector
func.func private @unknown(%d: memref<?xf32>, %g: tensor<4x8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  gdpa_tile.accumulate %g into %d : tensor<4x8xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    %c3 = arith.constant 3 : index
    %n = arith.subi %r, %c : index
    %third = arith.floordivsi %n, %c3 : index
    %place = arith.addi %third, %c : index
    gdpa_tile.yield %place : index
  }
  gdpa_tile.accumulate %g into %d : tensor<4x8xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    %c2 = arith.constant 2 : index
    %place = arith.remsi %r, %c2 : index
    gdpa_tile.yield %place : index
  }
  gdpa_tile.accumulate %g into %d : tensor<4x8xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    %c9 = arith.constant 9 : index
    %product = arith.muli %r, %c : index
    %place = arith.minsi %product, %c9 : index
    gdpa_tile.yield %place : index
  }
  return
}

// -----

// One place for all: no test is needed.

// CHECK-LABEL: func.func private @fixed
// CHECK-NOT: scf.if
// CHECK: vector.reduction
func.func private @fixed(%d: memref<?xf32>, %h: index, %g: tensor<4x8xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  gdpa_tile.accumulate %g into %d : tensor<4x8xf32>, memref<?xf32> {
  ^bb0(%r: index, %c: index):
    gdpa_tile.yield %h : index
  }
  return
}
