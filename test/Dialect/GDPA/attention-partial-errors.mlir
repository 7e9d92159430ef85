// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// (C23)
func.func @f(%x: tensor<4x2x8xf32>, %c: f32) {
  // expected-error@+1 {{expected layout bhsd or bshd, found thd}}
  %a = gdpa.attention_partial thd none
      ins(%x, %x, %x : tensor<4x2x8xf32>, tensor<4x2x8xf32>, tensor<4x2x8xf32>) outs(%x : tensor<4x2x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<4x2x8xf32>
  return
}

// -----

// (C24) type of acc
func.func @f(%x: tensor<1x2x4x8xbf16>, %c: f32) {
  // expected-error@+1 {{expected acc of rank 4 and element type 'f32', found 'tensor<1x2x4x8xbf16>'}}
  %a = gdpa.attention_partial bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xbf16>, tensor<1x2x4x8xbf16>, tensor<1x2x4x8xbf16>) outs(%x : tensor<1x2x4x8xbf16>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xbf16>
  return
}

// -----

// (C24) l is missing
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected l with normalizer sum, found none}}
  %a = gdpa.attention_partial bhsd sum
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C24) m is missing
func.func @f(%x: tensor<1x2x4x8xf32>, %l: tensor<1x2x4xf32>, %c: f32) {
  // expected-error@+1 {{expected m with normalizer softmax, found none}}
  %a:2 = gdpa.attention_partial bhsd softmax
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

// (C24) one part too many
func.func @f(%x: tensor<1x2x4x8xf32>, %l: tensor<1x2x4xf32>, %c: f32) {
  // expected-error@+1 {{expected no l with normalizer none, found one}}
  %a:2 = gdpa.attention_partial bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x, %l : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

// (C8) for a part of the state
func.func @f(%x: tensor<1x2x4x8xf32>, %l: tensor<1x2x5xf32>, %c: f32) {
  // expected-error@+2 {{expected number of queries (dimension 2) of l to be 4 as in query, found 5}}
  // expected-note@+1 {{query has type 'tensor<1x2x4x8xf32>'}}
  %a:2 = gdpa.attention_partial bhsd sum
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x, %l : tensor<1x2x4x8xf32>, tensor<1x2x5xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 } -> tensor<1x2x4x8xf32>, tensor<1x2x5xf32>
  return
}

// -----

// (C25) parts of the states
func.func @f(%acc: tensor<3x1x2x4x8xf32>, %o0: tensor<1x2x4x8xf32>, %s0: tensor<1x2x4xf32>) {
  // expected-error@+1 {{expected l with normalizer sum, found none}}
  %o:2 = gdpa.attention_merge bhsd sum ins(%acc : tensor<3x1x2x4x8xf32>) outs(%o0, %s0 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

// (C25) statistics
func.func @f(%acc: tensor<3x1x2x4x8xf32>, %l: tensor<3x1x2x4xf32>, %o0: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{expected destination of statistics with normalizer sum, found none}}
  %o = gdpa.attention_merge bhsd sum ins(%acc, %l : tensor<3x1x2x4x8xf32>, tensor<3x1x2x4xf32>) outs(%o0 : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C25) tensors and memrefs
func.func @f(%acc: tensor<3x1x2x4x8xf32>, %o0: memref<1x2x4x8xf32>) {
  // expected-error@+1 {{expected operand #1 to be a tensor as acc is, found 'memref<1x2x4x8xf32>'}}
  gdpa.attention_merge bhsd none ins(%acc : tensor<3x1x2x4x8xf32>) outs(%o0 : memref<1x2x4x8xf32>)
  return
}

// -----

// (C26) layout
func.func @f(%acc: tensor<3x2x4x8xf32>, %o0: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected layout bhsd or bshd, found thd}}
  %o = gdpa.attention_merge thd none ins(%acc : tensor<3x2x4x8xf32>) outs(%o0 : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}

// -----

// (C26) rank
func.func @f(%acc: tensor<1x2x4x8xf32>, %o0: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{expected acc of rank 5 and element type 'f32', found 'tensor<1x2x4x8xf32>'}}
  %o = gdpa.attention_merge bhsd none ins(%acc : tensor<1x2x4x8xf32>) outs(%o0 : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C26) type of the states
func.func @f(%acc: tensor<3x1x2x4x8xbf16>, %o0: tensor<1x2x4x8xbf16>) {
  // expected-error@+1 {{expected acc of rank 5 and element type 'f32', found 'tensor<3x1x2x4x8xbf16>'}}
  %o = gdpa.attention_merge bhsd none ins(%acc : tensor<3x1x2x4x8xbf16>) outs(%o0 : tensor<1x2x4x8xbf16>) -> tensor<1x2x4x8xbf16>
  return
}

// -----

// (C27) pieces
func.func @f(%acc: tensor<3x1x2x4x8xf32>, %l: tensor<2x1x2x4xf32>, %o0: tensor<1x2x4x8xf32>, %s0: tensor<1x2x4xf32>) {
  // expected-error@+2 {{expected number of pieces (dimension 0) of l to be 3 as in acc, found 2}}
  // expected-note@+1 {{acc has type}}
  %o:2 = gdpa.attention_merge bhsd sum ins(%acc, %l : tensor<3x1x2x4x8xf32>, tensor<2x1x2x4xf32>) outs(%o0, %s0 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
      -> tensor<1x2x4x8xf32>, tensor<1x2x4xf32>
  return
}

// -----

// (C27) no piece
func.func @f(%acc: tensor<0x1x2x4x8xf32>, %o0: tensor<1x2x4x8xf32>) {
  // expected-error@+1 {{expected at least one piece of acc, found 0}}
  %o = gdpa.attention_merge bhsd none ins(%acc : tensor<0x1x2x4x8xf32>) outs(%o0 : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

// (C27) another size
func.func @f(%acc: tensor<3x1x2x5x8xf32>, %o0: tensor<1x2x4x8xf32>) {
  // expected-error@+2 {{expected number of queries (dimension 3) of acc to be 4 as in output, found 5}}
  // expected-note@+1 {{output has type}}
  %o = gdpa.attention_merge bhsd none ins(%acc : tensor<3x1x2x5x8xf32>) outs(%o0 : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
