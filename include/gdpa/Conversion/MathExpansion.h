//===- MathExpansion.h - elementary functions as arithmetic -----*- C++ -*-===//
//
// Expansions of math operations into arith, math.fma and bit casts, for targets
// without a vector or device math library. Scalars and vectors of any rank.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_CONVERSION_MATHEXPANSION_H
#define GDPA_CONVERSION_MATHEXPANSION_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <functional>

namespace mlir {
class Operation;
class RewritePatternSet;
} // namespace mlir

namespace mlir::gdpa {

/// Marks a `math.exp` whose argument is never positive (or NaN), and whose results
/// below 2^-126 may be zero: as in the weights of a softmax.
inline constexpr const char *kNonPositiveAttr = "gdpa.nonpositive";

/// What to expand, and how.
struct MathExpansionOptions {
  /// Accuracy of a few 1e-6 relative instead of 2 ulp of f32.
  bool fast = false;
  /// exp of `vector<16xf32>` through vscalefps (AVX-512).
  bool x86Scalef = false;
  /// Only operations for which this holds are expanded (all if empty): a target
  /// keeps what it has instructions for.
  std::function<bool(Operation *)> filter;
};

/// Adds patterns that expand every operation of math that is no instruction of a
/// processor, and arith.remf, on f32 (f16 and bf16 are computed in f32) and f64;
/// also powers, bit counts and long products of integers and the classification of
/// floats. Errors on f32: at most 2 ulp for exact, for every input; infinities, NaN
/// and denormals as in C. Each bound stands at its definition
/// (docs/approximate-math.md is the table).
void populateMathExpansionPatterns(RewritePatternSet &patterns,
                                   const MathExpansionOptions &options = {});

/// Adds patterns that replace operations with two results (math.sincos,
/// arith.addui_extended, ...) by operations with one.
void populateSingleResultPatterns(RewritePatternSet &patterns);

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_MATHEXPANSION_H
