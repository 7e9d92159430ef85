//===- Pipelines.h - the pipelines of the targets ---------------*- C++ -*-===//
//
// Each target's road is two functions, so that the launch description can be
// read between them: the first ends with host functions that launch block
// programs (the reference target: with entries on buffers), the second with the
// LLVM dialect. A third one joins both.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_PIPELINES_PIPELINES_H
#define GDPA_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include <functional>

namespace mlir::gdpa {

/// Options that every target has.
struct TargetPipelineOptions
    : public PassPipelineOptions<TargetPipelineOptions> {
  Option<bool> gradients{*this, "gradients",
                         llvm::cl::desc("also build @f_vjp"),
                         llvm::cl::init(false)};
  /// Adds passes of another project between differentiation and lowering (for
  /// the reference, which differentiates by differences, at the start).
  /// Operations of its dialects that stand in regions must be gone after them.
  std::function<void(OpPassManager &)> lowerForeignOps;
};

struct ReferencePipelineOptions : public TargetPipelineOptions {};

struct CPUPipelineOptions : public TargetPipelineOptions {
  Option<std::string> cpu{
      *this, "cpu",
      llvm::cl::desc("processor as LLVM names it; empty: the one it runs on"),
      llvm::cl::init("")};
  Option<std::string> features{
      *this, "features",
      llvm::cl::desc("changes to the processor's features, as LLVM writes them, "
                     "e.g. -avx512f"),
      llvm::cl::init("")};
};

struct NVVMPipelineOptions : public TargetPipelineOptions {
  Option<std::string> chip{*this, "chip",
                           llvm::cl::desc("sm_80 or a later architecture"),
                           llvm::cl::init("sm_80")};
  Option<bool> instrument{
      *this, "instrument",
      llvm::cl::desc("check the protocol of asynchronous kernels at run time"),
      llvm::cl::init(false)};
};

/// Tensor form -> entries on f64 memrefs.
void buildReferenceHostPipeline(OpPassManager &manager,
                                const ReferencePipelineOptions &options);
/// Entries -> LLVM dialect with the C interface of the runtime.
void buildReferenceCodePipeline(OpPassManager &manager,
                                const ReferencePipelineOptions &options);

/// Whether the processor that `options` name has a feature, as LLVM names it.
bool hasFeature(const CPUPipelineOptions &options, StringRef feature);
/// Whether bf16 products should use AVX512_BF16 on it: AMD's processors make
/// twice the products of f32 in a cycle, Intel's half as many; and wherever
/// `features` ask for it (+avx512bf16).
bool prefersBF16Dot(const CPUPipelineOptions &options);
/// Width of its vector registers: 512 with AVX-512, else 256.
int64_t getVectorBits(const CPUPipelineOptions &options);

/// Tensor form -> host functions and block programs, planned for the
/// processor.
void buildCPUHostPipeline(OpPassManager &manager,
                          const CPUPipelineOptions &options);
/// The same for functions that hold any number of attention operations amid
/// linalg: that is tiled for all cores and vectorised. Entries take their
/// arguments, then their results, in order.
void buildCPUFunctionPipeline(OpPassManager &manager,
                              const CPUPipelineOptions &options);
/// Host functions and block programs -> LLVM dialect with the C interface.
void buildCPUCodePipeline(OpPassManager &manager,
                          const CPUPipelineOptions &options);

/// Tensor form -> host functions and block programs, planned for the chip.
void buildNVVMHostPipeline(OpPassManager &manager,
                           const NVVMPipelineOptions &options);
/// Block programs -> a gpu.module in the NVVM and LLVM dialects; the host
/// functions stay, for the launch description.
void buildNVVMCodePipeline(OpPassManager &manager,
                           const NVVMPipelineOptions &options);

/// Each target's whole road, as --gdpa-to-reference, --gdpa-to-cpu and
/// --gdpa-to-nvvm take it.
void buildReferencePipeline(OpPassManager &manager,
                            const ReferencePipelineOptions &options);
void buildCPUPipeline(OpPassManager &manager,
                      const CPUPipelineOptions &options);
void buildNVVMPipeline(OpPassManager &manager,
                       const NVVMPipelineOptions &options);

/// Registers --gdpa-to-reference, --gdpa-to-cpu and --gdpa-to-nvvm.
void registerPipelines();

} // namespace mlir::gdpa

#endif // GDPA_PIPELINES_PIPELINES_H
