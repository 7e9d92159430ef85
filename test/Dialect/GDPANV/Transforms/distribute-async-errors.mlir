// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-distribute)))" -split-input-file -verify-diagnostics

gpu.module @m {
  gpu.func @consumers() kernel attributes {known_block_size = array<i32: 384, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 2>} {
    // expected-error@+2 {{expected the consumers of the kernel's schedule, 2, found 1}}
    // expected-error@+1 {{failed to legalize operation 'gdpa_nv.roles'}}
    gdpa_nv.roles consumers(1) registers(24, 240) producer {} consumer {}
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected a warpgroup for each consumer and one for the producer, found 256 threads}}
  gpu.func @threads() kernel attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 2>} {
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @rows(%k: memref<?x64xbf16>, %i: index) kernel attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %r = gdpa_nv.ring at 0 barriers 65536 : !gdpa_nv.ring<tensor<512x64xbf16, #gdpa_nv.shared>, 1>
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      // expected-error@+2 {{expected a block of at most 256 rows, found 512}}
      // expected-error@+1 {{failed to legalize operation 'gdpa_nv.send'}}
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !gdpa_nv.ring<tensor<512x64xbf16, #gdpa_nv.shared>, 1>
    } consumer {
    }
    gpu.return
  }
}

// -----

!ring = !gdpa_nv.ring<tensor<64x64xbf16, #gdpa_nv.shared>, 1>
gpu.module @m {
  gpu.func @buffer(%k: memref<?x64xbf16>, %i: index, %some: i1) kernel attributes {known_block_size = array<i32: 256, 1, 1>, schedule = #gdpa_nv.schedule<consumers = 1>} {
    %r = gdpa_nv.ring at 0 barriers 65536 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      %b = arith.select %some, %k, %k : memref<?x64xbf16>
      // expected-error@+2 {{expected an argument of the kernel as the source of a copy by TMA}}
      // expected-error@+1 {{failed to legalize operation 'gdpa_nv.send'}}
      gdpa_nv.send %b[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
    }
    gpu.return
  }
}
