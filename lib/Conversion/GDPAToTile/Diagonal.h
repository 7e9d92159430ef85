//===- Diagonal.h - indices that depend on i - j or i + j -------*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_DIAGONAL_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_DIAGONAL_H

#include "Backward.h"

namespace mlir::gdpa_tile {

/// The diagonals of the scores on which an index is constant.
enum class Diagonal { Difference, Sum }; // i - j, i + j

/// Along which diagonals the indices of an accumulation are constant, for one
/// head of any batch entry: relative positions, their buckets, clamps of them.
/// None where an index depends on the positions in another way.
std::optional<Diagonal> findDiagonal(gdpa::AttentionBackwardOp op,
                                     gdpa::AccumulateOp accumulate);

/// Adds a gradient whose index is constant along diagonals into `sums` (shaped as
/// the capture, zero before). A program sums the pairs of some keys and all
/// queries of a head along the diagonals, others add those sums in order and then
/// the diagonals: the buffer between has as many elements for each head as the
/// queries and keys together have rows, times a constant.
void sumDiagonals(BackwardContext &context, const CaptureGradient &gradient,
                  Diagonal diagonal, Value sums, StringRef suffix);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_DIAGONAL_H
