// Every pass over kernels asks for whole warps along x before it divides by their number.
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-assign-layouts)))" -split-input-file -verify-diagnostics
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-stage-shared)))" -split-input-file -verify-diagnostics
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-distribute)))" -split-input-file -verify-diagnostics

gpu.module @m {
  // expected-error@+1 {{expected a known_block_size of 1 to 32 warps along x (32, 1, 1), found (16, 1, 1)}}
  gpu.func @half(%o: memref<?x16xf32>) kernel attributes {known_block_size = array<i32: 16, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected a known_block_size of 1 to 32 warps along x (32, 1, 1), found (32, 2, 1)}}
  gpu.func @two_rows(%o: memref<?x16xf32>) kernel attributes {known_block_size = array<i32: 32, 2, 1>} {
    gpu.return
  }
}
