//===- gdpa-opt.cpp - mlir-opt with the project's dialects and passes -----===//

#include "gdpa/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  mlir::gdpa::registerAllPasses();
  mlir::DialectRegistry registry;
  mlir::gdpa::registerUpstreamDialects(registry);
  mlir::gdpa::registerAllDialects(registry);
  mlir::gdpa::registerAllExtensions(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Generalized dot-product attention optimizer\n", registry));
}
