//===- FoldFactors.h - cheapest forms of a scalar region --------*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_FOLDFACTORS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_FOLDFACTORS_H

#include "mlir/IR/Region.h"

namespace mlir::gdpa_tile {

/// Rewrites a flat activation or joint region for hardware that has 2^x, log2 and
/// tanh as instructions, and multiply-adds, by identities of real numbers: results
/// change in their last places, for precision `fast` alone.
///
/// - `scale` (an argument of the region, or null) multiplies the score inside.
/// - Factors that are the same for all pairs are gathered (UniformFactors.h);
///   those of z and ds, where they are made of scalar arguments alone and
///   `factorsLeave`, become the last product, which RegionInfo::splitFactors
///   leaves to the sums.
/// - exp(x) = 2^(x log2 e), log(x) = ln 2 log2(x), log1p(x) = ln 2 log2(1 + x) and
///   expm1(x) = 2^(x log2 e) - 1, the last two with the absolute error of a sum
///   with 1; 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2; erf(x) = tanh(x p(x^2)).
/// - (t + 1) (t - 1) = t^2 - 1, y (x + 1) = y x + y, a x + b x r = x (a + b r).
void foldFactors(Region &region, unsigned numLeading, Value scale, bool factorsLeave);

/// Whether a value of a region is made of constants and of scalar arguments behind
/// the first `numLeading`.
bool isParameter(Value value, unsigned numLeading);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_FOLDFACTORS_H
