// RUN: gdpa-opt %s --split-input-file --verify-diagnostics --gdpa-prepare-entry

!t = tensor<1x1x?x8xf32>
func.func @other(%q: !t, %scale: f32, %o0: !t) -> !t {
  // expected-note @below {{the attention operation}}
  %o = gdpa.attention bhsd none ins(%q, %q, %q : !t, !t, !t) outs(%o0 : !t) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  // expected-error @below {{expected only constants, dims and destinations beside the attention operation of an entry, found linalg.exp}}
  %e = linalg.exp ins(%o : !t) outs(%o0 : !t) -> !t
  return %e : !t
}

// -----

!t = tensor<1x1x?x8xf32>
func.func @two(%q: !t, %scale: f32, %o0: !t) -> (!t, !t) {
  // expected-note @below {{the first one}}
  %o = gdpa.attention bhsd none ins(%q, %q, %q : !t, !t, !t) outs(%o0 : !t) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  // expected-error @below {{expected one attention operation in an entry, found another}}
  %p = gdpa.attention bhsd none ins(%q, %q, %q : !t, !t, !t) outs(%o0 : !t) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  return %o, %p : !t, !t
}

// -----

!t = tensor<1x1x?x8xf32>
func.func @passes(%q: !t, %scale: f32, %o0: !t) -> (!t, !t) {
  %o = gdpa.attention bhsd none ins(%q, %q, %q : !t, !t, !t) outs(%o0 : !t) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> !t
  // expected-error @below {{expected result 1 to be a result of the attention operation for an entry}}
  return %o, %q : !t, !t
}

// -----

func.func @piece(%x: tensor<1x2x4x8xf32>, %c: f32) -> tensor<1x2x4x8xf32> {
  // expected-error @below {{expected a whole attention operation in an entry: decompose this one with --gdpa-to-linalg}}
  %a = gdpa.attention_partial bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%x : tensor<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<1x2x4x8xf32>
  return %a : tensor<1x2x4x8xf32>
}
