// RUN: gdpa-opt %s --gdpa-raise --split-input-file --remarks-filter-missed=gdpa-raise --remark-format=emitRemark --verify-diagnostics | FileCheck %s
// Mutations of attention that are none, or that would change what others see: they stay as they are, and a remark says why.
// CHECK-NOT: gdpa.attention

// The weights are a result too.
func.func @weights_used(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>) -> (tensor<2x8x4xf32>, tensor<2x8x6xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'func.return' uses the scores too}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o, %w : tensor<2x8x4xf32>, tensor<2x8x6xf32>
}

// -----

// The score is stored on the way, through an operation that is not looked through.
func.func @score_sliced(%q: tensor<2x8x4xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x8xf32>) outs(%f : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %first = tensor.extract_slice %s[0, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<2x8x8xf32> to tensor<8x8xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %first : tensor<2x8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<2x8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %z = arith.maximumf %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<2x8x8xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'tensor.extract_slice' uses the scores too}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x8xf32>, tensor<2x8x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// The score and its transpose.
func.func @transposed_score(%q: tensor<2x8x4xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x8xf32>) outs(%f : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, j, i)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %s : tensor<2x8x8xf32>, tensor<2x8x8xf32>) outs(%e : tensor<2x8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %z = arith.maximumf %x, %y : f32
    linalg.yield %z : f32
  } -> tensor<2x8x8xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' is read at two places of the scores}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x8xf32>, tensor<2x8x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// Two products of different operands.
func.func @two_scores(%q: tensor<2x8x4xf32>, %k: tensor<2x4x8xf32>, %r: tensor<2x4x8xf32>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x8xf32>) outs(%f : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %t = linalg.batch_matmul ins(%q, %r : tensor<2x8x4xf32>, tensor<2x4x8xf32>) outs(%f : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %w = linalg.max ins(%s, %t : tensor<2x8x8xf32>, tensor<2x8x8xf32>) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' is a second product that the weights depend on}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x8xf32>, tensor<2x8x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// The sum goes over queries: the keys of the first product are rows of the second.
func.func @wrong_axis(%q: tensor<2x8x4xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x8xf32>) outs(%f : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  // Normalized along the rows of q, summed over the keys.
  %w = linalg.softmax dimension(1) ins(%s : tensor<2x8x8xf32>) outs(%e : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x8xf32>, tensor<2x8x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// One batch reads the keys that another wrote: the sum of the second product goes over a batch of the first.
func.func @sums_over_batch(%q: tensor<6x8x4xf32>, %k: tensor<6x4x8xf32>, %v: tensor<6x8x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<6x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6x8x8xf32>) -> tensor<6x8x8xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<6x8x4xf32>, tensor<6x4x8xf32>) outs(%f : tensor<6x8x8xf32>) -> tensor<6x8x8xf32>
  %w = linalg.exp ins(%s : tensor<6x8x8xf32>) outs(%e : tensor<6x8x8xf32>) -> tensor<6x8x8xf32>
  %e2 = tensor.empty() : tensor<8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' has the keys in both operands}}
  %o = linalg.contract indexing_maps = [affine_map<(i, d, b, j) -> (b, i, j)>, affine_map<(i, d, b, j) -> (b, j, d)>, affine_map<(i, d, b, j) -> (i, d)>]
      ins(%w, %v : tensor<6x8x8xf32>, tensor<6x8x4xf32>) outs(%f2 : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %o : tensor<8x4xf32>
}

// -----

// A reduction over the keys that is neither softmax nor a sum: the mean is subtracted from the score.
func.func @mean_between(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %sixth = arith.constant 0.166666672 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e1 = tensor.empty() : tensor<2x8xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %sum = linalg.reduce {arith.addf} ins(%s : tensor<2x8x6xf32>) outs(%f1 : tensor<2x8xf32>) dimensions = [2]
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %sum : tensor<2x8x6xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %mean = arith.mulf %y, %sixth : f32
    %d = arith.subf %x, %mean : f32
    %z = math.tanh %d : f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' needs a reduction over the keys that is no softmax and no normalization by a sum}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// Weights zeroed after the softmax: the sum below holds the masked ones.
func.func @masked_after_softmax(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %m: tensor<8x6xi1>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%p, %m : tensor<2x8x6xf32>, tensor<8x6xi1>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %keep: i1, %out: f32):
    %z = arith.select %keep, %x, %zero : f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' zeroes weights after they were normalized by a sum that holds them}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// The sum below the fraction is that of other numbers.
func.func @sum_of_others(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %x = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %x2 = linalg.square ins(%x : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e1 = tensor.empty() : tensor<2x8xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %sum = linalg.reduce {arith.addf} ins(%x2 : tensor<2x8x6xf32>) outs(%f1 : tensor<2x8xf32>) dimensions = [2]
  %all = linalg.broadcast ins(%sum : tensor<2x8xf32>) outs(%e : tensor<2x8x6xf32>) dimensions = [2]
  %w = linalg.div ins(%x, %all : tensor<2x8x6xf32>, tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' needs a reduction over the keys that is no softmax and no normalization by a sum}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// The second product adds to something.
func.func @accumulates(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>, %r: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  // expected-remark @below {{'linalg.batch_matmul' adds to a tensor that is not known to be zero}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%r : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// Three matrices in a row: q W k is no attention, whatever bias is added.
func.func @linear(%x: tensor<2x8x4xf32>, %w: tensor<2x4x6xf32>, %bias: tensor<6xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%x, %w : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %all = linalg.broadcast ins(%bias : tensor<6xf32>) outs(%e : tensor<2x8x6xf32>) dimensions = [0, 1]
  %y = linalg.add ins(%s, %all : tensor<2x8x6xf32>, tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' has weights that are linear in the score: a product of three matrices, and no attention}}
  %o = linalg.batch_matmul ins(%y, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

func.func @feed_forward(%x: tensor<2x8x4xf32>, %w1: tensor<4x6xf32>, %w2: tensor<6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x6xf32>) -> tensor<16x6xf32>
  %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<2x8x4xf32> into tensor<16x4xf32>
  %s = linalg.matmul ins(%rows, %w1 : tensor<16x4xf32>, tensor<4x6xf32>) outs(%f : tensor<16x6xf32>) -> tensor<16x6xf32>
  %y = linalg.tanh ins(%s : tensor<16x6xf32>) outs(%e : tensor<16x6xf32>) -> tensor<16x6xf32>
  %e2 = tensor.empty() : tensor<16x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<16x4xf32>) -> tensor<16x4xf32>
  // expected-remark @below {{'linalg.matmul' has a k and a v of neither batches nor heads, as the weights of a feed-forward layer are; raised with unbatched}}
  %o = linalg.matmul ins(%y, %w2 : tensor<16x6xf32>, tensor<6x4xf32>) outs(%f2 : tensor<16x4xf32>) -> tensor<16x4xf32>
  %r = tensor.expand_shape %o [[0, 1], [2]] output_shape [2, 8, 4] : tensor<16x4xf32> into tensor<2x8x4xf32>
  return %r : tensor<2x8x4xf32>
}

// -----

// Storage of two types: nothing rounds the weights to bf16, which the kernels would.
func.func @mixed_types(%q: tensor<2x8x4xbf16>, %k: tensor<2x4x6xbf16>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xbf16>, tensor<2x4x6xbf16>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' needs q, k, v and the weights of one type, found bf16 and f32}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

func.func @too_deep(%q: tensor<2x8x512xf32>, %k: tensor<2x512x6xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x512xf32>, tensor<2x512x6xf32>) outs(%f : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %w = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' has a depth of q and k of 512, more than max-depth 256}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// Scores of f64: nothing rounds them where the kernels would.
func.func @wide_scores(%q: tensor<2x8x4xf32>, %k: tensor<2x4x6xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %zero64 = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<2x8x6xf32>
  %e64 = tensor.empty() : tensor<2x8x6xf64>
  %f = linalg.fill ins(%zero64 : f64) outs(%e64 : tensor<2x8x6xf64>) -> tensor<2x8x6xf64>
  %s = linalg.batch_matmul ins(%q, %k : tensor<2x8x4xf32>, tensor<2x4x6xf32>) outs(%f : tensor<2x8x6xf64>) -> tensor<2x8x6xf64>
  %w = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<2x8x6xf64>) outs(%e : tensor<2x8x6xf32>) {
  ^bb0(%x: f64, %out: f32):
    %y = math.tanh %x : f64
    %z = arith.truncf %y : f64 to f32
    linalg.yield %z : f32
  } -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.batch_matmul' computes scores of another type than attention does for its storage}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}

// -----

// q is rounded to bf16 on the way, and the storage is f32: the rounding is not dropped.
func.func @rounded_query(%q: tensor<2x8x4xf32>, %k: tensor<2x6x4xf32>, %v: tensor<2x6x4xf32>) -> tensor<2x8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(b, i, j, d) -> (b, i, d)>, affine_map<(b, i, j, d) -> (b, j, d)>, affine_map<(b, i, j, d) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<2x8x4xf32>, tensor<2x6x4xf32>) outs(%f : tensor<2x8x6xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %r = arith.truncf %x : f32 to bf16
    %t = arith.extf %r : bf16 to f32
    %p = arith.mulf %t, %y : f32
    %n = arith.addf %out, %p : f32
    linalg.yield %n : f32
  } -> tensor<2x8x6xf32>
  %w = linalg.exp ins(%s : tensor<2x8x6xf32>) outs(%e : tensor<2x8x6xf32>) -> tensor<2x8x6xf32>
  %e2 = tensor.empty() : tensor<2x8x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  // expected-remark @below {{'linalg.generic' multiplies something else than two tensors and numbers}}
  %o = linalg.batch_matmul ins(%w, %v : tensor<2x8x6xf32>, tensor<2x6x4xf32>) outs(%f2 : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %o : tensor<2x8x4xf32>
}
