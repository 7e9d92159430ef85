// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-flatten-parameters)))" -split-input-file -verify-diagnostics

gpu.module @m {
  gpu.func @load(%w: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    // expected-error@+1 {{expected the pointer, sizes and strides of a kernel's buffer to be all that is used of it}}
    %x = memref.load %w[%c0] : memref<?xf32>
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected buffers and scalars as arguments of a kernel, found 'vector<4xf32>'}}
  gpu.func @vector(%w: vector<4xf32>) kernel {
    gpu.return
  }
}
