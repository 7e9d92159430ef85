//===- EmitPTX.cpp - PTX text from an LLVM module -------------------------===//

#include "gdpa/Target/PTX.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::gdpa;

/// The architecture number of "sm_90a", 0 for anything else.
static unsigned chipNumber(StringRef chip) {
  unsigned number = 0;
  if (!chip.consume_front("sm_") || chip.consumeInteger(10, number) ||
      !(chip.empty() || chip == "a" || chip == "f"))
    return 0;
  return number;
}

bool gdpa::isNVIDIAChip(StringRef chip) { return chipNumber(chip) >= 80; }

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
gdpa::createPTXTargetMachine(StringRef chip) {
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *family =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!family)
    return llvm::createStringError(message);
  StringRef version = chipNumber(chip) >= 100 ? "+ptx87" : "+ptx80";
  return std::unique_ptr<llvm::TargetMachine>(family->createTargetMachine(
      triple, chip, version, llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

void gdpa::prepareForPTX(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
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
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

llvm::Expected<std::string> gdpa::emitPTX(llvm::Module &module,
                                          llvm::TargetMachine &machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("the NVPTX back end emits no text");
  passes.run(module);
  return text.str().str();
}
