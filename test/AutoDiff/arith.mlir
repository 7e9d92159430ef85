// RUN: gdpa-opt %s --gdpa-autodiff | FileCheck %s

// Each rule of an arith operation: the joint region yields z and ds, s's cotangent
// times the derivative; %T is a capture whose gradient is accumulated.

!t = tensor<1x1x2x8xf32>

// CHECK-LABEL: @addf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.addf %[[S]], %[[T]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[CT]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[CT]] : f32, f32
func.func @addf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.addf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @subf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.subf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.negf %[[CT]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V1]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[CT]] : f32, f32
func.func @subf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.subf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @mulf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.mulf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[CT]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V2]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V1]] : f32, f32
func.func @mulf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.mulf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// The quotient ct / T is shared by both operands.
// CHECK-LABEL: @divf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.divf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.divf %[[CT]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[V0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.negf %[[V2]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V3]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V1]] : f32, f32
func.func @divf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.divf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// a - trunc(a / b) * b
// CHECK-LABEL: @remf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = arith.remf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.divf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = math.trunc %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.negf %[[V3]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V4]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[CT]] : f32, f32
func.func @remf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.remf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Each operand takes the cotangent where it wins, half of it at a tie; a NaN reaches
// the result, so its cotangent reaches both.
// CHECK-LABEL: @maximumf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.maximumf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf uge, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf uge, %[[T]], %[[S]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V7]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V8]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V9:.*]] = arith.select %[[V6]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V9]] : f32, f32
func.func @maximumf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.maximumf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @minimumf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.minimumf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf ule, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf ule, %[[T]], %[[S]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V7]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V8]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V9:.*]] = arith.select %[[V6]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V9]] : f32, f32
func.func @minimumf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.minimumf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A NaN loses to a number: the other operand takes the cotangent.
// CHECK-LABEL: @maxnumf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.maxnumf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf oge, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf uno, %[[T]], %[[T]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.ori %[[V6]], %[[V7]] : i1
// CHECK-NEXT:   %[[V9:.*]] = arith.cmpf oge, %[[T]], %[[S]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.cmpf uno, %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.ori %[[V9]], %[[V10]] : i1
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V11]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V12]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V8]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V13]] : f32, f32
func.func @maxnumf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.maxnumf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @minnumf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.minnumf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf ole, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf uno, %[[T]], %[[T]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.ori %[[V6]], %[[V7]] : i1
// CHECK-NEXT:   %[[V9:.*]] = arith.cmpf ole, %[[T]], %[[S]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.cmpf uno, %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.ori %[[V9]], %[[V10]] : i1
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V11]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V12]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V8]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V13]] : f32, f32
func.func @minnumf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = arith.minnumf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @negf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = arith.negf %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.negf %[[CT]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V1]] : f32, f32
func.func @negf(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.negf %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A value that is used twice.
// CHECK-LABEL: @square_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.addf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V2]] : f32, f32
func.func @square(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.mulf %s, %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// What is masked before it is added needs no other mask.
// CHECK-LABEL: @maximumf_both_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.absf %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.maximumf %[[V2]], %[[S]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf oeq, %[[V2]], %[[S]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[CT]], %[[K1]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.select %[[V4]], %[[V5]], %[[CT]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf uge, %[[V2]], %[[S]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.cmpf uge, %[[S]], %[[V2]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.cmpf olt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.cmpf une, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.negf %[[V6]] : f32
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V9]], %[[V11]], %[[V6]] : f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V8]], %[[V6]], %[[K0]] : f32
// CHECK-NEXT:   %[[V14:.*]] = arith.andi %[[V7]], %[[V10]] : i1
// CHECK-NEXT:   %[[V15:.*]] = arith.select %[[V14]], %[[V12]], %[[K0]] : f32
// CHECK-NEXT:   %[[V16:.*]] = arith.addf %[[V13]], %[[V15]] : f32
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[V16]] : f32, f32
func.func @maximumf_both(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %a = math.absf %s : f32
        %z = arith.maximumf %a, %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// A constant that is a number needs no test for NaN.
// CHECK-LABEL: @maxnumf_constant_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.maxnumf %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf oeq, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V3]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf oge, %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V6]], %[[V5]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V7]] : f32, f32
func.func @maxnumf_constant(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %z = arith.maxnumf %s, %zero : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// One select serves both branches.
// CHECK-LABEL: @select_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.cmpf ogt, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = math.exp %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.select %[[V1]], %[[S]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[V2]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V4]], %[[K0]], %[[V2]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V1]], %[[CT]], %[[V6]] : f32
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[V7]] : f32, f32
func.func @select(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %p = arith.cmpf ogt, %s, %T : f32
        %a = math.exp %s : f32
        %z = arith.select %p, %s, %a : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Narrow values have cotangents of f32: no gradient is rounded to bf16 on its way.
// CHECK-LABEL: @conversions_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = arith.truncf %[[S]] : f32 to bf16
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[V0]], %[[V0]] : bf16
// CHECK-NEXT:   %[[V2:.*]] = arith.extf %[[V1]] : bf16 to f32
// CHECK-NEXT:   %[[V3:.*]] = arith.extf %[[V0]] : bf16 to f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.addf %[[V4]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V5]] : f32, f32
func.func @conversions(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.truncf %s : f32 to bf16
        %m = arith.mulf %n, %n : bf16
        %z = arith.extf %m : bf16 to f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Integers carry no cotangent.
// CHECK-LABEL: @integers_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = arith.fptosi %[[S]] : f32 to i32
// CHECK-NEXT:   %[[V1:.*]] = arith.sitofp %[[V0]] : i32 to f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V3]] : f32, f32
func.func @integers(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.fptosi %s : f32 to i32
        %m = arith.sitofp %n : i32 to f32
        %z = arith.mulf %m, %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

