//===- Passes.td - attention found in linalg --------------*- tablegen -*-===//

#ifndef GDPA_CONVERSION_LINALGTOGDPA_PASSES_TD
#define GDPA_CONVERSION_LINALGTOGDPA_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPARaise : Pass<"gdpa-raise"> {
  let summary = "find attention in linalg on tensors";
  let description = [{
    Replaces a sum of products of weights and v, where the weights are computed element by
    element from a first sum of products, by `gdpa.attention`. The match is by meaning: an
    element of the weights is followed back through named operations, generics of any
    indexing maps (fused or not), reshapes, transposes, broadcasts, casts and coordinates
    (`linalg.index`) to the first product, and becomes a scalar expression.

    - Products: any operation whose body adds a product to its output (`linalg.matmul`,
      `batch_matmul`, `contract`, generics), any order of dimensions, batches collapsed or not.
      Operands are taken from where they are stored: transposes and repeats of q, k and v go
      away where layout `bhsd` or `bshd` can say the same, else one transpose is left.
    - Heads that share k and v (broadcast, repeated, or rows that hold a group) become grouped
      heads.
    - The score's factors before, in or after the first product become `scale` where they
      are one number for all pairs.
    - `select(c, w, 0)` around the weights, and `select(c, z, -inf)` or `z + select(c, 0,
      -inf)` below a softmax, become the mask where c does not depend on the score. A product
      with 0 and 1, or a large negative number, masks nothing where z is not finite: it stays
      in the activation.
    - exp(z - m) / sum exp(z - m), m any number of the row, becomes `softmax`; z / sum z becomes
      `sum`. torch's guard (0 where all logits are -inf) goes away: it is what a row without
      weight gives. Without that guard such a row was NaN, and is 0 now.
    - Tensors that are read (biases, tables, masks) become captures at b, h, i, j. What one
      coordinate or none indexes is captured as it is stored; what both index is computed in
      the region, so that no matrix of pairs is left.
    - bf16 and f16: where the weights are rounded to the type of q, k and v, all between is
      computed in f32. The roundings of the score, of the scaled q or score and of the
      activation's intermediate values to 16 bits go away; those of the weights, of v and of the
      result stay.

    What does not match is left as it is, and so is an attention whose scores something else
    uses. A feed-forward layer is attention to its weights, f(x W1) W2, and is left too: where k
    and v are arguments or constants without batches and heads, the option `unbatched` decides. Remarks of category `gdpa-raise` name the operation that stopped a match
    (`--remarks-filter=gdpa-raise`).

    ```mlir
    %s = linalg.batch_matmul ins(%q, %kt : tensor<16x?x64xf32>, tensor<16x64x?xf32>) outs(%zero : tensor<16x?x?xf32>) -> tensor<16x?x?xf32>
    %w = linalg.generic {...} ins(%s : tensor<16x?x?xf32>) outs(%e : tensor<16x?x?xf32>) {
    ^bb0(%x: f32, %out: f32):
      %y = arith.mulf %x, %eighth : f32
      %z = arith.maximumf %y, %c0 : f32
      linalg.yield %z : f32
    } -> tensor<16x?x?xf32>
    %o = linalg.batch_matmul ins(%w, %v : tensor<16x?x?xf32>, tensor<16x?x64xf32>) outs(%zero_o : tensor<16x?x64xf32>) -> tensor<16x?x64xf32>
    // becomes, where %kt is the transpose of %k,
    %q4 = tensor.expand_shape %q [[0, 1], [2], [3]] output_shape [1, 16, %sq, 64] : ...
    %o4 = gdpa.attention bhsd none ins(%q4, %k4, %v4 : tensor<1x16x?x64xf32>, ...) outs(...)
        scale(%eighth : f32)
        activation(%s: f32, ...) {
          %z = arith.maximumf %s, %c0 : f32
          gdpa.yield %z : f32
        } -> tensor<1x16x?x64xf32>
    ```
  }];
  let options = [
    Option<"maxDepth", "max-depth", "int64_t", "256",
           "leave what has a larger depth of q and k or of v">,
    Option<"unbatched", "unbatched", "bool", "false",
           "also raise where k and v are arguments or constants of neither batches nor heads">
  ];
  let dependentDialects = [
    "::mlir::gdpa::GDPADialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // GDPA_CONVERSION_LINALGTOGDPA_PASSES_TD
