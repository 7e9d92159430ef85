// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-ping-pong)))" | FileCheck %s

!shared = tensor<128x64xbf16, #gdpa_nv.shared>
!lhs = tensor<128x128xbf16, #gdpa_nv.lhs<warps = 8, tiles = 1>>
!score = tensor<128x128xf32, #gdpa_nv.acc<warps = 8, tiles = 1>>
!acc = tensor<128x64xf32, #gdpa_nv.acc<warps = 8, tiles = 1>>
!one = !gdpa_nv.ring<!shared, 1>

gpu.module @m {
  // A turn from the fence to the last product of its group, not to its wait.
  // CHECK-LABEL: gpu.func @group
  // CHECK: producer {
  // CHECK-NOT: _turn
  // CHECK: consumer {
  // CHECK-NEXT: gdpa_nv.open_turns
  // CHECK: gdpa_nv.receive
  // CHECK-NEXT: gdpa_nv.await_turn
  // CHECK-NEXT: gdpa_nv.fence
  // CHECK-NEXT: gdpa_nv.mma_async
  // CHECK-NEXT: gdpa_nv.mma_async
  // CHECK-NEXT: gdpa_nv.pass_turn
  // CHECK-NEXT: gdpa_nv.wait
  // CHECK-NEXT: gdpa_nv.wait
  // A fence without products takes no turn.
  // CHECK-NEXT: gdpa_nv.fence
  // CHECK-NEXT: gdpa_nv.release
  // CHECK-NEXT: gdpa_nv.close_turns
  // CHECK-NEXT: }
  gpu.func @group(%q: memref<?x64xbf16>, %p: !lhs, %o: !acc) kernel attributes {known_block_size = array<i32: 384, 1, 1>} {
    %rq = gdpa_nv.ring at 0 barriers 16384 : !one
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
      %c0 = arith.constant 0 : index
      %at = gdpa_nv.cursor
      gdpa_nv.send %q[%c0, %c0] to %rq[%at] : memref<?x64xbf16>, !one
    } consumer {
      %at = gdpa_nv.cursor
      %Q = gdpa_nv.receive %rq[%at] : !one -> !shared
      %ready:2 = gdpa_nv.fence of %p, %o : !lhs, !acc
      %s = gdpa_nv.mma_async %Q, %Q transposed : !shared, !shared -> !gdpa_nv.pending<!score>
      %n = gdpa_nv.mma_async %ready#0, %Q into %ready#1 : !acc : !lhs, !shared -> !gdpa_nv.pending<!acc>
      %S = gdpa_nv.wait %s inflight 1 : !gdpa_nv.pending<!score> -> !score
      %N:2 = gdpa_nv.wait %n keep %ready#0 : !lhs inflight 0 : !gdpa_nv.pending<!acc> -> !acc, !lhs
      gdpa_nv.fence
      gdpa_nv.release %rq[%at] : !one
    }
    gpu.return
  }

  // One consumer has nobody to take turns with.
  // CHECK-LABEL: gpu.func @alone
  // CHECK-NOT: _turn
  // CHECK: gpu.return
  gpu.func @alone(%q: memref<?x64xbf16>) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {
      gdpa_nv.fence
    }
    gpu.return
  }
}
