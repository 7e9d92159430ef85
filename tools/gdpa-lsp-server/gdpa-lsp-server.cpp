//===- gdpa-lsp-server.cpp - MLIR's language server with our dialects -----===//

#include "gdpa/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::gdpa::registerUpstreamDialects(registry);
  mlir::gdpa::registerAllDialects(registry);
  mlir::gdpa::registerAllExtensions(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
