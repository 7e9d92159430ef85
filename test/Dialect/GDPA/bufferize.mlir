// RUN: gdpa-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --split-input-file | FileCheck %s

// One-shot bufferization of both operations: the destination is written in place,
// nothing is allocated or copied, regions load where they extracted.

// CHECK-LABEL: func.func @forward
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: memref<1x2x?x8xbf16, strided<[?, ?, ?, 1], offset: ?>>, %[[O:[a-z0-9]+]]: memref<1x2x?x8xbf16>, %[[C:[a-z0-9]+]]: f32, %[[B:[a-z0-9]+]]: memref<2x?xf32>, %[[T:[a-z0-9]+]]: f32)
// CHECK-NOT:     alloc
// CHECK-NOT:     copy
// CHECK:         gdpa.attention bhsd none
// CHECK-NEXT:      ins(%[[Q]], %[[Q]], %[[Q]] : memref<1x2x?x8xbf16, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xbf16, strided<[?, ?, ?, 1], offset: ?>>, memref<1x2x?x8xbf16, strided<[?, ?, ?, 1], offset: ?>>)
// CHECK-NEXT:      outs(%[[O]] : memref<1x2x?x8xbf16>)
// CHECK-NEXT:      scale(%[[C]] : f32)
// CHECK-NEXT:      captures(%[[B]], %[[T]] : memref<2x?xf32>, f32)
// CHECK-NEXT:      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: memref<2x?xf32>, %c1: f32) {
// CHECK-NEXT:        %[[E:.*]] = memref.load %c0[%h, %j] : memref<2x?xf32>
// CHECK-NEXT:        %[[X:.*]] = arith.addf %s, %[[E]] : f32
// CHECK-NEXT:        %[[Y:.*]] = arith.mulf %[[X]], %c1 : f32
// CHECK-NEXT:        gdpa.yield %[[Y]] : f32
// CHECK-NEXT:      }
// CHECK-NEXT:      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %c0: memref<2x?xf32>, %c1: f32) {
// CHECK-NEXT:        %[[E:.*]] = memref.load %c0[%h, %i] : memref<2x?xf32>
// CHECK-NEXT:        %[[K:.*]] = arith.cmpf ogt, %[[E]], %c1 : f32
// CHECK-NEXT:        gdpa.yield %[[K]] : i1
// CHECK-NEXT:      }
// CHECK-NEXT:      {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64>, user.note = 1 : i64}
// CHECK-NEXT:    return %[[O]] : memref<1x2x?x8xbf16>
func.func @forward(%q: tensor<1x2x?x8xbf16> {bufferization.buffer_layout = strided<[?, ?, ?, 1], offset: ?>},
                   %o0: tensor<1x2x?x8xbf16> {bufferization.writable = true}, %c: f32,
                   %bias: tensor<2x?xf32>, %t: f32) -> tensor<1x2x?x8xbf16> {
  %o = gdpa.attention bhsd none
      ins(%q, %q, %q : tensor<1x2x?x8xbf16>, tensor<1x2x?x8xbf16>, tensor<1x2x?x8xbf16>)
      outs(%o0 : tensor<1x2x?x8xbf16>)
      scale(%c : f32)
      captures(%bias, %t : tensor<2x?xf32>, f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>, %T: f32) {
        %r = tensor.extract %B[%h, %j] : tensor<2x?xf32>
        %x = arith.addf %s, %r : f32
        %y = arith.mulf %x, %T : f32
        gdpa.yield %y : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x?xf32>, %T: f32) {
        %r = tensor.extract %B[%h, %i] : tensor<2x?xf32>
        %keep = arith.cmpf ogt, %r, %T : f32
        gdpa.yield %keep : i1
      }
      {precision = #gdpa.precision<fast>, schedule = #gdpa_cpu.schedule<block_q = 64>, user.note = 1 : i64}
      -> tensor<1x2x?x8xbf16>
  return %o : tensor<1x2x?x8xbf16>
}

// -----

// Gradients of captures; an accumulate below scf.if; a destination that is fresh
// memory is not copied into.

// CHECK-LABEL: func.func @backward
// CHECK-COUNT-3: memref.alloc()
// CHECK-NOT:     alloc
// CHECK-NOT:     copy
// CHECK:         gdpa.attention_backward bhsd softmax
// CHECK-NEXT:      ins(
// CHECK-NEXT:      saved(%{{.*}}, %{{.*}} : memref<1x2x4x8xf32>, memref<1x2x4xf32>)
// CHECK-NEXT:      outs(%{{.*}} : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<2x4xf32>, memref<f32>)
// CHECK-NEXT:      scale(
// CHECK-NEXT:      captures(%{{.*}}, %{{.*}} : memref<2x4xf32>, f32) wrt [0, 1]
// CHECK-NEXT:      joint(%s: f32, %ct: f32, {{.*}}, %c0: memref<2x4xf32>, %c1: f32) {
// CHECK-NEXT:        %[[E:.*]] = memref.load %c0[%h, %j] : memref<2x4xf32>
// CHECK-NEXT:        %[[POSITIVE:.*]] = arith.cmpf ogt, %s, %[[E]] : f32
// CHECK-NEXT:        scf.if %[[POSITIVE]] {
// CHECK-NEXT:          gdpa.accumulate %ct, %c0[%h, %j] : f32, memref<2x4xf32>
// CHECK-NEXT:        }
// CHECK-NEXT:        gdpa.accumulate %ct, %c1 : f32, f32
// CHECK-NEXT:        gdpa.yield %s, %ct : f32, f32
// CHECK-NOT:     copy
func.func @backward(%x: tensor<1x2x4x8xf32>, %row: tensor<1x2x4xf32>, %bias: tensor<2x4xf32>, %t: f32,
                    %db0: tensor<2x4xf32> {bufferization.writable = true},
                    %dt0: tensor<f32> {bufferization.writable = true})
    -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<2x4xf32>, tensor<f32>) {
  %dq0 = tensor.empty() : tensor<1x2x4x8xf32>
  %dk0 = tensor.empty() : tensor<1x2x4x8xf32>
  %dv0 = tensor.empty() : tensor<1x2x4x8xf32>
  %dq, %dk, %dv, %db, %dt = gdpa.attention_backward bhsd softmax
      ins(%x, %x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      saved(%x, %row : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>)
      outs(%dq0, %dk0, %dv0, %db0, %dt0 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<2x4xf32>, tensor<f32>)
      scale(%t : f32)
      captures(%bias, %t : tensor<2x4xf32>, f32) wrt [0, 1]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<2x4xf32>, %T: f32) {
        %r = tensor.extract %B[%h, %j] : tensor<2x4xf32>
        %positive = arith.cmpf ogt, %s, %r : f32
        scf.if %positive {
          gdpa.accumulate %ct, %B[%h, %j] : f32, tensor<2x4xf32>
        }
        gdpa.accumulate %ct, %T : f32, f32
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<2x4xf32>, tensor<f32>
  return %dq, %dk, %dv, %db, %dt : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<2x4xf32>, tensor<f32>
}

// -----

// A destination that is also an input must not be overwritten while it is read:
// here, and only here, a buffer of its own appears. Its old content is not copied.

// CHECK-LABEL: func.func @input_as_destination
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<1x2x4x8xf32>
// CHECK:         %[[FRESH:.*]] = memref.alloc
// CHECK-NOT:     copy
// CHECK:         outs(%[[FRESH]] : memref<1x2x4x8xf32>)
func.func @input_as_destination(%x: tensor<1x2x4x8xf32> {bufferization.writable = true}, %c: f32) -> tensor<1x2x4x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  return %o : tensor<1x2x4x8xf32>
}

// -----

// The shape that entries have: buffers at the boundary already.

// CHECK-LABEL: func.func @entry
// CHECK-SAME:    %[[Q:[a-z0-9]+]]: memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>, %[[O:[a-z0-9]+]]: memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>
// CHECK-NEXT:    gdpa.attention bhsd none
// CHECK:           outs(%[[O]] :
// CHECK:         }
// CHECK-NEXT:    return
func.func @entry(%q: memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>,
                 %o: memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>, %c: f32) {
  %x = bufferization.to_tensor %q restrict : memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>> to tensor<?x?x?x8xf32>
  %o0 = bufferization.to_tensor %o restrict writable : memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>> to tensor<?x?x?x8xf32>
  %r = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>)
      outs(%o0 : tensor<?x?x?x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<?x?x?x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o
      : (tensor<?x?x?x8xf32>, memref<?x?x?x8xf32, strided<[?, ?, ?, 1], offset: ?>>) -> ()
  return
}
