//===- outside-opt.cpp - mlir-opt with the outside dialect and GDPA -------===//

#include "Outside.h"
#include "gdpa/InitAll.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::registerTransformsPasses();
  mlir::gdpa::registerAllPasses();
  outside::registerPasses();
  mlir::DialectRegistry registry;
  mlir::gdpa::registerUpstreamDialects(registry);
  mlir::gdpa::registerAllDialects(registry);
  mlir::gdpa::registerAllExtensions(registry);
  registry.insert<outside::OutsideDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "outside optimizer\n", registry));
}
