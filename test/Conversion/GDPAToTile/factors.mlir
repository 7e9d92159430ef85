// RUN: sed s/TYPE/bf16/ %s | gdpa-opt --split-input-file --gdpa-autodiff --gdpa-prepare-entry --gdpa-simplify-activation="hardware-tanh form-fma=false" --one-shot-bufferize --gdpa-plan="target=sm_90" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s
// RUN: sed s/TYPE/f16/ %s | gdpa-opt --split-input-file --gdpa-prepare-entry --gdpa-simplify-activation="hardware-tanh form-fma=false" --one-shot-bufferize --gdpa-plan="target=sm_90" --convert-gdpa-to-tile --canonicalize --cse | FileCheck %s --check-prefix=F16

// The cheapest forms of activations in kernels of precision fast for NVIDIA.

!rows = tensor<?x?x?x64xTYPE>

// silu: h = s scale / 2 is made once, z = h tanh(h) + h.
// CHECK-LABEL: gdpa_tile.program @silu_forward
// CHECK:      %[[HALF:.*]] = arith.mulf %arg4, %{{.*}} : f32
// CHECK:      scf.for
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT:   %[[H:.*]] = arith.mulf %[[S]], %[[HALF]]
// CHECK-NEXT:   %[[T:.*]] = math.tanh %[[H]]
// CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[H]], %[[T]]
// CHECK-NEXT:   %[[Z:.*]] = arith.addf %[[P]], %[[H]]
// CHECK-NEXT:   arith.truncf %[[Z]]
// CHECK-NOT:  gdpa_tile.role = "scale"
// CHECK:      gdpa_tile.return

// Its gradients: 2 f' = 1 + t + h (1 - t^2); one tanh for z and ds.
// CHECK-LABEL: gdpa_tile.program @silu_vjp_backward_dkv
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %[[CT:.*]]: f32, %{{.*}}: bf16, %{{.*}}: bf16):
// CHECK-NEXT:   %[[H:.*]] = arith.mulf %[[S]], %{{.*}}
// CHECK-NEXT:   %[[T:.*]] = math.tanh %[[H]]
// CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[H]], %[[T]]
// CHECK-NEXT:   arith.addf %[[P]], %[[H]]
// CHECK-NEXT:   arith.truncf
// CHECK-NEXT:   %[[N:.*]] = arith.negf %[[H]]
// CHECK-NEXT:   %[[Q:.*]] = arith.mulf %[[T]], %[[T]]
// CHECK-NEXT:   %[[Q1:.*]] = arith.addf %[[Q]], %{{.*}}
// CHECK-NEXT:   %[[R:.*]] = arith.mulf %[[N]], %[[Q1]]
// CHECK-NEXT:   %[[G:.*]] = arith.addf %[[R]], %[[T]]
// CHECK-NEXT:   %[[D:.*]] = arith.mulf %[[CT]], %[[G]]
// CHECK-NEXT:   arith.addf %[[D]], %[[CT]]
// CHECK-NEXT:   arith.truncf
// CHECK-NEXT:   linalg.yield
func.func @silu(%q: !rows, %k: !rows, %v: !rows, %scale: f32, %o0: !rows) -> !rows {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %one = arith.constant 1.0 : f32
        %n = arith.negf %s : f32
        %e = math.exp %n : f32
        %d = arith.addf %e, %one : f32
        %z = arith.divf %s, %d : f32
        gdpa.yield %z : f32
      } -> !rows
  return %o : !rows
}

// -----

!rows = tensor<?x?x?x64xTYPE>

// tanh-gelu: t = tanh(s (a + b s^2)), z = s t + s, and scale / 2 waits for the sum.
// CHECK-LABEL: gdpa_tile.program @gelu_forward
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT:   %[[Q:.*]] = arith.mulf %[[S]], %[[S]]
// CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[Q]], %{{.*}}
// CHECK-NEXT:   %[[A:.*]] = arith.addf %[[B]], %{{.*}}
// CHECK-NEXT:   %[[U:.*]] = arith.mulf %[[S]], %[[A]]
// CHECK-NEXT:   %[[T:.*]] = math.tanh %[[U]]
// CHECK-NEXT:   %[[P:.*]] = arith.mulf %[[S]], %[[T]]
// CHECK-NEXT:   %[[Z:.*]] = arith.addf %[[P]], %[[S]]
// CHECK-NEXT:   arith.truncf %[[Z]]
// CHECK:      gdpa_tile.role = "scale"

// In f16 nothing may leave: the sums could leave its range.
// F16-LABEL: gdpa_tile.program @gelu_forward
// F16:      gdpa_tile.role = "activation"
// F16:        %[[T:.*]] = math.tanh
// F16:        arith.truncf
// F16-NOT:  gdpa_tile.role = "scale"
// F16:      gdpa_tile.return
func.func @gelu(%q: !rows, %k: !rows, %v: !rows, %scale: f32, %o0: !rows) -> !rows {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %half = arith.constant 0.5 : f32
        %one = arith.constant 1.0 : f32
        %c = arith.constant 0.044715 : f32
        %root = arith.constant 0.79788456 : f32
        %q2 = arith.mulf %s, %s : f32
        %u = arith.mulf %q2, %s : f32
        %v3 = arith.mulf %u, %c : f32
        %w = arith.addf %s, %v3 : f32
        %x = arith.mulf %w, %root : f32
        %t = math.tanh %x : f32
        %y = arith.addf %t, %one : f32
        %g = arith.mulf %s, %half : f32
        %z = arith.mulf %g, %y : f32
        gdpa.yield %z : f32
      } -> !rows
  return %o : !rows
}

// -----

!rows = tensor<?x?x?x64xTYPE>

// A captured number, the scale and log2 e are one factor.
// CHECK-LABEL: gdpa_tile.program @temperature_forward
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: bf16):
// CHECK:        %[[Y:.*]] = arith.mulf %[[S]], %{{.*}}
// CHECK-NEXT:   math.exp2 %[[Y]]
// CHECK-NOT:    mulf
// CHECK:        linalg.yield
func.func @temperature(%q: !rows, %k: !rows, %v: !rows, %scale: f32, %t: f32, %o0: !rows) -> !rows {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32) captures(%t : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        %x = arith.mulf %s, %T : f32
        %z = math.exp %x : f32
        gdpa.yield %z : f32
      } -> !rows
  return %o : !rows
}

// -----

!rows = tensor<?x?x?x64xTYPE>

// A factor that is not the same for all heads stays inside: the sums of dV go over the heads of a group.
// CHECK-LABEL: gdpa_tile.program @slope_vjp_backward_dkv
// CHECK:      scf.for
// CHECK:      memref.load
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:[a-z_0-9]*]]: f32,
// CHECK:        arith.mulf %[[S]], %{{.*}}
// CHECK:        %[[K:.*]] = arith.select
// CHECK-NEXT:   arith.truncf %[[K]]
func.func @slope(%q: !rows, %k: !rows, %v: !rows, %scale: f32, %slopes: tensor<?xf32>, %o0: !rows) -> !rows {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32) captures(%slopes : tensor<?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %S: tensor<?xf32>) {
        %t = tensor.extract %S[%h] : tensor<?xf32>
        %z = arith.mulf %s, %t : f32
        gdpa.yield %z : f32
      } -> !rows
  return %o : !rows
}

// -----

!rows = tensor<?x?x?x64xTYPE>

// Precision exact keeps what is written.
// CHECK-LABEL: gdpa_tile.program @exact_forward
// CHECK:      gdpa_tile.role = "activation"
// CHECK-NEXT: ^bb0(%[[S:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT:   %[[X:.*]] = arith.mulf %[[S]], %arg4
// CHECK-NEXT:   math.log1p %[[X]]
// CHECK-NOT:  gdpa_tile.role = "scale"
// CHECK:      gdpa_tile.return
func.func @exact(%q: !rows, %k: !rows, %v: !rows, %scale: f32, %o0: !rows) -> !rows {
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !rows, !rows, !rows) outs(%o0 : !rows) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.log1p %s : f32
        gdpa.yield %z : f32
      } {precision = #gdpa.precision<exact>} -> !rows
  return %o : !rows
}
