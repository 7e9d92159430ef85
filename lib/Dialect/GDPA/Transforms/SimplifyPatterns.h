//===- SimplifyPatterns.h - rewrites that change rounding -------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPA_TRANSFORMS_SIMPLIFYPATTERNS_H
#define GDPA_LIB_DIALECT_GDPA_TRANSFORMS_SIMPLIFYPATTERNS_H

namespace mlir {
class RewritePatternSet;
}

namespace mlir::gdpa {

/// Adds the rewrites of --gdpa-simplify-activation on scalar operations, all but the
/// forming of multiply-adds.
void populateSimplifyPatterns(RewritePatternSet &patterns, bool hardwareTanh);
/// Adds the forming of multiply-adds, which hides products from the others.
void populateFMAPatterns(RewritePatternSet &patterns);

} // namespace mlir::gdpa

#endif // GDPA_LIB_DIALECT_GDPA_TRANSFORMS_SIMPLIFYPATTERNS_H
