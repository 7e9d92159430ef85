// RUN: gdpa-opt %s --gdpa-plan="target=sm_80" --convert-gdpa-to-tile --split-input-file --verify-diagnostics

func.func @columns(%q: memref<1x1x8x8xbf16, strided<[64, 64, 1, 8]>>, %o: memref<1x1x8x8xbf16>, %scale: f32) {
  // expected-error @below {{is not lowered on this target: expected buffers with a last stride of 1, found 'memref<1x1x8x8xbf16, strided<[64, 64, 1, 8]>>'}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x8x8xbf16, strided<[64, 64, 1, 8]>>, memref<1x1x8x8xbf16, strided<[64, 64, 1, 8]>>, memref<1x1x8x8xbf16, strided<[64, 64, 1, 8]>>)
      outs(%o : memref<1x1x8x8xbf16>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  return
}

// -----

func.func @storage(%q: memref<1x1x8x8xf64>, %o: memref<1x1x8x8xf64>, %scale: f64) {
  // expected-error @below {{is not lowered on this target: expected storage bf16 or f16, found f64}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x8x8xf64>, memref<1x1x8x8xf64>, memref<1x1x8x8xf64>)
      outs(%o : memref<1x1x8x8xf64>) scale(%scale : f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f64
      }
  return
}
