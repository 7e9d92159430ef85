//===- Backward.h - what the backward's kernels share -----------*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_BACKWARD_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_BACKWARD_H

#include "CaptureRanges.h"

namespace mlir::gdpa_tile {

/// One accumulation of the joint region into the gradient of a capture.
struct CaptureGradient {
  unsigned number;     // among the accumulations of the region
  gdpa::AccumulateOp op;
  Value destination;   // host buffer
  unsigned dependence; // of its indices
};

/// The operation being lowered and what all its kernels need.
struct BackwardContext {
  /// `rowTerms`: workspaces that the joint region reads behind its captures.
  BackwardContext(gdpa::AttentionBackwardOp op, StringRef name,
                  ArrayRef<Value> rowTerms);

  gdpa::AttentionBackwardOp op;
  StringRef name;
  Location loc;
  OpBuilder host;
  gdpa::ScheduleAttrInterface schedule;
  HostSizes sizes;
  RegionInfo info;
  SmallVector<Value> rowTerms; // host buffers
  SmallVector<CaptureGradient> gradients;
  CaptureRanges captureRanges;

  BlockScheme scheme(gdpa::KernelKind kind) const;
  /// What the regions take behind the coordinates, inside a program.
  SmallVector<Value> captures(Program &program, Sequences &sequences,
                              const Sequence &sequence) const;
  /// q, k, v, do, scale, captures and row terms, then `more`.
  SmallVector<Value> inputs(ArrayRef<Value> more) const;
  Value hostIndex(int64_t value);
  Value hostCeilDiv(Value value, int64_t divisor);
  /// Which pairs past the end must be masked in a kernel that sums over
  /// queries, over keys.
  ScoreRequest request(bool weight, bool ds, bool sumsOverQueries,
                       bool sumsOverKeys,
                       ArrayRef<CaptureGradient> gradients) const;
};

/// One key-stationary kernel makes all gradients (packed blocks).
LogicalResult lowerSingleBackward(BackwardContext &context);
/// A key-stationary kernel for dK, dV, a query-stationary one for dQ, others
/// for captures' gradients.
LogicalResult lowerSeparateBackward(BackwardContext &context);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_BACKWARD_H
