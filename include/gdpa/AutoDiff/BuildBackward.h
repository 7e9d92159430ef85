//===- BuildBackward.h - the gradient of an attention operation -*- C++ -*-===//

#ifndef GDPA_AUTODIFF_BUILDBACKWARD_H
#define GDPA_AUTODIFF_BUILDBACKWARD_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa {

struct BackwardOptions {
  /// The forward's results, saved; null: those of the operation itself. Used
  /// where the normalizer is not `none`.
  Value output, statistics;
  /// Cotangent of the statistics; null where they are not used.
  Value dStatistics;
};

/// Builds the gradient of `op`, given `dO`, the cotangent of its output:
/// gradients of query, key and value, and of the captures `wrt` (positions in
/// the list of captures, increasing; floats or tensors of floats). Mask,
/// schedule and precision are those of `op`; destinations are made by
/// tensor.empty. The joint region holds the activation and its derivative,
/// simplified. Where `op` has a vjp region, that is the derivative, and
/// captures it does not accumulate into get zero. Fails, with an error where it
/// is, for an operation without a derivative, an `op` on memrefs, or a `wrt`
/// that names no float capture.
FailureOr<AttentionBackwardOp> buildBackward(OpBuilder &builder, AttentionOp op,
                                             Value dO, ArrayRef<unsigned> wrt,
                                             const BackwardOptions &options);
FailureOr<AttentionBackwardOp> buildBackward(OpBuilder &builder, AttentionOp op,
                                             Value dO, ArrayRef<unsigned> wrt);

/// Fills `joint`, an empty region of some operation, with (s, ct, b, h, i, j,
/// nq, nk, captures)
/// -> (z, ds) and the gradients of the captures `wrt` of `op`, not simplified
/// yet.
LogicalResult buildJointRegion(AttentionOp op, ArrayRef<unsigned> wrt,
                               Region &joint);

/// Shares sub-expressions of `joint`, a region of an operation, and folds. Only
/// after differentiation: which spelling a kink has does not matter any more.
void simplifyJointRegion(Region &joint);

} // namespace mlir::gdpa

#endif // GDPA_AUTODIFF_BUILDBACKWARD_H
