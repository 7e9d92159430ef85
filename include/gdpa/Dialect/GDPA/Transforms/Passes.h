//===- Passes.h - passes over the gdpa dialect ------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_H
#define GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {

#define GEN_PASS_DECL
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_H
