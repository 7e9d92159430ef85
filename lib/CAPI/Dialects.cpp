//===- Dialects.cpp - dialects and passes from C --------------------------===//

#include "gdpa-c/Dialects.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/InitAll.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"

using namespace mlir;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(GDPA, gdpa, gdpa::GDPADialect)

void gdpaRegisterAllDialects(MlirDialectRegistry registry) {
  gdpa::registerAllDialects(*unwrap(registry));
  gdpa::registerAllExtensions(*unwrap(registry));
}

void gdpaRegisterUpstreamDialects(MlirDialectRegistry registry) {
  gdpa::registerUpstreamDialects(*unwrap(registry));
}

void gdpaRegisterAllPasses(void) {
  // A second registration of a pipeline would abort.
  static bool once = (gdpa::registerAllPasses(), true);
  (void)once;
}
