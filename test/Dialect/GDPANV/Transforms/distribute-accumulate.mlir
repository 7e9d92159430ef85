// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-assign-layouts,gdpa-tile-stage-shared,gdpa-tile-distribute,canonicalize,cse)))" | FileCheck %s

gpu.module @m {
  // Every element has a place of its own: its thread adds it.
  // CHECK-LABEL: gpu.func @distinct
  // CHECK-COUNT-4: llvm.store {{.*}} : f32, !llvm.ptr<1>
  // CHECK-NOT: gpu.barrier
  // CHECK: gpu.return
  gpu.func @distinct(%g: memref<?x8xf32>, %d: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %G = gdpa_tile.load %g[%c0, %c0] : memref<?x8xf32> -> tensor<16x8xf32>
    gdpa_tile.accumulate %G into %d distinct : tensor<16x8xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index):
      %x = arith.muli %r, %c8 : index
      %y = arith.addi %x, %c : index
      gdpa_tile.yield %y : index
    }
    gpu.return
  }

  // All elements have one place: five shuffles, a number of each warp in shared memory, one sum by one thread.
  // CHECK-LABEL: gpu.func @uniform
  // CHECK-COUNT-5: gpu.shuffle {{ *}}xor
  // CHECK: gpu.barrier
  // CHECK: llvm.store {{.*}} : f32, !llvm.ptr<3>
  // CHECK: gpu.barrier
  // CHECK: llvm.store {{.*}} : f32, !llvm.ptr<1>
  // CHECK-NOT: llvm.store
  // CHECK: gpu.return
  gpu.func @uniform(%g: memref<?x8xf32>, %d: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %G = gdpa_tile.load %g[%c0, %c0] : memref<?x8xf32> -> tensor<16x8xf32>
    gdpa_tile.accumulate %G into %d : tensor<16x8xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index):
      gdpa_tile.yield %c0 : index
    }
    gpu.return
  }

  // Elements may meet: whole multiples of a power of two in a table of 128 slots (a header of 128 bytes, 12 for each slot), no float atomics.
  // CHECK-LABEL: gpu.func @table
  // CHECK-SAME: gdpa_nv.shared_bytes = 1664 : i64
  // CHECK: math.roundeven
  // CHECK: arith.fptosi {{.*}} : f32 to i32
  // CHECK: scf.while
  // CHECK: llvm.cmpxchg {{.*}} : !llvm.ptr<3>, i64
  // CHECK: llvm.atomicrmw add {{.*}} : !llvm.ptr<3>, i32
  // CHECK-NOT: fadd
  // CHECK: arith.sitofp
  // CHECK: llvm.store {{.*}} : f32, !llvm.ptr<1>
  gpu.func @table(%g: memref<?x8xf32>, %d: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %G = gdpa_tile.load %g[%c0, %c0] : memref<?x8xf32> -> tensor<16x8xf32>
    gdpa_tile.accumulate %G into %d : tensor<16x8xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index):
      %y = arith.maxsi %r, %c : index
      gdpa_tile.yield %y : index
    }
    gpu.return
  }

  // Diagonals have places of their own: the block through shared memory (16 rows of 8 elements, 16 words apart), one thread for each of the
  // 23 diagonals, which adds eight elements in order. Rows outside the block count nothing.
  // CHECK-LABEL: gpu.func @diagonals
  // CHECK-SAME: gdpa_nv.shared_bytes = 1024 : i64
  // CHECK: gpu.barrier
  // CHECK-COUNT-2: llvm.store {{.*}} : vector<2xf32>, !llvm.ptr<3>
  // CHECK: gpu.barrier
  // CHECK: scf.for %[[D:.*]] = %{{.*}} to %c23_i32 step %c32_i32
  // CHECK: %[[SHIFTED:.*]] = arith.addi %[[D]], %c-7_i32
  // CHECK: arith.maxsi %[[SHIFTED]], %c0_i32
  // CHECK: %[[BEFORE:.*]] = llvm.load {{.*}} : !llvm.ptr<1> -> f32
  // CHECK: arith.cmpi ult, %[[SHIFTED]], %c16_i32
  // CHECK-COUNT-8: llvm.load {{.*}} : !llvm.ptr<3> -> f32
  // CHECK: arith.addf %[[BEFORE]],
  // CHECK: llvm.store {{.*}} : f32, !llvm.ptr<1>
  // CHECK-NOT: scf.while
  // CHECK: gpu.return
  gpu.func @diagonals(%g: memref<?x8xf32>, %d: memref<?xf32>, %first: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %G = gdpa_tile.load %g[%c0, %c0] : memref<?x8xf32> -> tensor<16x8xf32>
    gdpa_tile.accumulate %G into %d : tensor<16x8xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index):
      %x = arith.addi %first, %c : index
      %y = arith.subi %x, %r : index
      gdpa_tile.yield %y : index
    }
    gpu.return
  }

  // The other diagonals: column c of diagonal d stands in row d - c.
  // CHECK-LABEL: gpu.func @antidiagonals
  // CHECK: scf.for %[[D:.*]] = %{{.*}} to %c23_i32
  // CHECK: arith.minsi %[[D]], %c15_i32
  // CHECK: arith.addi %[[D]], %c-7_i32
  // CHECK: gpu.return
  gpu.func @antidiagonals(%g: memref<?x8xf32>, %d: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %G = gdpa_tile.load %g[%c0, %c0] : memref<?x8xf32> -> tensor<16x8xf32>
    gdpa_tile.accumulate %G into %d : tensor<16x8xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index):
      %y = arith.addi %r, %c : index
      gdpa_tile.yield %y : index
    }
    gpu.return
  }
}
