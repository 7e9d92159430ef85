//===- CaptureSums.h - sums of captures' gradients --------------*- C++ -*-===//
//
// Programs that finish the gradients of captures where dK, dV and dQ have
// kernels of their own. All add in a fixed order.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURESUMS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURESUMS_H

#include "Backward.h"

namespace mlir::gdpa_tile {

/// A gradient of a capture with the host workspace of its rows, shaped like row
/// statistics.
struct RowGradient {
  CaptureGradient gradient;
  Value rows;
};

/// Rows of a [batch, head, rows] workspace as 2-D blocks; wider ones where all of
/// them are added to one element.
constexpr int64_t kSumRows = 64, kSumColumns = 8, kUniformSumColumns = 64;

/// Adds the rows of one gradient into `sums` (shaped as the capture, zero
/// before).
void sumRows(BackwardContext &context, const RowGradient &row, Value sums,
             StringRef suffix);

/// Adds a gradient whose index depends on both positions, element by element.
/// Programs that could meet in one element own copies of the sums; what the
/// index does not tell apart is walked by one program. Where positions
/// themselves tell elements apart, they do so inside the capture only: if there
/// are more, a second version of the program adds everything, and the first one
/// nothing. Returns the copies, [copy, dims of the capture...], as a host value.
Value sumPairs(BackwardContext &context, const CaptureGradient &gradient,
               StringRef suffix);

/// Writes one gradient of a capture: its f32 `sums`, where it has any (else
/// null), and all copies of its sums; zero where it has neither.
void storeCaptureGradient(BackwardContext &context, Value sums,
                          ArrayRef<Value> copies, Value destination,
                          StringRef suffix);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURESUMS_H
