// RUN: gdpa-opt %s --split-input-file --verify-diagnostics --convert-gdpa-to-tile

func.func @unplanned(%q: memref<1x1x8x8xf32>, %o: memref<1x1x8x8xf32>, %scale: f32) {
  // expected-error @below {{expected a schedule: run --gdpa-plan first}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x8x8xf32>, memref<1x1x8x8xf32>, memref<1x1x8x8xf32>)
      outs(%o : memref<1x1x8x8xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  return
}

// -----

func.func @depth(%q: memref<1x1x8x12xf32>, %o: memref<1x1x8x12xf32>, %scale: f32) {
  // expected-error @below {{is not lowered: expected a static head dim of 8 to 256 in steps of 8 of the query, found 'memref<1x1x8x12xf32>'}}
  gdpa.attention bhsd none ins(%q, %q, %q : memref<1x1x8x12xf32>, memref<1x1x8x12xf32>, memref<1x1x8x12xf32>)
      outs(%o : memref<1x1x8x12xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } {schedule = #gdpa_cpu.schedule<block_q = 256, block_kv = 128, backward_block_q = 128, backward_block_kv = 256, panel = 16, group = 4, tile = 16, ranges = 2>}
  return
}

// -----

func.func @tensors(%q: tensor<1x1x8x8xf32>, %scale: f32) -> tensor<1x1x8x8xf32> {
  // expected-error @below {{expected an operation on buffers: bufferize first}}
  %o = gdpa.attention bhsd none ins(%q, %q, %q : tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>, tensor<1x1x8x8xf32>)
      outs(%q : tensor<1x1x8x8xf32>) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      } -> tensor<1x1x8x8xf32>
  return %o : tensor<1x1x8x8xf32>
}

// -----

func.func @piece(%x: memref<1x2x4x8xf32>, %c: f32) {
  // expected-error @below {{is not lowered to block programs: decompose it with --gdpa-to-linalg}}
  gdpa.attention_partial bhsd none
      ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) outs(%x : memref<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
  return
}

// -----

func.func @merge(%acc: memref<2x1x2x4x8xf32>, %o: memref<1x2x4x8xf32>) {
  // expected-error @below {{is not lowered to block programs: decompose it with --gdpa-to-linalg}}
  gdpa.attention_merge bhsd none ins(%acc : memref<2x1x2x4x8xf32>) outs(%o : memref<1x2x4x8xf32>)
  return
}
