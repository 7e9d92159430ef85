// RUN: gdpa-opt %s --gdpa-to-linalg --split-input-file --verify-diagnostics

func.func @memrefs(%q: memref<1x1x4x8xf32>, %k: memref<1x1x4x8xf32>, %v: memref<1x1x4x8xf32>, %c: f32, %o: memref<1x1x4x8xf32>) {
  // expected-error @below {{expected tensors for the decomposition into linalg, found memrefs}}
  gdpa.attention bhsd none
      ins(%q, %k, %v : memref<1x1x4x8xf32>, memref<1x1x4x8xf32>, memref<1x1x4x8xf32>)
      outs(%o : memref<1x1x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
  return
}

// -----

func.func @jagged(%q: tensor<?x1x8xf32>, %k: tensor<?x1x8xf32>, %v: tensor<?x1x8xf32>, %c: f32, %b: tensor<?xi32>, %o0: tensor<?x1x8xf32>) -> tensor<?x1x8xf32> {
  // expected-error @below {{expected layout bhsd or bshd for the decomposition into linalg, found thd}}
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>)
      outs(%o0 : tensor<?x1x8xf32>)
      scale(%c : f32)
      cu_seqlens(%b, %b : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<?x1x8xf32>
  return %o : tensor<?x1x8xf32>
}

// -----

func.func @captures(%q: tensor<1x2x4x8xf32>, %k: tensor<1x1x4x8xf32>, %v: tensor<1x1x4x8xf32>, %do: tensor<1x2x4x8xf32>, %c: f32, %t: f32,
    %dq0: tensor<1x2x4x8xf32>, %dk0: tensor<1x1x4x8xf32>, %dv0: tensor<1x1x4x8xf32>, %dt0: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{expected normalizer none and no gradients of captures for the decomposition into linalg}}
  %d:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%dq0, %dk0, %dv0, %dt0 : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<f32>)
      scale(%c : f32)
      captures(%t : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<f32>
  return %d#3 : tensor<f32>
}
