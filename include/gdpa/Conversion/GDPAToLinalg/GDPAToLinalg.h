//===- GDPAToLinalg.h - the unfused decomposition ---------------*- C++ -*-===//

#ifndef GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H
#define GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H

#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "gdpa/Conversion/GDPAToLinalg/Passes.h.inc"

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_GDPATOLINALG_GDPATOLINALG_H
