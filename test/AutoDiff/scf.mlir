// RUN: gdpa-opt %s --gdpa-autodiff | FileCheck %s

// The reverse of scf.if stands under the same condition and recomputes its branch.

!t = tensor<1x1x2x8xf32>

// CHECK-LABEL: @one_result_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf ogt, %[[S]], %[[K2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.tanh %[[S]] : f32
// CHECK-NEXT:   %[[V5:.*]]:3 = scf.if %[[V3]] -> (f32, f32, f32) {
// CHECK-NEXT:     %[[V6:.*]] = arith.mulf %[[V4]], %[[T]] : f32
// CHECK-NEXT:     %[[V7:.*]] = arith.mulf %[[CT]], %[[T]] : f32
// CHECK-NEXT:     %[[V8:.*]] = arith.mulf %[[CT]], %[[V4]] : f32
// CHECK-NEXT:     scf.yield %[[V6]], %[[V7]], %[[V8]] : f32, f32, f32
// CHECK-NEXT:   } else {
// CHECK-NEXT:     %[[V9:.*]] = math.exp %[[V4]] : f32
// CHECK-NEXT:     %[[V10:.*]] = arith.cmpf ogt, %[[V9]], %[[K1]] : f32
// CHECK-NEXT:     %[[V11:.*]] = arith.select %[[V10]], %[[K1]], %[[V9]] : f32
// CHECK-NEXT:     %[[V12:.*]] = arith.mulf %[[CT]], %[[V11]] : f32
// CHECK-NEXT:     scf.yield %[[V9]], %[[V12]], %[[K2]] : f32, f32, f32
// CHECK-NEXT:   }
// CHECK-NEXT:   %[[V13:.*]] = arith.mulf %[[V4]], %[[V4]] : f32
// CHECK-NEXT:   %[[V14:.*]] = arith.subf %[[K0]], %[[V13]] : f32
// CHECK-NEXT:   %[[V15:.*]] = arith.mulf %[[V5]]#1, %[[V14]] : f32
// CHECK-NEXT:   %[[V16:.*]] = arith.select %[[V3]], %[[V5]]#2, %[[K2]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V16]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V5]]#0, %[[V15]] : f32, f32
func.func @one_result(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %u = math.tanh %s : f32
        %z = scf.if %p -> f32 {
          %a = arith.mulf %u, %T : f32
          scf.yield %a : f32
        } else {
          %e = math.exp %u : f32
          scf.yield %e : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Only one branch reads the square root: its cotangent counts there only.
// CHECK-LABEL: @one_branch_reads_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf ogt, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V4:.*]]:2 = scf.if %[[V2]] -> (f32, f32) {
// CHECK-NEXT:     %[[V5:.*]] = arith.mulf %[[V3]], %[[V3]] : f32
// CHECK-NEXT:     %[[V6:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:     %[[V7:.*]] = arith.addf %[[V6]], %[[V6]] : f32
// CHECK-NEXT:     scf.yield %[[V5]], %[[V7]] : f32, f32
// CHECK-NEXT:   } else {
// CHECK-NEXT:     scf.yield %[[K1]], %[[K1]] : f32, f32
// CHECK-NEXT:   }
// CHECK-NEXT:   %[[V8:.*]] = arith.mulf %[[V4]]#1, %[[K0]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.divf %[[V8]], %[[V3]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.select %[[V2]], %[[V9]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V4]]#0, %[[V10]] : f32, f32
func.func @one_branch_reads(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %r = math.sqrt %s : f32
        %z = scf.if %p -> f32 {
          %a = arith.mulf %r, %r : f32
          scf.yield %a : f32
        } else {
          scf.yield %zero : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The condition inside the branch is yielded beside the cotangent.
// CHECK-LABEL: @select_inside_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant false
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K3:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[S]], %[[K2]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.select %[[V4]], %[[CT]], %[[K2]] : f32
// CHECK-NEXT:   %[[V7:.*]]:2 = scf.if %[[V4]] -> (f32, i1) {
// CHECK-NEXT:     %[[V8:.*]] = arith.cmpf ogt, %[[V5]], %[[K3]] : f32
// CHECK-NEXT:     %[[V9:.*]] = arith.select %[[V8]], %[[V5]], %[[K3]] : f32
// CHECK-NEXT:     scf.yield %[[V9]], %[[V8]] : f32, i1
// CHECK-NEXT:   } else {
// CHECK-NEXT:     scf.yield %[[S]], %[[K1]] : f32, i1
// CHECK-NEXT:   }
// CHECK-NEXT:   %[[V10:.*]] = arith.mulf %[[V6]], %[[K0]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.divf %[[V10]], %[[V5]] : f32
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V4]], %[[K2]], %[[CT]] : f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V7]]#1, %[[V11]], %[[K2]] : f32
// CHECK-NEXT:   %[[V14:.*]] = arith.addf %[[V12]], %[[V13]] : f32
// CHECK-NEXT:   gdpa.yield %[[V7]]#0, %[[V14]] : f32, f32
func.func @select_inside(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %one = arith.constant 1.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %r = math.sqrt %s : f32
        %z = scf.if %p -> f32 {
          %q1 = arith.cmpf ogt, %r, %one : f32
          %a = arith.select %q1, %r, %one : f32
          scf.yield %a : f32
        } else {
          scf.yield %s : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A capture that one branch reads is accumulated in that branch.
// CHECK-LABEL: @bias_inside_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, %{{[^:]+}}: index, %[[H:[^:]+]]: index, %{{[^:]+}}: index, %[[J:[^:]+]]: index, %{{[^:]+}}: index, %{{[^:]+}}: index, %[[B:[^:]+]]: tensor<4x?xf32>) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.cmpf ogt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V2:.*]]:2 = scf.if %[[V1]] -> (f32, f32) {
// CHECK-NEXT:     %[[V3:.*]] = tensor.extract %[[B]][%[[H]], %[[J]]] : tensor<4x?xf32>
// CHECK-NEXT:     %[[V4:.*]] = arith.mulf %[[V3]], %[[S]] : f32
// CHECK-NEXT:     %[[V5:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:     %[[V6:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:     gdpa.accumulate %[[V5]], %[[B]][%[[H]], %[[J]]] : f32, tensor<4x?xf32>
// CHECK-NEXT:     scf.yield %[[V4]], %[[V6]] : f32, f32
// CHECK-NEXT:   } else {
// CHECK-NEXT:     scf.yield %[[S]], %[[CT]] : f32, f32
// CHECK-NEXT:   }
// CHECK-NEXT:   gdpa.yield %[[V2]]#0, %[[V2]]#1 : f32, f32
func.func @bias_inside(%q: !t, %k: !t, %v: !t, %c: f32, %bias: tensor<4x?xf32>) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%bias : tensor<4x?xf32>) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %z = scf.if %p -> f32 {
          %e = tensor.extract %B[%h, %j] : tensor<4x?xf32>
          %a = arith.mulf %e, %s : f32
          scf.yield %a : f32
        } else {
          scf.yield %s : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A loop with constant bounds is unrolled.
// CHECK-LABEL: @loop_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.sin %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = math.sin %[[V0]] : f32
// CHECK-NEXT:   %[[V2:.*]] = math.cos %[[V0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.cos %[[S]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V3]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V5]] : f32, f32
func.func @loop(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c2 = arith.constant 2 : index
        %z = scf.for %n = %c0 to %c2 step %c1 iter_args(%x = %s) -> f32 {
          %y = math.sin %x : f32
          scf.yield %y : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

