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
