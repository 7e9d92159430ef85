//===- gdpa-reduce.cpp - mlir-reduce with our dialects and passes ---------===//

#include "gdpa/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  mlir::gdpa::registerAllPasses();
  mlir::DialectRegistry registry;
  mlir::gdpa::registerUpstreamDialects(registry);
  mlir::gdpa::registerAllDialects(registry);
  mlir::gdpa::registerAllExtensions(registry);
  mlir::MLIRContext context(registry);
  return failed(mlir::mlirReduceMain(argc, argv, context));
}
