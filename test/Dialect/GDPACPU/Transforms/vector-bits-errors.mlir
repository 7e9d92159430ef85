// The width of a vector register is checked before a pass divides by it.
// RUN: not gdpa-opt %s --gdpa-cpu-lower-block-access=vector-bits=0 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not gdpa-opt %s --gdpa-cpu-unroll-vectors=vector-bits=0 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not gdpa-opt %s --gdpa-cpu-approximate-math=vector-bits=0 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not gdpa-opt %s --gdpa-cpu-lower-vectors=vector-bits=7 2>&1 | FileCheck %s --check-prefix=SEVEN

// ZERO: error: expected vector-bits of 256 or 512, found 0
// SEVEN: error: expected vector-bits of 256 or 512, found 7
func.func private @program(%scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  return
}
