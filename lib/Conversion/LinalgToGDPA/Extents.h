//===- Extents.h - when two sizes are the same ------------------*- C++ -*-===//
//
// Front ends with dynamic sizes write tensor.reshape by a list of computed
// sizes. Such a reshape is read dimension by dimension where its sizes are
// those of its source; this is the part that proves it.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_EXTENTS_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_EXTENTS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

namespace mlir::gdpa::raising {

/// A size: a factor times a dimension of a tensor or times a number that
/// nothing is known of; without a base the factor itself.
struct Extent {
  int64_t factor = 1;
  Value base;
  int64_t dim = -1; // of a tensor `base`

  bool operator==(const Extent &other) const {
    return factor == other.factor && base == other.base && dim == other.dim;
  }
};

/// The size of a dimension, followed to where it comes from.
Extent getExtent(Value tensor, unsigned dim);
/// An index or integer.
Extent getExtent(Value number);

/// How a tensor.reshape groups dimensions: each group of the source's holds the
/// elements of the same group of the result's, at most one dynamic dimension
/// on either side. Fails where that is not known.
struct ReshapeGroups {
  SmallVector<ReassociationIndices> source, result;
};
FailureOr<ReshapeGroups> getReshapeGroups(tensor::ReshapeOp op);

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_EXTENTS_H
