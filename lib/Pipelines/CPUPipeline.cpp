//===- CPUPipeline.cpp - the road of the CPU target -----------------------===//

#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "gdpa/Pipelines/Pipelines.h"

using namespace mlir;

void gdpa::buildCPUHostPipeline(OpPassManager &manager,
                                const CPUPipelineOptions &options) {
  manager.addPass(createGDPAPrepareEntry());
}

void gdpa::buildCPUCodePipeline(OpPassManager &manager,
                                const CPUPipelineOptions &options) {}
