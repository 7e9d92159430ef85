//===- GDPAPlugin.cpp - the project inside another mlir-opt ---------------===//
//
// What mlir-opt's --load-dialect-plugin and --load-pass-plugin ask for.
//
//===----------------------------------------------------------------------===//

#include "gdpa/InitAll.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "GDPA", GDPA_VERSION,
          [](DialectRegistry *registry) {
            gdpa::registerAllDialects(*registry);
            gdpa::registerAllExtensions(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "GDPA", GDPA_VERSION,
          [] { gdpa::registerAllPasses(); }};
}
