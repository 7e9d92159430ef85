// RUN: gdpa-opt %s --resolve-shaped-type-result-dims --canonicalize | FileCheck %s

// A result has the sizes of its destination.

// CHECK-LABEL: func.func @sizes
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: tensor<?x?x?x8xf32>, %[[O:[a-z0-9]+]]: tensor<?x?x?x8xf32>, %[[ST:[a-z0-9]+]]: tensor<?x?x?xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[D0:.*]] = tensor.dim %[[O]], %[[C2]]
// CHECK-DAG:     %[[D1:.*]] = tensor.dim %[[ST]], %[[C0]]
// CHECK-NOT:     gdpa.attention
// CHECK:         return %[[D0]], %[[D1]]
func.func @sizes(%q: tensor<?x?x?x8xf32>, %o0: tensor<?x?x?x8xf32>, %st0: tensor<?x?x?xf32>, %c: f32) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %o, %st = gdpa.attention bhsd softmax
      ins(%q, %q, %q : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>)
      outs(%o0, %st0 : tensor<?x?x?x8xf32>, tensor<?x?x?xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<?x?x?x8xf32>, tensor<?x?x?xf32>
  %0 = tensor.dim %o, %c2 : tensor<?x?x?x8xf32>
  %1 = tensor.dim %st, %c0 : tensor<?x?x?xf32>
  return %0, %1 : index, index
}

// CHECK-LABEL: func.func @gradient_sizes
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x2x?x8xf32>, %[[B:[a-z0-9]+]]: tensor<2x?xf32>
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK:         %[[D:.*]] = tensor.dim %[[B]], %[[C1]]
// CHECK-NEXT:    return %[[D]]
func.func @gradient_sizes(%x: tensor<1x2x?x8xf32>, %bias: tensor<2x?xf32>, %c: f32) -> index {
  %c1 = arith.constant 1 : index
  %dq, %dk, %dv, %db = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>)
      outs(%x, %x, %x, %bias : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>)
      scale(%c : f32)
      captures(%bias : tensor<2x?xf32>) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>) {
        gdpa.accumulate %ct, %B[%h, %j] : f32, tensor<2x?xf32>
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>
  %0 = tensor.dim %db, %c1 : tensor<2x?xf32>
  return %0 : index
}

// CHECK-LABEL: func.func @sizes_of_pieces
// CHECK-SAME:    %{{.*}}: tensor<?x?x?x8xf32>, %[[ACC:[a-z0-9]+]]: tensor<?x?x?x8xf32>, %[[L:[a-z0-9]+]]: tensor<?x?x?xf32>
// CHECK-DAG:     %[[D0:.*]] = tensor.dim %[[ACC]], %c2
// CHECK-DAG:     %[[D1:.*]] = tensor.dim %[[L]], %c0
// CHECK-NOT:     gdpa.attention
// CHECK:         return %[[D0]], %[[D1]]
func.func @sizes_of_pieces(%q: tensor<?x?x?x8xf32>, %acc0: tensor<?x?x?x8xf32>, %l0: tensor<?x?x?xf32>, %c: f32) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %acc, %l = gdpa.attention_partial bhsd sum
      ins(%q, %q, %q : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>)
      outs(%acc0, %l0 : tensor<?x?x?x8xf32>, tensor<?x?x?xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<?x?x?x8xf32>, tensor<?x?x?xf32>
  %0 = tensor.dim %acc, %c2 : tensor<?x?x?x8xf32>
  %1 = tensor.dim %l, %c0 : tensor<?x?x?xf32>
  return %0, %1 : index, index
}
