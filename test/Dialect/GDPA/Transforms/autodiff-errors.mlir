// RUN: gdpa-opt %s --gdpa-autodiff --split-input-file --verify-diagnostics

!t = tensor<1x2x4x8xf32>

// expected-error @below {{expected one gdpa.attention in a function to differentiate, found 2}}
func.func @two(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  // expected-note @below {{the second one is here}}
  %p = gdpa.attention bhsd none ins(%o, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %p : !t
}

// -----

!t = tensor<1x2x4x8xf32>

// The derivative would lack that of the sum.
// expected-error @below {{expected only constants, dims and destinations beside gdpa.attention to differentiate '@other_work'}}
func.func @other_work(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  // expected-note @below {{found 'arith.addf' here}}
  %x = arith.addf %q, %k : !t
  %o = gdpa.attention bhsd none ins(%x, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>

func.func private @side_effect()

// expected-error @below {{expected only constants, dims and destinations beside gdpa.attention}}
func.func @call(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  // expected-note @below {{found 'func.call' here}}
  call @side_effect() : () -> ()
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>

func.func @nested(%q: !t, %k: !t, %v: !t, %c: f32, %p: i1) -> !t {
  %o0 = tensor.empty() : !t
  %r = scf.if %p -> !t {
    // expected-error @below {{'gdpa.attention' op expected to stand in the body of the function itself to differentiate, found it in 'scf.if'}}
    %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
          gdpa.yield %s : f32
        } -> !t
    scf.yield %o : !t
  } else {
    scf.yield %q : !t
  }
  return %r : !t
}

// -----

!t = tensor<1x2x4x8xf32>
!st = tensor<1x2x4xf32>

func.func @no_output(%q: !t, %k: !t, %v: !t, %c: f32) -> !st {
  %o0 = tensor.empty() : !t
  %st0 = tensor.empty() : !st
  %o, %st = gdpa.attention bhsd sum ins(%q, %k, %v : !t, !t, !t) outs(%o0, %st0 : !t, !st) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t, !st
  // expected-error @below {{expected to return the output of gdpa.attention}}
  return %st : !st
}

// -----

!t = tensor<1x2x4x8xf32>

func.func @argument_returned(%q: !t, %k: !t, %v: !t, %c: f32) -> (!t, !t) {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  // expected-error @below {{expected to return the output of gdpa.attention once, its statistics at most once and no other float, found result 1}}
  return %o, %q : !t, !t
}

// -----

!t = tensor<1x2x4x8xf32>

// expected-error @below {{expected the scale to be no capture as well, since it gets no cotangent, found argument 3 to be both}}
func.func @scale_captured(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) captures(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %C: f32) {
        %z = arith.divf %s, %C : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x2x4x8xf32>

// expected-error @below {{expected the name '@taken_vjp' to be free for the derivative}}
func.func @taken(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %o : !t
}
// expected-note @below {{defined here}}
func.func private @taken_vjp()

// -----

!m = memref<1x2x4x8xf32>

func.func @buffers(%q: !m, %k: !m, %v: !m, %o: !m, %c: f32) {
  // expected-error @below {{'gdpa.attention' op expected tensors to differentiate, found 'memref<1x2x4x8xf32>'}}
  gdpa.attention bhsd none ins(%q, %k, %v : !m, !m, !m) outs(%o : !m) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  return
}

// -----

!t = tensor<1x2x4x8xf32>
!st = tensor<1x2x4xf32>

func.func @grows(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %st0 = tensor.empty() : !st
  %o, %st = gdpa.attention bhsd sum ins(%q, %k, %v : !t, !t, !t) outs(%o0, %st0 : !t, !st) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t, !st
  return %o : !t
}
func.func @address() -> ((!t, !t, !t, f32) -> !t) {
  // expected-error @below {{'func.constant' op expected only calls of '@grows', whose results grow by the statistics}}
  %f = func.constant @grows : (!t, !t, !t, f32) -> !t
  return %f : (!t, !t, !t, f32) -> !t
}
