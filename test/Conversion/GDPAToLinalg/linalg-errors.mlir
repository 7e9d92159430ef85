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

func.func @merge(%acc: memref<2x1x1x4x8xf32>, %o: memref<1x1x4x8xf32>) {
  // expected-error @below {{expected tensors for the decomposition into linalg, found memrefs}}
  gdpa.attention_merge bhsd none ins(%acc : memref<2x1x1x4x8xf32>) outs(%o : memref<1x1x4x8xf32>)
  return
}
