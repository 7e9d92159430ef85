//===- outside-compile.cpp - attention with our operation to a kernel -----===//
//
// usage: outside-compile TARGET IN.mlir OUT.so
//
//===----------------------------------------------------------------------===//

#include "Outside.h"
#include "gdpa/InitAll.h"
#include "gdpa/Target/Compile.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Path.h"

using namespace mlir;

int main(int argc, char **argv) {
  if (argc != 4) {
    llvm::errs() << "usage: outside-compile TARGET IN.mlir OUT.so\n";
    return 2;
  }
  DialectRegistry registry;
  gdpa::registerUpstreamDialects(registry);
  gdpa::registerAllDialects(registry);
  gdpa::registerAllExtensions(registry);
  gdpa::registerTranslations(registry);
  registry.insert<outside::OutsideDialect>();
  MLIRContext context(registry);

  gdpa::CompileOptions options;
  options.target = argv[1];
  options.gradients = true;
  options.lowerForeignOps = [](OpPassManager &manager) {
    manager.addPass(outside::createLowerSquareplusPass());
  };
  if (std::string message = checkOptions(options); !message.empty()) {
    llvm::errs() << "outside-compile: " << message << "\n";
    return 2;
  }
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(argv[2], &context);
  if (!module)
    return 1;
  auto artefact =
      gdpa::compile(*module, options, llvm::sys::path::filename(argv[3]));
  if (failed(artefact))
    return 1;
  std::string message = gdpa::writeArtefact(*artefact, argv[3]);
  if (!message.empty())
    llvm::errs() << "outside-compile: " << message << "\n";
  return message.empty() ? 0 : 1;
}
