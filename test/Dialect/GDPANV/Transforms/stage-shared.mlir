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
