// RUN: gdpa-opt %s --gdpa-autodiff | FileCheck %s

// Each rule of a math operation, as docs/derivatives.md lists them.

!t = tensor<1x1x2x8xf32>

// The result serves again, bounded where it overflowed.
// CHECK-LABEL: @exp_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.exp %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf ogt, %[[V1]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.select %[[V2]], %[[K0]], %[[V1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V4]] : f32, f32
func.func @exp(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @exp2_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.693147182 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.exp2 %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf ogt, %[[V2]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.select %[[V3]], %[[K1]], %[[V2]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V4]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V6]] : f32, f32
func.func @exp2(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp2 %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @expm1_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 3.40282347E+38 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.expm1 %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V2]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[V3]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V4]], %[[K0]], %[[V3]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V6]] : f32, f32
func.func @expm1(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.expm1 %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @log_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.log %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.divf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V1]] : f32, f32
func.func @log(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.log %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @log2_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.44269502 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.log2 %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.divf %[[V2]], %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V3]] : f32, f32
func.func @log2(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.log2 %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @log10_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.434294492 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.log10 %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.divf %[[V2]], %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V3]] : f32, f32
func.func @log10(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.log10 %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @log1p_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.log1p %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.addf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.divf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V3]] : f32, f32
func.func @log1p(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.log1p %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @sqrt_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.sqrt %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.divf %[[V2]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V3]] : f32, f32
func.func @sqrt(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.sqrt %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @rsqrt_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant -5.000000e-01 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.rsqrt %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[V2]], %[[V1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V3]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[CT]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V5]] : f32, f32
func.func @rsqrt(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.rsqrt %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @cbrt_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 3.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.cbrt %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[V2]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.divf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V4]] : f32, f32
func.func @cbrt(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.cbrt %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @sin_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.sin %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = math.cos %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V2]] : f32, f32
func.func @sin(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.sin %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @cos_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.cos %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = math.sin %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.negf %[[V2]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V3]] : f32, f32
func.func @cos(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.cos %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @tan_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.tan %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V2]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V4]] : f32, f32
func.func @tan(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tan %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @asin_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.asin %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.subf %[[K0]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.sqrt %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.divf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V6]] : f32, f32
func.func @asin(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.asin %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @acos_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.acos %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.subf %[[K0]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.sqrt %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.divf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.negf %[[V6]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V7]] : f32, f32
func.func @acos(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.acos %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @atan_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.atan %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V2]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.divf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V4]] : f32, f32
func.func @atan(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.atan %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @sinh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.sinh %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = math.cosh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V2]] : f32, f32
func.func @sinh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.sinh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @cosh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]] = math.cosh %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = math.sinh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V2]] : f32, f32
func.func @cosh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.cosh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @tanh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.tanh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V1]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.subf %[[K0]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V4]] : f32, f32
func.func @tanh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @asinh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.asinh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V2]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.sqrt %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.divf %[[CT]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V5]] : f32, f32
func.func @asinh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.asinh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// (s - 1)(s + 1) does not cancel near 1.
// CHECK-LABEL: @acosh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.acosh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.subf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.sqrt %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.divf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V6]] : f32, f32
func.func @acosh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.acosh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @atanh_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.atanh %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.subf %[[K0]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V2]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.divf %[[CT]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V5]] : f32, f32
func.func @atanh(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.atanh %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @erf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.12837923 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.erf %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.negf %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.exp %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V4]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V6]] : f32, f32
func.func @erf(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.erf %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @erfc_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.12837923 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.erfc %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.negf %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.exp %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V4]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.negf %[[V6]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V7]] : f32, f32
func.func @erfc(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.erfc %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Flat at 0.
// CHECK-LABEL: @absf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.absf %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf olt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf une, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.negf %[[CT]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V2]], %[[V4]], %[[CT]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.select %[[V3]], %[[V5]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V6]] : f32, f32
func.func @absf(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.absf %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Piecewise constant.
// CHECK-LABEL: @floor_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.floor %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[K0]] : f32, f32
func.func @floor(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.floor %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @ceil_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.ceil %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[K0]] : f32, f32
func.func @ceil(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.ceil %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @round_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.round %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[K0]] : f32, f32
func.func @round(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.round %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @roundeven_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.roundeven %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[K0]] : f32, f32
func.func @roundeven(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.roundeven %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @trunc_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.trunc %[[S]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[K0]] : f32, f32
func.func @trunc(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.trunc %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @atan2_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = math.atan2 %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[T]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V1]], %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.divf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V4]], %[[T]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[V4]], %[[S]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.negf %[[V6]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V7]], %[[T]] : f32, f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V5]] : f32, f32
func.func @atan2(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = math.atan2 %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// |s| with the sign of T.
// CHECK-LABEL: @copysign_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.copysign %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = math.copysign %[[K1]], %[[S]] : f32
// CHECK-NEXT:   %[[V4:.*]] = math.copysign %[[K1]], %[[T]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V3]], %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf une, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V6]], %[[V7]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V8]] : f32, f32
func.func @copysign(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = math.copysign %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Both operands; where s is 0 the cotangent of an exponent is.
// CHECK-LABEL: @powf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.powf %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf une, %[[T]], %[[K1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.subf %[[T]], %[[K0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = math.powf %[[S]], %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[T]], %[[V5]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.mulf %[[CT]], %[[V6]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.cmpf une, %[[V2]], %[[K1]] : f32
// CHECK-NEXT:   %[[V9:.*]] = math.log %[[S]] : f32
// CHECK-NEXT:   %[[V10:.*]] = arith.mulf %[[V2]], %[[V9]] : f32
// CHECK-NEXT:   %[[V11:.*]] = arith.mulf %[[CT]], %[[V10]] : f32
// CHECK-NEXT:   %[[V12:.*]] = arith.select %[[V8]], %[[V11]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V12]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V13:.*]] = arith.select %[[V3]], %[[V7]], %[[K1]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V13]] : f32, f32
func.func @powf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = math.powf %s, %T : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -|s| cannot overflow.
// CHECK-LABEL: @exp_bounded_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.absf %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.negf %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = math.exp %[[V2]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V3]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.negf %[[V4]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.cmpf olt, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.cmpf une, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V8:.*]] = arith.select %[[V6]], %[[V4]], %[[V5]] : f32
// CHECK-NEXT:   %[[V9:.*]] = arith.select %[[V7]], %[[V8]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[V9]] : f32, f32
func.func @exp_bounded(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %a = math.absf %s : f32
        %n = arith.negf %a : f32
        %z = math.exp %n : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Small constant exponents need no power.
// CHECK-LABEL: @powf_square_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.powf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V2]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V3]] : f32, f32
func.func @powf_square(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %c2 = arith.constant 2.0 : f32
        %z = math.powf %s, %c2 : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @powf_constant_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 4.500000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 5.500000e+00 : f32
// CHECK-NEXT:   %[[V2:.*]] = math.powf %[[S]], %[[K1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = math.powf %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[V3]], %[[K1]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[CT]], %[[V4]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V5]] : f32, f32
func.func @powf_constant(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %c5 = arith.constant 5.5 : f32
        %z = math.powf %s, %c5 : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @fpowi_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 4.000000e+00 : f32
// CHECK-NEXT:   %[[K1:.*]] = arith.constant 3 : i32
// CHECK-NEXT:   %[[K2:.*]] = arith.constant 4 : i32
// CHECK-NEXT:   %[[V3:.*]] = math.fpowi %[[S]], %[[K2]] : f32, i32
// CHECK-NEXT:   %[[V4:.*]] = math.fpowi %[[S]], %[[K1]] : f32, i32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V4]], %[[K0]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[CT]], %[[V5]] : f32
// CHECK-NEXT:   gdpa.yield %[[V3]], %[[V6]] : f32, f32
func.func @fpowi(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.constant 4 : i32
        %z = math.fpowi %s, %n : f32, i32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @fma_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[V0:.*]] = math.fma %[[S]], %[[T]], %[[S]] : f32
// CHECK-NEXT:   %[[V1:.*]] = arith.mulf %[[CT]], %[[T]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V2]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V3:.*]] = arith.addf %[[V1]], %[[CT]] : f32
// CHECK-NEXT:   gdpa.yield %[[V0]], %[[V3]] : f32, f32
func.func @fma(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %z = math.fma %s, %T, %s : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// Closed interval; outside, the bound that holds takes the cotangent.
// CHECK-LABEL: @clampf_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32) {
// CHECK-NEXT:   %[[K0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:   %[[V1:.*]] = math.clampf %[[S]] to [%[[K0]], %[[T]]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.cmpf uge, %[[S]], %[[K0]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.cmpf ule, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.cmpf ogt, %[[S]], %[[T]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.select %[[V4]], %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.accumulate %[[V5]], %[[T]] : f32, f32
// CHECK-NEXT:   %[[V6:.*]] = arith.andi %[[V2]], %[[V3]] : i1
// CHECK-NEXT:   %[[V7:.*]] = arith.select %[[V6]], %[[CT]], %[[K0]] : f32
// CHECK-NEXT:   gdpa.yield %[[V1]], %[[V7]] : f32, f32
func.func @clampf(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%t : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %zero = arith.constant 0.0 : f32
        %z = math.clampf %s to [%zero, %T] : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// CHECK-LABEL: @sincos_vjp
// CHECK:      joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32
// CHECK-NEXT:   %[[V0:.*]], %[[V1:.*]] = math.sincos %[[S]] : f32
// CHECK-NEXT:   %[[V2:.*]] = arith.mulf %[[V0]], %[[V1]] : f32
// CHECK-NEXT:   %[[V3:.*]] = arith.mulf %[[CT]], %[[V1]] : f32
// CHECK-NEXT:   %[[V4:.*]] = arith.mulf %[[CT]], %[[V0]] : f32
// CHECK-NEXT:   %[[V5:.*]] = arith.mulf %[[V3]], %[[V1]] : f32
// CHECK-NEXT:   %[[V6:.*]] = arith.mulf %[[V4]], %[[V0]] : f32
// CHECK-NEXT:   %[[V7:.*]] = arith.subf %[[V5]], %[[V6]] : f32
// CHECK-NEXT:   gdpa.yield %[[V2]], %[[V7]] : f32, f32
func.func @sincos(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %sin, %cos = math.sincos %s : f32
        %z = arith.mulf %sin, %cos : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

