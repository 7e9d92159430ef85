// RUN: gdpa-opt %s --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file | gdpa-opt --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --mlir-print-op-generic | gdpa-opt --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --one-shot-bufferize="bufferize-function-boundaries" | FileCheck %s --check-prefix=BUFFERS

// Attention to pieces of the keys, and their merge.

// CHECK-LABEL: func @softmax
// CHECK:         %[[ACC:.*]], %[[M:.*]], %[[L:.*]] = gdpa.attention_partial bhsd softmax
// CHECK-NEXT:      ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x4x?x8xbf16>, tensor<2x2x16x8xbf16>, tensor<2x2x16x6xbf16>)
// CHECK-NEXT:      outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>)
// CHECK-NEXT:      scale(%{{.*}} : f32)
// CHECK-NEXT:      captures(%{{.*}} : tensor<4xf32>)
// CHECK-NEXT:      offsets(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NEXT:      activation(%{{.*}}: f32
// CHECK:           mask(
// CHECK:           {precision = #gdpa.precision<exact>}
// CHECK-NEXT:      -> tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>
// The old states are read: acc is written to a copy where it is needed afterwards.
// BUFFERS-LABEL: func @softmax
// BUFFERS:         %[[COPY:.*]] = memref.alloc
// BUFFERS:         memref.copy %{{.*}}, %[[COPY]]
// BUFFERS:         gdpa.attention_partial bhsd softmax
// BUFFERS-NEXT:      ins(
// BUFFERS-NEXT:      outs(%[[COPY]],
// BUFFERS-NOT:       ->
// BUFFERS:         return
func.func @softmax(%q: tensor<2x4x?x8xbf16>, %k: tensor<2x2x16x8xbf16>, %v: tensor<2x2x16x6xbf16>, %acc0: tensor<2x4x?x6xf32>,
                   %m0: tensor<2x4x?xf32>, %l0: tensor<2x4x?xf32>, %c: f32, %t: tensor<4xf32>, %j0: index)
    -> (tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>, tensor<2x4x?x6xf32>) {
  %zero = arith.constant 0 : index
  %acc, %m, %l = gdpa.attention_partial bhsd softmax
      ins(%q, %k, %v : tensor<2x4x?x8xbf16>, tensor<2x2x16x8xbf16>, tensor<2x2x16x6xbf16>)
      outs(%acc0, %m0, %l0 : tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>)
      scale(%c : f32) captures(%t : tensor<4xf32>) offsets(%zero, %zero, %zero, %j0)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<4xf32>) {
        %x = tensor.extract %T[%h] : tensor<4xf32>
        %z = arith.addf %s, %x : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<4xf32>) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      {precision = #gdpa.precision<exact>}
      -> tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>
  return %acc, %m, %l, %acc0 : tensor<2x4x?x6xf32>, tensor<2x4x?xf32>, tensor<2x4x?xf32>, tensor<2x4x?x6xf32>
}

// -----

// CHECK-LABEL: func @sum
// CHECK:         %{{.*}}, %{{.*}} = gdpa.attention_partial bshd sum
// CHECK:           outs(%{{.*}}, %{{.*}} : tensor<1x4x2x8xf64>, tensor<1x2x4xf64>)
// CHECK:         gdpa.attention_partial bhsd none
// CHECK:           outs(%{{.*}} : tensor<1x4x2x8xf64>)
func.func @sum(%x: tensor<1x4x2x8xf64>, %l0: tensor<1x2x4xf64>, %c: f64) -> (tensor<1x4x2x8xf64>, tensor<1x2x4xf64>, tensor<1x4x2x8xf64>) {
  %acc, %l = gdpa.attention_partial bshd sum
      ins(%x, %x, %x : tensor<1x4x2x8xf64>, tensor<1x4x2x8xf64>, tensor<1x4x2x8xf64>)
      outs(%x, %l0 : tensor<1x4x2x8xf64>, tensor<1x2x4xf64>) scale(%c : f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f64 }
      -> tensor<1x4x2x8xf64>, tensor<1x2x4xf64>
  %none = gdpa.attention_partial bhsd none
      ins(%x, %x, %x : tensor<1x4x2x8xf64>, tensor<1x4x2x8xf64>, tensor<1x4x2x8xf64>) outs(%x : tensor<1x4x2x8xf64>) scale(%c : f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f64 }
      -> tensor<1x4x2x8xf64>
  return %acc, %l, %none : tensor<1x4x2x8xf64>, tensor<1x2x4xf64>, tensor<1x4x2x8xf64>
}

// -----

// CHECK-LABEL: func @merge
// CHECK:         %[[O:.*]], %[[STATS:.*]] = gdpa.attention_merge bhsd softmax
// CHECK-NEXT:      ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<3x2x4x?x6xf32>, tensor<3x2x4x?xf32>, tensor<3x2x4x?xf32>)
// CHECK-NEXT:      outs(%{{.*}}, %{{.*}} : tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>)
// CHECK-NEXT:      -> tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>
// BUFFERS-LABEL: func @merge
// BUFFERS:         gdpa.attention_merge bhsd softmax
// BUFFERS-NEXT:      ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<
// BUFFERS-NEXT:      outs(%{{.*}}, %{{.*}} : memref<
// BUFFERS-NOT:       ->
// BUFFERS:         return
func.func @merge(%acc: tensor<3x2x4x?x6xf32>, %m: tensor<3x2x4x?xf32>, %l: tensor<3x2x4x?xf32>, %o0: tensor<2x4x?x6xbf16>, %s0: tensor<2x4x?xf32>)
    -> (tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>) {
  %o, %st = gdpa.attention_merge bhsd softmax
      ins(%acc, %m, %l : tensor<3x2x4x?x6xf32>, tensor<3x2x4x?xf32>, tensor<3x2x4x?xf32>)
      outs(%o0, %s0 : tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>) -> tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>
  return %o, %st : tensor<2x4x?x6xbf16>, tensor<2x4x?xf32>
}
