//===- Regroup.h - a tensor with other groups of digits ---------*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_REGROUP_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_REGROUP_H

#include "Coordinates.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::gdpa::raising {

/// The size of a digit that a tensor lacks.
using DigitSize = llvm::function_ref<OpFoldResult(Atom)>;

/// Whether regroupTensor can make `to` from `from`: sizes can be computed.
bool canRegroup(ArrayRef<Digits> from, ArrayRef<Digits> to,
                const Coordinates &coordinates);

/// Whether that moves data: the order of digits differs, or one is missing.
bool movesData(ArrayRef<Digits> from, ArrayRef<Digits> to);

/// `tensor`, whose dimensions stand for `from`, as one whose dimensions stand
/// for `to`: by collapse_shape and expand_shape where the digits have the same
/// order, with a transpose where they do not, with a broadcast over digits that
/// `from` lacks.
Value regroupTensor(OpBuilder &builder, Location loc, Value tensor,
                    ArrayRef<Digits> from, ArrayRef<Digits> to,
                    const Coordinates &coordinates, DigitSize missingSize);

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_REGROUP_H
