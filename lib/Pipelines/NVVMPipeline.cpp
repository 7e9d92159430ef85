//===- NVVMPipeline.cpp - the road of the portable NVIDIA target ----------===//
//
// Block programs become kernels, their block tensors vectors of threads, and
// those NVVM. What needs the tensors' layouts stands before the distribution;
// nothing may move operations on blocks between --gdpa-tile-stage-shared and it.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToTile/Passes.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void gdpa::buildNVVMHostPipeline(OpPassManager &manager,
                                 const NVVMPipelineOptions &options) {
  if (options.gradients)
    manager.addPass(createGDPAAutoDiff());
  if (options.lowerForeignOps)
    options.lowerForeignOps(manager);
  manager.addPass(createGDPAPrepareEntry());
  GDPASimplifyActivationOptions simplify;
  simplify.hardwareTanh = true;
  simplify.formFMA = false; // ptxas contracts
  manager.addPass(createGDPASimplifyActivation(simplify));
  manager.addPass(gdpa_nv::createGDPANVRequireAlignment());
  manager.addPass(bufferization::createOneShotBufferizePass());
  GDPAPlanOptions plan;
  plan.target = options.chip;
  manager.addPass(createGDPAPlan(plan));
  manager.addPass(createConvertGDPAToTile());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.nest<gdpa_tile::ProgramOp>().addPass(gdpa_tile::createGDPATileHoistUniform());
  manager.nest<gdpa_tile::ProgramOp>().addPass(gdpa_tile::createGDPATileMaskBounds());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.nest<gdpa_tile::ProgramOp>().addPass(gdpa_nv::createGDPANVSplitMaskedBlocks());
  manager.addPass(gdpa_nv::createGDPANVPersistTiles());
}

void gdpa::buildNVVMCodePipeline(OpPassManager &manager,
                                 const NVVMPipelineOptions &options) {
  manager.addPass(gdpa_nv::createGDPANVCreateKernels());
  OpPassManager &module = manager.nest<gpu::GPUModuleOp>();
  {
    OpPassManager &kernel = module.nest<gpu::GPUFuncOp>();
    kernel.addPass(createLowerAffinePass()); // ranges of indices are asked of arith
    kernel.addPass(gdpa_nv::createGDPANVExpandArith());
    kernel.addPass(createCanonicalizerPass());
    kernel.addPass(createCSEPass());
    kernel.addPass(gdpa_nv::createGDPATileAssignLayouts());
    kernel.addPass(gdpa_nv::createGDPANVSpecializeWarps());
    kernel.addPass(gdpa_nv::createGDPANVCheck()); // the order of the roles
    kernel.addPass(gdpa_nv::createGDPANVPipelineProducts());
    kernel.addPass(gdpa_nv::createGDPANVPingPong());
    kernel.addPass(gdpa_nv::createGDPANVCheck());
    if (options.instrument)
      kernel.addPass(gdpa_nv::createGDPANVInstrument());
    kernel.addPass(gdpa_nv::createGDPATileStageShared());
    kernel.addPass(gdpa_nv::createGDPATileDistribute());
    kernel.addPass(gdpa_nv::createGDPANVApproximateMath());
    kernel.addPass(createCanonicalizerPass());
    kernel.addPass(createCSEPass());
    kernel.addPass(gdpa_nv::createGDPANVFlattenParameters());
  }
  module.addPass(createLowerAffinePass());
  module.addPass(createSCFToControlFlowPass());
  module.addPass(createCanonicalizerPass());
  module.addPass(createCSEPass());
  module.addPass(gdpa_nv::createConvertGDPANVToNVVM());
  module.addPass(createConvertNVVMToLLVMPass()); // what has no intrinsic
  module.addPass(createCanonicalizerPass());
  module.addPass(createCSEPass());
}
