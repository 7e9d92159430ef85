// RUN: gdpa-opt %s --gdpa-autodiff | FileCheck %s

// A cotangent passes a select exactly or not at all: what the branch not taken would
// contribute is selected away after all products, never multiplied by zero.

!t = tensor<1x1x2x8xf32>

// Derivative 0 at 0.
// CHECK-LABEL: @relu_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.cmpf ogt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.select %[[V1]], %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.select %[[V1]], %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V3]] : f32, f32
func.func @relu(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %z = arith.select %p, %s, %zero : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The other spelling halves at 0 and stays what it is.
// CHECK-LABEL: @relu_maximum_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.maximumf %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf uge, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V6]], %[[V5]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V7]] : f32, f32
func.func @relu_maximum(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %z = arith.maximumf %s, %zero : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @elu_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf ogt, %[[S]], %[[K2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.expm1 %[[S]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[S]], %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.addf %[[V4]], %[[K1]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf ogt, %[[V6]], %[[K0]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V7]], %[[K0]], %[[V6]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.mulf %[[CT]], %[[V8]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.select %[[V3]], %[[CT]], %[[V9]] : f32
// CHECK-NEXT:   gdpa.yield %[[V5]], %[[V10]] : f32, f32
func.func @elu(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %e = math.expm1 %s : f32
        %z = arith.select %p, %s, %e : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The square root's derivative is infinite at 0.
// CHECK-LABEL: @where_sqrt_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf ogt, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.select %[[V2]], %[[V3]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.divf %[[V5]], %[[V3]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V2]], %[[V6]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V4]], %[[V7]] : f32, f32
func.func @where_sqrt(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %r = math.sqrt %s : f32
        %z = arith.select %p, %r, %zero : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The cotangent of a value under two selects counts where either takes it.
// CHECK-LABEL: @two_selects_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf ogt, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.select %[[V3]], %[[V5]], %[[K1]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V4]], %[[V5]], %[[K2]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.mulf %[[V6]], %[[V7]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.mulf %[[CT]], %[[V7]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.mulf %[[CT]], %[[V6]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.ori %[[V4]], %[[V3]] : i1
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V4]], %[[V10]], %[[K1]] : f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V3]], %[[V9]], %[[K1]] : f32
// CHECK-NEXT:   %[[V14:.*]] = arith.addf %[[V12]], %[[V13]] : f32
// CHECK-NEXT:   %[[V15:.*]] = arith.mulf %[[V14]], %[[K0]] : f32
// CHECK-NEXT:   %[[V16:.*]] = arith.divf %[[V15]], %[[V5]] : f32
// CHECK-NEXT:   %[[V17:.*]] = arith.select %[[V11]], %[[V16]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V8]], %[[V17]] : f32, f32
func.func @two_selects(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %zero = arith.constant 0.0 : f32
        %one = arith.constant 1.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %q1 = arith.cmpf ogt, %s, %T : f32
        %r = math.sqrt %s : f32
        %a = arith.select %p, %r, %zero : f32
        %d = arith.select %q1, %r, %one : f32
        %z = arith.mulf %a, %d : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Conditions of nested selects are combined.
// CHECK-LABEL: @nested_selects_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant true
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K3:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[S]], %[[K2]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.cmpf olt, %[[S]], %[[K3]] : f32
// CHECK-NEXT:   %[[V6:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V5]], %[[V6]], %[[K2]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V4]], %[[K2]], %[[V7]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.divf %[[V9]], %[[V6]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.xori %[[V4]], %[[K0]] : i1
// CHECK-NEXT:   %[[V12:.*]] = arith.andi %[[V11]], %[[V5]] : i1
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V12]], %[[V10]], %[[K2]] : f32
// CHECK-NEXT:   gdpa.yield %[[V8]], %[[V13]] : f32, f32
func.func @nested_selects(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %one = arith.constant 1.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %q1 = arith.cmpf olt, %s, %one : f32
        %r = math.sqrt %s : f32
        %a = arith.select %q1, %r, %zero : f32
        %z = arith.select %p, %zero, %a : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// What can never be taken gets no cotangent at all.
// CHECK-LABEL: @contradiction_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf ogt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.select %[[V2]], %[[K0]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[K0]] : f32, f32
func.func @contradiction(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %one = arith.constant 1.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %r = math.sqrt %s : f32
        %a = arith.select %p, %zero, %r : f32
        %z = arith.select %p, %a, %one : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

