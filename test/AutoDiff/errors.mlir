// RUN: gdpa-opt %s --gdpa-autodiff --split-input-file --verify-diagnostics

!t = tensor<1x1x2x8xf32>

// A bit pattern has no derivative.
func.func @bit_pattern(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error @below {{'arith.bitcast' op expected a derivative: implement gdpa::DifferentiableOpInterface for it, e.g. by an external model}}
        %n = arith.bitcast %s : f32 to i32
        %one = arith.constant 1 : i32
        %m = arith.shrui %n, %one : i32
        %z = arith.bitcast %m : i32 to f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x2x8xf32>

// The same inside a branch.
func.func @in_a_branch(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %p = arith.cmpi eq, %i, %j : index
        %z = scf.if %p -> f32 {
          %e = math.exp %s : f32
          // expected-error @below {{'arith.bitcast' op expected a derivative}}
          %n = arith.bitcast %e : f32 to i32
          %y = arith.sitofp %n : i32 to f32
          scf.yield %y : f32
        } else {
          scf.yield %s : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x2x8xf32>

// Neither what z does not need nor what depends on no score and no capture needs a
// derivative.
func.func @not_needed(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.bitcast %s : f32 to i32
        %index = arith.index_cast %i : index to i32
        %bits = arith.bitcast %index : i32 to f32
        %back = arith.bitcast %bits : f32 to i32
        %k0 = arith.sitofp %back : i32 to f32
        %z = arith.mulf %s, %k0 : f32
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x2x8xf32>

// A loop is differentiated unrolled, so it has to be short.
func.func @long_loop(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %c0 = arith.constant 0 : index
        %c1 = arith.constant 1 : index
        %c257 = arith.constant 257 : index
        // expected-error @below {{'scf.for' op expected constant bounds and at most 256 iterations to differentiate, found 257 iterations}}
        %z = scf.for %n = %c0 to %c257 step %c1 iter_args(%x = %s) -> f32 {
          %y = math.sin %x : f32
          scf.yield %y : f32
        }
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x2x8xf32>

// The rules are those of scalars.
func.func @vectors(%q: !t, %k: !t, %v: !t, %c: f32) -> !t {
  %o0 = tensor.empty() : !t
  %o = gdpa.attention bhsd none ins(%q, %k, %v : !t, !t, !t) outs(%o0 : !t) scale(%c : f32) 
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = vector.broadcast %s : f32 to vector<4xf32>
        %m = arith.addf %n, %n : vector<4xf32>
        // expected-error @below {{'vector.extract' op expected a derivative}}
        %z = vector.extract %m[1] : f32 from vector<4xf32>
        gdpa.yield %z : f32
      } -> !t
  return %o : !t
}
