//===- Passes.h - from block programs to register tiles ---------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_H
#define GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::gdpa_cpu {

#define GEN_PASS_DECL
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"

} // namespace mlir::gdpa_cpu

#endif // GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_H
