//===- Machine.cpp - LLVM's target machines -------------------------------===//

#include "gdpa/Target/Machine.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::gdpa;

llvm::Expected<const llvm::Target *>
gdpa::lookupTarget(const llvm::Triple &triple) {
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError(message);
  return target;
}

std::unique_ptr<llvm::TargetMachine>
gdpa::createTargetMachine(const llvm::Target &target,
                          const llvm::Triple &triple, StringRef cpu,
                          StringRef features, llvm::CodeGenOptLevel level) {
  return std::unique_ptr<llvm::TargetMachine>(target.createTargetMachine(
      triple, cpu, features, llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, level));
}

void gdpa::setTarget(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
}

void gdpa::optimize(llvm::Module &module, llvm::TargetMachine &machine,
                    llvm::OptimizationLevel level) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(level).run(module, modules);
}

llvm::Error gdpa::emitFile(llvm::Module &module, llvm::TargetMachine &machine,
                           llvm::CodeGenFileType type,
                           llvm::raw_pwrite_stream &stream) {
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return llvm::createStringError("this target emits no such files");
  passes.run(module);
  return llvm::Error::success();
}
