//===- Outside.h - the dialect, its passes and pipelines --------*- C++ -*-===//

#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <memory>

#include "OutsideDialect.h.inc"

#define GET_OP_CLASSES
#include "OutsideOps.h.inc"

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace outside {

/// outside.squareplus to arith and math.
std::unique_ptr<mlir::Pass> createLowerSquareplusPass();

/// Attention tile by tile in the loops of the linalg operation that consumes
/// it.
std::unique_ptr<mlir::Pass> createTileAndFusePass();

/// Registers these passes and the pipelines --outside-to-cpu and
/// --outside-fuse.
void registerPasses();

} // namespace outside

#endif // OUTSIDE_H
