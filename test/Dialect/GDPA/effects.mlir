// RUN: gdpa-opt %s --cse --split-input-file | FileCheck %s

// What other passes may conclude from the operations' memory effects.

// On memrefs the operation writes: a load after it is not the load before it.

// CHECK-LABEL: func.func @memrefs_write
// CHECK:         memref.load
// CHECK:         gdpa.attention
// CHECK:         memref.load
// CHECK:         arith.addf
func.func @memrefs_write(%x: memref<1x2x4x8xf32>, %t: memref<f32>, %c: f32) -> f32 {
  %before = memref.load %t[] : memref<f32>
  gdpa.attention bhsd none
      ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>)
      outs(%x : memref<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
  %after = memref.load %t[] : memref<f32>
  %sum = arith.addf %before, %after : f32
  return %sum : f32
}

// -----

// On tensors it has no effects: loads around it are one, and so are two equal
// operations; one with another mask is another.

// CHECK-LABEL: func.func @tensors_have_none
// CHECK-COUNT-1: memref.load
// CHECK-COUNT-2: gdpa.attention
// CHECK-NOT:     memref.load
// CHECK-NOT:     gdpa.attention
// CHECK:         return
func.func @tensors_have_none(%x: tensor<1x2x4x8xf32>, %t: memref<f32>, %c: f32)
    -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32) {
  %before = memref.load %t[] : memref<f32>
  %o = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  %p = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      -> tensor<1x2x4x8xf32>
  %r = gdpa.attention bhsd none
      ins(%x, %x, %x : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>)
      outs(%x : tensor<1x2x4x8xf32>)
      scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        gdpa.yield %s : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %k = arith.cmpi sge, %i, %j : index
        gdpa.yield %k : i1
      }
      -> tensor<1x2x4x8xf32>
  %after = memref.load %t[] : memref<f32>
  %sum = arith.addf %before, %after : f32
  return %o, %p, %r, %sum : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, f32
}

// -----

// A state is read before it is written: what was stored there is not dead, and a load after it is another one.

// CHECK-LABEL: func.func @states_are_read
// CHECK:         memref.store
// CHECK:         gdpa.attention_partial
// CHECK:         memref.store
// CHECK:         gdpa.attention_merge
// CHECK:         return
func.func @states_are_read(%x: memref<1x2x4x8xf32>, %all: memref<3x1x2x4x8xf32>, %c: f32, %zero: f32) {
  %i = arith.constant 0 : index
  memref.store %zero, %x[%i, %i, %i, %i] : memref<1x2x4x8xf32>
  gdpa.attention_partial bhsd none
      ins(%x, %x, %x : memref<1x2x4x8xf32>, memref<1x2x4x8xf32>, memref<1x2x4x8xf32>) outs(%x : memref<1x2x4x8xf32>) scale(%c : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f32 }
  memref.store %zero, %x[%i, %i, %i, %i] : memref<1x2x4x8xf32>
  gdpa.attention_merge bhsd none ins(%all : memref<3x1x2x4x8xf32>) outs(%x : memref<1x2x4x8xf32>)
  return
}
