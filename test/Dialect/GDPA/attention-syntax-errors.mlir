// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// What the parser itself refuses.

// A layout that does not exist.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected layout bhsd, bshd or thd, found 'bdsh'}}
  %o = gdpa.attention bdsh none
  return
}

// -----

// No layout.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected layout bhsd, bshd or thd}}
  %o = gdpa.attention (%x)
  return
}

// -----

// A normalizer that does not exist.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected normalizer none, sum or softmax, found 'ins'}}
  %o = gdpa.attention bhsd ins(%x)
  return
}

// -----

// Number of operands in a part.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      // expected-error@+1 {{expected 3 operands in 'ins', found 2}}
      ins(%x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
  return
}

// -----

func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      // expected-error@+1 {{expected 1 or 2 operands in 'outs', found 3}}
      outs(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
  return
}

// -----

func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %r:3 = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      // expected-error@+1 {{expected at least 3 operands in 'outs', found 1}}
      outs(%x : tensor<1x2x4x8xf32>)
  return
}

// -----

// Number of types in a part.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      // expected-error@+1 {{expected 3 types in 'ins', one for each operand, found 1}}
      ins(%x, %x, %x : tensor<1x2x4x8xf32>)
  return
}

// -----

// A missing part.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      // expected-error@+1 {{expected 'scale'}}
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  return
}

// -----

// Parts out of order.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      // expected-error@+1 {{expected 'activation'}}
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.constant true
        gdpa.yield %k : i1
      }
      -> tensor<1x2x4x8xf32>
  return
}

// -----

// wrt without captures.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %r:3 = gdpa.attention_backward bhsd none
      ins(%x, %x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      scale(%c : f32)
      // expected-error@+1 {{expected 'joint'}}
      wrt [0]
  return
}

// -----

// An attribute of the wrong kind is not dropped silently.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      // expected-error@+1 {{attribute 'precision' failed to satisfy constraint}}
      {precision = "fast"}
      -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      // expected-error@+1 {{attribute 'schedule' failed to satisfy constraint}}
      {schedule = #gdpa.precision<fast>}
      -> tensor<1x2x4x8xf32>
  return
}

// -----

// An attribute that has a place of its own.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      // expected-error@+1 {{expected no 'layout' in the attribute dictionary: it has a place of its own}}
      {layout = #gdpa.layout<thd>}
      -> tensor<1x2x4x8xf32>
  return
}

// -----

// Results differ from the destinations.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected type of operand #3 ('tensor<1x2x4x8xf32>') to match type of corresponding result ('tensor<1x2x?x8xf32>')}}
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x?x8xf32>
  return
}

// -----

// The memref form has no results.
func.func @f(%x: memref<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected the number of tensor results (1) to be equal to the number of output tensors (0)}}
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      outs(%x : memref<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  return
}

// -----

// The tensor form has them.
func.func @f(%x: tensor<1x2x4x8xf32>, %c: f32) {
  // expected-error@+1 {{expected the number of tensor results (0) to be equal to the number of output tensors (1)}}
  gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  return
}
