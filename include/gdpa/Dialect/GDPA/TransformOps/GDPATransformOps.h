//===- GDPATransformOps.h - transform.gdpa.* --------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_H
#define GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Transform/IR/TransformAttrs.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/IR/TransformTypes.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPA/TransformOps/GDPATransformOps.h.inc"

namespace mlir::gdpa {

/// Adds transform.gdpa.* to upstream's transform dialect.
void registerTransformDialectExtension(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_H
