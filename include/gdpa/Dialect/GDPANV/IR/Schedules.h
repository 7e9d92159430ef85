//===- Schedules.h - default schedules of NVIDIA kernels --------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_SCHEDULES_H
#define GDPA_DIALECT_GDPANV_IR_SCHEDULES_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"

namespace mlir::gdpa_nv {

/// What a region asks of the registers that the products leave.
struct RegionCost {
  /// Instructions for one element, estimated; what is uniform over a block
  /// counts nothing.
  int64_t operations = 0;
  /// Whether it looks at positions, in itself or in its mask.
  bool usesPositions = false;
  /// Whether it reads elements of captures at computed indices.
  bool gathers = false;
  /// The score decides where a capture is read.
  bool looksUp = false;
  /// Whether it has gradients of captures.
  bool accumulates = false;
  /// Whether a forward carries statistics of its rows.
  bool normalizes = false;
  /// Whether a backward divides by sums of its rows.
  bool divides = false;
  /// Whether it reads captures.
  bool captures = false;
};

/// The cost of an attention operation's regions.
RegionCost getRegionCost(Operation *attention);

/// The complete schedule for head dims of q, k and of v. Chosen by measurement on
/// an H100: the fastest that does not spill.
ScheduleAttr getDefaultSchedule(MLIRContext *context, int64_t headDim,
                                int64_t valueDim, bool backward,
                                const RegionCost &cost);

/// The schedule of the asynchronous kernel (sm_90a) of an attention operation, or
/// `portable` where it has none: backwards, storage other than bf16 and f16,
/// jagged batches, head dims above 256, masks whose keys are not one range.
ScheduleAttr getAsynchronousSchedule(Operation *attention, ScheduleAttr portable);

} // namespace mlir::gdpa_nv

#endif // GDPA_DIALECT_GDPANV_IR_SCHEDULES_H
