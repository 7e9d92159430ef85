//===- IndexRange.h - what is known of a kernel's indices -------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_INDEXRANGE_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_INDEXRANGE_H

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

namespace mlir::gdpa_nv {

/// Bounds of an index of a kernel's body. Sizes of buffers are at most 2^31 - 1025,
/// grid positions at most 2^31 - 1; offsets of blocks lie inside their buffers.
ConstantIntRanges getIndexRange(Value index);

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_INDEXRANGE_H
