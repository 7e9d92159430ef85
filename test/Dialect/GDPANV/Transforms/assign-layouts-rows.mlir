// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-assign-layouts)))" | FileCheck %s

// A program without a product: the rows that it stores place the block that they are reduced from.

// CHECK: %[[A:.*]] = gdpa_tile.load {{.*}} -> tensor<64x8xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
// CHECK: linalg.generic {{.*}} ins(%[[A]] : {{.*}} outs(%{{.*}} : tensor<64xf32, #gdpa_nv.slice<dim = 0, warps = 4, tiles = 1>>)
gpu.module @kernels {
  gpu.func @rows(%a: memref<?x8xf32>, %r: memref<?xf32>) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %A = gdpa_tile.load %a[%c0, %c0] : memref<?x8xf32> -> tensor<64x8xf32>
    %e = tensor.empty() : tensor<64xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64xf32>) -> tensor<64xf32>
    %R = linalg.generic {indexing_maps = [affine_map<(i, d) -> (i, d)>, affine_map<(i, d) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%A : tensor<64x8xf32>) outs(%f : tensor<64xf32>) {
    ^bb0(%x: f32, %y: f32):
      %s = arith.addf %x, %y : f32
      linalg.yield %s : f32
    } -> tensor<64xf32>
    gdpa_tile.store %R, %r[%c0] : tensor<64xf32>, memref<?xf32>
    gpu.return
  }
}
