// RUN: gdpa-opt %s --gdpa-to-linalg --canonicalize --one-shot-bufferize="bufferize-function-boundaries" --convert-linalg-to-loops | FileCheck %s
// RUN: gdpa-opt %s --transform-interpreter --canonicalize --gdpa-to-linalg --canonicalize | FileCheck %s

// Operands that know different sizes; tiles of them.

// CHECK-LABEL: func.func @p
// CHECK-NOT:     gdpa.attention
// CHECK-LABEL: func.func @m
// CHECK-NOT:     gdpa.attention
// CHECK-LABEL: func.func @b
// CHECK-NOT:     gdpa.attention
// CHECK-LABEL: func.func @j
// CHECK-NOT:     gdpa.attention
// CHECK:         return

func.func @p(%q: tensor<?x4x?x8xbf16>, %k: tensor<2x?x7x8xbf16>, %v: tensor<?x2x?x6xbf16>, %a: tensor<2x4x5x6xf32>, %m: tensor<?x4x5xf32>, %l: tensor<2x?x?xf32>, %c: f32) -> (tensor<2x4x5x6xf32>, tensor<?x4x5xf32>, tensor<2x?x?xf32>) {
  %r:3 = gdpa.attention_partial bhsd softmax ins(%q, %k, %v : tensor<?x4x?x8xbf16>, tensor<2x?x7x8xbf16>, tensor<?x2x?x6xbf16>) outs(%a, %m, %l : tensor<2x4x5x6xf32>, tensor<?x4x5xf32>, tensor<2x?x?xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<2x4x5x6xf32>, tensor<?x4x5xf32>, tensor<2x?x?xf32>
  return %r#0, %r#1, %r#2 : tensor<2x4x5x6xf32>, tensor<?x4x5xf32>, tensor<2x?x?xf32>
}
func.func @m(%a: tensor<?x2x4x?x6xf32>, %m: tensor<3x?x4x5xf32>, %l: tensor<3x2x?x?xf32>, %o: tensor<2x?x5x?xbf16>, %s: tensor<?x4x?xf32>) -> (tensor<2x?x5x?xbf16>, tensor<?x4x?xf32>) {
  %r:2 = gdpa.attention_merge bhsd softmax ins(%a, %m, %l : tensor<?x2x4x?x6xf32>, tensor<3x?x4x5xf32>, tensor<3x2x?x?xf32>) outs(%o, %s : tensor<2x?x5x?xbf16>, tensor<?x4x?xf32>) -> tensor<2x?x5x?xbf16>, tensor<?x4x?xf32>
  return %r#0, %r#1 : tensor<2x?x5x?xbf16>, tensor<?x4x?xf32>
}
func.func @b(%q: tensor<2x?x5x8xf32>, %k: tensor<?x2x7x8xf32>, %do: tensor<2x4x?x8xf32>, %st: tensor<?x4x5xf32>, %dq: tensor<?x4x5x8xf32>, %dk: tensor<2x?x?x8xf32>, %c: f32) -> (tensor<?x4x5x8xf32>, tensor<2x?x?x8xf32>, tensor<2x?x?x8xf32>) {
  %r:3 = gdpa.attention_backward bhsd softmax ins(%q, %k, %k, %do : tensor<2x?x5x8xf32>, tensor<?x2x7x8xf32>, tensor<?x2x7x8xf32>, tensor<2x4x?x8xf32>) saved(%do, %st : tensor<2x4x?x8xf32>, tensor<?x4x5xf32>)
      outs(%dq, %dk, %dk : tensor<?x4x5x8xf32>, tensor<2x?x?x8xf32>, tensor<2x?x?x8xf32>) scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s, %ct : f32, f32 } -> tensor<?x4x5x8xf32>, tensor<2x?x?x8xf32>, tensor<2x?x?x8xf32>
  return %r#0, %r#1, %r#2 : tensor<?x4x5x8xf32>, tensor<2x?x?x8xf32>, tensor<2x?x?x8xf32>
}
func.func @j(%q: tensor<10x4x8xf32>, %k: tensor<?x?x8xf32>, %cu: tensor<3xi32>, %o: tensor<?x4x8xf32>, %st: tensor<4x10xf32>, %c: f32) -> (tensor<?x4x8xf32>, tensor<4x10xf32>) {
  %r:2 = gdpa.attention thd sum ins(%q, %k, %k : tensor<10x4x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) outs(%o, %st : tensor<?x4x8xf32>, tensor<4x10xf32>) scale(%c : f32) cu_seqlens(%cu, %cu : tensor<3xi32>, tensor<3xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<?x4x8xf32>, tensor<4x10xf32>
  return %r#0, %r#1 : tensor<?x4x8xf32>, tensor<4x10xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %p = transform.structured.match ops{["gdpa.attention_partial"]} in %root : (!transform.any_op) -> !transform.any_op
    %m = transform.structured.match ops{["gdpa.attention_merge"]} in %root : (!transform.any_op) -> !transform.any_op
    %b = transform.structured.match ops{["gdpa.attention_backward"]} in %root : (!transform.any_op) -> !transform.any_op
    %j = transform.structured.match ops{["gdpa.attention"]} in %root : (!transform.any_op) -> !transform.any_op
    %1, %l1 = transform.structured.tile_using_forall %p tile_sizes [1, 0, 2] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %2, %l2 = transform.structured.tile_using_forall %m tile_sizes [1, 2, 2, 4] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %3, %l3 = transform.structured.tile_using_forall %b tile_sizes [1, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %4, %l4 = transform.structured.tile_using_forall %j tile_sizes [0, 1, 0, 3] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
