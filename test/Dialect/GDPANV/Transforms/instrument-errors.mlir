// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-instrument,gdpa-tile-distribute)))" -split-input-file -verify-diagnostics

gpu.module @m {
  // expected-error@+1 {{expected the rings and the watch to fit into 232448 bytes of shared memory, found 232480}}
  gpu.func @large() kernel attributes {gdpa_nv.shared_bytes = 232448 : i64, known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    gdpa_nv.roles consumers(1) registers(24, 240) producer {} consumer {}
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @portable() kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    // expected-error@+2 {{expected an asynchronous kernel with gdpa_nv.watch}}
    // expected-error@+1 {{failed to legalize operation 'gdpa_nv.watch'}}
    gdpa_nv.watch "start"
    gpu.return
  }
}
