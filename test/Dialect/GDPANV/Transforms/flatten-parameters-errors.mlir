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

// -----

gpu.module @m {
  gpu.func @map(%k: memref<?x64xbf16>, %some: i1) kernel {
    %b = arith.select %some, %k, %k : memref<?x64xbf16>
    // expected-error@+1 {{expected an argument of the kernel as the buffer of a tensor map}}
    %m = gdpa_nv.tensor_map %b box(64, 64) : memref<?x64xbf16> -> !llvm.ptr
    gpu.return
  }
}
