//===- Passes.td - the unfused decomposition --------------*- tablegen -*-===//

#ifndef GDPA_CONVERSION_GDPATOLINALG_PASSES_TD
#define GDPA_CONVERSION_GDPATOLINALG_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPAToLinalgPass : Pass<"gdpa-to-linalg"> {
  let summary = "decompose attention into linalg operations that store the score matrix";
  let description = [{
    Writes the operations of `gdpa` on tensors as what they mean:
    a product, an elementwise operation whose body is the activation, a product. The query
    heads that share a key head become a dimension of their own, so that every indexing map
    is a projection. It is documentation and the yardstick for time and memory, not a
    road to fast code.

    Every operation decomposes through upstream's AggregatedOpInterface. What a backward
    accumulates into captures is summed by loops over all pairs. A jagged batch becomes a loop
    over its sequences; rows of no sequence are zero.

    ```mlir
    %o = gdpa.attention bhsd none ins(%q, %k, %v : ...) outs(%o0 : ...) scale(%c : f32)
        activation(%s: f32, ...) {...} -> tensor<?x?x?x64xf32>
    // becomes
    %s = linalg.contract indexing_maps = [(b, g, r, i, j, d) -> (b, g, r, i, d), -> (b, g, j, d), -> (b, g, r, i, j)]
        ins(%queries, %k : tensor<?x?x?x?x64xf32>, tensor<?x?x?x64xf32>) outs(%zero : tensor<?x?x?x?x?xf32>) -> ...
    %w = linalg.generic ins(%s : tensor<?x?x?x?x?xf32>) outs(...) {
      // scale, activation, mask
    }
    %sum = linalg.contract ... ins(%w, %v : ...) outs(...)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

#endif // GDPA_CONVERSION_GDPATOLINALG_PASSES_TD
