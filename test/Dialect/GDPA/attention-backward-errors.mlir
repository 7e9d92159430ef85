// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// Operands and the joint region of the backward operation. Each case carries the
// number of the constraint that it breaks.

// (C3)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected rank 4 of d_key in layout bhsd, found 'tensor<2x7x8xf32>'}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C4)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xbf16>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected element type 'f32' of d_query as in query, found 'bf16'}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xbf16>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xbf16>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C5)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<2x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected batch size (dimension 0) of d_value to be 1 as in query, found 2}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<2x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<2x2x7x16xf32>
  return
}

// -----

// (C6) dK has the key's heads
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x4x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{key has type 'tensor<1x2x7x8xf32>'}}
  // expected-error@+1 {{expected number of heads (dimension 1) of d_key to be 2 as in key, found 4}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x4x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x4x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C7) dO has the value's depth
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x8xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{value has type 'tensor<1x2x7x16xf32>'}}
  // expected-error@+1 {{expected depth (dimension 3) of d_output to be 16 as in value, found 8}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x8xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C8) dO has the query's rows
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x7x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected number of queries (dimension 2) of d_output to be 5 as in query, found 7}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x7x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C9) saved statistics
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %o: tensor<1x4x5x16xf32>, %st: tensor<1x4x5xf64>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected statistics of rank 3 and element type 'f32', found 'tensor<1x4x5xf64>'}}
  %r:3 = gdpa.attention_backward bhsd sum
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      saved(%o, %st : tensor<1x4x5x16xf32>, tensor<1x4x5xf64>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C9) cotangent of the statistics
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dst: tensor<1x4x6xf32>, %o: tensor<1x4x5x16xf32>, %st: tensor<1x4x5xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected number of queries (dimension 2) of d_statistics to be 5 as in query, found 6}}
  %r:3 = gdpa.attention_backward bhsd sum
      ins(%q, %k, %v, %do, %dst : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>, tensor<1x4x6xf32>)
      saved(%o, %st : tensor<1x4x5x16xf32>, tensor<1x4x5xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C10)
func.func @f(%q: tensor<1x4x5x8xf16>, %k: tensor<1x2x7x8xf16>, %v: tensor<1x2x7x16xf16>, %do: tensor<1x4x5x16xf16>, %dq0: tensor<1x4x5x8xf16>, %dk0: tensor<1x2x7x8xf16>, %dv0: tensor<1x2x7x16xf16>, %c: f16) {
  // expected-error@+1 {{expected scale of type 'f32', found 'f16'}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf16>, tensor<1x2x7x8xf16>, tensor<1x2x7x16xf16>, tensor<1x4x5x16xf16>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf16>, tensor<1x2x7x8xf16>, tensor<1x2x7x16xf16>)
      scale(%c : f16)
      joint(%s: f16, %ct: f16, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f16, f16
      }
      -> tensor<1x4x5x8xf16>, tensor<1x2x7x8xf16>, tensor<1x2x7x16xf16>
  return
}

// -----

// (C13)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected 8 arguments of joint (8 and one for each capture), found 7}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %s : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C14)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+1 {{in the joint of this operation}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected joint to yield 'f32', 'f32', found 'f32'}}
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C17) a capture that wrt does not name
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<f32>, %c: f32, %x0: f32, %x1: f32) {
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, f32) wrt [1]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: f32) {
        // expected-error@+1 {{expected a capture that wrt names, found capture #0 and wrt array<i64: 1>}}
        gdpa.accumulate %ct, %C0 : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>
  return
}

// -----

// (C19) missing
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected saved output with normalizer softmax, found none}}
  %r:3 = gdpa.attention_backward bhsd softmax
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C19) too many
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %o: tensor<1x4x5x16xf32>, %st: tensor<1x4x5xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected no saved output with normalizer none, found one}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      saved(%o, %st : tensor<1x4x5x16xf32>, tensor<1x4x5xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C19) shape of the saved output
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %o: tensor<1x4x5x8xf32>, %st: tensor<1x4x5xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-note@+2 {{value has type 'tensor<1x2x7x16xf32>'}}
  // expected-error@+1 {{expected depth (dimension 3) of output to be 16 as in value, found 8}}
  %r:3 = gdpa.attention_backward bhsd sum
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      saved(%o, %st : tensor<1x4x5x8xf32>, tensor<1x4x5xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C20)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dst: tensor<1x4x5xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32) {
  // expected-error@+1 {{expected no cotangent of statistics with normalizer none, found one of type 'tensor<1x4x5xf32>'}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do, %dst : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>, tensor<1x4x5xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C21) not increasing
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<f32>, %dx1: tensor<f32>, %c: f32, %x0: f32, %x1: f32) {
  // expected-error@+1 {{expected wrt to be strictly increasing positions of the 2 captures, found array<i64: 1, 0>}}
  %r:5 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0, %dx1 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>, tensor<f32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, f32) wrt [1, 0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>, tensor<f32>
  return
}

// -----

// (C21) out of range
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<f32>, %c: f32, %x0: f32) {
  // expected-error@+1 {{expected wrt to be strictly increasing positions of the 1 captures, found array<i64: 1>}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>)
      scale(%c : f32)
      captures(%x0 : f32) wrt [1]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>
  return
}

// -----

// (C21) negative
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<f32>, %c: f32, %x0: f32) {
  // expected-error@+1 {{expected wrt to be strictly increasing positions of the 1 captures, found array<i64: -1>}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>)
      scale(%c : f32)
      captures(%x0 : f32) wrt [-1]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<f32>
  return
}

// -----

// (C21) an integer capture
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<i32>, %c: f32, %x0: i32) {
  // expected-error@+1 {{expected wrt to name float captures, found capture #0 of type 'i32'}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<i32>)
      scale(%c : f32)
      captures(%x0 : i32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: i32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<i32>
  return
}

// -----

// (C22) number
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %c: f32, %x0: f32) {
  // expected-error@+1 {{expected 1 destinations of capture gradients, one for each entry of wrt, found 0}}
  %r:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>
  return
}

// -----

// (C22) a scalar's gradient has rank 0
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<1xf32>, %c: f32, %x0: f32) {
  // expected-error@+1 {{expected the gradient of capture #0 to have the shape and element type of 'tensor<f32>', found 'tensor<1xf32>'}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1xf32>)
      scale(%c : f32)
      captures(%x0 : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1xf32>
  return
}

// -----

// (C22) shape
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<5x?xf32>, %c: f32, %x0: f32, %x1: tensor<4x?xf32>) {
  // expected-error@+1 {{expected the gradient of capture #1 to have the shape and element type of 'tensor<4x?xf32>', found 'tensor<5x?xf32>'}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<5x?xf32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, tensor<4x?xf32>) wrt [1]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: tensor<4x?xf32>) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<5x?xf32>
  return
}

// -----

// (C22) element type
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %do: tensor<1x4x5x16xf32>, %dq0: tensor<1x4x5x8xf32>, %dk0: tensor<1x2x7x8xf32>, %dv0: tensor<1x2x7x16xf32>, %dx0: tensor<4xf32>, %c: f32, %x0: tensor<4xbf16>) {
  // expected-error@+1 {{expected the gradient of capture #0 to have the shape and element type of 'tensor<4xbf16>', found 'tensor<4xf32>'}}
  %r:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<1x4x5x16xf32>)
      outs(%dq0, %dk0, %dv0, %dx0 : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<4xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4xbf16>) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xbf16>) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>, tensor<4xf32>
  return
}
