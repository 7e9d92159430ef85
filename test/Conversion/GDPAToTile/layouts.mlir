// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=cpu" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,CPU
// RUN: gdpa-opt %s --split-input-file --gdpa-autodiff --gdpa-prepare-entry --one-shot-bufferize --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,GPU

// bshd is a transposed view: the programs are those of bhsd.

// CHECK: func.func @bshd(%[[Q:[a-z0-9]+]]: memref<?x?x4x64xbf16, strided<[?, ?, ?, 1], offset: ?>>
// CHECK-SAME: gdpa.layout = "bshd"
// CHECK: %[[VIEW:[a-z0-9_]+]] = memref.transpose %[[Q]] (d0, d1, d2, d3) -> (d0, d2, d1, d3) : {{.*}} to memref<?x4x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>>
// CHECK: gdpa_tile.launch @bshd_forward grid(%{{.*}}, %c4{{.*}}, %{{.*}}) (%[[VIEW]],
// CHECK: func.func @bshd_vjp
// CHECK: gdpa_tile.program @bshd_forward(%[[Q:[a-z0-9]+]]: memref<?x4x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>>
// CHECK: %[[HEAD:[0-9]+]] = gdpa_tile.program_id 1
// CHECK: gdpa_tile.load %[[Q]][%{{.*}}, %[[HEAD]], %{{.*}}, %c0]
func.func @bshd(%q: tensor<?x?x4x64xbf16>, %k: tensor<?x?x2x64xbf16>, %v: tensor<?x?x2x64xbf16>, %scale: f32, %o0: tensor<?x?x4x64xbf16>) -> tensor<?x?x4x64xbf16> {
  %o = gdpa.attention bshd none
      ins(%q, %k, %v : tensor<?x?x4x64xbf16>, tensor<?x?x2x64xbf16>, tensor<?x?x2x64xbf16>)
      outs(%o0 : tensor<?x?x4x64xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<?x?x4x64xbf16>
  return %o : tensor<?x?x4x64xbf16>
}

// -----

// A program of a jagged batch finds its sequence by a binary search and works on a view of that sequence's rows; the grid has
// at least one program for each block of each sequence and needs no length on the host.

// CHECK: func.func @jagged(%[[Q:[a-z0-9]+]]: memref<?x4x64xbf16
// CHECK: %[[TOTAL:[a-z0-9_]+]] = memref.dim %{{.*}}, %c1
// CHECK: %[[FULL:[0-9]+]] = arith.divui %[[TOTAL]], %{{.*}} : index
// CHECK: %[[ITEMS:[0-9]+]] = arith.addi %[[FULL]], %{{.*}} : index
// CHECK: gdpa_tile.launch @jagged_forward grid(%[[ITEMS]], %c4{{.*}})

// dQ: the parts of a range that no key block of a short sequence writes are cleared (CPU).
// CHECK: func.func @jagged_vjp
// CPU: gdpa_tile.workspace({{.*}}) zero : memref<?x?x?x64xf32>

// CHECK: gdpa_tile.program @jagged_forward(%[[Q:[a-z0-9]+]]: memref<4x?x64xbf16, strided<[?, ?, 1], offset: ?>>
// CHECK: %[[ITEM:[0-9]+]] = gdpa_tile.program_id 0
// CHECK: %[[FOUND:[0-9]+]]:2 = scf.for
// CHECK:   arith.cmpi sle, %{{.*}}, %[[ITEM]] : index
// The bounds are clamped to the rows that there are.
// CHECK: memref.load %[[CU:[a-z0-9]+]][%[[FOUND]]#0] : memref<?xi32
// CHECK-NEXT: arith.index_cast
// CHECK-NEXT: arith.maxsi %{{.*}}, %c0
// CHECK-NEXT: %[[START:[0-9]+]] = arith.minsi
// CHECK: arith.subi %{{.*}}, %[[START]] : index
// CHECK-NEXT: %[[LENGTH:[0-9]+]] = arith.maxsi %{{.*}}, %c0
// CHECK: %[[ROWS:[a-z0-9_]+]] = memref.subview %[[Q]][0, %[[START]], 0] [4, %[[LENGTH]], 64] [1, 1, 1]
// CHECK: gdpa_tile.load %[[ROWS]][%{{[0-9a-z]+}}, %{{[0-9a-z]+}}, %c0]
// A program past the end of its sequence walks no key.
// CHECK: scf.for %{{.*}} = %c0 to %{{[0-9]+}} step

// CPU: gdpa_tile.program @jagged_vjp_backward_dkv
// CPU: memref.subview %{{.*}}[0, 0, %{{.*}}, 0]
// GPU: gdpa_tile.program @jagged_vjp_backward_dkv
// GPU: %{{[0-9]+}}:2 = scf.for
// GPU: gdpa_tile.program @jagged_vjp_backward_dq
// GPU: %{{[0-9]+}}:2 = scf.for
func.func @jagged(%q: tensor<?x4x64xbf16>, %k: tensor<?x2x64xbf16>, %v: tensor<?x2x64xbf16>, %cq: tensor<?xi32>, %ck: tensor<?xi32>, %scale: f32, %o0: tensor<?x4x64xbf16>) -> tensor<?x4x64xbf16> {
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<?x4x64xbf16>, tensor<?x2x64xbf16>, tensor<?x2x64xbf16>)
      outs(%o0 : tensor<?x4x64xbf16>) scale(%scale : f32)
      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<?x4x64xbf16>
  return %o : tensor<?x4x64xbf16>
}
