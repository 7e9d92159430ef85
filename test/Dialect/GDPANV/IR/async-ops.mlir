// RUN: gdpa-opt %s | gdpa-opt | FileCheck %s

!keys = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!keys, 2>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>

// CHECK-LABEL: func private @types
// CHECK-SAME: !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
// CHECK-SAME: !gdpa_nv.cursor
// CHECK-SAME: !gdpa_nv.pending<tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>>
func.func private @types(!ring, !gdpa_nv.cursor, !gdpa_nv.pending<!acc>)

// CHECK-LABEL: func @roles
func.func @roles(%k: memref<?x?x64xbf16>, %b: index, %j: index) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[RING:.*]] = gdpa_nv.ring at 1024 barriers 32768 : <tensor<64x64xbf16, #gdpa_nv.shared>, 2>
  %ring = gdpa_nv.ring at 1024 barriers 32768 : !ring
  // CHECK: gdpa_nv.roles consumers(2) registers(24, 240) producer {
  gdpa_nv.roles consumers(2) registers(24, 240) producer {
    // CHECK: %[[AT:.*]] = gdpa_nv.cursor
    %at = gdpa_nv.cursor
    // CHECK: gdpa_nv.send %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] to %[[RING]][%[[AT]]] : memref<?x?x64xbf16>, <tensor<64x64xbf16, #gdpa_nv.shared>, 2>
    gdpa_nv.send %k[%b, %j, %c0] to %ring[%at] : memref<?x?x64xbf16>, !ring
    // CHECK: %[[NEXT:.*]] = gdpa_nv.advance %[[RING]][%[[AT]]] : <tensor<64x64xbf16, #gdpa_nv.shared>, 2>
    %next = gdpa_nv.advance %ring[%at] : !ring
    // CHECK: gdpa_nv.send {{.*}} to %[[RING]][%[[NEXT]]]
    gdpa_nv.send %k[%b, %j, %c0] to %ring[%next] : memref<?x?x64xbf16>, !ring
  // CHECK: } consumer {
  } consumer {
    %at = gdpa_nv.cursor
    // CHECK: gdpa_nv.receive %[[RING]][%[[AT:.*]]] : <tensor<64x64xbf16, #gdpa_nv.shared>, 2> -> tensor<64x64xbf16, #gdpa_nv.shared>
    %first = gdpa_nv.receive %ring[%at] : !ring -> !keys
    // CHECK: gdpa_nv.release %[[RING]][%[[AT]]] : <tensor<64x64xbf16, #gdpa_nv.shared>, 2>
    gdpa_nv.release %ring[%at] : !ring
    %next = gdpa_nv.advance %ring[%at] : !ring
    // CHECK: gdpa_nv.receive late %[[RING]]
    %second = gdpa_nv.receive late %ring[%next] : !ring -> !keys
    gdpa_nv.release %ring[%next] : !ring
  }
  return
}

// CHECK-LABEL: func @products
func.func @products(%q: !keys, %p: !lhs, %v: !keys, %o: !acc) {
  // CHECK: gdpa_nv.fence{{$}}
  gdpa_nv.fence
  // CHECK: %[[READY:.*]]:2 = gdpa_nv.fence of %{{.*}}, %{{.*}} : tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>, tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
  %ready:2 = gdpa_nv.fence of %p, %o : !lhs, !acc
  // CHECK: %[[S:.*]] = gdpa_nv.mma_async %{{.*}}, %{{.*}} transposed : tensor<64x64xbf16, #gdpa_nv.shared>, tensor<64x64xbf16, #gdpa_nv.shared> -> <tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>>
  %s = gdpa_nv.mma_async %q, %v transposed : !keys, !keys -> !gdpa_nv.pending<!acc>
  // CHECK: %[[N:.*]] = gdpa_nv.mma_async %[[READY]]#0, %{{.*}} into %[[READY]]#1 : tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>> : tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>, tensor<64x64xbf16, #gdpa_nv.shared> -> <
  %n = gdpa_nv.mma_async %ready#0, %v into %ready#1 : !acc : !lhs, !keys -> !gdpa_nv.pending<!acc>
  // CHECK: %[[SCORE:.*]] = gdpa_nv.wait %[[S]] inflight 1 : !gdpa_nv.pending<tensor<{{.*}}>> -> tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
  %score = gdpa_nv.wait %s inflight 1 : !gdpa_nv.pending<!acc> -> !acc
  // CHECK: %[[HELD:.*]] = gdpa_nv.hold %[[SCORE]] : tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
  %held = gdpa_nv.hold %score : !acc
  // CHECK: gdpa_nv.wait %[[N]] keep %[[HELD]], %[[READY]]#0 : tensor<64x64xf32, {{.*}}>, tensor<64x64xbf16, {{.*}}> inflight 0 : !gdpa_nv.pending<tensor<{{.*}}>> -> tensor<64x64xf32, {{.*}}>, tensor<64x64xf32, {{.*}}>, tensor<64x64xbf16, {{.*}}>
  %all:3 = gdpa_nv.wait %n keep %held, %ready#0 : !acc, !lhs inflight 0 : !gdpa_nv.pending<!acc> -> !acc, !acc, !lhs
  return
}

// CHECK-LABEL: func @turns
func.func @turns() {
  // CHECK: gdpa_nv.open_turns
  gdpa_nv.open_turns
  // CHECK: gdpa_nv.await_turn
  gdpa_nv.await_turn
  // CHECK: gdpa_nv.pass_turn
  gdpa_nv.pass_turn
  // CHECK: gdpa_nv.close_turns
  gdpa_nv.close_turns
  return
}

// CHECK-LABEL: func @watch
func.func @watch(%K: !keys) {
  %ring = gdpa_nv.ring at 1024 barriers 32768 : !ring
  %at = gdpa_nv.cursor
  // CHECK: gdpa_nv.watch "begin"{{$}}
  gdpa_nv.watch "begin"
  // CHECK: gdpa_nv.watch "release" of %{{.*}}[%{{.*}}] : !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 2>
  gdpa_nv.watch "release" of %ring[%at] : !ring
  // CHECK: gdpa_nv.watch "read" block %{{.*}} : tensor<64x64xbf16, #gdpa_nv.shared>
  gdpa_nv.watch "read" block %K : !keys
  // CHECK: gdpa_nv.watch "wait" inflight 1
  gdpa_nv.watch "wait" inflight 1
  return
}

// CHECK-LABEL: func @tensor_map
func.func @tensor_map(%k: memref<?x?x64xbf16>) {
  // CHECK: gdpa_nv.tensor_map %{{.*}} box(64, 64) : memref<?x?x64xbf16> -> !llvm.ptr
  %m = gdpa_nv.tensor_map %k box(64, 64) : memref<?x?x64xbf16> -> !llvm.ptr
  return
}
