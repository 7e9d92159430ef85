// RUN: gdpa-opt %s --gdpa-nv-create-kernels -split-input-file -verify-diagnostics

// expected-error@+1 {{expected a #gdpa_nv.schedule for an NVIDIA kernel}}
gdpa_tile.program @cpu() attributes {schedule = #gdpa_cpu.schedule<block_q = 64>} {
  gdpa_tile.return
}

// -----

// expected-error@+1 {{expected 1 to 32 warps, found 64}}
gdpa_tile.program @warps() attributes {schedule = #gdpa_nv.schedule<warps = 64>} {
  gdpa_tile.return
}
