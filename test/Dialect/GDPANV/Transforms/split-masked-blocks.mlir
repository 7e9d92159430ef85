// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gdpa_tile.program(gdpa-nv-split-masked-blocks))" | FileCheck %s

// The blocks from the bound on need the mask: they are walked first, and at least the last one is among them.
// CHECK-LABEL: gdpa_tile.program @late
// CHECK: %[[N:.*]] = memref.dim
// CHECK: %[[UPPER:.*]] = arith.maxsi %[[N]],
// CHECK: %[[SPLIT:.*]] = arith.addi %c0, %{{.*}} : index
// CHECK: %[[MASKED:.*]] = scf.for %{{.*}} = %[[SPLIT]] to %[[UPPER]] step %c64 iter_args(
// CHECK-NOT: scf.if
// CHECK: math.absf
// CHECK: } {gdpa_nv.not_empty}
// CHECK: %[[ALL:.*]] = scf.for %{{.*}} = %c0 to %[[SPLIT]] step %c64 iter_args(%{{.*}} = %[[MASKED]])
// CHECK-NOT: math.absf
// CHECK: gdpa_tile.store %[[ALL]]
gdpa_tile.program @late(%k: memref<?x64xf32>, %o: memref<?x64xf32>, %bound: index) attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %k, %c0 : memref<?x64xf32>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %all = scf.for %j = %c0 to %n step %c64 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
    %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %masked = arith.cmpi sle, %bound, %j : index
    %x = scf.if %masked -> (tensor<64x64xf32>) {
      %a = math.absf %K : tensor<64x64xf32>
      %b = arith.addf %a, %a : tensor<64x64xf32>
      scf.yield %b : tensor<64x64xf32>
    } else {
      scf.yield %K : tensor<64x64xf32>
    }
    %next = arith.addf %sum, %x : tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  gdpa_tile.store %all, %o[%c0, %c0] : tensor<64x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// The blocks up to the bound need it: the first one is always among them.
// CHECK-LABEL: gdpa_tile.program @early
// CHECK: arith.maxsi %{{.*}}, %c64
// CHECK: %[[SPLIT:.*]] = arith.addi %c0, %{{.*}} : index
// CHECK: scf.for %{{.*}} = %c0 to %[[SPLIT]] step %c64
// CHECK: math.absf
// CHECK: } {gdpa_nv.not_empty}
// CHECK: scf.for %{{.*}} = %[[SPLIT]] to %{{.*}} step %c64
// CHECK-NOT: math.absf
// CHECK: gdpa_tile.store
gdpa_tile.program @early(%k: memref<?x64xf32>, %o: memref<?x64xf32>, %bound: index) attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %k, %c0 : memref<?x64xf32>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %all = scf.for %j = %c0 to %n step %c64 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
    %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %masked = arith.cmpi sle, %j, %bound : index
    %x = scf.if %masked -> (tensor<64x64xf32>) {
      %a = math.absf %K : tensor<64x64xf32>
      %b = arith.addf %a, %a : tensor<64x64xf32>
      scf.yield %b : tensor<64x64xf32>
    } else {
      scf.yield %K : tensor<64x64xf32>
    }
    %next = arith.addf %sum, %x : tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  gdpa_tile.store %all, %o[%c0, %c0] : tensor<64x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}

// Without a condition the loop only gets a block; a portable kernel's loop stays as it is.
// CHECK-LABEL: gdpa_tile.program @plain
// CHECK: arith.maxsi
// CHECK-COUNT-1: scf.for
// CHECK: } {gdpa_nv.not_empty}
// CHECK-NOT: scf.for
// CHECK-LABEL: gdpa_tile.program @portable
// CHECK-NOT: arith.maxsi
// CHECK-NOT: gdpa_nv.not_empty
gdpa_tile.program @plain(%k: memref<?x64xf32>, %o: memref<?x64xf32>) attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %k, %c0 : memref<?x64xf32>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %all = scf.for %j = %c0 to %n step %c64 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
    %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %next = arith.addf %sum, %K : tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  gdpa_tile.store %all, %o[%c0, %c0] : tensor<64x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}
gdpa_tile.program @portable(%k: memref<?x64xf32>, %o: memref<?x64xf32>) attributes {schedule = #gdpa_nv.schedule<warps = 4>} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %k, %c0 : memref<?x64xf32>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %all = scf.for %j = %c0 to %n step %c64 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
    %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xf32> -> tensor<64x64xf32>
    %next = arith.addf %sum, %K : tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  gdpa_tile.store %all, %o[%c0, %c0] : tensor<64x64xf32>, memref<?x64xf32>
  gdpa_tile.return
}
