// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-specialize-warps)))" -split-input-file -verify-diagnostics

gpu.module @m {
  gpu.func @rows(%b: memref<?xbf16>) kernel attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
    %c0 = arith.constant 0 : index
    // expected-error@+1 {{expected rows and columns of a buffer as a block in shared memory of an asynchronous kernel, found 'tensor<64xbf16, #gdpa_nv.shared>'}}
    %B = gdpa_tile.load %b[%c0] : memref<?xbf16> -> tensor<64xbf16, #gdpa_nv.shared>
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @otherwise(%k: memref<?x64xbf16>, %some: i1) kernel attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
    %c0 = arith.constant 0 : index
    scf.if %some {
    } else {
      // expected-error@+1 {{expected a block in shared memory to be loaded in a loop or where a condition holds}}
      %K = gdpa_tile.load %k[%c0, %c0] : memref<?x64xbf16> -> tensor<64x64xbf16, #gdpa_nv.shared>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected blocks and stages whose rings fit into 232448 bytes of shared memory, found 262208}}
  gpu.func @large(%k: memref<?x64xbf16>, %n: index) kernel attributes {schedule = #gdpa_nv.schedule<stages = 4, consumers = 1>} {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    scf.for %j = %c0 to %n step %c64 {
      %K = gdpa_tile.load %k[%j, %c0] : memref<?x64xbf16> -> tensor<512x64xbf16, #gdpa_nv.shared>
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected a kernel of one block}}
  gpu.func @blocks() kernel attributes {schedule = #gdpa_nv.schedule<consumers = 1>} {
    cf.br ^next
  ^next:
    gpu.return
  }
}
