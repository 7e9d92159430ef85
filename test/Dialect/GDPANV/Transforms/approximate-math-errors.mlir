// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-approximate-math)))" --verify-diagnostics

gpu.module @kernels {
  gpu.func @quadruple(%v: vector<8xf128>, %out: memref<vector<8xf128>>) kernel {
    // expected-error@+1 {{expected a function that can be computed without libdevice, found math.atan on 'vector<8xf128>'}}
    %0 = math.atan %v : vector<8xf128>
    memref.store %0, %out[] : memref<vector<8xf128>>
    gpu.return
  }
}
