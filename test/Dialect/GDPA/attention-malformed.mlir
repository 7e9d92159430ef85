// RUN: gdpa-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics

// The generic form can say anything: one error each, never a crash.

// expected-error@+1 {{expected 3 regions}}
"gdpa.attention"() : () -> ()

// -----

// expected-error@+1 {{expected 5 or more operands, but found 0}}
"gdpa.attention"() ({}, {}, {}) : () -> ()

// -----

// expected-error@+1 {{expected 8 or more operands, but found 0}}
"gdpa.attention_backward"() ({}, {}) : () -> ()

// -----

// No segment sizes.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{operand count (5) does not match with the total size (0) specified in attribute 'operandSegmentSizes'}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) ({}, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// No layout.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{requires attribute 'layout'}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({}, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// An attribute that is not what it should be.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{Invalid attribute `layout` in property conversion: "bhsd"}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = "bhsd", normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({}, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// An empty activation.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{region #0 ('activation') failed to verify constraint: region with 1 blocks}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({}, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C1) No query, two keys.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected 1 operand for query, found 0}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 0, 2, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C1) No scale.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected 1 operand for scale, found 0}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %t: f32):
    gdpa.yield %s : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C1) Two destinations of the output.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected 1 operand for output_init, found 2}}
  %o:2 = "gdpa.attention"(%x, %x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 2, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
  return
}

// -----

// (C1) Two cotangents of the statistics.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{operand group starting at #4 requires 0 or 1 element, but found 2}}
  %r:3 = "gdpa.attention_backward"(%x, %x, %x, %x, %x, %x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, wrt = array<i64>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 2, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s, %ct : f32, f32
  }, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32)
      -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
  return
}

// -----

// (C2) A scalar where a tensor belongs.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{operand #0 must be ranked tensor or memref, but got 'f32'}}
  %o = "gdpa.attention"(%c, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {})
      : (f32, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C11) One of two.
func.func @f(%x: tensor<4x2x8xf32>, %c: f32, %n: tensor<3xi32>) {
  // expected-error@+1 {{expected cu_seqlens_key in layout thd, found none}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c, %n) <{layout = #gdpa.layout<thd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {})
      : (tensor<4x2x8xf32>, tensor<4x2x8xf32>, tensor<4x2x8xf32>, tensor<4x2x8xf32>, f32, tensor<3xi32>) -> tensor<4x2x8xf32>
  return
}

// -----

// (C13) A mask of two blocks.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected one block in mask, found 2}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {
  ^bb0(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    cf.br ^bb1
  ^bb1:
    %k = arith.constant true
    gdpa.yield %k : i1
  }, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C14) An empty block.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{empty block: expect at least a terminator}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C14) No terminator.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    // expected-error@+1 {{block with no terminator, has}}
    %z = arith.negf %s : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// A value from above: the message stands at its use, the note at the operation.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-note@+1 {{required by region isolation constraints}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    // expected-error@+1 {{using value defined outside the region}}
    %z = arith.mulf %s, %c : f32
    gdpa.yield %z : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C17) A region without the arguments that it should have.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %g: tensor<f32>) {
  // expected-error@+1 {{expected 9 arguments of joint (8 and one for each capture), found 1}}
  %r:4 = "gdpa.attention_backward"(%x, %x, %x, %x, %x, %x, %x, %g, %c, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, wrt = array<i64: 0>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0>}> ({
  ^bb0(%s: f32):
    gdpa.accumulate %s, %s : f32, f32
    gdpa.yield %s, %s : f32, f32
  }, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<f32>, f32, f32)
      -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<f32>)
  return
}

// -----

// An operation that nobody registered.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = "gdpa.attention"(%x, %x, %x, %x, %c) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index):
    // expected-error@+1 {{expected an operation without memory effects in activation}}
    %z = "other.silu"(%s) : (f32) -> f32
    gdpa.yield %z : f32
  }, {}, {})
      : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// A yield that stands alone.
func.func @f(%x: f32) {
  // expected-error@+1 {{expects parent op to be one of 'gdpa.attention, gdpa.attention_backward, gdpa.attention_partial'}}
  gdpa.yield %x : f32
}
