// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-distribute)))" -split-input-file -verify-diagnostics

#id = affine_map<(i, j) -> (i, j)>
#acc = #gdpa_nv.acc<warps = 1, tiles = 1>
gpu.module @m {
  gpu.func @region(%o: memref<?x8xf32>, %c: i1) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %e = tensor.empty() : tensor<16x8xf32, #acc>
    // expected-error@+1 {{failed to legalize operation 'linalg.generic'}}
    %x = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x8xf32, #acc>) {
    ^bb0(%u: f32):
      // expected-error@+1 {{expected an elementwise operation on scalars in the region of a block operation, found scf.if}}
      %y = scf.if %c -> f32 { scf.yield %u : f32 } else { scf.yield %u : f32 }
      linalg.yield %y : f32
    } -> tensor<16x8xf32, #acc>
    gdpa_tile.store %x, %o[%c0, %c0] : tensor<16x8xf32, #acc>, memref<?x8xf32>
    gpu.return
  }
}
