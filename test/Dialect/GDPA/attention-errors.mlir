// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// Operands of the forward operation. Each case carries the number of the constraint
// that it breaks.

// (C2)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: memref<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected operand #1 to be a tensor as query is, found 'memref<1x2x7x8xf32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, memref<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C2) captures too
func.func @f(%q: memref<1x4x5x8xf32>, %k: memref<1x2x7x8xf32>, %v: memref<1x2x7x16xf32>, %o0: memref<1x4x5x16xf32>, %c: f32, %x0: tensor<4xf32>) {
  // expected-error@+1 {{expected operand #5 to be a memref as query is, found 'tensor<4xf32>'}}
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<1x4x5x8xf32>, memref<1x2x7x8xf32>, memref<1x2x7x16xf32>)
      outs(%o0 : memref<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xf32>) {
        gdpa.yield %s : f32
      }
  return
}

// -----

// (C3)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected rank 4 of key in layout bhsd, found 'tensor<2x7x8xf32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C3) thd
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<1x5x4x16xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<3xi32>) {
  // expected-error@+1 {{expected rank 3 of output in layout thd, found 'tensor<1x5x4x16xf32>'}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<1x5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<3xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x5x4x16xf32>
  return
}

// -----

// (C4) not a storage type
func.func @f(%q: tensor<1x4x5x8xi32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected element type f64, f32, bf16 or f16 of query, found 'i32'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xi32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C4) two types
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xbf16>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected element type 'f32' of value as in query, found 'bf16'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xbf16>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C5)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<3x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected batch size (dimension 0) of value to be 1 as in query, found 3}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<3x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C5) the first operand that knows the size is the measure
func.func @f(%q: tensor<?x4x5x8xf32>, %k: tensor<?x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<2x4x5x16xf32>, %c: f32) {
  // expected-note@+2 {{output has type 'tensor<2x4x5x16xf32>'}}
  // expected-error@+1 {{expected batch size (dimension 0) of value to be 2 as in output, found 1}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<?x4x5x8xf32>, tensor<?x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<2x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<2x4x5x16xf32>
  return
}

// -----

// (C6) heads that do not divide
func.func @f(%q: tensor<1x3x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x3x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected the number of heads of query to be a multiple of key's 2, found 3}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x3x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x3x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x3x5x16xf32>
  return
}

// -----

// (C6) fewer query heads than key heads
func.func @f(%q: tensor<1x1x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x1x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected the number of heads of query to be a multiple of key's 2, found 1}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x1x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x1x5x16xf32>
  return
}

// -----

// (C6) output
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x2x5x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected number of heads (dimension 1) of output to be 4 as in query, found 2}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x2x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x5x16xf32>
  return
}

// -----

// (C6) value
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x4x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+2 {{key has type 'tensor<1x2x7x8xf32>'}}
  // expected-error@+1 {{expected number of heads (dimension 1) of value to be 2 as in key, found 4}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x4x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C6) bshd
func.func @f(%q: tensor<1x5x3x8xf32>, %k: tensor<1x7x2x8xf32>, %v: tensor<1x7x2x16xf32>, %o0: tensor<1x5x3x16xf32>, %c: f32) {
  // expected-error@+1 {{expected the number of heads of query to be a multiple of key's 2, found 3}}
  %o = gdpa.attention bshd none
      ins(%q, %k, %v : tensor<1x5x3x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x16xf32>)
      outs(%o0 : tensor<1x5x3x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x5x3x16xf32>
  return
}

// -----

// (C6) no head
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x0x7x8xf32>, %v: tensor<1x0x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected at least one head of key, found 0}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x0x7x8xf32>, tensor<1x0x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C7)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x16xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected depth (dimension 3) of key to be 8 as in query, found 16}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C7) of value
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x8xf32>, %c: f32) {
  // expected-note@+2 {{value has type 'tensor<1x2x7x16xf32>'}}
  // expected-error@+1 {{expected depth (dimension 3) of output to be 16 as in value, found 8}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x8xf32>
  return
}

// -----

// (C7) no depth
func.func @f(%q: tensor<1x4x5x0xf32>, %k: tensor<1x2x7x0xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected a positive depth of query, found 0}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x0xf32>, tensor<1x2x7x0xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C8) queries
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x7x16xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x4x5x8xf32>'}}
  // expected-error@+1 {{expected number of queries (dimension 2) of output to be 5 as in query, found 7}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x7x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x7x16xf32>
  return
}

// -----

// (C8) keys
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x5x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+2 {{key has type 'tensor<1x2x7x8xf32>'}}
  // expected-error@+1 {{expected number of keys (dimension 2) of value to be 7 as in key, found 5}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x5x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C9) missing
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected destination of statistics with normalizer softmax, found none}}
  %o = gdpa.attention bhsd softmax
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C9) too many
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %st0: tensor<1x4x5xf32>, %c: f32) {
  // expected-error@+1 {{expected no destination of statistics with normalizer none, found one}}
  %o:2 = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0, %st0 : tensor<1x4x5x16xf32>, tensor<1x4x5xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>, tensor<1x4x5xf32>
  return
}

// -----

// (C9) type
func.func @f(%q: tensor<1x4x5x8xbf16>, %k: tensor<1x2x7x8xbf16>, %v: tensor<1x2x7x16xbf16>, %o0: tensor<1x4x5x16xbf16>, %st0: tensor<1x4x5xbf16>, %c: f32) {
  // expected-error@+1 {{expected statistics of rank 3 and element type 'f32', found 'tensor<1x4x5xbf16>'}}
  %o:2 = gdpa.attention bhsd sum
      ins(%q, %k, %v : tensor<1x4x5x8xbf16>, tensor<1x2x7x8xbf16>, tensor<1x2x7x16xbf16>)
      outs(%o0, %st0 : tensor<1x4x5x16xbf16>, tensor<1x4x5xbf16>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xbf16>, tensor<1x4x5xbf16>
  return
}

// -----

// (C9) f64
func.func @f(%q: tensor<1x4x5x8xf64>, %k: tensor<1x2x7x8xf64>, %v: tensor<1x2x7x16xf64>, %o0: tensor<1x4x5x16xf64>, %st0: tensor<1x4x5xf32>, %c: f64) {
  // expected-error@+1 {{expected statistics of rank 3 and element type 'f64', found 'tensor<1x4x5xf32>'}}
  %o:2 = gdpa.attention bhsd sum
      ins(%q, %k, %v : tensor<1x4x5x8xf64>, tensor<1x2x7x8xf64>, tensor<1x2x7x16xf64>)
      outs(%o0, %st0 : tensor<1x4x5x16xf64>, tensor<1x4x5xf32>)
      scale(%c : f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f64
      }
      -> tensor<1x4x5x16xf64>, tensor<1x4x5xf32>
  return
}

// -----

// (C9) rank when jagged
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %st0: tensor<1x4x5xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<3xi32>) {
  // expected-error@+1 {{expected statistics of rank 2 and element type 'f32', found 'tensor<1x4x5xf32>'}}
  %o:2 = gdpa.attention thd sum
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0, %st0 : tensor<5x4x16xf32>, tensor<1x4x5xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<3xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>, tensor<1x4x5xf32>
  return
}

// -----

// (C9) heads come before rows, also for bshd
func.func @f(%q: tensor<1x5x4x8xf32>, %k: tensor<1x7x2x8xf32>, %v: tensor<1x7x2x16xf32>, %o0: tensor<1x5x4x16xf32>, %st0: tensor<1x5x4xf32>, %c: f32) {
  // expected-note@+2 {{query has type 'tensor<1x5x4x8xf32>'}}
  // expected-error@+1 {{expected number of heads (dimension 1) of statistics to be 4 as in query, found 5}}
  %o:2 = gdpa.attention bshd sum
      ins(%q, %k, %v : tensor<1x5x4x8xf32>, tensor<1x7x2x8xf32>, tensor<1x7x2x16xf32>)
      outs(%o0, %st0 : tensor<1x5x4x16xf32>, tensor<1x5x4xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x5x4x16xf32>, tensor<1x5x4xf32>
  return
}

// -----

// (C10)
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f64) {
  // expected-error@+1 {{expected scale of type 'f32', found 'f64'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f64)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C10) bf16 storage computes in f32
func.func @f(%q: tensor<1x4x5x8xbf16>, %k: tensor<1x2x7x8xbf16>, %v: tensor<1x2x7x16xbf16>, %o0: tensor<1x4x5x16xbf16>, %c: bf16) {
  // expected-error@+1 {{expected scale of type 'f32', found 'bf16'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xbf16>, tensor<1x2x7x8xbf16>, tensor<1x2x7x16xbf16>)
      outs(%o0 : tensor<1x4x5x16xbf16>)
      scale(%c : bf16)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xbf16>
  return
}

// -----

// (C11) missing
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32) {
  // expected-error@+1 {{expected cu_seqlens_query in layout thd, found none}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C11) too many
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<3xi32>) {
  // expected-error@+1 {{expected no cu_seqlens_query in layout bhsd, found one}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<3xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C11) type
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<3xf32>) {
  // expected-error@+1 {{expected cu_seqlens_key of rank 1 and element type i32 or i64, found 'tensor<3xf32>'}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<3xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C11) rank
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32, %cq: tensor<1x3xi32>, %ck: tensor<3xi32>) {
  // expected-error@+1 {{expected cu_seqlens_query of rank 1 and element type i32 or i64, found 'tensor<1x3xi32>'}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<1x3xi32>, tensor<3xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C11) two element types
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<3xi64>) {
  // expected-error@+1 {{expected element type 'i32' of cu_seqlens_key as in cu_seqlens_query, found 'i64'}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<3xi64>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C11) two sizes
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32, %cq: tensor<3xi32>, %ck: tensor<4xi32>) {
  // expected-note@+2 {{cu_seqlens_query has type 'tensor<3xi32>'}}
  // expected-error@+1 {{expected size (dimension 0) of cu_seqlens_key to be 3 as in cu_seqlens_query, found 4}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<3xi32>, tensor<4xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C11) empty
func.func @f(%q: tensor<5x4x8xf32>, %k: tensor<7x2x8xf32>, %v: tensor<7x2x16xf32>, %o0: tensor<5x4x16xf32>, %c: f32, %cq: tensor<0xi32>, %ck: tensor<0xi32>) {
  // expected-error@+1 {{expected at least 1 element of cu_seqlens_query, one more than there are sequences, found 0}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<5x4x8xf32>, tensor<7x2x8xf32>, tensor<7x2x16xf32>)
      outs(%o0 : tensor<5x4x16xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<0xi32>, tensor<0xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<5x4x16xf32>
  return
}

// -----

// (C12) rank 0
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32, %x1: tensor<f32>) {
  // expected-error@+1 {{expected capture #1 to be a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32, bf16, f16, index or a signless integer of at most 64 bits, found 'tensor<f32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, tensor<f32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: tensor<f32>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C12) rank 5
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<1x1x1x1x1xf32>) {
  // expected-error@+1 {{expected capture #0 to be a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32, bf16, f16, index or a signless integer of at most 64 bits, found 'tensor<1x1x1x1x1xf32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<1x1x1x1x1xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<1x1x1x1x1xf32>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C12) unranked
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<*xf32>) {
  // expected-error@+1 {{expected capture #0 to be a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32, bf16, f16, index or a signless integer of at most 64 bits, found 'tensor<*xf32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<*xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<*xf32>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C12) element
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: complex<f32>) {
  // expected-error@+1 {{expected capture #0 to be a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32, bf16, f16, index or a signless integer of at most 64 bits, found 'complex<f32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : complex<f32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: complex<f32>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C12) f8
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4xf8E4M3FN>) {
  // expected-error@+1 {{expected capture #0 to be a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32, bf16, f16, index or a signless integer of at most 64 bits, found 'tensor<4xf8E4M3FN>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4xf8E4M3FN>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xf8E4M3FN>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}
