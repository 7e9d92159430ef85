//===- GDPAToLinalg.h - the unfused decomposition ---------------*- C++ -*-===//

#ifndef GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H
#define GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H

#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "gdpa/Conversion/GDPAToLinalg/Passes.h.inc"

/// Teaches upstream's AggregatedOpInterface the operations of `gdpa`:
/// decomposeOperation writes one as linalg operations that store the score
/// matrix (transform.structured.decompose_interface, --gdpa-to-linalg).
void registerAggregatedOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H
