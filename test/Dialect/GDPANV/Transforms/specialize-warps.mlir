// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-specialize-warps)))" | FileCheck %s

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!narrow = tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
#a = affine_map<(i, j, d) -> (i, d)>
#t = affine_map<(i, j, d) -> (j, d)>
#n = affine_map<(i, j, d) -> (d, j)>
#r = affine_map<(i, j, d) -> (i, j)>

gpu.module @m {
  // Blocks of 8192 bytes: one slot for the queries, three for the keys of the loop; then 14 barriers.
  // CHECK-LABEL: gpu.func @loop
  // CHECK-SAME: gdpa_nv.shared_bytes = 57456 : i64
  // CHECK: %[[Q:.*]] = gdpa_nv.ring at 0 barriers 57344 : <tensor<64x64xbf16, #gdpa_nv.shared>, 1>
  // CHECK: %[[K:.*]] = gdpa_nv.ring at 8192 barriers 57360 : <tensor<64x64xbf16, #gdpa_nv.shared>, 3>
  // CHECK: %[[V:.*]] = gdpa_nv.ring at 32768 barriers 57408 : <tensor<64x64xbf16, #gdpa_nv.shared>, 3>
  // CHECK: gdpa_nv.roles consumers(1) registers(24, 240) producer {
  // CHECK: %[[QC:.*]] = gdpa_nv.cursor
  // CHECK: %[[KC:.*]] = gdpa_nv.cursor
  // CHECK: %[[VC:.*]] = gdpa_nv.cursor
  // CHECK-NOT: linalg
  // CHECK-NOT: gdpa_tile.store
  // CHECK: gdpa_nv.send %arg0[%{{.*}}, %{{.*}}] to %[[Q]][%[[QC]]]
  // CHECK: scf.for %[[J:.*]] = {{.*}} iter_args(%[[KA:.*]] = %[[KC]], %[[VA:.*]] = %[[VC]])
  // CHECK: gdpa_nv.send %arg1[%[[J]], %{{.*}}] to %[[K]][%[[KA]]]
  // CHECK: %[[KN:.*]] = gdpa_nv.advance %[[K]][%[[KA]]]
  // CHECK: gdpa_nv.send %arg2[%[[J]], %{{.*}}] to %[[V]][%[[VA]]]
  // CHECK: %[[VN:.*]] = gdpa_nv.advance %[[V]][%[[VA]]]
  // CHECK: scf.yield %[[KN]], %[[VN]]
  // CHECK: } consumer {
  // CHECK: %[[QB:.*]] = gdpa_nv.receive %[[Q]]
  // CHECK: scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[KA:.*]] = %{{.*}}, %[[VA:.*]] = %{{.*}})
  // CHECK: %[[KB:.*]] = gdpa_nv.receive %[[K]][%[[KA]]]
  // A block is received where it was loaded and released after its last use.
  // CHECK: %[[VB:.*]] = gdpa_nv.receive %[[V]][%[[VA]]]
  // CHECK: linalg.contract {{.*}} ins(%[[QB]], %[[KB]] :
  // CHECK-NEXT: gdpa_nv.release %[[K]][%[[KA]]]
  // CHECK: %[[KN:.*]] = gdpa_nv.advance %[[K]][%[[KA]]]
  // CHECK: linalg.contract {{.*}} ins(%{{.*}}, %[[VB]] :
  // CHECK-NEXT: gdpa_nv.release %[[V]][%[[VA]]]
  // CHECK: %[[VN:.*]] = gdpa_nv.advance %[[V]][%[[VA]]]
  // CHECK: scf.yield %{{.*}}, %[[KN]], %[[VN]]
  // CHECK: gdpa_nv.release %[[Q]]
  // CHECK: gdpa_tile.store
  // CHECK-NOT: gdpa_tile.load
  gpu.func @loop(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %o: memref<?x64xbf16>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<stages = 3, consumers = 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f32
    %n = memref.dim %k, %c0 : memref<?x64xbf16>
    %Q = gdpa_tile.load %q[%c64, %c0] : memref<?x64xbf16> -> !shared
    %e = tensor.empty() : !acc
    %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
    %sum = scf.for %j = %c0 to %n step %c64 iter_args(%before = %z) -> (!acc) {
      %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xbf16> -> !shared
      %V = gdpa_tile.load %v[%j, %c0] : memref<?x64xbf16> -> !shared
      %S = linalg.contract indexing_maps = [#a, #t, #r] ins(%Q, %K : !shared, !shared) outs(%z : !acc) -> !acc
      %we = tensor.empty() : !narrow
      %W = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%S : !acc) outs(%we : !narrow) {
      ^bb0(%s: f32, %u: bf16):
        %y = arith.truncf %s : f32 to bf16
        linalg.yield %y : bf16
      } -> !narrow
      %P = gdpa_nv.convert %W : !narrow -> !lhs
      %N = linalg.contract indexing_maps = [#a, #n, #r] ins(%P, %V : !lhs, !shared) outs(%before : !acc) -> !acc
      scf.yield %N : !acc
    }
    gdpa_tile.store %sum, %o[%c64, %c0] : !acc, memref<?x64xbf16>
    gpu.return
  }

  // Both roles ask the same condition; where it does not hold, the cursor stays.
  // CHECK-LABEL: gpu.func @condition
  // CHECK: %[[K:.*]] = gdpa_nv.ring at 0 {{.*}}, 2>
  // CHECK: producer {
  // CHECK: scf.for {{.*}} iter_args(%[[AT:.*]] = %{{.*}}) -> (!gdpa_nv.cursor)
  // CHECK: scf.if %{{.*}} -> (!gdpa_nv.cursor) {
  // CHECK-NEXT: gdpa_nv.send %arg0
  // CHECK-NEXT: %[[NEXT:.*]] = gdpa_nv.advance %[[K]][%[[AT]]]
  // CHECK-NEXT: scf.yield %[[NEXT]]
  // CHECK: } else {
  // CHECK-NEXT: scf.yield %[[AT]] : !gdpa_nv.cursor
  // CHECK: } consumer {
  // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[AT:.*]] = %{{.*}})
  // CHECK: scf.if %{{.*}} -> (tensor<{{.*}}>, !gdpa_nv.cursor) {
  // CHECK: gdpa_nv.receive %[[K]][%[[AT]]]
  // CHECK: gdpa_nv.release %[[K]][%[[AT]]]
  // CHECK: %[[NEXT:.*]] = gdpa_nv.advance %[[K]][%[[AT]]]
  // CHECK: scf.yield %{{.*}}, %[[NEXT]]
  // CHECK: } else {
  // CHECK-NEXT: scf.yield %{{.*}}, %[[AT]]
  gpu.func @condition(%k: memref<?x64xbf16>, %o: memref<?x64xbf16>, %P: index) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<stages = 2, consumers = 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0.0 : f32
    %n = memref.dim %k, %c0 : memref<?x64xbf16>
    %e = tensor.empty() : !acc
    %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
    %pe = tensor.empty() : !narrow
    %half = arith.constant 0.0 : bf16
    %p = linalg.fill ins(%half : bf16) outs(%pe : !narrow) -> !narrow
    %lhs = gdpa_nv.convert %p : !narrow -> !lhs
    %sum = scf.for %j = %c0 to %n step %c64 iter_args(%before = %z) -> (!acc) {
      %some = arith.cmpi slt, %j, %P : index
      %next = scf.if %some -> (!acc) {
        %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xbf16> -> !shared
        %N = linalg.contract indexing_maps = [#a, #n, #r] ins(%lhs, %K : !lhs, !shared) outs(%before : !acc) -> !acc
        scf.yield %N : !acc
      } else {
        scf.yield %before : !acc
      }
      scf.yield %next : !acc
    }
    gdpa_tile.store %sum, %o[%c64, %c0] : !acc, memref<?x64xbf16>
    gpu.return
  }

  // A block that is only read into registers is released after what reads those: the conversion may be under way still.
  // CHECK-LABEL: gpu.func @registers
  // CHECK: consumer {
  // CHECK: gdpa_nv.receive
  // CHECK: %[[QB:.*]] = gdpa_nv.receive %[[Q:.*]][%{{.*}}]
  // CHECK: %[[L:.*]] = gdpa_nv.convert %[[QB]]
  // CHECK-NOT: gdpa_nv.release
  // CHECK: linalg.contract {{.*}} ins(%[[L]],
  // CHECK: gdpa_nv.release
  gpu.func @registers(%q: memref<?x64xbf16>, %o: memref<?x64xbf16>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : !acc
    %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
    %K = gdpa_tile.load %o[%c0, %c0] : memref<?x64xbf16> -> !shared
    %Q = gdpa_tile.load %q[%c0, %c0] : memref<?x64xbf16> -> !shared
    %L = gdpa_nv.convert %Q : !shared -> !lhs
    %S = linalg.contract indexing_maps = [#a, #t, #r] ins(%L, %K : !lhs, !shared) outs(%z : !acc) -> !acc
    gdpa_tile.store %S, %o[%c0, %c0] : !acc, memref<?x64xbf16>
    gpu.return
  }

  // Portable kernels stay.
  // CHECK-LABEL: gpu.func @portable
  // CHECK-NOT: gdpa_nv.roles
  // CHECK: gdpa_tile.load
  gpu.func @portable(%q: memref<?x64xbf16>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>, schedule = #gdpa_nv.schedule<warps = 4>} {
    %c0 = arith.constant 0 : index
    %Q = gdpa_tile.load %q[%c0, %c0] : memref<?x64xbf16> -> !shared
    gpu.return
  }

  // Three consumers have fewer registers each.
  // CHECK-LABEL: gpu.func @three
  // CHECK: gdpa_nv.roles consumers(3) registers(32, 160)
  gpu.func @three() kernel
      attributes {known_block_size = array<i32: 512, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 3>} {
    gpu.return
  }
}
