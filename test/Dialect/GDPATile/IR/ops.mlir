// RUN: gdpa-opt %s | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --mlir-print-op-generic | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --emit-bytecode | gdpa-opt | FileCheck %s

// CHECK: gdpa_tile.program @p(%{{.*}}: memref<?x?xf32>, %{{.*}}: f32)
gdpa_tile.program @p(%a: memref<?x?xf32>, %s: f32) {
  // CHECK: gdpa_tile.program_id 0
  %x = gdpa_tile.program_id 0
  %c0 = arith.constant 0 : index
  // CHECK: gdpa_tile.load %{{.*}}[%{{.*}}, %{{.*}}] map #{{.*}} sizes(%{{.*}}) clamp : memref<?x?xf32> -> tensor<?x4xf64>
  %w = gdpa_tile.load %a[%x, %c0] map affine_map<(p, i) -> (p * 4 + i, 0)> sizes(%x) clamp : memref<?x?xf32> -> tensor<?x4xf64>
  // CHECK: gdpa_tile.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x?xf32> -> tensor<8x4xf32>
  %b = gdpa_tile.load %a[%x, %c0] : memref<?x?xf32> -> tensor<8x4xf32>
  // CHECK: gdpa_tile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : tensor<8x4xf32>, memref<?x?xf32>
  gdpa_tile.store %b, %a[%x, %c0] : tensor<8x4xf32>, memref<?x?xf32>
  // CHECK: gdpa_tile.accumulate %{{.*}} into %{{.*}} distinct : tensor<8x4xf32>, memref<?x?xf32> {
  gdpa_tile.accumulate %b into %a distinct : tensor<8x4xf32>, memref<?x?xf32> {
  ^bb0(%r: index, %c: index):
    gdpa_tile.yield %r, %c : index, index
  }
  %i = arith.constant dense<0> : tensor<8x4xi32>
  // CHECK: gdpa_tile.accumulate %{{.*}} at(%{{.*}} : tensor<8x4xi32>) into %{{.*}} : tensor<8x4xf32>, memref<?x?xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: index, %{{.*}}: index, %{{.*}}: i32):
  gdpa_tile.accumulate %b at(%i : tensor<8x4xi32>) into %a : tensor<8x4xf32>, memref<?x?xf32> {
  ^bb0(%r: index, %c: index, %place: i32):
    %at = arith.index_cast %place : i32 to index
    gdpa_tile.yield %r, %at : index, index
  }
  gdpa_tile.return
}

func.func @keep(%m: i1, %i: index, %j: index, %i0: index, %j0: index, %nq: index, %nk: index) -> (i1, i1) {
  // CHECK: gdpa_tile.keep mask(%{{.*}}) query(%{{.*}} from %{{.*}} to %{{.*}} by 128) key(%{{.*}} from %{{.*}} to %{{.*}} by 64 tail)
  %a = gdpa_tile.keep mask(%m) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64 tail)
  // CHECK: gdpa_tile.keep query(%{{.*}} from %{{.*}} to %{{.*}} by 128 tail) key(%{{.*}} from %{{.*}} to %{{.*}} by 64)
  %b = gdpa_tile.keep query(%i from %i0 to %nq by 128 tail) key(%j from %j0 to %nk by 64)
  %id = arith.index_cast %j : index to i32
  // CHECK: gdpa_tile.keep mask(%{{.*}}) query(%{{.*}} from %{{.*}} to %{{.*}} by 128) key(%{{.*}} from %{{.*}} to %{{.*}} by 64) where(%{{.*}}, %{{.*}} : i32, index from %{{.*}}, %{{.*}} to %{{.*}}, %{{.*}})
  %d = gdpa_tile.keep mask(%m) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64) where(%id, %i : i32, index from %i0, %j0 to %nq, %nk)
  return %a, %b : i1, i1
}

func.func @host(%a: memref<?x?xf32>, %s: f32) {
  %c1 = arith.constant 1 : index
  // CHECK: gdpa_tile.workspace(%{{.*}}) zero : memref<?xf32>
  %w = gdpa_tile.workspace(%c1) zero : memref<?xf32>
  // CHECK: gdpa_tile.launch @p grid(%{{.*}}) (%{{.*}}, %{{.*}}) : memref<?x?xf32>, f32
  gdpa_tile.launch @p grid(%c1) (%a, %s) : memref<?x?xf32>, f32
  return
}
