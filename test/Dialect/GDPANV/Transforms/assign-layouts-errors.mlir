// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-assign-layouts)))" -split-input-file -verify-diagnostics

#id = affine_map<(i, j, d) -> (i, d)>
#jd = affine_map<(i, j, d) -> (j, d)>
#ij = affine_map<(i, j, d) -> (i, j)>
gpu.module @m {
  gpu.func @f32(%a: memref<?x16xf32>, %o: memref<?x16xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %z = arith.constant dense<0.0> : tensor<16x16xf32>
    %A = gdpa_tile.load %a[%c0, %c0] : memref<?x16xf32> -> tensor<16x16xf32>
    // expected-error@+1 {{expected products of bf16 or f16 blocks on NVIDIA, found 'f32' (tensors of 'f32' are lowered to the CPU only)}}
    %s = linalg.contract indexing_maps = [#id, #jd, #ij] ins(%A, %A : tensor<16x16xf32>, tensor<16x16xf32>) outs(%z : tensor<16x16xf32>) -> tensor<16x16xf32>
    gdpa_tile.store %s, %o[%c0, %c0] : tensor<16x16xf32>, memref<?x16xf32>
    gpu.return
  }
}

// -----

#id = affine_map<(i, j, d) -> (i, d)>
#jd = affine_map<(i, j, d) -> (j, d)>
#ij = affine_map<(i, j, d) -> (i, j)>
gpu.module @m {
  gpu.func @rows(%a: memref<?x16xbf16>, %o: memref<?x16xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %z = arith.constant dense<0.0> : tensor<16x16xf32>
    %A = gdpa_tile.load %a[%c0, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16>
    // expected-error@+1 {{expected rows in multiples of 16 for each of 2 warps, found 16}}
    %s = linalg.contract indexing_maps = [#id, #jd, #ij] ins(%A, %A : tensor<16x16xbf16>, tensor<16x16xbf16>) outs(%z : tensor<16x16xf32>) -> tensor<16x16xf32>
    gdpa_tile.store %s, %o[%c0, %c0] : tensor<16x16xf32>, memref<?x16xf32>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @columns(%a: memref<?x16xf32>, %o: memref<?xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %z = arith.constant dense<0.0> : tensor<16xf32>
    %A = gdpa_tile.load %a[%c0, %c0] : memref<?x16xf32> -> tensor<16x16xf32>
    gdpa_tile.store %A, %a[%c0, %c0] : tensor<16x16xf32>, memref<?x16xf32>
    // expected-error@+1 {{expected the reduction of one block over its columns}}
    %s = linalg.reduce ins(%A : tensor<16x16xf32>) outs(%z : tensor<16xf32>) dimensions = [0]
      (%x: f32, %y: f32) { %t = arith.addf %x, %y : f32 linalg.yield %t : f32 }
    gdpa_tile.store %s, %o[%c0] : tensor<16xf32>, memref<?xf32>
    gpu.return
  }
}
