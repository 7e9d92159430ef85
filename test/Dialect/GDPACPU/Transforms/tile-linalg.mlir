// RUN: gdpa-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(gdpa-cpu-tile-linalg{vector-bits=256}))" | FileCheck %s
// RUN: gdpa-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(gdpa-cpu-tile-linalg{vector-bits=512}))" | FileCheck %s --check-prefix=WIDE

// CHECK-LABEL: func.func @product
// CHECK: scf.forall {{.*}} to (128) step (4)
// CHECK: vector.transfer_write
// CHECK: scf.forall {{.*}} to (128, 96) step (64, 32)
// CHECK: scf.for {{.*}} step %[[N:.*]] iter_args
// CHECK: vector.contract {{.*}} : vector<4x4xf32>, vector<4x16xf32> into vector<4x16xf32>
// WIDE-LABEL: func.func @product
// WIDE: vector.contract {{.*}} : vector<8x4xf32>, vector<4x32xf32> into vector<8x32xf32>
func.func @product(%a: tensor<128x40xf32>, %b: tensor<40x96xf32>) -> tensor<128x96xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x96xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<128x96xf32>) -> tensor<128x96xf32>
  %c = linalg.matmul ins(%a, %b : tensor<128x40xf32>, tensor<40x96xf32>) outs(%f : tensor<128x96xf32>) -> tensor<128x96xf32>
  return %c : tensor<128x96xf32>
}

// -----

// A chain of elementwise operations is one, of vectors; it is not computed again in the product that uses it.
// CHECK-LABEL: func.func @elementwise
// CHECK-COUNT-1: math.exp
// CHECK-NOT: math.exp
// CHECK: linalg.matmul
// CHECK-NOT: vector
func.func @elementwise(%a: tensor<?x16xf32>, %b: tensor<16x5xf32>, %f: tensor<?x5xf32>, %e: tensor<?x16xf32>) -> tensor<?x5xf32> {
  %x = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %y = arith.negf %in : f32
    linalg.yield %y : f32
  } -> tensor<?x16xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %y = math.exp %in : f32
    linalg.yield %y : f32
  } -> tensor<?x16xf32>
  %c = linalg.matmul ins(%z, %b : tensor<?x16xf32>, tensor<16x5xf32>) outs(%f : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %c : tensor<?x5xf32>
}

// -----

// Two products get a fill each: a shared one would be copied.
// CHECK-LABEL: func.func @fills
// CHECK-COUNT-4: = scf.forall
// CHECK-NOT: = scf.forall
func.func @fills(%a: tensor<8x16xf32>, %b: tensor<16x16xf32>, %c: tensor<16x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %x = linalg.matmul ins(%a, %b : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  %y = linalg.matmul ins(%a, %c : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %x, %y : tensor<8x16xf32>, tensor<8x16xf32>
}
