// RUN: gdpa-opt %s --split-input-file --gdpa-simplify-activation | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --gdpa-simplify-activation="hardware-tanh=true form-fma=false" | FileCheck %s --check-prefix=GPU

// The errors of these rewrites: python/tests/test_activations.py.

!rows = tensor<1x1x?x8xf32>

// silu's derivative: ct is the last factor, one division, no bound of the exponential.
// CHECK-LABEL: func.func @silu
// CHECK: joint(%[[S:.*]]: f32, %[[CT:.*]]: f32, %{{.*}}: index
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.0
// CHECK: %[[N:.*]] = arith.negf %[[S]]
// CHECK-NEXT: %[[E:.*]] = math.exp %[[N]]
// CHECK-NEXT: %[[D:.*]] = arith.addf %[[E]], %[[ONE]]
// CHECK-NEXT: %[[L:.*]] = arith.divf %[[ONE]], %[[D]]
// CHECK-NEXT: %[[Z:.*]] = arith.mulf %[[S]], %[[L]]
// CHECK-NEXT: %[[R:.*]] = arith.subf %[[ONE]], %[[L]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[S]], %[[R]]
// CHECK-NEXT: %[[G:.*]] = math.fma %[[L]], %[[P]], %[[L]]
// CHECK-NEXT: %[[DS:.*]] = arith.mulf %[[CT]], %[[G]]
// CHECK-NEXT: gdpa.yield %[[Z]], %[[DS]]
func.func @silu(%q: !rows, %k: !rows, %v: !rows, %do: !rows, %c: f32) -> (!rows, !rows, !rows) {
  %dq, %dk, %dv = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : !rows, !rows, !rows, !rows)
      outs(%q, %k, %v : !rows, !rows, !rows)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %largest = arith.constant 3.40282347E+38 : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %s, %d : f32
        %a = arith.divf %ct, %d : f32
        %p = arith.mulf %a, %z : f32
        %o = arith.cmpf ogt, %e, %largest : f32
        %f = arith.select %o, %largest, %e : f32
        %g = arith.mulf %p, %f : f32
        %ds = arith.addf %a, %g : f32
        gdpa.yield %z, %ds : f32, f32
      }
      -> !rows, !rows, !rows
  return %dq, %dk, %dv : !rows, !rows, !rows
}

// -----

!rows = tensor<1x1x?x8xf32>

// A select stays outside: the branch not taken is exactly zero, not zero times ct.
// CHECK-LABEL: func.func @relu
// CHECK: joint(%[[S:.*]]: f32, %[[CT:.*]]: f32, %{{.*}}: index
// CHECK: %[[P:.*]] = arith.cmpf ogt
// CHECK: %[[Z:.*]] = arith.select %[[P]], %[[S]]
// CHECK: %[[DS:.*]] = arith.select %[[P]], %[[CT]]
// CHECK: gdpa.yield %[[Z]], %[[DS]]
func.func @relu(%q: !rows, %k: !rows, %v: !rows, %do: !rows, %c: f32) -> (!rows, !rows, !rows) {
  %dq, %dk, %dv = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : !rows, !rows, !rows, !rows)
      outs(%q, %k, %v : !rows, !rows, !rows)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %zero = arith.constant 0.0 : f32
        %p = arith.cmpf ogt, %s, %zero : f32
        %z = arith.select %p, %s, %zero : f32
        %ds = arith.select %p, %ct, %zero : f32
        gdpa.yield %z, %ds : f32, f32
      }
      -> !rows, !rows, !rows
  return %dq, %dk, %dv : !rows, !rows, !rows
}

// -----

!rows = tensor<1x1x?x8xf32>

// 1 + tanh u is 2 / (1 + exp(-2 u)): its factor 2 meets the other constants. Where tanh
// is an instruction it stays.
// CHECK-LABEL: func.func @gelu
// CHECK: activation(%[[S:[^:]*]]: f32
// CHECK: %[[X:.*]] = arith.mulf %[[S]], %{{.*}} : f32
// CHECK-NEXT: %[[E:.*]] = math.exp %[[X]]
// CHECK-NEXT: %[[D:.*]] = arith.addf %[[E]]
// CHECK-NEXT: %[[Z:.*]] = arith.divf %[[S]], %[[D]]
// CHECK-NEXT: gdpa.yield %[[Z]]
// GPU-LABEL: func.func @gelu
// GPU: math.tanh
// GPU-NOT: math.exp
// GPU: gdpa.yield
func.func @gelu(%q: !rows, %k: !rows, %v: !rows, %o0: !rows, %c: f32) -> !rows {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %half = arith.constant 0.5 : f32
        %one = arith.constant 1.0 : f32
        %a = arith.constant 0.75 : f32
        %u = arith.mulf %s, %a : f32
        %t = math.tanh %u : f32
        %w = arith.addf %t, %one : f32
        %g = arith.mulf %s, %half : f32
        %z = arith.mulf %g, %w : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}

// -----

!rows = tensor<1x1x?x8xf32>

// A tanh that is used for itself stays: near 0 its relative error counts.
// CHECK-LABEL: func.func @tanh
// CHECK: math.tanh
// CHECK-NOT: math.exp
func.func @tanh(%q: !rows, %k: !rows, %v: !rows, %o0: !rows, %c: f32) -> !rows {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %t = math.tanh %s : f32
        %w = arith.addf %t, %one : f32
        %z = arith.mulf %t, %w : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}

// -----

!rows = tensor<1x1x?x8xf32>

// mish: no logarithm, no tanh.
// CHECK-LABEL: func.func @mish
// CHECK: math.exp
// CHECK-NOT: math.log1p
// CHECK-NOT: math.tanh
// CHECK: gdpa.yield
func.func @mish(%q: !rows, %k: !rows, %v: !rows, %o0: !rows, %c: f32) -> !rows {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %e = math.exp %s : f32
        %l = math.log1p %e : f32
        %t = math.tanh %l : f32
        %z = arith.mulf %s, %t : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}

// -----

!rows = tensor<1x1x?x8xf32>

// Powers, quotients by constants and constant factors; a divisor that may be a denormal
// is not inverted.
// CHECK-LABEL: func.func @powers
// CHECK: activation(%[[S:[^:]*]]: f32
// CHECK-DAG: %[[C:.*]] = arith.constant 5.000000e-01
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[S]], %[[S]]
// CHECK-NEXT: %[[CUBE:.*]] = arith.mulf %[[S]], %[[SQUARE]]
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[CUBE]], %[[C]]
// CHECK-NEXT: %[[A:.*]] = arith.divf %[[SCALED]], %[[S]]
// CHECK-NEXT: %[[B:.*]] = arith.divf %[[CUBE]], %[[S]]
// CHECK-NEXT: arith.addf %[[A]], %[[B]]
func.func @powers(%q: !rows, %k: !rows, %v: !rows, %o0: !rows, %c: f32) -> !rows {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : !rows, !rows, !rows)
      outs(%o0 : !rows)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %three = arith.constant 3.0 : f32
        %four = arith.constant 4.0 : f32
        %eight = arith.constant 8.0 : f32
        %p = math.powf %s, %three : f32
        %x = arith.mulf %p, %four : f32
        %y = arith.divf %x, %eight : f32
        %a = arith.divf %y, %s : f32
        %d = arith.divf %p, %s : f32
        %z = arith.addf %a, %d : f32
        gdpa.yield %z : f32
      }
      -> !rows
  return %o : !rows
}
