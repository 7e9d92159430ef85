//===- FlattenRegion.h - straight-line scalar regions -----------*- C++ -*-===//

#ifndef GDPA_CONVERSION_FLATTENREGION_H
#define GDPA_CONVERSION_FLATTENREGION_H

#include "mlir/IR/Region.h"
#include "llvm/Support/LogicalResult.h"

namespace mlir::gdpa {

/// Turns the region of an attention operation into one block without control
/// flow: loops of constant bounds are unrolled, `scf.if` becomes selects. Both
/// branches are then evaluated; an integer division of a branch not taken
/// divides by 1, and what a branch accumulates into a capture is selected with
/// an exact zero. Emits an error for a loop whose bounds are not constant.
LogicalResult flattenRegion(Region &region);

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_FLATTENREGION_H
