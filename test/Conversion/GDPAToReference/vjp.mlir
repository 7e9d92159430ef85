// RUN: gdpa-opt %s --convert-gdpa-to-reference=gradients --canonicalize --cse | FileCheck %s

// A user's vjp defines the derivative: it is evaluated, and no result needs a note of kinks.
// CHECK-NOT:   @f.probe
// CHECK-LABEL: func.func private @f.vjp(
// CHECK-SAME:    %[[S:.*]]: f64, %[[CT:.*]]: f64, {{.*}} %[[T:.*]]: f64, %[[D:.*]]: memref<f64>, %[[ABSOLUTE:.*]]: memref<f64>) -> f64
// CHECK:         %[[MAGNITUDE:.*]] = math.absf %[[CT]] : f64
// CHECK:         %[[OLD:.*]] = memref.load %[[D]][] : memref<f64>
// CHECK:         %[[NEW:.*]] = arith.addf %[[OLD]], %[[CT]] : f64
// CHECK:         memref.store %[[NEW]], %[[D]][] : memref<f64>
// CHECK:         arith.addf %{{.*}}, %[[MAGNITUDE]] : f64
// CHECK-LABEL: func.func @f_vjp(
// CHECK-NOT:     .valid
// CHECK:         call @f.vjp(
func.func @f(%q: tensor<1x1x?x8xf32>, %k: tensor<1x1x?x8xf32>, %v: tensor<1x1x?x8xf32>, %c: f32, %t: f32,
             %o0: tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>, tensor<1x1x?x8xf32>)
      outs(%o0 : tensor<1x1x?x8xf32>)
      scale(%c : f32)
      captures(%t : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = math.floor %s : f32
        gdpa.yield %z : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %ct : f32
      }
      -> tensor<1x1x?x8xf32>
  return %o : tensor<1x1x?x8xf32>
}
