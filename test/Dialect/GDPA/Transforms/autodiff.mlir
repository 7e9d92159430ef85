// RUN: gdpa-opt %s --gdpa-autodiff --split-input-file | FileCheck %s

// One cotangent for each float argument other than the scale; integers get none.
// The forward function keeps its form.
// CHECK-LABEL: func.func @silu(
// CHECK-SAME:    -> tensor<2x4x?x32xbf16> {
// CHECK:         gdpa.attention bhsd none
// CHECK-LABEL: func.func @silu_vjp(
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<2x4x?x64xbf16> {gdpa.name = "q"},
// CHECK-SAME:    %[[K:[a-z0-9]+]]: tensor<2x2x?x64xbf16>,
// CHECK-SAME:    %[[V:[a-z0-9]+]]: tensor<2x2x?x32xbf16>,
// CHECK-SAME:    %[[C:[a-z0-9]+]]: f32,
// CHECK-SAME:    %[[BIAS:[a-z0-9]+]]: tensor<4x?xbf16> {gdpa.name = "bias"},
// CHECK-SAME:    %[[W:[a-z0-9]+]]: i32 {gdpa.name = "window"},
// CHECK-SAME:    %[[T:[a-z0-9]+]]: f32 {gdpa.name = "t"},
// CHECK-SAME:    %[[DO:[a-z0-9]+]]: tensor<2x4x?x32xbf16> {gdpa.name = "do"})
// CHECK-SAME:    -> (tensor<2x4x?x64xbf16> {gdpa.name = "dq"},
// CHECK-SAME:        tensor<2x2x?x64xbf16> {gdpa.name = "dk"},
// CHECK-SAME:        tensor<2x2x?x32xbf16> {gdpa.name = "dv"},
// CHECK-SAME:        tensor<4x?xbf16> {gdpa.name = "d_bias"},
// CHECK-SAME:        f32 {gdpa.name = "d_t"})
// CHECK-NOT:     gdpa.attention bhsd
// CHECK:         %[[DQ0:.*]] = tensor.empty(%{{.*}}) : tensor<2x4x?x64xbf16>
// CHECK:         %[[DK0:.*]] = tensor.empty(%{{.*}}) : tensor<2x2x?x64xbf16>
// CHECK:         %[[DV0:.*]] = tensor.empty(%{{.*}}) : tensor<2x2x?x32xbf16>
// CHECK:         %[[DB0:.*]] = tensor.empty(%{{.*}}) : tensor<4x?xbf16>
// CHECK:         %[[DT0:.*]] = tensor.empty() : tensor<f32>
// CHECK:         %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]], %[[DB:.*]], %[[DT:.*]] = gdpa.attention_backward bhsd none
// CHECK-NEXT:      ins(%[[Q]], %[[K]], %[[V]], %[[DO]] :
// CHECK-NEXT:      outs(%[[DQ0]], %[[DK0]], %[[DV0]], %[[DB0]], %[[DT0]] :
// CHECK-NEXT:      scale(%[[C]] : f32)
// CHECK-NEXT:      captures(%[[BIAS]], %[[W]], %[[T]] : {{.*}}) wrt [0, 2]
// CHECK-NEXT:      joint(%{{.*}}: f32, %[[CT:.*]]: f32, %{{.*}}: index
// CHECK:           gdpa.accumulate %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : f32, tensor<4x?xbf16>
// CHECK:           gdpa.accumulate %{{.*}}, %{{.*}} : f32, f32
// CHECK:           gdpa.yield %{{.*}}, %{{.*}} : f32, f32
// CHECK:         mask(
// CHECK:           arith.cmpi slt
// CHECK:         {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64>}
// CHECK:         %[[T1:.*]] = tensor.extract %[[DT]][] : tensor<f32>
// CHECK:         return %[[DQ]], %[[DK]], %[[DV]], %[[DB]], %[[T1]]
func.func @silu(%q: tensor<2x4x?x64xbf16> {gdpa.name = "q"}, %k: tensor<2x2x?x64xbf16>,
                %v: tensor<2x2x?x32xbf16>, %c: f32,
                %bias: tensor<4x?xbf16> {gdpa.name = "bias"},
                %window: i32 {gdpa.name = "window"}, %t: f32 {gdpa.name = "t"})
    -> tensor<2x4x?x32xbf16> {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %q, %c2 : tensor<2x4x?x64xbf16>
  %o0 = tensor.empty(%n) : tensor<2x4x?x32xbf16>
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<2x4x?x64xbf16>, tensor<2x2x?x64xbf16>, tensor<2x2x?x32xbf16>)
      outs(%o0 : tensor<2x4x?x32xbf16>) scale(%c : f32)
      captures(%bias, %window, %t : tensor<4x?xbf16>, i32, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index,
                 %B: tensor<4x?xbf16>, %W: i32, %T: f32) {
        %r = tensor.extract %B[%h, %j] : tensor<4x?xbf16>
        %wide = arith.extf %r : bf16 to f32
        %x = arith.addf %s, %wide : f32
        %m = arith.mulf %x, %T : f32
        %neg = arith.negf %m : f32
        %e = math.exp %neg : f32
        %one = arith.constant 1.0 : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %x, %d : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index,
           %B: tensor<4x?xbf16>, %W: i32, %T: f32) {
        %distance = arith.subi %i, %j : index
        %w = arith.index_cast %W : i32 to index
        %keep = arith.cmpi slt, %distance, %w : index
        gdpa.yield %keep : i1
      }
      {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64>}
      -> tensor<2x4x?x32xbf16>
  return %o : tensor<2x4x?x32xbf16>
}

// -----

!t = tensor<1x2x4x8xf32>
!st = tensor<1x2x4xf32>

// Statistics are appended to the results and saved for the derivative; since @f
// did not return them, they have no cotangent. Callers ignore them.
// CHECK-LABEL: func.func @softmax(
// CHECK-SAME:    -> (tensor<1x2x4x8xf32> {gdpa.name = "out"}, tensor<1x2x4xf32> {gdpa.name = "stats"})
// CHECK:         %[[O:.*]], %[[ST:.*]] = gdpa.attention bhsd softmax
// CHECK:         return %[[O]], %[[ST]]
// CHECK-LABEL: func.func @softmax_vjp(
// CHECK-SAME:    %{{[a-z0-9]+}}: f32,
// CHECK-SAME:    %[[O:[a-z0-9]+]]: tensor<1x2x4x8xf32> {gdpa.name = "o"},
// CHECK-SAME:    %[[ST:[a-z0-9]+]]: tensor<1x2x4xf32> {gdpa.name = "stats"},
// CHECK-SAME:    %[[DO:[a-z0-9]+]]: tensor<1x2x4x8xf32> {gdpa.name = "do"})
// CHECK:         gdpa.attention_backward bhsd softmax
// CHECK-NEXT:      ins(%{{.*}}, %{{.*}}, %{{.*}}, %[[DO]] :
// CHECK-NEXT:      saved(%[[O]], %[[ST]] :
func.func @softmax(%q: !t, %k: !t, %v: !t, %c: f32) -> (!t {gdpa.name = "out"}) {
  %o0 = tensor.empty() : !t
  %st0 = tensor.empty() : !st
  %o, %st = gdpa.attention bhsd softmax ins(%q, %k, %v : !t, !t, !t) outs(%o0, %st0 : !t, !st) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t, !st
  return %o : !t
}
// CHECK-LABEL: func.func @caller(
// CHECK:         %[[CALL:.*]]:2 = call @softmax(
// CHECK:         return %[[CALL]]#0
func.func @caller(%q: !t, %c: f32) -> !t {
  %o = call @softmax(%q, %q, %q, %c) : (!t, !t, !t, f32) -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>
!st = tensor<1x2x4xf32>

// Statistics that @f returns have a cotangent.
// CHECK-LABEL: func.func @sum(
// CHECK-SAME:    -> (tensor<1x2x4xf32>, tensor<1x2x4x8xf32>) {
// CHECK-LABEL: func.func @sum_vjp(
// CHECK-SAME:    %[[O:[a-z0-9]+]]: tensor<1x2x4x8xf32> {gdpa.name = "o"},
// CHECK-SAME:    %[[ST:[a-z0-9]+]]: tensor<1x2x4xf32> {gdpa.name = "stats"},
// CHECK-SAME:    %[[DO:[a-z0-9]+]]: tensor<1x2x4x8xf32> {gdpa.name = "do"},
// CHECK-SAME:    %[[DST:[a-z0-9]+]]: tensor<1x2x4xf32> {gdpa.name = "dstats"})
// CHECK:         gdpa.attention_backward bhsd sum
// CHECK-NEXT:      ins(%{{.*}}, %{{.*}}, %{{.*}}, %[[DO]], %[[DST]] :
// CHECK-NEXT:      saved(%[[O]], %[[ST]] :
func.func @sum(%q: !t, %k: !t, %v: !t, %c: f32) -> (!st, !t) {
  %o0 = tensor.empty() : !t
  %st0 = tensor.empty() : !st
  %o, %st = gdpa.attention bhsd sum ins(%q, %k, %v : !t, !t, !t) outs(%o0, %st0 : !t, !st) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %s : f32
        gdpa.yield %z : f32
      } -> !t, !st
  return %st, %o : !st, !t
}

// -----

!t = tensor<1x2x?x8xf32>

// One argument is query, key and a capture: its cotangents add. Two are read
// nowhere: captures whose gradients nothing adds to. A destination is no input
// and gets none.
// CHECK-LABEL: func.func @shared_vjp(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x2x?x8xf32> {gdpa.name = "x"},
// CHECK-SAME:    %[[V:[a-z0-9]+]]: tensor<1x2x?x8xf32>,
// CHECK-SAME:    %[[OTHER:[a-z0-9]+]]: tensor<?xf32> {gdpa.name = "other"}, %{{[a-z0-9]+}}: f32,
// CHECK-SAME:    -> (tensor<1x2x?x8xf32> {gdpa.name = "dq"}, tensor<1x2x?x8xf32> {gdpa.name = "dv"},
// CHECK-SAME:        tensor<?xf32> {gdpa.name = "d_other"}, f32 {gdpa.name = "d_arg3"})
// CHECK:         %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]], %[[DX:.*]], %[[ZERO:.*]], %[[ZERO1:.*]] = gdpa.attention_backward
// CHECK:         captures(%[[X]], %[[OTHER]], %{{.*}} : tensor<1x2x?x8xf32>, tensor<?xf32>, f32) wrt [0, 1, 2]
// CHECK:           gdpa.accumulate %{{.*}}, %{{.*}}[
// CHECK-NOT:       gdpa.accumulate
// CHECK:         %[[PART:.*]] = linalg.add ins(%[[DQ]], %[[DK]] :
// CHECK:         %[[TOTAL:.*]] = linalg.add ins(%[[PART]], %[[DX]] :
// CHECK:         %[[SCALAR:.*]] = tensor.extract %[[ZERO1]][] : tensor<f32>
// CHECK:         return %[[TOTAL]], %[[DV]], %[[ZERO]], %[[SCALAR]]
func.func @shared(%x: !t {gdpa.name = "x"}, %v: !t, %other: tensor<?xf32> {gdpa.name = "other"},
                  %unused: f32, %o0: !t, %c: f32) -> !t {
  %o = gdpa.attention bhsd none ins(%x, %x, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      captures(%x : !t)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %X: !t) {
        %zero = arith.constant 0 : index
        %e = tensor.extract %X[%b, %h, %i, %zero] : !t
        %z = arith.mulf %s, %e : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>

// One scalar is captured twice: the gradients of both captures add.
// CHECK-LABEL: func.func @captured_twice_vjp(
// CHECK:         %{{.*}}, %{{.*}}, %{{.*}}, %[[D0:.*]], %[[D1:.*]] = gdpa.attention_backward
// CHECK:         wrt [0, 1]
// CHECK:         %[[E0:.*]] = tensor.extract %[[D0]][] : tensor<f32>
// CHECK:         %[[E1:.*]] = tensor.extract %[[D1]][] : tensor<f32>
// CHECK:         %[[TOTAL:.*]] = arith.addf %[[E0]], %[[E1]] : f32
// CHECK:         return %{{.*}}, %{{.*}}, %{{.*}}, %[[TOTAL]]
func.func @captured_twice(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      captures(%t, %t : f32, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32, %U: f32) {
        %x = arith.mulf %s, %T : f32
        %z = arith.addf %x, %U : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>

// The user's own derivative is taken as it is: here that of s^2, halved. What it
// does not accumulate into gets zero; a gradient of an integer is nobody's.
// CHECK-LABEL: func.func @user_vjp_vjp(
// CHECK:         captures(%{{.*}}, %{{.*}} : f32, f32) wrt [0, 1]
// CHECK-NEXT:    joint(%[[S:[^:]+]]: f32, %[[CT:[^:]+]]: f32, {{.*}}%[[T:[^:]+]]: f32, %{{[^:]+}}: f32) {
// CHECK-NEXT:      %[[Z:.*]] = arith.mulf %[[S]], %[[S]] : f32
// CHECK-NEXT:      %[[DS:.*]] = arith.mulf %[[CT]], %[[S]] : f32
// CHECK-NEXT:      gdpa.accumulate %[[CT]], %[[T]] : f32, f32
// CHECK-NEXT:      gdpa.yield %[[Z]], %[[DS]] : f32, f32
func.func @user_vjp(%q: !t, %k: !t, %v: !t, %c: f32, %t: f32, %u: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      captures(%t, %u : f32, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32, %U: f32) {
        %z = arith.mulf %s, %s : f32
        gdpa.yield %z : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32, %U: f32) {
        %ds = arith.mulf %ct, %s : f32
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %ds : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<5x2x8xf64>
!st = tensor<2x5xf64>

// Jagged sequences, f64, casts around the operation.
// CHECK-LABEL: func.func @jagged_vjp(
// CHECK-SAME:    %[[CQ:[a-z0-9]+]]: tensor<4xi32>, %[[CK:[a-z0-9]+]]: tensor<4xi32>,
// CHECK-SAME:    -> (tensor<5x2x8xf64> {gdpa.name = "dq"}, tensor<5x2x8xf64> {gdpa.name = "dk"},
// CHECK-SAME:        tensor<5x2x8xf64> {gdpa.name = "dv"}, f16 {gdpa.name = "d_c0"})
// CHECK:         gdpa.attention_backward thd softmax
// CHECK:         cu_seqlens(%[[CQ]], %[[CK]] : tensor<4xi32>, tensor<4xi32>)
// CHECK:         gdpa.accumulate %{{.*}}, %{{.*}} : f64, f16
func.func @jagged(%q: !t, %k: !t, %v: !t, %c: f64, %cq: tensor<4xi32>, %ck: tensor<4xi32>, %t: f16)
    -> (tensor<?x2x8xf64>) {
  %o0 = tensor.empty() : !t
  %st0 = tensor.empty() : !st
  %o, %st = gdpa.attention thd softmax ins(%q, %k, %v : !t, !t, !t) outs(%o0, %st0 : !t, !st) scale(%c : f64)
      cu_seqlens(%cq, %ck : tensor<4xi32>, tensor<4xi32>)
      captures(%t : f16)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f16) {
        %w = arith.extf %T : f16 to f64
        %z = arith.mulf %s, %w : f64
        gdpa.yield %z : f64
      } -> !t, !st
  %cast = tensor.cast %o : !t to tensor<?x2x8xf64>
  return %cast : tensor<?x2x8xf64>
}

// -----

!t = tensor<1x2x?x8xf32>

// Sizes may be computed in any way.
// CHECK-LABEL: func.func @sizes_vjp(
// CHECK:         gdpa.attention_backward
func.func @sizes(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %q, %c2 : !t
  %blocks = arith.divsi %n, %c2 : index
  %rows = arith.muli %blocks, %c2 : index
  %o0 = tensor.empty(%rows) : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %o : !t
}

// -----

// A function without gdpa.attention stays as it is, a declaration too.
// CHECK-LABEL: module
// CHECK-NEXT:    func.func private @declaration
// CHECK-NEXT:    func.func @unrelated
// CHECK-NEXT:      return
// CHECK-NEXT:    }
// CHECK-NEXT:  }
func.func private @declaration(tensor<1xf32>)
func.func @unrelated() { return }
