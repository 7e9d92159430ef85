//===- Passes.h - from block programs to NVVM -------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_H
#define GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
namespace gpu {
class GPUFuncOp;
class GPUModuleOp;
} // namespace gpu
} // namespace mlir

namespace mlir::gdpa_nv {

#define GEN_PASS_DECL
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"

} // namespace mlir::gdpa_nv

#endif // GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_H
