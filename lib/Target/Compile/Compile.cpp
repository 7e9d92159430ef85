//===- Compile.cpp - from MLIR text to an artefact ------------------------===//

#include "gdpa/Target/Compile.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "gdpa/Target/CPU.h"
#include "gdpa/Target/LaunchDescription.h"
#include "gdpa/Target/PTX.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::gdpa;

bool CompileOptions::isGPU() const { return isNVIDIAChip(target); }

Emission CompileOptions::getEmission() const {
  return emission.value_or(isGPU() ? Emission::PTX : Emission::SharedLibrary);
}

std::string gdpa::checkOptions(const CompileOptions &options) {
  bool isGPU = options.isGPU();
  if (!isGPU && options.target != "cpu" && options.target != "reference")
    return "expected the target to be cpu, reference or a chip from sm_80 on, "
           "found '" +
           options.target + "'";
  Emission emission = options.getEmission();
  if (isGPU &&
      (emission == Emission::Object || emission == Emission::SharedLibrary))
    return "expected --emit=mlir, llvm, ptx or cubin for target '" +
           options.target + "'";
  if (!isGPU && (emission == Emission::PTX || emission == Emission::Cubin))
    return "expected --emit=mlir, llvm, obj or so for target '" +
           options.target + "'";
  if (options.target != "cpu" &&
      !(options.cpu.empty() && options.features.empty()))
    return "expected --cpu and --cpu-features with --target=cpu only";
  if (!isGPU && options.instrument)
    return "expected --instrument with a chip as the target only";
  if (!options.precision.empty() && options.precision != "exact" &&
      options.precision != "fast")
    return "expected the precision to be exact or fast, found '" +
           options.precision + "'";
  if (!isGPU) {
    auto machine =
        createCPUTargetMachine({options.cpu, options.features, false});
    if (!machine)
      return llvm::toString(machine.takeError());
  }
  return "";
}

void gdpa::registerTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

namespace {

/// One compilation.
class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options)
      : module(module), options(options) {}

  FailureOr<Artefact> run(StringRef codeFile);

private:
  using Build = llvm::function_ref<void(OpPassManager &)>;

  LogicalResult checkModule();
  LogicalResult runPasses(Build build);
  LogicalResult lower();
  LogicalResult emitForCPU(Artefact &artefact);
  LogicalResult emitForGPU(Artefact &artefact);
  LogicalResult linkObject(StringRef object, Artefact &artefact);
  std::unique_ptr<llvm::Module> translate(Operation *op);
  LogicalResult report(llvm::Error error) {
    return module.emitError(llvm::toString(std::move(error)));
  }

  ModuleOp module;
  const CompileOptions &options;
  LaunchDescription description;
  llvm::LLVMContext llvmContext;
};

} // namespace

LogicalResult Compilation::checkModule() {
  AttentionOp found;
  WalkResult result = module.walk([&](Operation *op) {
    if (isa<AttentionBackwardOp>(op)) {
      op->emitOpError("is built by the compiler (--grad); expected a module "
                      "with one function around one gdpa.attention");
      return WalkResult::interrupt();
    }
    auto attention = dyn_cast<AttentionOp>(op);
    if (!attention)
      return WalkResult::advance();
    if (found) {
      InFlightDiagnostic error = attention.emitOpError(
          "expected one gdpa.attention in the module, found another");
      error.attachNote(found.getLoc()) << "the first one is here";
      return WalkResult::interrupt();
    }
    found = attention;
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  if (!found)
    return module.emitError("expected one function with a gdpa.attention in "
                            "the module, found none");
  auto function = found->getParentOfType<func::FuncOp>();
  if (!function || function->getParentOp() != module)
    return found.emitOpError("expected to stand in a func.func of the module");
  if (function.isPrivate())
    return function.emitError("expected a public function around the "
                              "gdpa.attention, found a private one");
  // The artefact's entry is this function: nothing else may claim its name.
  for (auto other : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (other != function)
      return other.emitError("expected one function in the module, found "
                             "another beside the one with the gdpa.attention");

  if (!options.precision.empty()) {
    auto precision =
        options.precision == "fast" ? Precision::Fast : Precision::Exact;
    found.setPrecisionAttr(PrecisionAttr::get(module.getContext(), precision));
  }
  // What the operation leaves open, the target decides.
  Precision precision = found.getPrecision().value_or(
      options.isGPU() ? Precision::Fast : Precision::Exact);
  if (options.target != "reference")
    description.precision = stringifyPrecision(precision).str();
  return success();
}

LogicalResult Compilation::runPasses(Build build) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  build(manager);
  return manager.run(module);
}

/// Runs the target's two pipelines and reads the launch description between.
LogicalResult Compilation::lower() {
  auto run = [&](Build host, Build code) -> LogicalResult {
    if (failed(runPasses(host)))
      return failure();
    FailureOr<LaunchDescription> described =
        describeEntries(module, options.target);
    if (failed(described))
      return failure();
    described->precision = description.precision;
    description = std::move(*described);
    return runPasses(code);
  };
  if (options.target == "reference") {
    ReferencePipelineOptions pipeline;
    pipeline.gradients = options.gradients;
    pipeline.lowerForeignOps = options.lowerForeignOps;
    return run([&](auto &pm) { buildReferenceHostPipeline(pm, pipeline); },
               [&](auto &pm) { buildReferenceCodePipeline(pm, pipeline); });
  }
  if (options.isGPU()) {
    NVVMPipelineOptions pipeline;
    pipeline.gradients = options.gradients;
    pipeline.lowerForeignOps = options.lowerForeignOps;
    pipeline.chip = options.target;
    pipeline.instrument = options.instrument;
    if (failed(run([&](auto &pm) { buildNVVMHostPipeline(pm, pipeline); },
                   [&](auto &pm) { buildNVVMCodePipeline(pm, pipeline); })))
      return failure();
    return describeKernels(module, description);
  }
  CPUPipelineOptions pipeline;
  pipeline.gradients = options.gradients;
  pipeline.lowerForeignOps = options.lowerForeignOps;
  pipeline.cpu = options.cpu;
  pipeline.features = options.features;
  return run([&](auto &pm) { buildCPUHostPipeline(pm, pipeline); },
             [&](auto &pm) { buildCPUCodePipeline(pm, pipeline); });
}

std::unique_ptr<llvm::Module> Compilation::translate(Operation *op) {
  return translateModuleToLLVMIR(op, llvmContext, "gdpa");
}

static std::string printModule(llvm::Module &module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

LogicalResult Compilation::linkObject(StringRef object, Artefact &artefact) {
  llvm::SmallString<128> input, output;
  llvm::FileRemover removers[2];
  std::pair<llvm::SmallString<128> *, StringRef> files[] = {{&input, "o"},
                                                            {&output, "so"}};
  for (auto [i, file] : llvm::enumerate(files)) {
    if (std::error_code error = llvm::sys::fs::createTemporaryFile(
            "gdpa", file.second, *file.first))
      return module.emitError("cannot make a temporary file: ")
             << error.message();
    removers[i].setFile(*file.first);
  }
  {
    std::error_code error;
    llvm::raw_fd_ostream stream(input, error);
    if (!error)
      stream << object;
    stream.close();
    if (error || stream.has_error()) {
      stream.clear_error();
      return module.emitError("cannot write the temporary file ") << input;
    }
  }
  if (llvm::Error error = linkSharedLibrary(
          input, output, /*needsMath=*/options.target == "reference"))
    return report(std::move(error));
  auto library = llvm::MemoryBuffer::getFile(output, /*IsText=*/false,
                                             /*RequiresNullTerminator=*/false);
  if (!library)
    return module.emitError("the linker wrote no shared library");
  artefact.code = (*library)->getBuffer().str();
  return success();
}

LogicalResult Compilation::emitForCPU(Artefact &artefact) {
  // The reference is plain loops: LLVM makes them bearable.
  bool optimize = options.target == "reference";
  auto machine =
      createCPUTargetMachine({options.cpu, options.features, optimize});
  if (!machine)
    return report(machine.takeError());
  std::unique_ptr<llvm::Module> code = translate(module);
  if (!code)
    return failure();
  prepareForCPU(*code, **machine, optimize);
  description.cpuFeatures = listFeatures(**machine);
  if (options.getEmission() == Emission::LLVM) {
    artefact.code = printModule(*code);
    return success();
  }
  llvm::SmallString<0> object;
  if (llvm::Error error = emitObject(*code, **machine, object))
    return report(std::move(error));
  if (options.getEmission() == Emission::SharedLibrary)
    return linkObject(object, artefact);
  artefact.code = object.str().str();
  return success();
}

LogicalResult Compilation::emitForGPU(Artefact &artefact) {
  SmallVector<gpu::GPUModuleOp> kernels(module.getOps<gpu::GPUModuleOp>());
  if (kernels.size() != 1)
    return module.emitError("expected one gpu.module, found ")
           << kernels.size();
  auto machine = createPTXTargetMachine(options.target);
  if (!machine)
    return report(machine.takeError());
  std::unique_ptr<llvm::Module> code = translate(kernels.front());
  if (!code)
    return failure();
  prepareForPTX(*code, **machine);
  if (options.getEmission() == Emission::LLVM) {
    artefact.code = printModule(*code);
    return success();
  }
  llvm::Expected<std::string> text = emitPTX(*code, **machine);
  if (!text)
    return report(text.takeError());
  if (options.getEmission() == Emission::PTX) {
    artefact.code = std::move(*text);
    return success();
  }
  llvm::Expected<Cubin> cubin = assemblePTX(*text, options.target);
  if (!cubin)
    return report(cubin.takeError());
  artefact.code = std::move(cubin->code);
  description.registers = cubin->registers;
  description.spillBytes = cubin->spillBytes;
  return success();
}

FailureOr<Artefact> Compilation::run(StringRef codeFile) {
  if (failed(checkModule()) || failed(lower()))
    return failure();
  Artefact artefact;
  Emission emission = options.getEmission();
  if (emission == Emission::MLIR) {
    llvm::raw_string_ostream(artefact.code) << *module << "\n";
    return artefact;
  }
  if (failed(options.isGPU() ? emitForGPU(artefact) : emitForCPU(artefact)))
    return failure();
  if (emission != Emission::LLVM) {
    llvm::raw_string_ostream stream(artefact.description);
    description.print(stream, codeFile, artefact.code);
  }
  return artefact;
}

FailureOr<Artefact> gdpa::compile(ModuleOp module,
                                  const CompileOptions &options,
                                  StringRef codeFile) {
  return Compilation(module, options).run(codeFile);
}
