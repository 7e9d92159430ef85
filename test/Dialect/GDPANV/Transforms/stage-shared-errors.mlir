// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-tile-stage-shared)))" -split-input-file -verify-diagnostics

gpu.module @m {
  gpu.func @carried(%a: memref<?x16xbf16>, %n: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %c0) -> (index) {
      // expected-error@+1 {{expected the offsets of a block that is loaded in a loop to be pure functions of its induction variable}}
      %y = arith.addi %x, %i : index
      %A = gdpa_tile.load %a[%y, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16, #gdpa_nv.shared>
      scf.yield %y : index
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @nested(%a: memref<?x16xbf16>, %n: index) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %c0 to %n step %c1 {
      scf.for %j = %c0 to %n step %c1 {
        // expected-error@+1 {{expected a loop of a kernel's body around a shared block, found nested loops}}
        %A = gdpa_tile.load %a[%j, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16, #gdpa_nv.shared>
      }
    }
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error@+1 {{expected a ring of at least 2 stages, found 1}}
  gpu.func @stages() kernel attributes {known_block_size = array<i32: 32, 1, 1>, schedule = #gdpa_nv.schedule<stages = 1>} {
    gpu.return
  }
}

// -----

gpu.module @m {
  gpu.func @mixed(%a: memref<?x16xbf16>, %n: index, %some: i1) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    scf.for %j = %c0 to %n step %c16 {
      %A = gdpa_tile.load %a[%j, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16, #gdpa_nv.shared>
      scf.if %some {
        // expected-error@+1 {{expected all shared blocks of a loop to be loaded under the same condition}}
        %B = gdpa_tile.load %a[%j, %c0] : memref<?x16xbf16> -> tensor<16x16xbf16, #gdpa_nv.shared>
      }
    }
    gpu.return
  }
}
