// RUN: gdpa-opt %s --split-input-file --verify-diagnostics

// What regions take, do and yield. Each case carries the number of the constraint
// that it breaks.

// (C13) too few arguments
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected 7 arguments of activation (7 and one for each capture), found 1}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C13) a capture without an argument
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  // expected-error@+1 {{expected 7 arguments of mask (6 and one for each capture), found 6}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.constant true
        gdpa.yield %k : i1
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C13) type of s
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected argument #0 of activation (s) to have type 'f32', found 'bf16'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: bf16, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.extf %s : bf16 to f32
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C13) type of a coordinate
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected argument #3 of activation (i) to have type 'index', found 'i32'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: i32, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C13) type of ct
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected argument #1 of vjp (ct) to have type 'f32', found 'f64'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C13) type of a capture
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32, %x1: tensor<4xf32>) {
  // expected-error@+1 {{expected argument #8 of activation (capture #1) to have type 'tensor<4xf32>', found 'tensor<?xf32>'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, tensor<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %A: f32, %B: tensor<?xf32>) {
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C14) type of z
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+1 {{in the activation of this operation}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.truncf %s : f32 to bf16
        // expected-error@+1 {{expected activation to yield 'f32', found 'bf16'}}
        gdpa.yield %z : bf16
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C14) nothing yielded
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+1 {{in the activation of this operation}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected activation to yield 'f32', found nothing}}
        gdpa.yield
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C14) a mask that yields a number
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+1 {{in the mask of this operation}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.constant 1.0 : f32
        // expected-error@+1 {{expected mask to yield 'i1', found 'f32'}}
        gdpa.yield %k : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C14) two cotangents
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-note@+1 {{in the vjp of this operation}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected vjp to yield 'f32', found 'f32', 'f32'}}
        gdpa.yield %ct, %s : f32, f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C14) another terminator
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  // expected-error@+1 {{expected gdpa.yield at the end of activation, found 'ub.unreachable'}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        ub.unreachable
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C15) a call
func.func private @g(f32) -> f32
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected an operation without memory effects in activation}}
        %z = func.call @g(%s) : (f32) -> f32
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C15) an allocation
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected an operation without memory effects in mask}}
        %m = memref.alloc() : memref<4xf32>
        %k = arith.constant true
        gdpa.yield %k : i1
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C15) a store, below scf.if
func.func @f(%q: memref<1x4x5x8xf32>, %k: memref<1x2x7x8xf32>, %v: memref<1x2x7x16xf32>, %o0: memref<1x4x5x16xf32>, %c: f32, %x0: memref<4xf32>) {
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<1x4x5x8xf32>, memref<1x2x7x8xf32>, memref<1x2x7x16xf32>)
      outs(%o0 : memref<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : memref<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: memref<4xf32>) {
        %k = arith.cmpf ogt, %s, %s : f32
        scf.if %k {
          // expected-error@+1 {{expected an operation without memory effects in activation}}
          memref.store %s, %C0[%j] : memref<4xf32>
        }
        gdpa.yield %s : f32
      }
  return
}

// -----

// (C15) a loop without constant bounds
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        // expected-error@+1 {{expected a constant upper bound in a region of attention, found}}
        %z = scf.for %x = %c0 to %nk step %c1 iter_args(%a = %s) -> (f32) {
          scf.yield %a : f32
        }
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C15) scf.while
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{expected scf.if or scf.for in a region of attention, found 'scf.while'}}
        %z = scf.while (%a = %s) : (f32) -> f32 {
          %k = arith.cmpf ogt, %a, %a : f32
          scf.condition(%k) %a : f32
        } do {
        ^bb0(%a: f32):
          scf.yield %a : f32
        }
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C16) a load of something else
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %t = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
        // expected-error@+1 {{expected to read a capture, an argument of the region, found another tensor}}
        %z = tensor.extract %t[%j] : tensor<2xf32>
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C16) a constant index past the end
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4x?xf32>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4x?xf32>) {
        %c4 = arith.constant 4 : index
        // expected-error@+1 {{expected index 0 of the capture to lie in [0, 4), found 4}}
        %z = tensor.extract %C0[%c4, %c4] : tensor<4x?xf32>
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C16) a negative constant index, dynamic size
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4x?xf32>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4x?xf32>) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4x?xf32>) {
        %c = arith.constant -1 : index
        // expected-error@+1 {{expected index 1 of the capture to lie in [0, ?), found -1}}
        %z = tensor.extract %C0[%h, %c] : tensor<4x?xf32>
        %k = arith.cmpf ogt, %z, %z : f32
        gdpa.yield %k : i1
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C16) memref form
func.func @f(%q: memref<1x4x5x8xf32>, %k: memref<1x2x7x8xf32>, %v: memref<1x2x7x16xf32>, %o0: memref<1x4x5x16xf32>, %c: f32, %x0: memref<4xf32>) {
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<1x4x5x8xf32>, memref<1x2x7x8xf32>, memref<1x2x7x16xf32>)
      outs(%o0 : memref<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : memref<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: memref<4xf32>) {
        %c4 = arith.constant 4 : index
        // expected-error@+1 {{expected index 0 of the capture to lie in [0, 4), found 4}}
        %z = memref.load %C0[%c4] : memref<4xf32>
        gdpa.yield %z : f32
      }
  return
}

// -----

// (C17) in an activation
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        // expected-error@+1 {{expected to stand in a joint or vjp region, found activation}}
        gdpa.accumulate %s, %C0 : f32, f32
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) in a mask, below scf.if
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        %k = arith.constant true
        scf.if %k {
          // expected-error@+1 {{expected to stand in a joint or vjp region, found mask}}
          gdpa.accumulate %C0, %C0 : f32, f32
        }
        gdpa.yield %k : i1
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) outside
func.func @f(%g: f32, %t: f32) {
  // expected-error@+1 {{expected to stand in a joint or vjp region, below scf.if and scf.for alone}}
  gdpa.accumulate %g, %t : f32, f32
  return
}

// -----

// (C17) not a capture
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        // expected-error@+1 {{expected the argument of a capture, found ct}}
        gdpa.accumulate %s, %ct : f32, f32
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) not an argument
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        %t = arith.negf %C0 : f32
        // expected-error@+1 {{expected the argument of a capture, found another value}}
        gdpa.accumulate %s, %t : f32, f32
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) an integer capture
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32, %x1: tensor<4xi32>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0, %x1 : f32, tensor<4xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: tensor<4xi32>) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32, %C1: tensor<4xi32>) {
        // expected-error@+1 {{expected a float capture, found capture #1 of type 'tensor<4xi32>'}}
        gdpa.accumulate %s, %C1[%j] : f32, tensor<4xi32>
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) number of indices
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4x?xf32>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4x?xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4x?xf32>) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4x?xf32>) {
        // expected-error@+1 {{expected 2 indices into capture #0 of type 'tensor<4x?xf32>', found 1}}
        gdpa.accumulate %s, %C0[%j] : f32, tensor<4x?xf32>
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) an index into a scalar
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: f32) {
        // expected-error@+1 {{expected 0 indices into capture #0 of type 'f32', found 1}}
        gdpa.accumulate %s, %C0[%j] : f32, f32
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) a constant index past the end
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4xf32>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4xf32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xf32>) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xf32>) {
        %c4 = arith.constant 4 : index
        // expected-error@+1 {{expected index 0 of the capture to lie in [0, 4), found 4}}
        gdpa.accumulate %s, %C0[%c4] : f32, tensor<4xf32>
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// (C17) type of the gradient
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32, %x0: tensor<4xbf16>) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      captures(%x0 : tensor<4xbf16>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xbf16>) {
        gdpa.yield %s : f32
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C0: tensor<4xbf16>) {
        %g = arith.extf %s : f32 to f64
        // expected-error@+1 {{expected a gradient of type 'bf16' or 'f32', found 'f64'}}
        gdpa.accumulate %g, %C0[%h] : f64, tensor<4xbf16>
        gdpa.yield %s : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// A value from above, custom form: names inside a region are the region's own
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error@+1 {{use of undeclared SSA value name}}
        %z = arith.mulf %s, %c : f32
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}

// -----

// A yield in the wrong place
func.func @f(%q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %v: tensor<1x2x7x16xf32>, %o0: tensor<1x4x5x16xf32>, %c: f32) {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x16xf32>)
      outs(%o0 : tensor<1x4x5x16xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.cmpf ogt, %s, %s : f32
        %z = scf.if %k -> (f32) {
          // expected-error@+1 {{expects parent op to be one of 'gdpa.attention, gdpa.attention_backward, gdpa.attention_partial'}}
          gdpa.yield %s : f32
        } else {
          scf.yield %s : f32
        }
        gdpa.yield %z : f32
      }
      -> tensor<1x4x5x16xf32>
  return
}
