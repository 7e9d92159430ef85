//===- Passes.h - from gdpa to block programs --------------------*- C++ -*-===//

#ifndef GDPA_CONVERSION_GDPATOTILE_PASSES_H
#define GDPA_CONVERSION_GDPATOTILE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {

#define GEN_PASS_DECL
#include "gdpa/Conversion/GDPAToTile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "gdpa/Conversion/GDPAToTile/Passes.h.inc"

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_GDPATOTILE_PASSES_H
