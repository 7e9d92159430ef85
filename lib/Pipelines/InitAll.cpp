//===- InitAll.cpp - registration of everything of this project -----------===//

#include "gdpa/InitAll.h"
#include "gdpa/AutoDiff/AutoDiff.h"
#include "gdpa/Conversion/GDPAToLinalg/GDPAToLinalg.h"
#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "gdpa/Conversion/GDPAToTile/Passes.h"
#include "gdpa/Conversion/LinalgToGDPA/LinalgToGDPA.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPA/TransformOps/GDPATransformOps.h"
#include "gdpa/Dialect/GDPA/Transforms/BufferizableOpInterfaceImpl.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "gdpa/Dialect/GDPA/Transforms/TilingInterfaceImpl.h"
#include "gdpa/Dialect/GDPA/Transforms/ReductionPatterns.h"
#include "gdpa/Dialect/GDPACPU/IR/GDPACPU.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"

using namespace mlir;

void gdpa::registerAllDialects(DialectRegistry &registry) {
  registry.insert<gdpa::GDPADialect, gdpa_tile::GDPATileDialect,
                  gdpa_cpu::GDPACPUDialect, gdpa_nv::GDPANVDialect>();
  gdpa::registerBufferizableOpInterfaceExternalModels(registry);
  gdpa::registerTilingInterfaceExternalModels(registry);
  gdpa::registerAggregatedOpInterfaceExternalModels(registry);
  gdpa::registerReductionPatterns(registry);
  // --gdpa-plan finds the targets through the loaded dialects.
  registry.addExtension(+[](MLIRContext *context, gdpa::GDPADialect *) {
    context->loadDialect<gdpa_cpu::GDPACPUDialect, gdpa_nv::GDPANVDialect>();
  });
}

void gdpa::registerAllExtensions(DialectRegistry &registry) {
  gdpa::registerDifferentiableOpModels(registry);
  gdpa::registerTransformDialectExtension(registry);
}

void gdpa::registerUpstreamDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
}

void gdpa::registerAllPasses() {
  gdpa::registerGDPATransformsPasses();
  gdpa::registerGDPAToTilePasses();
  gdpa_tile::registerGDPATileTransformsPasses();
  gdpa_cpu::registerGDPACPUTransformsPasses();
  gdpa::registerGDPAToLinalgPasses();
  gdpa::registerGDPAToReferencePasses();
  gdpa::registerLinalgToGDPAPasses();
  gdpa_nv::registerGDPANVTransformsPasses();
  gdpa::registerPipelines();
}
