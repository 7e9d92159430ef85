// Each rule of the asynchronous protocol, broken once.
// RUN: gdpa-opt %s --pass-pipeline="builtin.module(gpu.module(gpu.func(gdpa-nv-check)))" -split-input-file -verify-diagnostics

// A wait that may leave the product it names in flight, up to the loop's back-edge and beyond it.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      scf.for %j = %i to %n step %i {
        gdpa_nv.fence
        %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
        // expected-note@+1 {{the product}}
        %t = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
        %S = gdpa_nv.wait %s inflight 1 : !pending -> !acc
        // expected-error@+1 {{expected the products that it names to be complete, found one that is among the 1 youngest, which may be in flight}}
        %U = gdpa_nv.wait %t inflight 1 : !pending -> !acc
      }
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// A product that no wait has ended at a fence.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      // expected-error@+1 {{expected nothing in flight at a fence, found 1 products}}
      gdpa_nv.fence
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// A loop while a product is in flight.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      // expected-error@+1 {{expected nothing in flight at a loop's back-edge, found 1 products}}
      scf.for %j = %i to %n step %i {
      }
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Products in a branch while another is in flight.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %some: i1) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      // expected-error@+1 {{expected nothing in flight at a branch with products, found 1}}
      scf.if %some {
        gdpa_nv.fence
      }
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// No fence before a product.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      // expected-error@+1 {{expected a gdpa_nv.fence before each group of products, found none since the last wait}}
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// One fence for two groups.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      // expected-error@+1 {{expected a gdpa_nv.fence before each group of products, found none since the last wait}}
      %t = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %U = gdpa_nv.wait %t inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// An accumulator that passes the fence by.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %o: !acc) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      // expected-error@+1 {{expected the accumulator to be a result of the group's fence}}
      %s = gdpa_nv.mma_async %K, %K into %o : !acc transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// A left operand in registers that passes the fence by.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %w: tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %p = gdpa_nv.convert %w : tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>> -> !lhs
      // expected-error@+1 {{expected a left operand in registers to be a result of the group's fence, found one defined in the same block}}
      %s = gdpa_nv.mma_async %p, %K : !lhs, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Registers of a left operand that the wait does not keep.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %w: !lhs) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      %p = gdpa_nv.fence of %w : !lhs
      %s = gdpa_nv.mma_async %p, %K : !lhs, !shared -> !pending
      // expected-error@+1 {{expected the wait to keep the product's left operand, whose registers are read until then}}
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// The weights of the next step are rounded while the sum of this one is in flight.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index, %first: !lhs, %x: tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>>) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      %last = scf.for %j = %i to %n step %i iter_args(%w = %first) -> (!lhs) {
        // expected-note@+1 {{the fence of the products}}
        %p = gdpa_nv.fence of %w : !lhs
        %s = gdpa_nv.mma_async %p, %K : !lhs, !shared -> !pending
        // expected-error@+1 {{expected operands of products in registers to be computed while nothing is in flight}}
        %next = gdpa_nv.convert %x : tensor<64x64xbf16, #gdpa_nv.acc<warps = 4, tiles = 1>> -> !lhs
        %S:2 = gdpa_nv.wait %s keep %p : !lhs inflight 0 : !pending -> !acc, !lhs
        scf.yield %next : !lhs
      }
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Released before the wait for the product that reads it.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      // expected-note@+1 {{the product}}
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      // expected-error@+1 {{expected every product that reads the slot to be waited for before its release, found one in flight}}
      gdpa_nv.release %r[%at] : !ring
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
    }
    gpu.return
  }
}

// -----

// Released after a wait that leaves its reader in flight.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      // expected-note@+1 {{the product}}
      %t = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 1 : !pending -> !acc
      // expected-error@+1 {{expected every product that reads the slot to be waited for before its release, found one in flight}}
      gdpa_nv.release %r[%at] : !ring
      %U = gdpa_nv.wait %t inflight 0 : !pending -> !acc
    }
    gpu.return
  }
}

// -----

// Released right after the block was read into registers.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!lhs = tensor<64x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 1>>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      // expected-note@+1 {{the conversion}}
      %l = gdpa_nv.convert %K : !shared -> !lhs
      // expected-error@+1 {{expected what was read from the slot into registers to be consumed by a product that was waited for before its release}}
      gdpa_nv.release %r[%at] : !ring
      %next = gdpa_nv.advance %r[%at] : !ring
      %V = gdpa_nv.receive %r[%next] : !ring -> !shared
      %p = gdpa_nv.fence of %l : !lhs
      %s = gdpa_nv.mma_async %p, %V : !lhs, !shared -> !pending
      %S:2 = gdpa_nv.wait %s keep %p : !lhs inflight 0 : !pending -> !acc, !lhs
      gdpa_nv.release %r[%next] : !ring
    }
    gpu.return
  }
}

// -----

// Read after its release.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
      gdpa_nv.fence
      // expected-error@+1 {{expected a block whose slot is held, found one that was released or carried past its release}}
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
    }
    gpu.return
  }
}

// -----

// A view of shared memory that nothing has waited for.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %place: i32) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      gdpa_nv.fence
      %K = gdpa_nv.view %place : !shared
      // expected-error@+1 {{expected a received block, found the result of gdpa_nv.view}}
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
    }
    gpu.return
  }
}

// -----

// Released twice.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
      // expected-error@+1 {{expected a slot that was received and not released, found none at this cursor}}
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Never released.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      // expected-error@+1 {{expected each received slot to be released once on every path, found none of this one}}
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
    }
    gpu.return
  }
}

// -----

// Released on one path alone.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %some: i1) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      // expected-note@+1 {{its receive}}
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      // expected-error@+1 {{expected each received slot to be released once on every path, found one more that is held at the branch's end}}
      scf.if %some {
        gdpa_nv.release %r[%at] : !ring
      }
    }
    gpu.return
  }
}

// -----

// Received in a loop, not released in it.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %first = gdpa_nv.cursor
      %last = scf.for %j = %i to %n step %i iter_args(%at = %first) -> (!gdpa_nv.cursor) {
        // expected-note@+1 {{its receive}}
        %K = gdpa_nv.receive %r[%at] : !ring -> !shared
        %next = gdpa_nv.advance %r[%at] : !ring
        // expected-error@+1 {{expected each received slot to be released once on every path, found one more that is held at the loop's back-edge}}
        scf.yield %next : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// Received before a loop, released in each of its steps.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      // expected-note@+1 {{its receive}}
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      // expected-error@+1 {{expected each received slot to be released once on every path, found one less that is held at the loop's back-edge}}
      scf.for %j = %i to %n step %i {
        gdpa_nv.release %r[%at] : !ring
      }
    }
    gpu.return
  }
}

// -----

// A block that the loop carries past its release.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      %all:2 = scf.for %j = %i to %n step %i iter_args(%a = %at, %V = %K) -> (!gdpa_nv.cursor, !shared) {
        gdpa_nv.release %r[%a] : !ring
        gdpa_nv.fence
        // expected-error@+1 {{expected a block whose slot is held, found one that was released or carried past its release}}
        %s = gdpa_nv.mma_async %V, %V transposed : !shared, !shared -> !pending
        %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
        %b = gdpa_nv.advance %r[%a] : !ring
        %W = gdpa_nv.receive %r[%b] : !ring -> !shared
        scf.yield %b, %W : !gdpa_nv.cursor, !shared
      }
      gdpa_nv.release %r[%all#0] : !ring
    }
    gpu.return
  }
}

// -----

// The same slot received twice: its cursor was not advanced.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
      // expected-error@+1 {{expected the cursor of a ring to advance by one for each slot, found one that is not the next}}
      %V = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// A slot is left out: the wrong phase.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %first = gdpa_nv.cursor
      %at = gdpa_nv.advance %r[%first] : !ring
      // expected-error@+1 {{expected the cursor of a ring to advance by one for each slot, found one that is not the next}}
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// A loop that begins anew in each step.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %first = gdpa_nv.cursor
      %last = scf.for %j = %i to %n step %i iter_args(%at = %first) -> (!gdpa_nv.cursor) {
        %K = gdpa_nv.receive %r[%at] : !ring -> !shared
        gdpa_nv.release %r[%at] : !ring
        // expected-error@+1 {{expected the cursor of each ring to be handed on at the loop's back-edge, found another one}}
        scf.yield %at : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// The producer fills one slot twice.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
      // expected-error@+1 {{expected the cursor of a ring to advance by one for each slot, found one that is not the next}}
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// The producer waits for what only consumers wait for.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
      // expected-error@+1 {{expected the producer to send alone, found gdpa_nv.fence}}
      gdpa_nv.fence
    } consumer {
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Two blocks are sent, one is received.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    // expected-note@+1 {{the ring}}
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
      %next = gdpa_nv.advance %r[%at] : !ring
      gdpa_nv.send %k[%i, %i] to %r[%next] : memref<?x64xbf16>, !ring
    } consumer {
      %at = gdpa_nv.cursor
      // expected-error@+1 {{expected the producer to send and the consumers to receive the same blocks of a ring in the same order, found 2 sent and 1 received in one place}}
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.release %r[%at] : !ring
    }
    gpu.return
  }
}

// -----

// Loops of other lengths.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index, %m: index) kernel {
    // expected-note@+1 {{the ring}}
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %first = gdpa_nv.cursor
      %last = scf.for %j = %i to %n step %i iter_args(%at = %first) -> (!gdpa_nv.cursor) {
        gdpa_nv.send %k[%j, %i] to %r[%at] : memref<?x64xbf16>, !ring
        %next = gdpa_nv.advance %r[%at] : !ring
        scf.yield %next : !gdpa_nv.cursor
      }
    } consumer {
      %first = gdpa_nv.cursor
      // expected-error@+1 {{expected the producer to send and the consumers to receive the same blocks of a ring in the same order, found loops of other bounds}}
      %last = scf.for %j = %i to %m step %i iter_args(%at = %first) -> (!gdpa_nv.cursor) {
        %K = gdpa_nv.receive %r[%at] : !ring -> !shared
        gdpa_nv.release %r[%at] : !ring
        %next = gdpa_nv.advance %r[%at] : !ring
        scf.yield %next : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// A loop here, a block there.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %n: index) kernel {
    // expected-note@+1 {{the ring}}
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      %first = gdpa_nv.cursor
      // expected-error@+1 {{expected the producer to send and the consumers to receive the same blocks of a ring in the same order, found a loop or a branch of one role alone}}
      %last = scf.for %j = %i to %n step %i iter_args(%at = %first) -> (!gdpa_nv.cursor) {
        %K = gdpa_nv.receive %r[%at] : !ring -> !shared
        gdpa_nv.release %r[%at] : !ring
        %next = gdpa_nv.advance %r[%at] : !ring
        scf.yield %next : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// Other conditions.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %some: i1, %other: i1) kernel {
    // expected-note@+1 {{the ring}}
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %first = gdpa_nv.cursor
      %last = scf.if %some -> (!gdpa_nv.cursor) {
        gdpa_nv.send %k[%i, %i] to %r[%first] : memref<?x64xbf16>, !ring
        %next = gdpa_nv.advance %r[%first] : !ring
        scf.yield %next : !gdpa_nv.cursor
      } else {
        scf.yield %first : !gdpa_nv.cursor
      }
    } consumer {
      %first = gdpa_nv.cursor
      // expected-error@+1 {{expected the producer to send and the consumers to receive the same blocks of a ring in the same order, found branches of other conditions}}
      %last = scf.if %other -> (!gdpa_nv.cursor) {
        %K = gdpa_nv.receive %r[%first] : !ring -> !shared
        gdpa_nv.release %r[%first] : !ring
        %next = gdpa_nv.advance %r[%first] : !ring
        scf.yield %next : !gdpa_nv.cursor
      } else {
        scf.yield %first : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// A condition that is not the same in all threads.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %some: i1) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %first = gdpa_nv.cursor
      %last = scf.if %some -> (!gdpa_nv.cursor) {
        gdpa_nv.send %k[%i, %i] to %r[%first] : memref<?x64xbf16>, !ring
        %next = gdpa_nv.advance %r[%first] : !ring
        scf.yield %next : !gdpa_nv.cursor
      } else {
        scf.yield %first : !gdpa_nv.cursor
      }
    } consumer {
      %first = gdpa_nv.cursor
      %t = gpu.thread_id x
      %other = arith.cmpi slt, %t, %i : index
      // expected-error@+1 {{expected bounds and conditions around the protocol to be the same in all threads, found one that depends on the thread or on a block's elements}}
      %last = scf.if %other -> (!gdpa_nv.cursor) {
        %K = gdpa_nv.receive %r[%first] : !ring -> !shared
        gdpa_nv.release %r[%first] : !ring
        %next = gdpa_nv.advance %r[%first] : !ring
        scf.yield %next : !gdpa_nv.cursor
      } else {
        scf.yield %first : !gdpa_nv.cursor
      }
    }
    gpu.return
  }
}

// -----

// A block that no box of TMA fills.
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    // expected-error@+1 {{expected a block of at most 256 rows in multiples of 8, which one box of TMA fills, found 264}}
    %r = gdpa_nv.ring at 0 barriers 73728 : !gdpa_nv.ring<tensor<264x64xbf16, #gdpa_nv.shared>, 2>
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {

    }
    gpu.return
  }
}

// -----

// Slots that swizzled tiles cannot begin at.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    // expected-error@+1 {{expected slots at a multiple of 1024 bytes and barriers at one of 8, found 512 and 32768}}
    %r = gdpa_nv.ring at 512 barriers 32768 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {

    }
    gpu.return
  }
}

// -----

// Barriers in the middle of a slot.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    // expected-error@+1 {{expected slots and barriers of their own, found bytes 8192 to 8224 in use}}
    %r = gdpa_nv.ring at 0 barriers 8192 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {

    }
    gpu.return
  }
}

// -----

// More than the kernel has.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel attributes {gdpa_nv.shared_bytes = 16384 : i64} {
    // expected-error@+1 {{expected slots and barriers in the 16384 bytes of the kernel's shared memory, found them up to 16416}}
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {

    }
    gpu.return
  }
}

// -----

// Turns that nobody opens.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    // expected-error@+1 {{expected turns that the consumers open once and close once, found them opened 0 and closed 1 times there}}
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      gdpa_nv.await_turn
      gdpa_nv.pass_turn
      gdpa_nv.close_turns
    }
    gpu.return
  }
}

// -----

// A turn that is awaited twice.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      gdpa_nv.open_turns
      gdpa_nv.await_turn
      // expected-error@+1 {{expected a consumer to await its turn and to pass it on in alternation, found gdpa_nv.await_turn in a turn}}
      gdpa_nv.await_turn
      gdpa_nv.pass_turn
      gdpa_nv.close_turns
    }
    gpu.return
  }
}

// -----

// A turn that is not passed on.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      gdpa_nv.open_turns
      gdpa_nv.await_turn
      gdpa_nv.close_turns
      // expected-error@+1 {{expected a consumer to await its turn and to pass it on in alternation, found the end of a block in a turn}}
      gdpa_nv.role_end
    }
    gpu.return
  }
}

// -----

// A turn before the first is given.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      // expected-error@+1 {{expected turns between the one that opens them and the one that closes them}}
      gdpa_nv.await_turn
      gdpa_nv.pass_turn
      gdpa_nv.open_turns
      gdpa_nv.close_turns
    }
    gpu.return
  }
}

// -----

// A product outside of a turn.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!acc = tensor<64x64xf32, #gdpa_nv.acc<warps = 4, tiles = 1>>
!pending = !gdpa_nv.pending<!acc>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
      %at = gdpa_nv.cursor
      gdpa_nv.send %k[%i, %i] to %r[%at] : memref<?x64xbf16>, !ring
    } consumer {
      gdpa_nv.open_turns
      %at = gdpa_nv.cursor
      %K = gdpa_nv.receive %r[%at] : !ring -> !shared
      gdpa_nv.fence
      // expected-error@+1 {{expected products in a turn, found one outside}}
      %s = gdpa_nv.mma_async %K, %K transposed : !shared, !shared -> !pending
      %S = gdpa_nv.wait %s inflight 0 : !pending -> !acc
      gdpa_nv.release %r[%at] : !ring
      gdpa_nv.close_turns
    }
    gpu.return
  }
}

// -----

// A turn that a branch inside of it awaits.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index, %some: i1) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
    } consumer {
      gdpa_nv.open_turns
      gdpa_nv.await_turn
      // expected-error@+1 {{expected a turn to be passed on in the block that awaits it, found products inside of an operation of it}}
      scf.if %some {
        gdpa_nv.await_turn
        gdpa_nv.pass_turn
      }
      gdpa_nv.pass_turn
      gdpa_nv.close_turns
    }
    gpu.return
  }
}

// -----

// The protocol in another loop.
!shared = tensor<64x64xbf16, #gdpa_nv.shared>
!ring = !gdpa_nv.ring<!shared, 2>
gpu.module @m {
  gpu.func @k(%k: memref<?x64xbf16>, %i: index) kernel {
    %r = gdpa_nv.ring at 0 barriers 16384 : !ring
    gdpa_nv.roles consumers(1) registers(24, 240) producer {
    } consumer {
      // expected-error@+1 {{expected the asynchronous protocol in scf.for, scf.while and scf.if alone, found scf.execute_region}}
      scf.execute_region {
        gdpa_nv.fence
        scf.yield
      }
    }
    gpu.return
  }
}
