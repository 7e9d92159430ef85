// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-distribute,canonicalize,cse)))" | FileCheck %s

!shared = tensor<64x128xbf16, #gdpa_nv.shared>
!keys = tensor<16x128xbf16, #gdpa_nv.shared>
!lhs = tensor<64x16xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!narrow = tensor<64x16xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>
!score = tensor<64x16xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!acc = tensor<64x128xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!ring = !gdpa_nv.ring<!keys, 2>
!one = !gdpa_nv.ring<!shared, 1>

gpu.module @m {
  // CHECK-LABEL: gpu.func @roles
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
  // CHECK-DAG: %[[FOUR:.*]] = arith.constant 4 : i32
  // CHECK-DAG: %[[BYTES:.*]] = arith.constant 16384 : i32
  // The warp is made uniform by a shuffle; the first warpgroup is the producer.
  // CHECK: gpu.shuffle idx
  // A full barrier takes one arrival, an empty one four of each consumer.
  // CHECK: scf.if
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[ONE]] : !llvm.ptr<3>, i32
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[FOUR]] : !llvm.ptr<3>, i32
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[ONE]]
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[ONE]]
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[FOUR]]
  // CHECK: nvvm.mbarrier.init %{{.*}}, %[[FOUR]]
  // CHECK-NOT: nvvm.mbarrier.init
  // CHECK: nvvm.fence.mbarrier.init
  // CHECK: gpu.barrier
  // The producer: one elected thread of one warp.
  // CHECK: nvvm.setmaxregister decrease 24
  // CHECK: nvvm.elect.sync
  // A box of 64 columns and the block's rows for each panel; the bytes of both; coordinates innermost first.
  // CHECK: nvvm.mbarrier.try_wait.parity %[[EMPTY:.*]], %{{.*}}, %{{.*}}
  // CHECK: nvvm.mbarrier.arrive.expect_tx %[[FULL:.*]], %[[BYTES]]
  // CHECK: %[[MAP:.*]] = gdpa_nv.tensor_map %arg0 box(64, 64) : {{.*}} -> !llvm.ptr
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[MAP]], %[[FULL]], box[%[[C0:.*]], %[[ROW:.*]]] {isCTAOnly = true}
  // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %[[MAP]], %[[FULL]], box[%[[C64:.*]], %[[ROW]]] {isCTAOnly = true}
  // CHECK: scf.for {{.*}} iter_args(%[[AT:.*]] = %{{.*}}) -> (i32)
  // The cursor is twice the slot plus the phase: a slot on, or back to the first in the other phase.
  // CHECK: gdpa_nv.tensor_map %arg1 box(16, 64)
  // CHECK: %[[NEXT:.*]] = arith.addi %[[AT]], %{{.*}} : i32
  // CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %[[NEXT]], %{{.*}} : i32
  // CHECK: %[[BACK:.*]] = arith.addi %[[AT]], %{{.*}} : i32
  // CHECK: %[[OTHER:.*]] = arith.xori %[[BACK]], %[[ONE]] : i32
  // CHECK: %[[NEW:.*]] = arith.select %[[INSIDE]], %[[NEXT]], %[[OTHER]] : i32
  // CHECK: scf.yield %[[NEW]] : i32
  // CHECK: } else {
  // CHECK: nvvm.setmaxregister increase 240
  // A wait behind code that should not wait tests first.
  // CHECK: nvvm.mbarrier.try_wait.parity
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [$1], $2; selp.u32 $0, 1, 0, p; }", "=r,r,r"
  // CHECK: scf.if
  // CHECK: nvvm.mbarrier.try_wait.parity
  // Lane 0 of each warp says that it has read a slot.
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : i32
  // CHECK: nvvm.inline_ptx "mbarrier.arrive.shared.b64 _, [$0];" ro(%{{.*}} : !llvm.ptr<3>), predicate = %[[FIRST]]
  gpu.func @roles(%q: memref<?x128xbf16>, %k: memref<?x128xbf16>, %i: index, %n: index) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %rq = gdpa_nv.ring at 0 barriers 24576 : !one
    %rk = gdpa_nv.ring at 16384 barriers 24592 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %cq = gdpa_nv.cursor
      gdpa_nv.send %q[%i, %c0] to %rq[%cq] : memref<?x128xbf16>, !one
      %ck = gdpa_nv.cursor
      %last = scf.for %j = %c0 to %n step %c16 iter_args(%at = %ck) -> (!gdpa_nv.cursor) {
        gdpa_nv.send %k[%j, %c0] to %rk[%at] : memref<?x128xbf16>, !ring
        %next = gdpa_nv.advance %rk[%at] : !ring
        scf.yield %next : !gdpa_nv.cursor
      }
    } consumer {
      %cq = gdpa_nv.cursor
      %Q = gdpa_nv.receive %rq[%cq] : !one -> !shared
      %ck = gdpa_nv.cursor
      %K = gdpa_nv.receive late %rk[%ck] : !ring -> !keys
      gdpa_nv.release %rk[%ck] : !ring
      gdpa_nv.release %rq[%cq] : !one
    }
    gpu.return
  }

  // CHECK-LABEL: gpu.func @products
  // The descriptors: a 128-byte swizzle (1 << 62), 1024 bytes from one group of 8 rows to the next (64 << 32); where the
  // right operand is [columns][depth], the stride between its panels says nothing (1 << 16).
  // CHECK-DAG: arith.constant 4611686293305360384 : i64
  // Where it is [depth][columns], it is the bytes of a panel: 16 rows of 128 (128 << 16).
  // CHECK-DAG: arith.constant 4611686293313683456 : i64
  // CHECK: gpu.shuffle
  // What a fence, a wait or a hold names passes through it.
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.fence.sync.aligned;", "=r,=r,=r,=r,=f,{{.*}},=f,0,1,2,3,4,{{.*}}67"
  // 64 rows and 16 columns from shared memory, eight steps of depth 16: the first begins the sum, the others add to it.
  // CHECK: nvvm.wgmma.fence.aligned
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred adds, sets; setp.ne.b32 adds, 1, 0; setp.ne.b32 sets, 0, 0; wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {$0, $1, $2, $3, $4, $5, $6, $7}, $16, $24, sets, 1, 1, 0, 0;
  // CHECK-SAME: {$0, $1, $2, $3, $4, $5, $6, $7}, $17, $25, adds, 1, 1, 0, 0;
  // CHECK-SAME: {$0, $1, $2, $3, $4, $5, $6, $7}, $23, $31, adds, 1, 1, 0, 0; }", "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7,l,l,l,l,l,l,l,l,l,l,l,l,l,l,l,l"
  // CHECK: nvvm.wgmma.commit.group.sync.aligned
  // Left operand in registers, right one MN-major, added to the accumulator.
  // CHECK: nvvm.wgmma.fence.aligned
  // CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {$0, {{.*}}, $63}, {$128, $129, $130, $131}, $132, adds, 1, 1, 1; }", "=f,{{.*}}62,63,r,r,r,r,l"
  // CHECK-NOT: wgmma.mma_async
  // CHECK: nvvm.wgmma.commit.group.sync.aligned
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.wait_group.sync.aligned 1;", "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7"
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "", "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7"
  // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.wait_group.sync.aligned 0;", "=f,{{.*}},=f,=r,=r,=r,=r,0,{{.*}},75"
  gpu.func @products(%q: memref<?x128xbf16>, %k: memref<?x128xbf16>, %o: memref<?x128xf32>, %x: memref<?x16xf32>, %i: index) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %rq = gdpa_nv.ring at 0 barriers 24576 : !one
    %rk = gdpa_nv.ring at 16384 barriers 24592 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {
      %c0 = arith.constant 0 : index
      %zero = arith.constant 0.0 : f32
      %half = arith.constant 1.0 : bf16
      %at = gdpa_nv.cursor
      %Q = gdpa_nv.receive %rq[%at] : !one -> !shared
      %K = gdpa_nv.receive %rk[%at] : !ring -> !keys
      %e = tensor.empty() : !acc
      %z = linalg.fill ins(%zero : f32) outs(%e : !acc) -> !acc
      %we = tensor.empty() : !narrow
      %w = linalg.fill ins(%half : bf16) outs(%we : !narrow) -> !narrow
      %p = gdpa_nv.convert %w : !narrow -> !lhs
      %ready:2 = gdpa_nv.fence of %p, %z : !lhs, !acc
      %s = gdpa_nv.mma_async %Q, %K transposed : !shared, !keys -> !gdpa_nv.pending<!score>
      %n = gdpa_nv.mma_async %ready#0, %K into %ready#1 : !acc : !lhs, !keys -> !gdpa_nv.pending<!acc>
      %S = gdpa_nv.wait %s inflight 1 : !gdpa_nv.pending<!score> -> !score
      %H = gdpa_nv.hold %S : !score
      %N:3 = gdpa_nv.wait %n keep %H, %ready#0 : !score, !lhs inflight 0 : !gdpa_nv.pending<!acc> -> !acc, !score, !lhs
      gdpa_nv.release %rk[%at] : !ring
      gdpa_nv.release %rq[%at] : !one
      gdpa_tile.store %N#0, %o[%i, %c0] : !acc, memref<?x128xf32>
      gdpa_tile.store %N#1, %x[%i, %c0] : !score, memref<?x16xf32>
    }
    gpu.return
  }

  // Named barriers of 256 threads, one for each consumer.
  // CHECK-LABEL: gpu.func @turns
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
  // CHECK-DAG: %[[BOTH:.*]] = arith.constant 256 : i32
  // The last consumer gives the first turn to the first one.
  // CHECK: nvvm.setmaxregister increase 240
  // CHECK: %[[GROUP:.*]] = arith.shrui
  // CHECK: %[[SELF:.*]] = arith.addi %[[GROUP]], %[[ONE]] : i32
  // CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[SELF]], %{{.*}} : i32
  // CHECK: scf.if %[[LAST]]
  // CHECK-NEXT: nvvm.barrier.arrive id = %[[ONE]] number_of_threads = %[[BOTH]]
  // CHECK: nvvm.barrier id = %[[SELF]] number_of_threads = %[[BOTH]]
  // CHECK: %[[AFTER:.*]] = arith.addi %[[GROUP]], %c2_i32 : i32
  // CHECK: %[[NEXT:.*]] = arith.select %[[LAST]], %[[ONE]], %[[AFTER]] : i32
  // CHECK: nvvm.barrier.arrive id = %[[NEXT]] number_of_threads = %[[BOTH]]
  // CHECK: scf.if
  // CHECK-NEXT: nvvm.barrier id = %[[ONE]] number_of_threads = %[[BOTH]]
  gpu.func @turns() kernel
      attributes {known_block_size = array<i32: 384, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 2>} {
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      gdpa_nv.open_turns
      gdpa_nv.await_turn
      gdpa_nv.pass_turn
      gdpa_nv.close_turns
    }
    gpu.return
  }
}
