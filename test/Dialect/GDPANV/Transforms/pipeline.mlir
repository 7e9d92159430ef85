// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-pipeline,gdpa-nv-check)))" -split-input-file -verify-diagnostics | FileCheck %s

// The loop of a consumer, one step ahead.

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!narrow = tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!rows = tensor<64xf32, #gdpa_nv.slice<dim = 0, warps = 4, tiles = 1>>
!ring = !gdpa_nv.ring<!shared, 2>
!one = !gdpa_nv.ring<!shared, 1>
#a = affine_map<(i, j, d) -> (i, d)>
#t = affine_map<(i, j, d) -> (j, d)>
#n = affine_map<(i, j, d) -> (d, j)>
#r = affine_map<(i, j, d) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

gpu.module @m {
  // The first step: nothing is beside it.
  // CHECK-LABEL: gpu.func @rotated
  // CHECK: consumer {
  // CHECK: %[[Q:.*]] = gdpa_nv.receive
  // CHECK: %[[K0:.*]] = gdpa_nv.receive %[[K:.*]][%[[KC:.*]]]
  // CHECK: gdpa_nv.fence{{$}}
  // CHECK-NEXT: %[[S0:.*]] = gdpa_nv.mma_async %[[Q]], %[[K0]] transposed
  // CHECK-NEXT: gdpa_nv.wait %[[S0]] inflight 0
  // CHECK-NEXT: gdpa_nv.release %[[K]][%[[KC]]]
  // CHECK: math.tanh
  // CHECK-NOT: arith.truncf
  // CHECK: %[[V0:.*]] = gdpa_nv.receive %[[V:.*]][%[[VC:.*]]]
  // CHECK: arith.truncf
  // CHECK: %[[P0:.*]] = gdpa_nv.convert
  // Both products of a step are in flight together; the wait for the score leaves the sum in flight.
  // CHECK: scf.for {{.*}} iter_args(%[[O:.*]] = %{{.*}}, %[[KA:.*]] = %{{.*}}, %[[VA:.*]] = %[[VC]], %[[P:.*]] = %[[P0]], %[[VB:.*]] = %[[V0]])
  // CHECK: %[[KB:.*]] = gdpa_nv.receive %[[K]][%[[KA]]]
  // CHECK: %[[READY:.*]]:2 = gdpa_nv.fence of %[[P]], %[[O]]
  // CHECK-NEXT: %[[S:.*]] = gdpa_nv.mma_async %[[Q]], %[[KB]] transposed
  // CHECK-NEXT: %[[SUM:.*]] = gdpa_nv.mma_async %[[READY]]#0, %[[VB]] into %[[READY]]#1
  // CHECK-NOT: transposed
  // CHECK: %[[SCORE:.*]] = gdpa_nv.wait %[[S]] inflight 1
  // CHECK-NEXT: gdpa_nv.release %[[K]][%[[KA]]]
  // CHECK: %[[W:.*]] = linalg.generic {{.*}} ins(%[[SCORE]]
  // CHECK: math.tanh
  // The rounding follows the wait: no register of a product in flight is written.
  // CHECK-NOT: arith.truncf
  // CHECK: %[[VNEXT:.*]] = gdpa_nv.advance %[[V]][%[[VA]]]
  // CHECK: %[[HELD:.*]] = gdpa_nv.hold %[[W]]
  // CHECK: %[[VN:.*]] = gdpa_nv.receive late %[[V]][%[[VNEXT]]]
  // CHECK: %[[DONE:.*]]:3 = gdpa_nv.wait %[[SUM]] keep %[[HELD]], %[[READY]]#0 : {{.*}} inflight 0
  // CHECK-NEXT: gdpa_nv.release %[[V]][%[[VA]]]
  // CHECK: linalg.generic {{.*}} ins(%[[DONE]]#1
  // CHECK: arith.truncf
  // CHECK: %[[PN:.*]] = gdpa_nv.convert
  // CHECK: scf.yield %[[DONE]]#0, %{{.*}}, %[[VNEXT]], %[[PN]], %[[VN]]
  // The last sum.
  // CHECK: %[[READY:.*]]:2 = gdpa_nv.fence
  // CHECK-NEXT: gdpa_nv.mma_async %[[READY]]#0, %{{.*}} into %[[READY]]#1
  // CHECK-NEXT: gdpa_nv.wait {{.*}} keep %[[READY]]#0 {{.*}} inflight 0
  // CHECK-NEXT: gdpa_nv.release %[[V]]
  gpu.func @rotated(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %o: memref<?x64xbf16>) kernel
      attributes {gdpa_nv.shared_bytes = 41040 : i64, known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %rq = gdpa_nv.ring at 0 barriers 40960 : !one
    %rk = gdpa_nv.ring at 8192 barriers 40976 : !ring
    %rv = gdpa_nv.ring at 24576 barriers 41008 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %cq = gdpa_nv.cursor
      %ck = gdpa_nv.cursor
      %cv = gdpa_nv.cursor
      gdpa_nv.send %q[%c0, %c0] to %rq[%cq] : memref<?x64xbf16>, !one
      %last:2 = scf.for %j = %c0 to %n step %c64 iter_args(%ak = %ck, %av = %cv) -> (!gdpa_nv.cursor, !gdpa_nv.cursor) {
        gdpa_nv.send %k[%j, %c0] to %rk[%ak] : memref<?x64xbf16>, !ring
        %nk = gdpa_nv.advance %rk[%ak] : !ring
        gdpa_nv.send %v[%j, %c0] to %rv[%av] : memref<?x64xbf16>, !ring
        %nv = gdpa_nv.advance %rv[%av] : !ring
        scf.yield %nk, %nv : !gdpa_nv.cursor, !gdpa_nv.cursor
      }
    } consumer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %zero = arith.constant 0.0 : f32
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %cq = gdpa_nv.cursor
      %ck = gdpa_nv.cursor
      %cv = gdpa_nv.cursor
      %Q = gdpa_nv.receive %rq[%cq] : !one -> !shared
      %e = tensor.empty() : !acc
      %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
      %all:3 = scf.for %j = %c0 to %n step %c64 iter_args(%before = %z, %ak = %ck, %av = %cv) -> (!acc, !gdpa_nv.cursor, !gdpa_nv.cursor) {
        %K = gdpa_nv.receive %rk[%ak] : !ring -> !shared
        %V = gdpa_nv.receive %rv[%av] : !ring -> !shared
        %S = linalg.contract indexing_maps = [#a, #t, #r] ins(%Q, %K : !shared, !shared) outs(%z : !acc) -> !acc
        gdpa_nv.release %rk[%ak] : !ring
        %nk = gdpa_nv.advance %rk[%ak] : !ring
        %we = tensor.empty() : !narrow
        %W = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%S : !acc) outs(%we : !narrow) {
        ^bb0(%s: f32, %u: bf16):
          %x = math.tanh %s : f32
          %y = arith.truncf %x : f32 to bf16
          linalg.yield %y : bf16
        } -> !narrow
        %P = gdpa_nv.convert %W : !narrow -> !lhs
        %N = linalg.contract indexing_maps = [#a, #n, #r] ins(%P, %V : !lhs, !shared) outs(%before : !acc) -> !acc
        gdpa_nv.release %rv[%av] : !ring
        %nv = gdpa_nv.advance %rv[%av] : !ring
        scf.yield %N, %nk, %nv : !acc, !gdpa_nv.cursor, !gdpa_nv.cursor
      } {gdpa_nv.not_empty}
      gdpa_nv.release %rq[%cq] : !one
      gdpa_tile.store %all#0, %o[%c0, %c0] : !acc, memref<?x64xbf16>
    }
    gpu.return
  }

  // Statistics of the rows: what they do to the output happens between its two waits' end and the next product.
  // CHECK-LABEL: gpu.func @statistics
  // CHECK: consumer {
  // CHECK: scf.for
  // CHECK: %[[READY:.*]]:2 = gdpa_nv.fence
  // CHECK: %[[SUM:.*]] = gdpa_nv.mma_async %[[READY]]#0, %{{.*}} into
  // CHECK: gdpa_nv.wait %{{.*}} inflight 1
  // CHECK: %[[M:.*]] = linalg.generic
  // CHECK: arith.maximumf
  // CHECK: math.exp
  // CHECK: %[[DONE:.*]]:3 = gdpa_nv.wait %[[SUM]]
  // CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[DONE]]#0, %[[M]]
  // CHECK: arith.mulf
  // CHECK: arith.truncf
  // CHECK: scf.yield %[[SCALED]], %[[M]],
  gpu.func @statistics(%k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %o: memref<?x64xbf16>) kernel
      attributes {gdpa_nv.shared_bytes = 41040 : i64, known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %rq = gdpa_nv.ring at 0 barriers 40960 : !one
    %rk = gdpa_nv.ring at 8192 barriers 40976 : !ring
    %rv = gdpa_nv.ring at 24576 barriers 41008 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %cq = gdpa_nv.cursor
      %ck = gdpa_nv.cursor
      %cv = gdpa_nv.cursor
      gdpa_nv.send %k[%c0, %c0] to %rq[%cq] : memref<?x64xbf16>, !one
      %last:2 = scf.for %j = %c0 to %n step %c64 iter_args(%ak = %ck, %av = %cv) -> (!gdpa_nv.cursor, !gdpa_nv.cursor) {
        gdpa_nv.send %k[%j, %c0] to %rk[%ak] : memref<?x64xbf16>, !ring
        %nk = gdpa_nv.advance %rk[%ak] : !ring
        gdpa_nv.send %v[%j, %c0] to %rv[%av] : memref<?x64xbf16>, !ring
        %nv = gdpa_nv.advance %rv[%av] : !ring
        scf.yield %nk, %nv : !gdpa_nv.cursor, !gdpa_nv.cursor
      }
    } consumer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %zero = arith.constant 0.0 : f32
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %cq = gdpa_nv.cursor
      %ck = gdpa_nv.cursor
      %cv = gdpa_nv.cursor
      %Q = gdpa_nv.receive %rq[%cq] : !one -> !shared
      %e = tensor.empty() : !acc
      %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
      %re = tensor.empty() : !rows
      %rz = linalg.fill ins(%zero : f32) outs(%re : !rows) -> !rows
      %all:4 = scf.for %j = %c0 to %n step %c64 iter_args(%before = %z, %max = %rz, %ak = %ck, %av = %cv) -> (!acc, !rows, !gdpa_nv.cursor, !gdpa_nv.cursor) {
        %K = gdpa_nv.receive %rk[%ak] : !ring -> !shared
        %V = gdpa_nv.receive %rv[%av] : !ring -> !shared
        %S = linalg.contract indexing_maps = [#a, #t, #r] ins(%Q, %K : !shared, !shared) outs(%z : !acc) -> !acc
        gdpa_nv.release %rk[%ak] : !ring
        %nk = gdpa_nv.advance %rk[%ak] : !ring
        %M = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%S : !acc) outs(%max : !rows) {
        ^bb0(%s: f32, %u: f32):
          %x = arith.maximumf %s, %u : f32
          linalg.yield %x : f32
        } -> !rows
        %we = tensor.empty() : !narrow
        %W = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%S, %M : !acc, !rows) outs(%we : !narrow) {
        ^bb0(%s: f32, %m: f32, %u: bf16):
          %d = arith.subf %s, %m : f32
          %x = math.exp %d : f32
          %y = arith.truncf %x : f32 to bf16
          linalg.yield %y : bf16
        } -> !narrow
        %P = gdpa_nv.convert %W : !narrow -> !lhs
        %scaled = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%before, %M : !acc, !rows) outs(%e : !acc) {
        ^bb0(%s: f32, %m: f32, %u: f32):
          %x = arith.mulf %s, %m : f32
          linalg.yield %x : f32
        } -> !acc
        %N = linalg.contract indexing_maps = [#a, #n, #r] ins(%P, %V : !lhs, !shared) outs(%scaled : !acc) -> !acc
        gdpa_nv.release %rv[%av] : !ring
        %nv = gdpa_nv.advance %rv[%av] : !ring
        scf.yield %N, %M, %nk, %nv : !acc, !rows, !gdpa_nv.cursor, !gdpa_nv.cursor
      } {gdpa_nv.not_empty}
      gdpa_nv.release %rq[%cq] : !one
      gdpa_tile.store %all#0, %o[%c0, %c0] : !acc, memref<?x64xbf16>
    }
    gpu.return
  }

  // Blocks that only some steps load: each product is waited for at once. A left operand from outside stays in its registers.
  // CHECK-LABEL: gpu.func @condition
  // CHECK: consumer {
  // CHECK: scf.for
  // CHECK: scf.if
  // CHECK: gdpa_nv.receive %[[K:.*]][%[[AT:.*]]]
  // CHECK: %[[READY:.*]] = gdpa_nv.fence of
  // CHECK-NEXT: %[[S:.*]] = gdpa_nv.mma_async %{{.*}}, %{{.*}} into %[[READY]]
  // CHECK-NEXT: gdpa_nv.wait %[[S]] inflight 0
  // CHECK-NEXT: gdpa_nv.release %[[K]][%[[AT]]]
  gpu.func @condition(%k: memref<?x64xbf16>, %o: memref<?x64xbf16>, %p: index) kernel
      attributes {gdpa_nv.shared_bytes = 16416 : i64, known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %rk = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %ck = gdpa_nv.cursor
      %last = scf.for %j = %c0 to %n step %c64 iter_args(%ak = %ck) -> (!gdpa_nv.cursor) {
        %some = arith.cmpi slt, %j, %p : index
        %next = scf.if %some -> (!gdpa_nv.cursor) {
          gdpa_nv.send %k[%j, %c0] to %rk[%ak] : memref<?x64xbf16>, !ring
          %nk = gdpa_nv.advance %rk[%ak] : !ring
          scf.yield %nk : !gdpa_nv.cursor
        } else {
          scf.yield %ak : !gdpa_nv.cursor
        }
        scf.yield %next : !gdpa_nv.cursor
      }
    } consumer {
      %c0 = arith.constant 0 : index
      %c64 = arith.constant 64 : index
      %zero = arith.constant 0.0 : f32
      %half = arith.constant 0.0 : bf16
      %n = memref.dim %k, %c0 : memref<?x64xbf16>
      %ck = gdpa_nv.cursor
      %e = tensor.empty() : !acc
      %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
      %pe = tensor.empty() : !narrow
      %W = linalg.fill ins(%half : bf16) outs(%pe : !narrow) -> !narrow
      %P = gdpa_nv.convert %W : !narrow -> !lhs
      // expected-remark@+1 {{products of this loop are waited for at once: it is not one score product, elementwise operations and one sum}}
      %all:2 = scf.for %j = %c0 to %n step %c64 iter_args(%before = %z, %ak = %ck) -> (!acc, !gdpa_nv.cursor) {
        %some = arith.cmpi slt, %j, %p : index
        %next:2 = scf.if %some -> (!acc, !gdpa_nv.cursor) {
          %K = gdpa_nv.receive %rk[%ak] : !ring -> !shared
          %N = linalg.contract indexing_maps = [#a, #n, #r] ins(%P, %K : !lhs, !shared) outs(%before : !acc) -> !acc
          gdpa_nv.release %rk[%ak] : !ring
          %nk = gdpa_nv.advance %rk[%ak] : !ring
          scf.yield %N, %nk : !acc, !gdpa_nv.cursor
        } else {
          scf.yield %before, %ak : !acc, !gdpa_nv.cursor
        }
        scf.yield %next#0, %next#1 : !acc, !gdpa_nv.cursor
      }
      gdpa_tile.store %all#0, %o[%c0, %c0] : !acc, memref<?x64xbf16>
    }
    gpu.return
  }
}
