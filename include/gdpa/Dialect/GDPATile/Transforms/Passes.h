//===- Passes.h - passes on block programs ----------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_H
#define GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_H

#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Pass/Pass.h"

namespace mlir::gdpa_tile {

#define GEN_PASS_DECL
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h.inc"

} // namespace mlir::gdpa_tile

#endif // GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_H
