// RUN: gdpa-opt %s --transform-interpreter --split-input-file --verify-diagnostics | FileCheck %s
// RUN: gdpa-opt %s --split-input-file | gdpa-opt --split-input-file | FileCheck %s --check-prefix=FORM

// Matching by what an operation computes; the remarks name what was found.

// FORM: transform.gdpa.match_attention in %{{.*}} {layout = #gdpa.layout<bshd>} : (!transform.any_op) -> !transform.any_op
// FORM: transform.gdpa.match_attention in %{{.*}} {backward} : (!transform.any_op) -> !transform.any_op
func.func @match(%q_f32: tensor<1x2x4x8xf32>, %q_bf16: tensor<1x2x4x8xbf16>, %st: tensor<1x2x4xf32>, %k: tensor<1x1x4x8xf32>, %c: f32) {
  // expected-remark@+3 {{unmasked}}
  // expected-remark@+2 {{not grouped}}
  // expected-remark@+1 {{storage f32}}
  %plain = gdpa.attention bhsd none
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {plain}
      -> tensor<1x2x4x8xf32>
  // expected-remark@+3 {{normalizer sum}}
  // expected-remark@+2 {{unmasked}}
  // expected-remark@+1 {{not grouped}}
  %sum:2 = gdpa.attention bhsd sum
      ins(%q_bf16, %q_bf16, %q_bf16 : tensor<1x2x4x8xbf16>, tensor<1x2x4x8xbf16>, tensor<1x2x4x8xbf16>)
      outs(%q_bf16, %st : tensor<1x2x4x8xbf16>, tensor<1x2x4xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {sum}
      -> tensor<1x2x4x8xbf16>, tensor<1x2x4xf32>
  // expected-remark@+3 {{masked}}
  // expected-remark@+2 {{not grouped}}
  // expected-remark@+1 {{storage f32}}
  %masked = gdpa.attention bhsd none
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      {masked}
      -> tensor<1x2x4x8xf32>
  // expected-remark@+4 {{layout bshd}}
  // expected-remark@+3 {{unmasked}}
  // expected-remark@+2 {{not grouped}}
  // expected-remark@+1 {{storage f32}}
  %rows = gdpa.attention bshd none
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {rows}
      -> tensor<1x2x4x8xf32>
  // expected-remark@+3 {{unmasked}}
  // expected-remark@+2 {{grouped}}
  // expected-remark@+1 {{storage f32}}
  %grouped = gdpa.attention bhsd none
      ins(%q_f32, %k, %k : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>) outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x2x4x8xf32>
  // expected-remark@+1 {{backward}}
  %d:3 = gdpa.attention_backward bhsd none
      ins(%q_f32, %q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s, %ct : f32, f32 }
      -> tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>
  return
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %layout_bshd = transform.gdpa.match_attention in %root {layout = #gdpa.layout<bshd>} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %layout_bshd, "layout bshd" : !transform.any_op
    %normalizer_sum = transform.gdpa.match_attention in %root {normalizer = #gdpa.normalizer<sum>} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %normalizer_sum, "normalizer sum" : !transform.any_op
    %storage_f32 = transform.gdpa.match_attention in %root {storage = f32} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %storage_f32, "storage f32" : !transform.any_op
    %masked = transform.gdpa.match_attention in %root {masked = true} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %masked, "masked" : !transform.any_op
    %unmasked = transform.gdpa.match_attention in %root {masked = false} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %unmasked, "unmasked" : !transform.any_op
    %grouped = transform.gdpa.match_attention in %root {grouped = true} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %grouped, "grouped" : !transform.any_op
    %not_grouped = transform.gdpa.match_attention in %root {grouped = false} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %not_grouped, "not grouped" : !transform.any_op
    %backward = transform.gdpa.match_attention in %root {backward} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %backward, "backward" : !transform.any_op
    // None is no failure.
    %none = transform.gdpa.match_attention in %root {normalizer = #gdpa.normalizer<softmax>, masked = true} : (!transform.any_op) -> !transform.any_op
    transform.debug.emit_remark_at %none, "softmax" : !transform.any_op
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @schedule
// CHECK:         gdpa.attention
// CHECK:           {schedule = #gdpa_cpu.schedule<block_q = 64>}
// FORM:          transform.gdpa.set_schedule #gdpa_cpu.schedule<block_q = 64> on %{{.*}} : !transform.any_op
func.func @schedule(%q_f32: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    transform.gdpa.set_schedule #gdpa_cpu.schedule<block_q = 64> on %a : !transform.any_op
    transform.yield
  }
}

// -----

// One state that goes through all keys, and its merge.

// CHECK-LABEL: func @split
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x4x8xf32>, %[[ST:.*]]: tensor<1x2x4xf32>
// CHECK-DAG:     %[[ACC:.*]] = linalg.fill {{.*}} -> tensor<1x1x2x4x8xf32>
// CHECK:         %[[A:.*]], %[[L:.*]] = gdpa.attention_partial bhsd sum
// CHECK-DAG:     %[[AS:.*]] = tensor.insert_slice %[[A]] into %[[ACC]][0, 0, 0, 0, 0] [1, 1, 2, 4, 8]
// CHECK-DAG:     %[[LS:.*]] = tensor.insert_slice %[[L]]
// CHECK:         %[[O:.*]], %{{.*}} = gdpa.attention_merge bhsd sum
// CHECK-NEXT:      ins(%[[AS]], %[[LS]] : tensor<1x1x2x4x8xf32>, tensor<1x1x2x4xf32>)
// CHECK-NEXT:      outs(%[[Q]], %[[ST]] :
// CHECK:         return %[[O]]
// FORM:          transform.gdpa.split_keys %{{.*}} : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
func.func @split(%q_f32: tensor<1x2x4x8xf32>, %st: tensor<1x2x4xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %o:2 = gdpa.attention bhsd sum
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32, %st : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {o}
      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %o#0 : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    %p, %m = transform.gdpa.split_keys %a : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @decompose
// CHECK-NOT:     gdpa.attention
// CHECK:         linalg.contract
// CHECK-NOT:     gdpa.attention
// CHECK:         return
// FORM:          transform.gdpa.decompose %{{.*}} : !transform.any_op
func.func @decompose(%q_f32: tensor<1x2x4x8xf32>, %st: tensor<1x2x4xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %o:2 = gdpa.attention bhsd sum
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32, %st : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {o}
      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return %o#0 : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    transform.gdpa.decompose %a : !transform.any_op
    transform.yield
  }
}

// -----

// CHECK-LABEL: func @replace
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x4x8xf32>, %[[C:.*]]: f32
// CHECK:         %[[O:.*]] = call @own(%[[Q]], %[[Q]], %[[Q]], %[[Q]], %[[C]])
// CHECK:         return %[[O]]
// FORM:          transform.gdpa.replace_with_call %{{.*}}, @own : (!transform.any_op) -> !transform.any_op
func.func private @own(tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
func.func @replace(%q_f32: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q_f32, %q_f32, %q_f32 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q_f32 : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      {o}
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    %call = transform.gdpa.replace_with_call %a, @own : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// Attention follows its query's tiles, with key heads and the place of each tile.

// CHECK-LABEL: func @consumer
// CHECK-NOT:     gdpa.attention
// CHECK:         scf.forall (%[[H:.*]]) in (2)
// CHECK:           %[[TILE:.*]] = linalg.elementwise
// CHECK:           gdpa.attention bhsd none
// CHECK-NEXT:        ins(%[[TILE]], %{{.*}}, %{{.*}} :
// CHECK-NOT:     gdpa.attention
// CHECK:         return
// FORM:          transform.gdpa.fuse_consumer %{{.*}} into %{{.*}} : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
func.func @consumer(%x: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %q = linalg.elementwise kind=#linalg.elementwise_kind<exp> ins(%x : tensor<1x2x4x8xf32>) outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %o = gdpa.attention bhsd none ins(%q, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%e : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %q = transform.structured.match ops{["linalg.elementwise"]} in %root : (!transform.any_op) -> !transform.any_op
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %q tile_sizes [0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %f, %n = transform.gdpa.fuse_consumer %a into %l : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
