// RUN: gdpa-opt %s | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --mlir-print-op-generic | gdpa-opt | FileCheck %s
// RUN: gdpa-opt %s --emit-bytecode | gdpa-opt | FileCheck %s

// Every optional part of the text form of the backward operation.

// CHECK-LABEL: func.func @smallest
// CHECK:      %dq, %dk, %dv = gdpa.attention_backward bhsd none
// CHECK-NEXT:   ins(%arg0, %arg1, %arg2, %arg3 : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>, tensor<2x8x?x32xf32>)
// CHECK-NEXT:   outs(%arg4, %arg5, %arg6 : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>)
// CHECK-NEXT:   scale(%arg7 : f32)
// CHECK-NEXT:   joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
// CHECK-NEXT:     gdpa.yield %s, %ct : f32, f32
// CHECK-NEXT:   }
// CHECK-NEXT:   -> tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>
func.func @smallest(%q: tensor<2x8x?x64xf32>, %k: tensor<2x2x?x64xf32>, %v: tensor<2x2x?x32xf32>,
                    %do: tensor<2x8x?x32xf32>,
                    %dq0: tensor<2x8x?x64xf32>, %dk0: tensor<2x2x?x64xf32>, %dv0: tensor<2x2x?x32xf32>, %c: f32)
    -> (tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>) {
  %dq, %dk, %dv = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>, tensor<2x8x?x32xf32>)
      outs(%dq0, %dk0, %dv0 : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>)
      scale(%c : f32)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>
  return %dq, %dk, %dv : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>
}

// saved, dstatistics, captures with wrt (of three captures the second has no
// gradient), accumulate below scf.if, mask, attributes.
// CHECK-LABEL: func.func @everything
// CHECK:      %dq, %dk, %dv, %dc0, %dc1 = gdpa.attention_backward bhsd softmax
// CHECK-NEXT:   ins(%{{.*}} : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
// CHECK-NEXT:   saved(%{{.*}}, %{{.*}} : tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
// CHECK-NEXT:   outs(%{{.*}} : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>)
// CHECK-NEXT:   scale(%{{.*}} : f32)
// CHECK-NEXT:   captures(%{{.*}} : tensor<2x?xf32>, tensor<4xi32>, f32) wrt [0, 2]
// CHECK-NEXT:   joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: tensor<2x?xf32>, %c1: tensor<4xi32>, %c2: f32) {
// CHECK:          scf.if
// CHECK-NEXT:       gdpa.accumulate %ct, %c0[%h, %j] : f32, tensor<2x?xf32>
// CHECK:          gdpa.accumulate %ct, %c2 : f32, f32
// CHECK:        mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: tensor<2x?xf32>, %c1: tensor<4xi32>, %c2: f32) {
// CHECK:          gdpa.yield %{{.*}} : i1
// CHECK-NEXT:   }
// CHECK-NEXT:   {precision = #gdpa.precision<exact>}
// CHECK-NEXT:   -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>
func.func @everything(%x: tensor<1x2x?x8xf32>, %row: tensor<1x2x?xf32>, %bias: tensor<2x?xf32>,
                      %table: tensor<4xi32>, %t: f32, %dt0: tensor<f32>)
    -> (tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>) {
  %dq, %dk, %dv, %db, %dt = gdpa.attention_backward bhsd softmax
      ins(%x, %x, %x, %x, %row : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
      saved(%x, %row : tensor<1x2x?x8xf32>, tensor<1x2x?xf32>)
      outs(%x, %x, %x, %bias, %dt0 : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>)
      scale(%t : f32)
      captures(%bias, %table, %t : tensor<2x?xf32>, tensor<4xi32>, f32) wrt [0, 2]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>, %I: tensor<4xi32>, %T: f32) {
        %positive = arith.cmpf ogt, %s, %T : f32
        scf.if %positive {
          gdpa.accumulate %ct, %B[%h, %j] : f32, tensor<2x?xf32>
        }
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
      {precision = #gdpa.precision<exact>}
      -> tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>
  return %dq, %db, %dt : tensor<1x2x?x8xf32>, tensor<2x?xf32>, tensor<f32>
}

// The memref form; jagged.
// CHECK-LABEL: func.func @memrefs
// CHECK:      gdpa.attention_backward thd none
// CHECK-NEXT:   ins(
// CHECK-NEXT:   outs(%{{.*}} : memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<?x2x8xbf16>, memref<f32>)
// CHECK-NEXT:   scale(
// CHECK-NEXT:   cu_seqlens(%{{.*}}, %{{.*}} : memref<5xi32>, memref<5xi32>)
// CHECK-NEXT:   captures(%{{.*}} : f32) wrt [0]
// CHECK-NEXT:   joint(
// CHECK:        }
// CHECK-NEXT:   return
func.func @memrefs(%x: memref<?x2x8xbf16>, %y: memref<?x2x8xbf16>, %lengths: memref<5xi32>, %t: f32, %dt: memref<f32>) {
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
