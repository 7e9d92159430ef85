//===- FoldRegion.h - a region at known arguments ---------------*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_FOLDREGION_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_FOLDREGION_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Region.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::gdpa_tile {

/// The values that a flat region yields where some of its arguments are `known`,
/// as far as folding reaches; null where it does not.
SmallVector<Attribute> foldRegion(Region &region,
                                  DenseMap<Value, Attribute> known);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_FOLDREGION_H
