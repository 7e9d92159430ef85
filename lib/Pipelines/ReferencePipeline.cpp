//===- ReferencePipeline.cpp - the road of the reference target -----------===//
//
// Everything after --convert-gdpa-to-reference is upstream's, but for the C
// interface.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void gdpa::buildReferenceHostPipeline(OpPassManager &manager,
                                      const ReferencePipelineOptions &options) {
  if (options.lowerForeignOps)
    options.lowerForeignOps(manager);
  ConvertGDPAToReferencePassOptions convert;
  convert.gradients = options.gradients;
  manager.addPass(createConvertGDPAToReferencePass(convert));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void gdpa::buildReferenceCodePipeline(OpPassManager &manager,
                                      const ReferencePipelineOptions &) {
  manager.addPass(createEmitCEntryPass());
  // Operations that neither LLVM nor the C library knows as one function.
  math::MathExpandOpsPassOptions expand;
  expand.opMnemonics = {"rsqrt"};
  OpPassManager &functions = manager.nest<func::FuncOp>();
  functions.addPass(math::createMathExpandOpsPass(expand));
  functions.addPass(arith::createArithExpandOpsPass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  // Before arith: a size must still be known to have a constant position.
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}
