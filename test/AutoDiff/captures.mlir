// RUN: gdpa-opt %s --gdpa-autodiff | FileCheck %s

// Gradients of captures.

!t = tensor<1x1x2x8xf32>

// CHECK-LABEL: @bias_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, %{{[^:]+}}: index, %[[H:[^:]+]]: index, %{{[^:]+}}: index, %[[J:[^:]+]]: index, %{{[^:]+}}: index, %{{[^:]+}}: index, %[[B:[^:]+]]: tensor<4x?xf32>) {
// CHECK-NEXT:   %[[V0:.*]] = tensor.extract %[[B]][%[[H]], %[[J]]] : tensor<4x?xf32>
// CHECK-NEXT:   %[[V1:.*]] = arith.addf %[[S]], %[[V0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[CT]], %[[B]][%[[H]], %[[J]]] : f32, tensor<4x?xf32>
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[CT]] : f32, f32
func.func @bias(%q: !t, %k: !t, %v: !t, %c: f32, %bias: tensor<4x?xf32>) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%bias : tensor<4x?xf32>) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %e = tensor.extract %B[%h, %j] : tensor<4x?xf32>
        %z = arith.addf %s, %e : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Two elements, two gradients.
// CHECK-LABEL: @bias_twice_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, %{{[^:]+}}: index, %[[H:[^:]+]]: index, %[[I:[^:]+]]: index, %[[J:[^:]+]]: index, %{{[^:]+}}: index, %{{[^:]+}}: index, %[[B:[^:]+]]: tensor<4x?xf32>) {
// CHECK-NEXT:   %[[V0:.*]] = tensor.extract %[[B]][%[[H]], %[[J]]] : tensor<4x?xf32>
// CHECK-NEXT:   %[[V1:.*]] = tensor.extract %[[B]][%[[H]], %[[I]]] : tensor<4x?xf32>
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V0]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[S]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[V5]], %[[V1]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.mulf %[[V5]], %[[V0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V7]], %[[B]][%[[H]], %[[I]]] : f32, tensor<4x?xf32>
// CHECK-NEXT:   gdpa.accumulate %[[V6]], %[[B]][%[[H]], %[[J]]] : f32, tensor<4x?xf32>
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[V4]] : f32, f32
func.func @bias_twice(%q: !t, %k: !t, %v: !t, %c: f32, %bias: tensor<4x?xf32>) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%bias : tensor<4x?xf32>) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %e = tensor.extract %B[%h, %j] : tensor<4x?xf32>
        %f = tensor.extract %B[%h, %i] : tensor<4x?xf32>
        %x = arith.mulf %e, %f : f32
        %z = arith.mulf %s, %x : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Where the select does not take the element its gradient is exactly zero.
// CHECK-LABEL: @masked_bias_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, %{{[^:]+}}: index, %[[H:[^:]+]]: index, %{{[^:]+}}: index, %[[J:[^:]+]]: index, %{{[^:]+}}: index, %{{[^:]+}}: index, %[[B:[^:]+]]: tensor<4x?xf32>) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.cmpf ogt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V2:.*]] = tensor.extract %[[B]][%[[H]], %[[J]]] : tensor<4x?xf32>
// CHECK-NEXT:   %[[V3:.*]] = math.log %[[S]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V1]], %[[V4]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.mulf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.divf %[[V7]], %[[S]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.select %[[V1]], %[[V6]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V9]], %[[B]][%[[H]], %[[J]]] : f32, tensor<4x?xf32>
// CHECK-NEXT:   %[[V10:.*]] = arith.select %[[V1]], %[[V8]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V5]], %[[V10]] : f32, f32
func.func @masked_bias(%q: !t, %k: !t, %v: !t, %c: f32, %bias: tensor<4x?xf32>) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%bias : tensor<4x?xf32>) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %e = tensor.extract %B[%h, %j] : tensor<4x?xf32>
        %l = math.log %s : f32
        %x = arith.mulf %e, %l : f32
        %z = arith.select %p, %x, %zero : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The gradient of a bf16 capture is accumulated in f32.
// CHECK-LABEL: @narrow_bias_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, %{{[^:]+}}: index, %[[H:[^:]+]]: index, %{{[^:]+}}: index, %[[J:[^:]+]]: index, %{{[^:]+}}: index, %{{[^:]+}}: index, %[[B:[^:]+]]: tensor<4x?xbf16>) {
// CHECK-NEXT:   %[[V0:.*]] = tensor.extract %[[B]][%[[H]], %[[J]]] : tensor<4x?xbf16>
// CHECK-NEXT:   %[[V1:.*]] = arith.extf %[[V0]] : bf16 to f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V4]], %[[B]][%[[H]], %[[J]]] : f32, tensor<4x?xbf16>
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V3]] : f32, f32
func.func @narrow_bias(%q: !t, %k: !t, %v: !t, %c: f32, %bias: tensor<4x?xbf16>) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%bias : tensor<4x?xbf16>) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xbf16>) {
        %e = tensor.extract %B[%h, %j] : tensor<4x?xbf16>
        %w = arith.extf %e : bf16 to f32
        %z = arith.mulf %s, %w : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @temperature_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.mulf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[CT]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V2]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V1]] : f32, f32
func.func @temperature(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.mulf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A capture that z does not depend on is not accumulated.
// CHECK-LABEL: @unused_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.addf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V2]] : f32, f32
func.func @unused(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.mulf %s, %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

