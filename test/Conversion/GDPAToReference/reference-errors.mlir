// RUN: gdpa-opt %s --convert-gdpa-to-reference=gradients --split-input-file --verify-diagnostics

func.func @bits(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        // expected-error @below {{of a float type has no meaning in the reference target, which computes in f64}}
        %n = arith.bitcast %s : f32 to i32
        %z = arith.sitofp %n : i32 to f32
        gdpa.yield %z : f32
      }
      -> tensor<1x1x4x8xf32>
  return %o : tensor<1x1x4x8xf32>
}

// -----

func.func @computed(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %twice = arith.addf %c, %c : f32
  // expected-error @below {{expected its scale to be an argument of the function or a scalar constant}}
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%twice : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x1x4x8xf32>
  return %o : tensor<1x1x4x8xf32>
}

// -----

// expected-error @below {{expected arguments with different names, found two called 'k' in the forward entry}}
func.func @names(%q: tensor<1x1x4x8xf32> {gdpa.name = "k"}, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x1x4x8xf32>
  return %o : tensor<1x1x4x8xf32>
}

// -----

func.func @memrefs(%q: memref<1x1x4x8xf32>, %k: memref<1x1x4x8xf32>, %v: memref<1x1x4x8xf32>, %c: f32, %o: memref<1x1x4x8xf32>) {
  // expected-error @below {{expected tensors, found memrefs: the reference target starts from the tensor form}}
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<1x1x4x8xf32>, memref<1x1x4x8xf32>, memref<1x1x4x8xf32>)
      outs(%o : memref<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
  return
}

// -----

// expected-error @below {{expected one gdpa.attention in a function, found 2}}
func.func @two(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x1x4x8xf32>
  // expected-note @below {{the second one is here}}
  %p = gdpa.attention bhsd none
      ins(%o, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x1x4x8xf32>
  return %p : tensor<1x1x4x8xf32>
}

// -----

// expected-error @below {{expected arguments with different names, found two called 'dq' in the backward entry}}
func.func @result_name(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %t: f32 {gdpa.name = "dq"}, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
      outs(%o0 : tensor<1x1x4x8xf32>)
      scale(%c : f32)
      captures(%t : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) { gdpa.yield %s : f32 }
      -> tensor<1x1x4x8xf32>
  return %o : tensor<1x1x4x8xf32>
}

// -----

func.func @loop(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %n = %c0 to %c1 step %c1 iter_args(%x = %q) -> (tensor<1x1x4x8xf32>) {
    %o = gdpa.attention bhsd none
        ins(%x, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
        outs(%o0 : tensor<1x1x4x8xf32>)
        scale(%c : f32)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
        -> tensor<1x1x4x8xf32>
    scf.yield %o : tensor<1x1x4x8xf32>
  }
  // expected-error @below {{expected result 0 to be a result of the gdpa.attention}}
  return %r : tensor<1x1x4x8xf32>
}

// -----

func.func @nested(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %c: f32, %o0: tensor<1x1x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %n = %c0 to %c1 step %c1 iter_args(%x = %q) -> (tensor<1x1x4x8xf32>) {
    // expected-error @below {{expected its query to be an argument of the function or a scalar constant}}
    %o = gdpa.attention bhsd none
        ins(%x, %k, %v : tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>)
        outs(%o0 : tensor<1x1x4x8xf32>)
        scale(%c : f32)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
        -> tensor<1x1x4x8xf32>
    scf.yield %o : tensor<1x1x4x8xf32>
  }
  return
}

// -----

func.func @piece(%x: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  // expected-error @below {{expected a whole gdpa.attention for the reference target}}
  %a = gdpa.attention_partial bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x2x4x8xf32>
  return %a : tensor<1x2x4x8xf32>
}
