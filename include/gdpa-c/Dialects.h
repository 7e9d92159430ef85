//===- gdpa-c/Dialects.h - dialects and passes from C -------------*- C -*-===//
//
// For programs that use MLIR through its C interface. libGDPA-C.so brings that
// interface with it (mlir-c/IR.h, mlir-c/Pass.h); the C++ behind both is in
// libMLIR.so.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_C_DIALECTS_H
#define GDPA_C_DIALECTS_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The dialect alone: mlirGetDialectHandle__gdpa__().
MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(GDPA, gdpa);

/// Adds every dialect of the project and the derivative rules of upstream's
/// operations: what its passes need besides upstream's dialects.
MLIR_CAPI_EXPORTED void gdpaRegisterAllDialects(MlirDialectRegistry registry);

/// Adds upstream's dialects with their external models.
MLIR_CAPI_EXPORTED void
gdpaRegisterUpstreamDialects(MlirDialectRegistry registry);

/// Registers the project's passes and pipelines by name, for
/// mlirParsePassPipeline() and mlirOpPassManagerAddPipeline(). Further calls do
/// nothing.
MLIR_CAPI_EXPORTED void gdpaRegisterAllPasses(void);

#ifdef __cplusplus
}
#endif

#endif // GDPA_C_DIALECTS_H
