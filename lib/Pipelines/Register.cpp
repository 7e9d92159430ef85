//===- Register.cpp - the pipelines as options of gdpa-opt ----------------===//

#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace mlir::gdpa;

void gdpa::registerPipelines() {
  PassPipelineRegistration<ReferencePipelineOptions>(
      "gdpa-to-reference",
      "attention to scalar f64 loops in the LLVM dialect, for checks",
      [](OpPassManager &manager, const ReferencePipelineOptions &options) {
        buildReferenceHostPipeline(manager, options);
        buildReferenceCodePipeline(manager, options);
      });
}
