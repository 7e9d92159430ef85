// Every optional part of both attention operations that version 0 of the dialect has. store.sh writes the stored files from it.

func.func @smallest(%q: tensor<2x16x?x128xbf16>, %k: tensor<2x4x?x128xbf16>, %v: tensor<2x4x?x96xbf16>,
                    %o0: tensor<2x16x?x96xbf16>, %c: f32) -> tensor<2x16x?x96xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
      outs(%o0 : tensor<2x16x?x96xbf16>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      }
      -> tensor<2x16x?x96xbf16>
  return %o : tensor<2x16x?x96xbf16>
}

func.func @everything(%q: tensor<2x16x?x128xbf16>, %k: tensor<2x4x?x128xbf16>, %v: tensor<2x4x?x96xbf16>,
                      %o0: tensor<2x16x?x96xbf16>, %st0: tensor<2x16x?xf32>, %c: f32, %bias: tensor<16x?xf32>, %t: f32)
    -> (tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>) {
  %o, %st = gdpa.attention bhsd softmax
      ins(%q, %k, %v : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
      outs(%o0, %st0 : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>)
      scale(%c : f32)
      captures(%bias, %t : tensor<16x?xf32>, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %r = tensor.extract %B[%h, %j] : tensor<16x?xf32>
        %x = arith.addf %s, %r : f32
        %y = arith.mulf %x, %T : f32
        gdpa.yield %y : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      vjp(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>, %T: f32) {
        %ds = arith.mulf %ct, %T : f32
        gdpa.accumulate %ds, %B[%h, %j] : f32, tensor<16x?xf32>
        gdpa.accumulate %s, %T : f32, f32
        gdpa.yield %ds : f32
      }
      {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64, block_kv = 32>, user.note = "kept"}
      -> tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
  return %o, %st : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
}

func.func @jagged(%q: tensor<?x4x64xf16>, %o0: tensor<?x4x64xf16>, %st0: tensor<4x?xf32>, %c: f32, %cq: tensor<?xi32>, %ck: tensor<?xi32>)
    -> (tensor<?x4x64xf16>, tensor<4x?xf32>) {
  %o, %st = gdpa.attention thd sum
      ins(%q, %q, %q : tensor<?x4x64xf16>, tensor<?x4x64xf16>, tensor<?x4x64xf16>)
      outs(%o0, %st0 : tensor<?x4x64xf16>, tensor<4x?xf32>)
      scale(%c : f32)
      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = math.exp %s : f32
        gdpa.yield %z : f32
      }
      -> tensor<?x4x64xf16>, tensor<4x?xf32>
  return %o, %st : tensor<?x4x64xf16>, tensor<4x?xf32>
}

func.func @buffers(%q: memref<2x?x4x64xf64, strided<[?, ?, ?, 1], offset: ?>>, %o: memref<2x?x4x64xf64>, %c: f64, %t: memref<4xf64>) {
  gdpa.attention bshd none
      ins(%q, %q, %q : memref<2x?x4x64xf64, strided<[?, ?, ?, 1], offset: ?>>, memref<2x?x4x64xf64, strided<[?, ?, ?, 1], offset: ?>>, memref<2x?x4x64xf64, strided<[?, ?, ?, 1], offset: ?>>)
      outs(%o : memref<2x?x4x64xf64>)
      scale(%c : f64)
      captures(%t : memref<4xf64>)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: memref<4xf64>) {
        %e = memref.load %T[%h] : memref<4xf64>
        %z = arith.mulf %s, %e : f64
        gdpa.yield %z : f64
      }
  return
}

func.func @backward(%x: tensor<1x2x?x8xf32>, %row: tensor<1x2x?xf32>, %bias: tensor<2x?xf32>, %table: tensor<4xi32>, %t: f32, %dt0: tensor<f32>)
    -> (tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>) {
  %dq, %dk, %dv, %db, %dt = gdpa.attention_backward bhsd softmax
      ins(%x, %x, %x, %x, %row : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
      saved(%x, %row : tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
      outs(%x, %x, %x, %bias, %dt0 : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>)
      scale(%t : f32)
      captures(%bias, %table, %t : tensor<2x?xf32>, tensor<4xi32>, f32) wrt [0, 2]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>, %I: tensor<4xi32>, %T: f32) {
        gdpa.accumulate %ct, %B[%h, %j] : f32, tensor<2x?xf32>
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>, %I: tensor<4xi32>, %T: f32) {
        %zero = arith.constant 0 : i32
        %c3 = arith.constant 3 : index
        %e = tensor.extract %I[%c3] : tensor<4xi32>
        %keep = arith.cmpi ne, %e, %zero : i32
        gdpa.yield %keep : i1
      }
      {precision = #gdpa.precision<exact>, schedule = #gdpa_nv.schedule<block_q = 64, block_kv = 64>}
      -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>
  return %dq, %dk, %dv, %db, %dt : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>
}

func.func @backward_buffers(%x: memref<?x2x8xbf16>, %y: memref<?x2x8xbf16>, %lengths: memref<5xi32>, %t: f32, %dt: memref<f32>) {
  gdpa.attention_backward thd none
      ins(%x, %x, %x, %x : memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<?x2x8xbf16>)
      outs(%y, %y, %y, %dt : memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<f32>)
      scale(%t : f32)
      cu_seqlens(%lengths, %lengths : memref<5xi32>, memref<5xi32>)
      captures(%t : f32) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
        gdpa.yield %s, %ct : f32, f32
      }
  return
}
