// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// (C18) as text
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %i: index) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      // expected-error@+1 {{expected 4 operands in 'offsets', found 2}}
      offsets(%i, %i)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C18) as text
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %i: index) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      // expected-error@+1 {{expected 2 operands in 'lengths', found 1}}
      lengths(%i)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C18) in the generic form
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %i: index) {
  // expected-error@+1 {{expected 0 or 4 operands for offsets, found 1}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c, %i) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %q: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {}) : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32, index) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C18) in the generic form
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %i: index) {
  // expected-error@+1 {{expected 0 or 2 operands for lengths, found 1}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c, %i) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %q: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {}) : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32, index) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C18) Indices.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32, %i: i32) {
  // expected-error@+1 {{operand #5 must be variadic of index, but got 'i32'}}
  %o = "gdpa.attention"(%x, %x, %x, %x, %c, %i, %i) <{layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<none>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 2>}> ({
  ^bb0(%s: f32, %b: index, %h: index, %q: index, %j: index, %nq: index, %nk: index):
    gdpa.yield %s : f32
  }, {}, {}) : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32, i32, i32) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C18) The sequences of a jagged batch have lengths of their own.
func.func @f(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %c: f32, %i: index) {
  // expected-error@+1 {{expected no lengths in layout thd, whose sequences have lengths of their own, found 2}}
  %o = gdpa.attention thd none
      ins(%x, %x, %x : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) outs(%x : tensor<?x2x8xf32>) scale(%c : f32)
      cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>) lengths(%i, %i)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<?x2x8xf32>
  return
}
