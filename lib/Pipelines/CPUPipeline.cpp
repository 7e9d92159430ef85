//===- CPUPipeline.cpp - the road of the CPU ------------------------------===//

#include "gdpa/Conversion/GDPAToTile/Passes.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/Transforms/Passes.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir;

/// What the changes to the features say about `feature`: the last one holds.
static std::optional<bool> changeOf(StringRef changes, StringRef feature) {
  std::optional<bool> found;
  SmallVector<StringRef> parts;
  changes.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts)
    if (part.trim().drop_front() == feature)
      found = part.trim().front() == '+';
  return found;
}

static bool isHost(StringRef cpu) { return cpu.empty() || cpu == "native"; }

bool gdpa::hasFeature(const CPUPipelineOptions &options, StringRef feature) {
  if (std::optional<bool> change = changeOf(options.features, feature))
    return *change;
  if (isHost(options.cpu))
    return llvm::sys::getHostCPUFeatures().lookup(feature);
  SmallVector<StringRef> features;
  llvm::X86::getFeaturesForCPU(options.cpu, features);
  return llvm::is_contained(features, feature);
}

bool gdpa::prefersBF16Dot(const CPUPipelineOptions &options) {
  if (getVectorBits(options) < 512 || !hasFeature(options, "avx512bf16"))
    return false;
  if (changeOf(options.features, "avx512bf16"))
    return true;
  StringRef name = options.cpu;
  return (isHost(name) ? llvm::sys::getHostCPUName() : name).starts_with("znver");
}

int64_t gdpa::getVectorBits(const CPUPipelineOptions &options) {
  return hasFeature(options, "avx512f") ? 512 : 256;
}

/// Attention on buffers -> block programs.
static void addBlockPrograms(OpPassManager &manager,
                             const gdpa::CPUPipelineOptions &options) {
  using namespace gdpa;
  GDPAPlanOptions plan;
  plan.target = "cpu";
  plan.vectorBits = getVectorBits(options);
  plan.multipliesBF16 =
      plan.vectorBits == 512 && hasFeature(options, "avx512bf16");
  plan.prefersBF16 = prefersBF16Dot(options);
  manager.addPass(createGDPAPlan(plan));
  manager.addPass(createConvertGDPAToTile());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.nest<gdpa_tile::ProgramOp>().addPass(gdpa_tile::createGDPATileHoistUniform());
  manager.nest<gdpa_tile::ProgramOp>().addPass(gdpa_tile::createGDPATileMaskBounds());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void gdpa::buildCPUHostPipeline(OpPassManager &manager,
                                const CPUPipelineOptions &options) {
  if (options.gradients)
    manager.addPass(createGDPAAutoDiff());
  if (options.lowerForeignOps)
    options.lowerForeignOps(manager);
  manager.addPass(createGDPAPrepareEntry());
  manager.addPass(createGDPASimplifyActivation());
  manager.addPass(bufferization::createOneShotBufferizePass());
  addBlockPrograms(manager, options);
}

void gdpa::buildCPUFunctionPipeline(OpPassManager &manager,
                                    const CPUPipelineOptions &options) {
  if (options.lowerForeignOps)
    options.lowerForeignOps(manager);
  {
    OpPassManager &functions = manager.nest<func::FuncOp>();
    functions.addPass(createCanonicalizerPass());
    functions.addPass(createCSEPass());
    functions.addPass(
        gdpa_cpu::createGDPACPUTileLinalg({getVectorBits(options)}));
    // No elimination of common subexpressions: equal loops write buffers of
    // their own.
    functions.addPass(createCanonicalizerPass());
  }
  manager.addPass(createGDPAPrepareFunction());
  manager.addPass(createGDPASimplifyActivation());
  manager.addPass(bufferization::createOneShotBufferizePass());
  {
    OpPassManager &functions = manager.nest<func::FuncOp>();
    // First: a tile that was written in place is copied onto itself.
    functions.addPass(createCanonicalizerPass());
    functions.addPass(createCSEPass());
    functions.addPass(createCanonicalizerPass());
    functions.addPass(gdpa_cpu::createGDPACPULowerHostLinalg());
    functions.addPass(createCanonicalizerPass());
  }
  addBlockPrograms(manager, options);
  manager.nest<func::FuncOp>().addPass(
      gdpa_cpu::createGDPACPUAllocateWorkspace());
}

void gdpa::buildCPUCodePipeline(OpPassManager &manager,
                                const CPUPipelineOptions &options) {
  int64_t vectorBits = getVectorBits(options);
  manager.addPass(gdpa_cpu::createGDPACPUProgramToFunc());
  manager.addPass(gdpa_cpu::createGDPACPUOutlineForall());
  {
    OpPassManager &programs = manager.nest<func::FuncOp>();
    programs.addPass(gdpa_cpu::createGDPACPULowerBlockAccess({vectorBits}));
    programs.addPass(gdpa_cpu::createGDPACPUAssignScratch());
    programs.addPass(gdpa_cpu::createGDPACPUTileBlocks());
    programs.addPass(gdpa_cpu::createGDPACPUDropUnitDims());
    programs.addPass(gdpa_cpu::createGDPACPUVectorize());
    programs.addPass(gdpa_cpu::createGDPACPUBufferize());
    programs.addPass(gdpa_cpu::createGDPACPUCheckBuffers());
    programs.addPass(createLoopInvariantCodeMotionPass());
    programs.addPass(gdpa_cpu::createGDPACPULowerDotProducts());
    programs.addPass(gdpa_cpu::createGDPACPUUnrollVectors({vectorBits}));
    programs.addPass(gdpa_cpu::createGDPACPUApproximateMath({vectorBits}));
    programs.addPass(gdpa_cpu::createGDPACPULowerVectors({vectorBits}));
    programs.addPass(gdpa_cpu::createGDPACPUOrderDepthFirst());
  }
  manager.addPass(gdpa_cpu::createGDPACPUEntry());
  {
    OpPassManager &functions = manager.nest<func::FuncOp>();
    functions.addPass(createConvertVectorToSCFPass());
  }
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  {
    arith::ArithExpandOpsPassOptions expand;
    expand.includeBf16 = true;
    manager.nest<func::FuncOp>().addPass(arith::createArithExpandOpsPass(expand));
  }
  ConvertVectorToLLVMPassOptions vectorOptions;
  vectorOptions.x86Vector = true;
  manager.addPass(createConvertVectorToLLVMPass(vectorOptions));
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}
