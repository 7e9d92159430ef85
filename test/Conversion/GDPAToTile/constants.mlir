// RUN: gdpa-opt %s --gdpa-plan="target=cpu vector-bits=256" --convert-gdpa-to-tile | FileCheck %s

// A constant is no argument of the program: it has its own.

// CHECK-LABEL: func.func @constants
// CHECK: gdpa_tile.launch @[[KERNEL:.*]] grid({{.*}}) (%arg0, %arg1)
// CHECK: gdpa_tile.program @[[KERNEL]](%{{.*}}: memref<1x2x?x8xf32>, %{{.*}}: memref<1x2x?x8xf32>)
// CHECK: arith.constant 2.500000e-01 : f32
// CHECK: arith.constant 3.000000e+00 : f32
func.func @constants(%x: memref<1x2x?x8xf32>, %o: memref<1x2x?x8xf32>) {
  %scale = arith.constant 0.25 : f32
  %three = arith.constant 3.0 : f32
  gdpa.attention bhsd none
      ins(%x, %x, %x : memref<1x2x?x8xf32>, memref<1x2x?x8xf32>, memref<1x2x?x8xf32>)
      outs(%o : memref<1x2x?x8xf32>)
      scale(%scale : f32)
      captures(%three : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.mulf %s, %T : f32
        gdpa.yield %z : f32
      }
  return
}
