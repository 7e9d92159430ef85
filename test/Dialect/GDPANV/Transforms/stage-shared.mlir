// RUN: gdpa-opt %S/Inputs/forward.mlir \
// RUN:   --pass-pipeline="builtin.module(gdpa-nv-create-kernels,gpu.module(gpu.func(gdpa-tile-assign-layouts,gdpa-tile-stage-shared,canonicalize,cse)))" | FileCheck %s

// Three slots of 3072 bytes (a block of 2048, a row of 64) behind the block that is loaded once.
// CHECK: gpu.func @forward({{.*}}gdpa_nv.shared_bytes = 11264 : i64
// CHECK: gdpa_nv.copy_async %arg0{{.*}} to %c0_i32 : {{.*}} as tensor<16x16xbf16, #gdpa_nv.shared>
// CHECK: gdpa_nv.copy_async %arg1[%c0{{.*}} to %c2048_i32 if
// CHECK: gdpa_nv.copy_async %arg2[%c0{{.*}} to %c4096_i32 if
// CHECK: nvvm.cp.async.commit.group
// CHECK: gdpa_nv.copy_async %arg1[%c16{{.*}} to %c5120_i32 if
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: gpu.barrier
// CHECK: gdpa_nv.view %c0_i32
// CHECK: scf.for %[[J:.*]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[SLOT:.*]] = %c2048_i32)
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: gpu.barrier
// CHECK: %[[AHEAD:.*]] = arith.addi %[[J]], %c32
// CHECK: %[[ACTIVE:.*]] = arith.cmpi slt, %[[AHEAD]],
// CHECK: gdpa_nv.copy_async %arg1[%[[AHEAD]], %c0] {{.*}} if %[[ACTIVE]]
// CHECK: nvvm.cp.async.commit.group
// CHECK: gdpa_nv.view %[[SLOT]]
// CHECK: linalg.contract

// A block under a condition is copied only where the condition will hold, and found in the ring there.

// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-stage-shared,cse)))" | FileCheck %s --check-prefix=IF

// IF-LABEL: gpu.func @conditional
// IF: scf.for %[[J:[a-z0-9]+]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[SLOT:[a-z0-9]+]] = %{{.*}})
// IF:   gpu.barrier
// IF:   %[[NEXT:.*]] = arith.addi %[[J]], %{{.*}} : index
// IF-DAG: %[[HOLDS:.*]] = arith.cmpi sge, %[[NEXT]], %arg2
// IF-DAG: %[[INSIDE:.*]] = arith.cmpi slt, %[[NEXT]], %arg1
// IF:   %[[ACTIVE:.*]] = arith.andi %[[INSIDE]], %[[HOLDS]]
// IF:   gdpa_nv.copy_async %arg0[%[[NEXT]], %c0] {{.*}} if %[[ACTIVE]]
// IF:   %[[VIEW:.*]] = gdpa_nv.view %[[SLOT]]
// IF:   scf.if
// IF:     gdpa_nv.convert %[[VIEW]]
gpu.module @m {
  gpu.func @conditional(%a: memref<?x16xbf16>, %n: index, %from: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %init = tensor.empty() : tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
    %r = scf.for %j = %c0 to %n step %c16 iter_args(%x = %init) -> (tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>) {
      %some = arith.cmpi sge, %j, %from : index
      %y = scf.if %some -> (tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>) {
        %A = gdpa_tile.load %a[%j, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16, #gdpa_nv.shared>
        %c = gdpa_nv.convert %A : tensor<16x16xbf16, #gdpa_nv.shared> -> tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
        scf.yield %c : tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
      } else {
        scf.yield %x : tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
      }
      scf.yield %y : tensor<16x16xbf16, #gdpa_nv.lhs<warps = 1, tiles = 1>>
    }
    gpu.return
  }
}
