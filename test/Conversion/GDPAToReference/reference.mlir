// RUN: gdpa-opt %s --convert-gdpa-to-reference --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,FORWARD
// RUN: gdpa-opt %s --convert-gdpa-to-reference=gradients --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,GRADIENTS

// The region in double precision: constants and types are f64, conversions between floats are gone, the index of a capture is
// clamped and an empty capture reads as zero.
// CHECK-LABEL: func.func private @f.activation(
// CHECK-SAME:    %[[S:.*]]: f64, %{{.*}}: index, %[[H:[^,]*]]: index, %{{[^,]*}}: index, %[[J:[^,]*]]: index, %{{[^,]*}}: index, %{{[^,]*}}: index,
// CHECK-SAME:    %[[BIAS:.*]]: memref<4x?xf64, strided<[?, ?]>>, %[[N:.*]]: i32) -> f64
// CHECK-NOT:     extf
// CHECK-NOT:     truncf
// CHECK:         %[[LOW:.*]] = arith.maxsi %[[J]], %{{.*}} : index
// CHECK:         %[[CLAMPED:.*]] = arith.minsi %[[LOW]], %{{.*}} : index
// CHECK:         scf.if %{{.*}} -> (f64) {
// CHECK:           memref.load %[[BIAS]][%{{.*}}, %[[CLAMPED]]] : memref<4x?xf64, strided<[?, ?]>>
// CHECK:         } else {
// CHECK:         arith.sitofp %[[N]] : i32 to f64
// CHECK:         return %{{.*}} : f64

// CHECK-LABEL: func.func private @f.mask(
// CHECK-SAME:    -> i1
// CHECK:         arith.cmpi sge

// CHECK-LABEL: func.func @f(
// CHECK-SAME:    memref<2x4x?x16xf64, strided<[?, ?, ?, 1]>> {gdpa.access = "read", gdpa.name = "queries", gdpa.role = "q"}
// CHECK-SAME:    f64 {gdpa.access = "read", gdpa.name = "scale", gdpa.role = "scale"}
// CHECK-SAME:    memref<4x?xf64, strided<[?, ?]>> {gdpa.access = "read", gdpa.name = "c0", gdpa.role = "capture"}
// CHECK-SAME:    i32 {gdpa.access = "read", gdpa.name = "c1", gdpa.role = "capture"}
// CHECK-SAME:    memref<2x4x?x8xf64, strided<[?, ?, ?, 1]>> {gdpa.access = "write", gdpa.name = "o", gdpa.role = "o"}
// CHECK-SAME:    attributes {gdpa.entry = "forward"}
// CHECK:         %[[KEPT:.*]] = func.call @f.mask(
// The activation is evaluated for kept pairs only.
// CHECK:         scf.if %[[KEPT]] -> (f64) {
// CHECK-NEXT:      func.call @f.activation(
// FORWARD-NOT: @f_vjp

// GRADIENTS-LABEL: func.func private @f.probe(
// GRADIENTS-SAME:    memref<7xindex>, %{{.*}}: memref<f64>) -> f64
// GRADIENTS-LABEL: func.func @f_vjp(
// GRADIENTS-SAME:    gdpa.name = "do", gdpa.role = "do"
// GRADIENTS-SAME:    gdpa.name = "dq", gdpa.role = "dq"
// GRADIENTS-SAME:    gdpa.name = "dk", gdpa.role = "dk"
// GRADIENTS-SAME:    gdpa.name = "dv", gdpa.role = "dv"
// GRADIENTS-SAME:    gdpa.name = "d_c0", gdpa.role = "dcapture"
// GRADIENTS-NOT:     d_c1
// GRADIENTS-SAME:    memref<2x4x?x16xi8, strided<[?, ?, ?, 1]>> {gdpa.access = "write", gdpa.name = "dq.valid"
// GRADIENTS-SAME:    gdpa.name = "dk.valid"
// GRADIENTS-SAME:    gdpa.name = "d_c0.scale"
// GRADIENTS-SAME:    memref<4x?xi8, strided<[?, ?]>> {gdpa.access = "write", gdpa.name = "d_c0.valid"
// GRADIENTS-SAME:    attributes {gdpa.entry = "backward"}
// Two evaluations beside the logit: central differences.
// GRADIENTS:         math.absf
// GRADIENTS:         %[[HIGH:.*]] = func.call @f.activation(
// GRADIENTS-NEXT:    %[[LOW:.*]] = func.call @f.activation(
// GRADIENTS:         arith.subf %[[HIGH]], %[[LOW]] : f64
func.func @f(%q: tensor<2x4x?x16xbf16> {gdpa.name = "queries"}, %k: tensor<2x2x?x16xbf16>, %v: tensor<2x2x?x8xbf16>, %c: f32,
             %bias: tensor<4x?xbf16>, %n: i32, %o0: tensor<2x4x?x8xbf16>) -> tensor<2x4x?x8xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<2x4x?x16xbf16>, tensor<2x2x?x16xbf16>, tensor<2x2x?x8xbf16>)
      outs(%o0 : tensor<2x4x?x8xbf16>)
      scale(%c : f32)
      captures(%bias, %n : tensor<4x?xbf16>, i32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xbf16>, %N: i32) {
        %r = tensor.extract %B[%h, %j] : tensor<4x?xbf16>
        %x = arith.extf %r : bf16 to f32
        %y = arith.addf %s, %x : f32
        %m = arith.sitofp %N : i32 to f32
        %z = arith.mulf %y, %m : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xbf16>, %N: i32) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> tensor<2x4x?x8xbf16>
  return %o : tensor<2x4x?x8xbf16>
}
