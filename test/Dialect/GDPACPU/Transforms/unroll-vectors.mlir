// RUN: gdpa-opt %s --gdpa-cpu-unroll-vectors | FileCheck %s
// RUN: gdpa-opt %s --gdpa-cpu-unroll-vectors="vector-bits=512" | FileCheck %s --check-prefix=WIDE

// CHECK-LABEL: func.func private @tile
// CHECK-COUNT-4: math.exp {{.*}} : vector<8xf32>
// CHECK-NOT: math.exp
// WIDE-LABEL: func.func private @tile
// WIDE-COUNT-2: math.exp {{.*}} : vector<16xf32>
// WIDE-NOT: math.exp
func.func private @tile(%m: memref<2x16xf32>, %scratch: memref<?xi8>, %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %v = vector.transfer_read %m[%c0, %c0], %zero {in_bounds = [true, true]} : memref<2x16xf32>, vector<2x16xf32>
  %e = math.exp %v : vector<2x16xf32>
  vector.transfer_write %e, %m[%c0, %c0] {in_bounds = [true, true]} : vector<2x16xf32>, memref<2x16xf32>
  return
}
