//===- GDPAToReference.h - scalar f64 loops for checks ----------*- C++ -*-===//
//
// The passes of the reference target.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_CONVERSION_GDPATOREFERENCE_GDPATOREFERENCE_H
#define GDPA_CONVERSION_GDPATOREFERENCE_GDPATOREFERENCE_H

#include "mlir/Pass/Pass.h"

namespace mlir::gdpa {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "gdpa/Conversion/GDPAToReference/Passes.h.inc"

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_GDPATOREFERENCE_GDPATOREFERENCE_H
