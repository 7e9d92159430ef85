// RUN: gdpa-opt %s --gdpa-raise --canonicalize --split-input-file | FileCheck %s

// Transposed operands, a dead maximum, the scale in three places, one of them a run-time number: one factor. What nothing
// else uses of the old computation is gone.
// CHECK-LABEL: func.func @scales
// CHECK-SAME: %[[Q:.*]]: tensor<2x4x8xf32>, %[[K:.*]]: tensor<2x4x6xf32>, %[[V:.*]]: tensor<2x6x4xf32>, %[[C:.*]]: f32
// CHECK-NOT: linalg.batch_matmul
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: %[[SCALE:.*]] = arith.mulf %[[C]], %[[HALF]] : f32
// CHECK: gdpa.attention bhsd none
// CHECK: scale(%[[SCALE]] : f32)
// CHECK: activation(%[[S:.*]]: f32
// CHECK-NEXT: %[[Z:.*]] = math.tanh %[[S]] : f32
// CHECK-NEXT: gdpa.yield %[[Z]] : f32
// CHECK-NOT: mask
func.func @scales(%q: tensor<2x4x8xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %c: f32) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %quarter = arith.constant 0.25 : f32
  %half = arith.constant 0.5 : f32
  %eq = tensor.empty() : tensor<2x4x8xf32>
  %qs = linalg.generic {indexing_maps = [affine_map<(b, d, i) -> (b, d, i)>, affine_map<(b, d, i) -> (b, d, i)>],
                        iterator_types = ["parallel", "parallel", "parallel"]} ins(%q : tensor<2x4x8xf32>) outs(%eq : tensor<2x4x8xf32>) {
  ^bb0(%x: f32, %out: f32):
    %y = arith.mulf %quarter, %x : f32
    linalg.yield %y : f32
  } -> tensor<2x4x8xf32>
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(b, i, j, d) -> (b, d, i)>, affine_map<(b, i, j, d) -> (b, d, j)>, affine_map<(b, i, j, d) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%qs, %k : tensor<2x4x8xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %p = arith.mulf %x, %y : f32
    %pc = arith.mulf %p, %c : f32
    %t = arith.addf %pc, %out : f32
    linalg.yield %t : f32
  } -> tensor<2x8x6xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %out: f32):
    %d = arith.divf %x, %half : f32
    %z = math.tanh %d : f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// Everything in the body of the second product, as linalg-fuse-elementwise-ops leaves it; v is its first factor. A mask by
// coordinates, a bias of the keys.
// CHECK-LABEL: func.func @fused
// CHECK: captures(%{{.*}} : tensor<6xf32>)
// CHECK: activation(%s: f32, {{.*}}, %[[B:[a-z0-9]+]]: tensor<6xf32>)
// CHECK-NEXT: %[[E:.*]] = tensor.extract %[[B]][%j]
// CHECK-NEXT: %[[X:.*]] = arith.addf %s, %[[E]]
// CHECK-NEXT: %[[Z:.*]] = math.exp %[[X]]
// CHECK-NEXT: gdpa.yield %[[Z]]
// CHECK: mask(
// CHECK-NEXT: %[[KEEP:.*]] = arith.cmpi sge, %i, %j : index
// CHECK-NEXT: gdpa.yield %[[KEEP]]
func.func @fused(%q: tensor<2x8x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x6x4xf32>, %bias: tensor<6xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.contract indexing_maps = [affine_map<(b, i, j, d) -> (b, i, d)>, affine_map<(b, i, j, d) -> (b, j, d)>, affine_map<(b, i, j, d) -> (b, i, j)>]
      ins(%q, %k : tensor<2x8x4xf32>, tensor<2x6x4xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.generic {indexing_maps = [affine_map<(b, i, d, j) -> (b, j, d)>, affine_map<(b, i, d, j) -> (b, i, j)>, affine_map<(b, i, d, j) -> (j)>, affine_map<(b, i, d, j) -> (b, i, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%v, %s, %bias : tensor<2x6x4xf32>, tensor<2x8x6xf32>, tensor<6xf32>) outs(%f2 : tensor<2x8x4xf32>) {
  ^bb0(%y: f32, %x: f32, %c: f32, %out: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 3 : index
    %i64 = arith.index_cast %i : index to i64
    %j64 = arith.index_cast %j : index to i64
    %keep = arith.cmpi sge, %i64, %j64 : i64
    %b = arith.addf %x, %c : f32
    %z = math.exp %b : f32
    %w = arith.select %keep, %z, %zero : f32
    %p = arith.mulf %y, %w : f32
    %t = arith.addf %out, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// A mask as a factor stays in the activation: 0 * inf is no 0.
// CHECK-LABEL: func.func @mask_as_factor
// CHECK: gdpa.attention
// CHECK: %[[M:.*]] = arith.uitofp
// CHECK: arith.mulf %{{.*}}, %[[M]] : f32
// CHECK-NOT: mask(
func.func @mask_as_factor(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %m: tensor<8x6xi1>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %m : tensor<2x8x6xf32>, tensor<8x6xi1>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %keep: i1, %out: f32):
    %z = math.exp %x : f32
    %y = arith.uitofp %keep : i1 to f32
    %p = arith.mulf %z, %y : f32
    linalg.yield %p : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// A select between the weight and another number than zero masks nothing; nor one whose condition knows the score.
// CHECK-LABEL: func.func @selects
// CHECK: gdpa.attention
// CHECK: arith.cmpf
// CHECK: arith.select
// CHECK: arith.select
// CHECK-NOT: mask(
func.func @selects(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %m: tensor<8x6xi1>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %tiny = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %m : tensor<2x8x6xf32>, tensor<8x6xi1>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %keep: i1, %out: f32):
    %above = arith.cmpf ogt, %x, %zero : f32
    %relu = arith.select %above, %x, %zero : f32
    %z = arith.select %keep, %relu, %tiny : f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// linalg.softmax with a mask of -inf, and with a number that is only large: that stays.
// CHECK-LABEL: func.func @softmax
// CHECK: gdpa.attention bhsd softmax
// CHECK: activation
// CHECK-DAG: %[[LARGE:.*]] = arith.constant -1.000000e+09 : f32
// CHECK-DAG: %[[NEAR:.*]] = tensor.extract
// CHECK: %[[Z:.*]] = arith.select %[[NEAR]], %s, %[[LARGE]]
// CHECK-NEXT: gdpa.yield %[[Z]]
// CHECK: mask
// CHECK-NEXT: %[[E:.*]] = tensor.extract
// CHECK-NEXT: gdpa.yield %[[E]] : i1
func.func @softmax(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %m: tensor<8x6xi1>, %n: tensor<8x6xi1>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0xFF800000 : f32
  %large = arith.constant -1.0e9 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %m, %n : tensor<2x8x6xf32>, tensor<8x6xi1>, tensor<8x6xi1>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%y: f32, %keep: i1, %near: i1, %out: f32):
    %a = arith.select %near, %y, %large : f32
    %z = arith.select %keep, %a, %none : f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %w = linalg.softmax dimension(2) ins(%x : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// v without the heads that k has: it is broadcast, the one thing that has to be stored. Sizes of the scores that others ask
// for come from what is left.
// CHECK-LABEL: func.func @unequal_heads
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x?x4xf32>
// CHECK: %[[DIM:.*]] = tensor.dim %[[Q]]
// CHECK: linalg.broadcast
// CHECK: gdpa.attention
// CHECK-NOT: linalg
// CHECK: return %{{.*}}, %[[DIM]] : tensor<2x?x4xf32>, index
func.func @unequal_heads(%q: tensor<2x?x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<6x4xf32>) -> (tensor<2x?x4xf32>, index) {
  %zero = arith.constant 0.0 : f32
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<2x?x4xf32>
  %e = tensor.empty(%n) : tensor<2x?x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x?x6xf32>) -> tensor<2x?x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x?x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x?x6xf32>) -> tensor<2x?x6xf32>
  %rows = tensor.dim %s, %c1 : tensor<2x?x6xf32>
  %w = linalg.exp ins(%s : tensor<2x?x6xf32>) outs(%e : tensor<2x?x6xf32>) -> tensor<2x?x6xf32>
  %e2 = tensor.empty(%rows) : tensor<2x?x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x?x4xf32>) -> tensor<2x?x4xf32>
  %o = linalg.contract indexing_maps = [affine_map<(b, i, d, j) -> (b, i, j)>, affine_map<(b, i, d, j) -> (j, d)>, affine_map<(b, i, d, j) -> (b, i, d)>]
      ins(%w, %v : tensor<2x?x6xf32>, tensor<6x4xf32>) outs(%f2 : tensor<2x?x4xf32>) -> tensor<2x?x4xf32>
  return %o, %rows : tensor<2x?x4xf32>, index
}
