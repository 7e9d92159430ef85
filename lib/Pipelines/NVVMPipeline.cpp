//===- NVVMPipeline.cpp - the road of NVIDIA chips ------------------------===//

#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "gdpa/Pipelines/Pipelines.h"

using namespace mlir;

void gdpa::buildNVVMHostPipeline(OpPassManager &manager,
                                 const NVVMPipelineOptions &options) {
  manager.addPass(createGDPAPrepareEntry());
}

void gdpa::buildNVVMCodePipeline(OpPassManager &manager,
                                 const NVVMPipelineOptions &options) {}
