// RUN: gdpa-opt %s --gdpa-to-linalg --canonicalize --cse --split-input-file | FileCheck %s

// A piece continues its state: what was summed is scaled to the new maximum.

// CHECK-LABEL: func @partial
// CHECK-SAME:    %[[Q:.*]]: tensor<1x2x4x8xf32>, %[[K:.*]]: tensor<1x2x5x8xf32>, %[[V:.*]]: tensor<1x2x5x6xf32>,
// CHECK-SAME:    %[[ACC:.*]]: tensor<1x2x4x6xf32>, %[[M:.*]]: tensor<1x2x4xf32>, %[[L:.*]]: tensor<1x2x4xf32>, %{{.*}}: f32, %[[J0:.*]]: index
// CHECK:         %[[SCORES:.*]] = linalg.contract
// CHECK:         %[[LOGITS:.*]] = linalg.generic {{.*}} ins(%[[SCORES]]
// CHECK:           %[[J:.*]] = linalg.index 4
// CHECK:           arith.addi %[[J]], %[[J0]]
// CHECK:         %[[TOP:.*]] = linalg.reduce ins(%[[LOGITS]]
// CHECK:         %[[NEW:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[TOP]]
// CHECK:           arith.maximumf
// CHECK:         %[[WEIGHTS:.*]] = linalg.generic {{.*}} ins(%[[LOGITS]], %[[NEW]]
// CHECK:           math.exp
// CHECK:         linalg.contract {{.*}} ins(%[[WEIGHTS]], %[[V]]
// CHECK-NOT:     gdpa
func.func @partial(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<1x2x5x6xf32>, %acc0: tensor<1x2x4x6xf32>, %m0: tensor<1x2x4xf32>,
                   %l0: tensor<1x2x4xf32>, %c: f32, %j0: index) -> (tensor<1x2x4x6xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>) {
  %zero = arith.constant 0 : index
  %acc, %m, %l = gdpa.attention_partial bhsd softmax
      ins(%q, %k, %v : tensor<1x2x4x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x6xf32>)
      outs(%acc0, %m0, %l0 : tensor<1x2x4x6xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>) scale(%c : f32)
      offsets(%zero, %zero, %zero, %j0)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %n = arith.index_cast %j : index to i32
        %f = arith.sitofp %n : i32 to f32
        %z = arith.addf %s, %f : f32
        gdpa.yield %z : f32
      }
      -> tensor<1x2x4x6xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return %acc, %m, %l : tensor<1x2x4x6xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
}

// -----

// CHECK-LABEL: func @merge
// CHECK-SAME:    %[[ACC:.*]]: tensor<3x1x2x4x6xf32>, %[[M:.*]]: tensor<3x1x2x4xf32>, %[[L:.*]]: tensor<3x1x2x4xf32>
// CHECK:         %[[TOP:.*]] = linalg.reduce ins(%[[M]] {{.*}} dimensions = [0]
// CHECK:         %[[X:.*]] = linalg.generic {{.*}} ins(%[[M]], %[[TOP]]
// CHECK:         linalg.generic {{.*}} ins(%[[L]], %[[X]]
// CHECK:         linalg.generic {{.*}} ins(%[[ACC]], %[[X]]
// CHECK:         arith.divf
// CHECK:         math.log
// CHECK-NOT:     gdpa
func.func @merge(%acc: tensor<3x1x2x4x6xf32>, %m: tensor<3x1x2x4xf32>, %l: tensor<3x1x2x4xf32>, %o0: tensor<1x2x4x6xbf16>, %s0: tensor<1x2x4xf32>)
    -> (tensor<1x2x4x6xbf16>, tensor<1x2x4xf32>) {
  %o, %st = gdpa.attention_merge bhsd softmax ins(%acc, %m, %l : tensor<3x1x2x4x6xf32>, tensor<3x1x2x4xf32>, tensor<3x1x2x4xf32>)
      outs(%o0, %s0 : tensor<1x2x4x6xbf16>, tensor<1x2x4xf32>) -> tensor<1x2x4x6xbf16>, tensor<1x2x4xf32>
  return %o, %st : tensor<1x2x4x6xbf16>, tensor<1x2x4xf32>
}

// -----

// What a backward accumulates below control flow is selected, then added pair after pair.

// CHECK-LABEL: func @capture
// CHECK:         %[[PAIRS:.*]]:4 = linalg.generic
// CHECK:           -> (tensor<1x1x2x4x4xf32>, tensor<1x1x2x4x4xf32>, tensor<1x1x2x4x4xf32>, tensor<1x1x2x4x4xindex>)
// CHECK:         scf.for
// CHECK:           %[[PLACE:.*]] = tensor.extract %[[PAIRS]]#3
// CHECK:           tensor.insert %{{.*}} into %{{.*}}[%[[PLACE]]]
// CHECK-NOT:     gdpa
func.func @capture(%q: tensor<1x2x4x8xf32>, %k: tensor<1x1x4x8xf32>, %c: f32, %t: tensor<?xf32>, %dt0: tensor<?xf32>) -> tensor<?xf32> {
  %d:4 = gdpa.attention_backward bhsd none
      ins(%q, %k, %k, %q : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%q, %k, %k, %dt0 : tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<?xf32>)
      scale(%c : f32)
      captures(%t : tensor<?xf32>) wrt [0]
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: tensor<?xf32>) {
        %late = arith.cmpi sgt, %i, %j : index
        scf.if %late {
          gdpa.accumulate %ct, %T[%j] : f32, tensor<?xf32>
        }
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<1x2x4x8xf32>, tensor<1x1x4x8xf32>, tensor<1x1x4x8xf32>, tensor<?xf32>
  return %d#3 : tensor<?xf32>
}

// -----

// A jagged batch is a loop over its sequences.

// CHECK-LABEL: func @jagged
// CHECK:         linalg.fill
// CHECK:         scf.for
// CHECK:           tensor.extract_slice
// CHECK:           linalg.contract
// CHECK:           tensor.insert_slice
// CHECK-NOT:     gdpa
func.func @jagged(%q: tensor<?x1x8xf32>, %k: tensor<?x1x8xf32>, %v: tensor<?x1x8xf32>, %c: f32, %b: tensor<?xi32>, %o0: tensor<?x1x8xf32>) -> tensor<?x1x8xf32> {
  %o = gdpa.attention thd none
      ins(%q, %k, %v : tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>)
      outs(%o0 : tensor<?x1x8xf32>)
      scale(%c : f32)
      cu_seqlens(%b, %b : tensor<?xi32>, tensor<?xi32>)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
      -> tensor<?x1x8xf32>
  return %o : tensor<?x1x8xf32>
}
