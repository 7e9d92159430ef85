// RUN: gdpa-opt %s --transform-interpreter --split-input-file --verify-diagnostics

// Another operation.
func.func @f(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{this operation}}
  %y = math.exp %x : tensor<1x2x4x8xf32>
  return %y : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["math.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{expected gdpa.attention or gdpa.attention_backward, found math.exp}}
    transform.gdpa.set_schedule #gdpa_cpu.schedule<block_q = 64> on %a : !transform.any_op
    transform.yield
  }
}

// -----

// Another operation.
func.func @f(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{this operation}}
  %y = math.exp %x : tensor<1x2x4x8xf32>
  return %y : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["math.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{expected gdpa.attention, found math.exp}}
    %p, %m = transform.gdpa.split_keys %a : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// Another operation.
func.func @f(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{this operation}}
  %y = math.exp %x : tensor<1x2x4x8xf32>
  return %y : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["math.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{expected an operation with a decomposition, found math.exp}}
    transform.gdpa.decompose %a : !transform.any_op
    transform.yield
  }
}

// -----

// Another operation.
func.func @f(%x: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{this operation}}
  %y = math.exp %x : tensor<1x2x4x8xf32>
  return %y : tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.structured.match ops{["math.exp"]} in %root : (!transform.any_op) -> !transform.any_op
    // expected-error@+1 {{expected an attention operation, found math.exp}}
    %call = transform.gdpa.replace_with_call %a, @own : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// No function.
func.func @f(%q_f32: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{to replace this operation}}
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
    // expected-error@+1 {{expected a function @own of type '(tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>', found none}}
    %call = transform.gdpa.replace_with_call %a, @own : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// A function of another type.
func.func private @own(f32) -> f32
func.func @f(%q_f32: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  // expected-note@+1 {{to replace this operation}}
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
    // expected-error@+1 {{found '(f32) -> f32'}}
    %call = transform.gdpa.replace_with_call %a, @own : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}

// -----

// Pieces of a jagged batch.
func.func @f(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %c: f32) -> tensor<?x2x8xf32> {
  // expected-error@+1 {{expected layout bhsd or bshd to split the keys, found thd}}
  %o = gdpa.attention thd none ins(%x, %x, %x : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) outs(%x : tensor<?x2x8xf32>)
      scale(%c : f32) cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<?x2x8xf32>
  return %o : tensor<?x2x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    %p, %m = transform.gdpa.split_keys %a : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}

// -----

// A consumer that does not read the loops' results.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) {
  %o = gdpa.attention bhsd none ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>
  // expected-note@+1 {{this operation}}
  %y = linalg.elementwise kind=#linalg.elementwise_kind<exp> ins(%x : tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %o, %y : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>
}
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %a = transform.gdpa.match_attention in %root : (!transform.any_op) -> !transform.any_op
    %y = transform.structured.match ops{["linalg.elementwise"]} in %root : (!transform.any_op) -> !transform.any_op
    %t, %l = transform.structured.tile_using_forall %a tile_sizes [0, 1] : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    // expected-error@+1 {{expected a consumer that follows the tiles of the loops, found one that does not}}
    %f, %n = transform.gdpa.fuse_consumer %y into %l : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
