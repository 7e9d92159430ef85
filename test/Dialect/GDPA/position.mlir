// RUN: gdpa-opt %s --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file | gdpa-opt --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --mlir-print-op-generic | gdpa-opt --split-input-file | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --canonicalize | FileCheck %s --check-prefix=CANONICAL

// Where a tile lies in a whole, and what of it is dropped.

// CHECK-LABEL: func @tile
// CHECK:         captures(%{{.*}} : f32)
// CHECK-NEXT:    offsets(%[[B:.*]], %[[H:.*]], %[[I:.*]], %[[J:.*]])
// CHECK-NEXT:    lengths(%[[NQ:.*]], %[[NK:.*]])
// CHECK-NEXT:    activation(
// CANONICAL-LABEL: func @tile
// CANONICAL:     offsets(
// CANONICAL-NEXT: lengths(
func.func @tile(%x: tensor<1x2x?x8xf32>, %o0: tensor<1x2x?x8xf32>, %c: f32, %t: f32, %b0: index, %h0: index, %i0: index, %j0: index,
                %nq: index, %nk: index) -> tensor<1x2x?x8xf32> {
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>, tensor<1x2x?x8xf32>) outs(%o0 : tensor<1x2x?x8xf32>) scale(%c : f32)
      captures(%t : f32) offsets(%b0, %h0, %i0, %j0) lengths(%nq, %nk)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %NQ: index, %NK: index, %T: f32) {
        %sum = arith.addi %i, %NK : index
        %number = arith.index_cast %sum : index to i32
        %f = arith.sitofp %number : i32 to f32
        %z = arith.mulf %f, %T : f32
        gdpa.yield %z : f32
      }
      -> tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}

// -----

// The lengths of the tile itself, static or not, and offsets of zero; offsets that no region asks for.

// CANONICAL-LABEL: func @own
// CANONICAL-NOT:   offsets
// CANONICAL-NOT:   lengths
// CANONICAL:       return
func.func @own(%x: tensor<1x2x?x8xf32>, %k: tensor<1x2x16x8xf32>, %o0: tensor<1x2x?x8xf32>, %c: f32, %b0: index) -> tensor<1x2x?x8xf32> {
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %nq = tensor.dim %x, %two : tensor<1x2x?x8xf32>
  %nk = arith.constant 16 : index
  %o = gdpa.attention bhsd none
      ins(%x, %k, %k : tensor<1x2x?x8xf32>, tensor<1x2x16x8xf32>, tensor<1x2x16x8xf32>) outs(%o0 : tensor<1x2x?x8xf32>) scale(%c : f32)
      offsets(%b0, %zero, %zero, %zero) lengths(%nq, %nk)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %NQ: index, %NK: index) {
        %x = arith.addi %NQ, %NK : index
        %y = arith.addi %x, %j : index
        %number = arith.index_cast %y : index to i32
        %f = arith.sitofp %number : i32 to f32
        gdpa.yield %f : f32
      }
      -> tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}

// -----

// A tile of heads of a jagged batch; the backward.

// CHECK-LABEL: func @jagged
// CHECK:         offsets(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NEXT:    joint(
func.func @jagged(%x: tensor<?x2x8xf32>, %cu: tensor<?xi32>, %c: f32, %h0: index) -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) {
  %zero = arith.constant 0 : index
  %dq, %dk, %dv = gdpa.attention_backward thd none
      ins(%x, %x, %x, %x : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>)
      outs(%x, %x, %x : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>) scale(%c : f32)
      cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>) offsets(%zero, %h0, %zero, %zero)
      joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %NQ: index, %NK: index) {
        gdpa.yield %s, %ct : f32, f32
      }
      -> tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>
  return %dq, %dk, %dv : tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>
}
