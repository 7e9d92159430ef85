// RUN: gdpa-opt %s --gdpa-to-linalg --split-input-file | FileCheck %s

// Four query heads over two key heads: the group is a dimension of its own.
// CHECK-DAG:   #[[$QUERY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d5)>
// CHECK-DAG:   #[[$KEY:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d4, d5)>
// CHECK-DAG:   #[[$SCORE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4)>
// CHECK-LABEL: func.func @grouped(
// CHECK-SAME:    %[[Q:.*]]: tensor<1x4x?x16xbf16>, %[[K:.*]]: tensor<1x2x?x16xbf16>, %[[V:.*]]: tensor<1x2x?x8xbf16>, %[[C:.*]]: f32, %[[BIAS:.*]]: tensor<4x?xf32>, %[[O0:[^:]*]]:
// CHECK:         %[[SPLIT:.*]] = tensor.expand_shape %[[Q]] {{\[\[}}0], [1, 2], [3], [4]]
// CHECK-SAME:      tensor<1x4x?x16xbf16> into tensor<1x2x2x?x16xbf16>
// CHECK:         %[[S:.*]] = linalg.contract indexing_maps = [#[[$QUERY]], #[[$KEY]], #[[$SCORE]]]
// CHECK-SAME:      ins(%[[SPLIT]], %[[K]] :
// CHECK-SAME:      -> tensor<1x2x2x?x?xf32>
// CHECK:         %[[W:.*]] = linalg.generic
// CHECK-SAME:      ins(%[[S]] : tensor<1x2x2x?x?xf32>) outs(%{{.*}} : tensor<1x2x2x?x?xbf16>)
// CHECK:           arith.mulf %{{.*}}, %[[C]] : f32
// CHECK-DAG:       %[[G:.*]] = linalg.index 1
// CHECK-DAG:       %[[R:.*]] = linalg.index 2
// CHECK:           arith.minsi
// CHECK:           tensor.extract %[[BIAS]]
// CHECK:           %[[KEEP:.*]] = arith.cmpi sge
// CHECK:           arith.select %[[KEEP]]
// CHECK:           arith.truncf %{{.*}} : f32 to bf16
// CHECK:         %[[O:.*]] = linalg.contract {{.*}} ins(%[[W]], %[[V]] :
// CHECK:         %[[JOINED:.*]] = tensor.collapse_shape %[[O]] {{\[\[}}0], [1, 2], [3], [4]]
// CHECK:         linalg.generic {{.*}} ins(%[[JOINED]] : tensor<1x4x?x8xf32>) outs(%[[O0]] : tensor<1x4x?x8xbf16>)
func.func @grouped(%q: tensor<1x4x?x16xbf16>, %k: tensor<1x2x?x16xbf16>, %v: tensor<1x2x?x8xbf16>, %c: f32, %bias: tensor<4x?xf32>,
                   %o0: tensor<1x4x?x8xbf16>) -> tensor<1x4x?x8xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x?x16xbf16>, tensor<1x2x?x16xbf16>, tensor<1x2x?x8xbf16>)
      outs(%o0 : tensor<1x4x?x8xbf16>)
      scale(%c : f32)
      captures(%bias : tensor<4x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %r = tensor.extract %B[%h, %j] : tensor<4x?xf32>
        %z = arith.addf %s, %r : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<4x?xf32>) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> tensor<1x4x?x8xbf16>
  return %o : tensor<1x4x?x8xbf16>
}

// -----

// CHECK-LABEL: func.func @softmax(
// CHECK-SAME:    %[[ST0:[^:]*]]: tensor<?x?x?xf32>)
// CHECK:         linalg.contract
// CHECK:         %[[TOP:.*]] = linalg.reduce
// CHECK:           arith.maximumf
// CHECK:         math.exp
// CHECK:         %[[TOTAL:.*]] = linalg.reduce
// CHECK:           arith.addf
// CHECK:         math.log
// CHECK:         linalg.contract
// CHECK:         arith.divf
// CHECK:         linalg.generic {{.*}} outs(%[[ST0]] : tensor<?x?x?xf32>)
func.func @softmax(%q: tensor<?x?x?x16xf32>, %k: tensor<?x?x?x16xf32>, %v: tensor<?x?x?x8xf32>, %c: f32,
                   %o0: tensor<?x?x?x8xf32>, %st0: tensor<?x?x?xf32>) -> (tensor<?x?x?x8xf32>, tensor<?x?x?xf32>) {
  %o:2 = gdpa.attention bshd softmax
      ins(%q, %k, %v : tensor<?x?x?x16xf32>, tensor<?x?x?x16xf32>, tensor<?x?x?x8xf32>)
      outs(%o0, %st0 : tensor<?x?x?x8xf32>, tensor<?x?x?xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<?x?x?x8xf32>, tensor<?x?x?xf32>
  return %o#0, %o#1 : tensor<?x?x?x8xf32>, tensor<?x?x?xf32>
}

// -----

// CHECK-LABEL: func.func @backward(
// CHECK-COUNT-2: linalg.contract
// CHECK:         linalg.generic
// CHECK-COUNT-3: linalg.contract
// CHECK-NOT:     gdpa.
func.func @backward(%q: tensor<1x2x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %do: tensor<1x2x4x8xf32>, %c: f32,
    %dq0: tensor<1x2x4x8xf32>, %dk0: tensor<1x1x4x8xf32>, %dv0: tensor<1x1x4x8xf32>) -> (tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) {
  %d:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>
  return %d#0, %d#1, %d#2 : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>
}
