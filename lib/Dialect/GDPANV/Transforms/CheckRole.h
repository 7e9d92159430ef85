//===- CheckRole.h - the asynchronous protocol of one role ------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_CHECKROLE_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_CHECKROLE_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"

namespace mlir::gdpa_nv {

/// Checks one region of `gdpa_nv.roles` by itself: products in flight, their register
/// operands, slots and cursors. Emits an error and fails where a rule is broken.
LogicalResult checkRole(Region &role);

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_CHECKROLE_H
