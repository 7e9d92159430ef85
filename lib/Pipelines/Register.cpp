//===- Register.cpp - the pipelines as options of gdpa-opt ----------------===//

#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace mlir::gdpa;

void gdpa::buildReferencePipeline(OpPassManager &manager,
                                  const ReferencePipelineOptions &options) {
  buildReferenceHostPipeline(manager, options);
  buildReferenceCodePipeline(manager, options);
}

void gdpa::buildCPUPipeline(OpPassManager &manager,
                            const CPUPipelineOptions &options) {
  buildCPUHostPipeline(manager, options);
  buildCPUCodePipeline(manager, options);
}

void gdpa::buildNVVMPipeline(OpPassManager &manager,
                             const NVVMPipelineOptions &options) {
  buildNVVMHostPipeline(manager, options);
  buildNVVMCodePipeline(manager, options);
}

void gdpa::registerPipelines() {
  PassPipelineRegistration<ReferencePipelineOptions>(
      "gdpa-to-reference",
      "attention to scalar f64 loops in the LLVM dialect, for checks",
      buildReferencePipeline);
  PassPipelineRegistration<CPUPipelineOptions>(
      "gdpa-to-cpu", "attention to fused CPU kernels in the LLVM dialect",
      buildCPUPipeline);
  PassPipelineRegistration<CPUPipelineOptions>(
      "gdpa-function-to-cpu",
      "functions of attention and linalg to CPU code in the LLVM dialect",
      [](OpPassManager &manager, const CPUPipelineOptions &options) {
        buildCPUFunctionPipeline(manager, options);
        buildCPUCodePipeline(manager, options);
      });
  PassPipelineRegistration<NVVMPipelineOptions>(
      "gdpa-to-nvvm", "attention to fused GPU kernels in the NVVM dialect",
      buildNVVMPipeline);
  PassPipelineRegistration<CPUPipelineOptions>(
      "gdpa-cpu-to-llvm",
      "host functions and block programs to the LLVM dialect with the C "
      "interface of the runtime",
      buildCPUCodePipeline);
}
