// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-instrument)))" | FileCheck %s
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-instrument,gdpa-tile-distribute,canonicalize,cse)))" | FileCheck %s --check-prefix=CODE

!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!ring = !gdpa_nv.ring<!shared, 2>

gpu.module @m {
  // Two slots and four warps: 2 * 2 + 2 * 4 + 3 * 2 * 4 words, from the next 16 bytes on.
  // CHECK: gpu.func @k
  // CHECK-SAME: gdpa_nv.shared_bytes = 16560 : i64, gdpa_nv.watch = 16416 : i64
  // CHECK: gdpa_nv.watch "begin"
  // CHECK-NEXT: gdpa_nv.roles
  // CHECK: gdpa_nv.watch "send" of %[[R:.*]][%[[AT:.*]]] :
  // CHECK-NEXT: gdpa_nv.send %{{.*}} to %[[R]][%[[AT]]]
  // CHECK: %[[K:.*]] = gdpa_nv.receive %[[R]][%[[AT:.*]]] :
  // CHECK-NEXT: gdpa_nv.watch "receive" of %[[R]][%[[AT]]]
  // CHECK-NEXT: gdpa_nv.watch "convert" block %[[K]]
  // CHECK-NEXT: gdpa_nv.convert %[[K]]
  // What the products of a group read is told before their fence.
  // CHECK-NEXT: gdpa_nv.watch "read" block %[[K]]
  // CHECK-NEXT: gdpa_nv.watch "read" block %[[K]]
  // CHECK-NEXT: gdpa_nv.watch "start"
  // CHECK-NEXT: gdpa_nv.watch "read" block %[[K]]
  // CHECK-NEXT: gdpa_nv.watch "start"
  // CHECK-NEXT: gdpa_nv.fence
  // CHECK-NEXT: gdpa_nv.mma_async
  // CHECK-NEXT: gdpa_nv.mma_async
  // CHECK-NEXT: gdpa_nv.wait {{.*}} inflight 1
  // CHECK-NEXT: gdpa_nv.watch "wait" inflight 1
  // CHECK-NEXT: gdpa_nv.wait {{.*}} inflight 0
  // CHECK-NEXT: gdpa_nv.watch "wait" inflight 0
  // CHECK-NEXT: gdpa_nv.watch "release" of %[[R]][%[[AT]]]
  // CHECK-NEXT: gdpa_nv.release %[[R]][%[[AT]]]

  // All threads clear the words and fill the slots with NaNs before the barriers are set up.
  // CODE: gpu.func @k
  // CODE: %[[NAN:.*]] = arith.constant dense<2147450879> : vector<4xi32>
  // CODE: scf.for
  // CODE: llvm.store volatile %{{.*}}, %{{.*}} {alignment = 4 : i64} : i32, !llvm.ptr<3>
  // CODE: scf.for
  // CODE: llvm.store volatile %[[NAN]], %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
  // CODE: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
  // CODE: nvvm.mbarrier.init
  // The producer counts once the slot is empty, before its bytes are asked for.
  // CODE: nvvm.mbarrier.try_wait.parity
  // CODE: llvm.store volatile
  // CODE: nvvm.mbarrier.arrive.expect_tx
  // CODE: nvvm.setmaxregister increase
  // CODE: nvvm.mbarrier.try_wait.parity
  // CODE: gpu.printf "gdpa_nv.watch: slot received that is held at {{.*}}instrument.mlir:[[# @LINE + 25]]:{{.*}}, block (%d, %d, %d), consumer warp %d, slot %d\0A", %{{.*}}
  // CODE-NEXT: llvm.intr.trap
  // CODE: gpu.printf "gdpa_nv.watch: slot received in the wrong phase at
  // CODE: gpu.printf "gdpa_nv.watch: slot received that was not filled for it at
  // CODE: nvvm.bar.warp.sync
  // CODE: gpu.printf "gdpa_nv.watch: slot read that is not held at
  // CODE: wgmma.mma_async
  // CODE: wgmma.wait_group
  // CODE: gpu.printf "gdpa_nv.watch: slot released that is not held at
  // CODE: gpu.printf "gdpa_nv.watch: slot released before what reads it was waited for at
  // The last of the warps fills the slot with NaNs before it arrives.
  // CODE: llvm.atomicrmw add %{{.*}}, %{{.*}} syncscope("block") acq_rel
  // CODE: gpu.shuffle
  // CODE: llvm.store volatile %[[NAN]]
  // CODE: nvvm.fence.proxy
  // CODE: nvvm.bar.warp.sync
  // CODE: mbarrier.arrive.shared.b64
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel
      attributes {gdpa_nv.shared_bytes = 16416 : i64, known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      %l = gdpa_nv.convert %K : !shared -> !lhs
      %p = gdpa_nv.fence of %l : !lhs
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !gdpa_nv.pending<!acc>
      %t = gdpa_nv.mma_async %p, %K : !lhs, !shared -> !gdpa_nv.pending<!acc>
      %S = gdpa_nv.wait %s inflight 1 : !gdpa_nv.pending<!acc> -> !acc
      %T:2 = gdpa_nv.wait %t keep %p : !lhs inflight 0 : !gdpa_nv.pending<!acc> -> !acc, !lhs
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }

  // CHECK: gpu.func @portable
  // CHECK-NOT: gdpa_nv.watch
  gpu.func @portable() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    gpu.return
  }
}
