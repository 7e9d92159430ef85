//===- LinalgToGDPA.h - attention found in linalg ---------------*- C++ -*-===//

#ifndef GDPA_CONVERSION_LINALGTOGDPA_LINALGTOGDPA_H
#define GDPA_CONVERSION_LINALGTOGDPA_LINALGTOGDPA_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {
class AttentionOp;

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "gdpa/Conversion/LinalgToGDPA/Passes.h.inc"

/// Replaces the computation that ends in the product `second` by a
/// `gdpa.attention`, if it is one; else changes nothing. `--gdpa-raise`
/// describes what is found. A remark (category `gdpa-raise`) says what stopped
/// it where there was a first product.
FailureOr<AttentionOp> raiseAttention(RewriterBase &rewriter,
                                      linalg::LinalgOp second,
                                      const GDPARaiseOptions &options = {});

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_LINALGTOGDPA_LINALGTOGDPA_H
