//===- EmitPTX.cpp - PTX text from an LLVM module -------------------------===//

#include "gdpa/Target/PTX.h"
#include "gdpa/Target/Machine.h"
#include "llvm/IR/Module.h"
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
  llvm::Expected<const llvm::Target *> family = lookupTarget(triple);
  if (!family)
    return family.takeError();
  // TMA of sm_90a is selected from PTX 8.6 on.
  StringRef version = chipNumber(chip) >= 100 ? "+ptx87"
                      : chip == "sm_90a"      ? "+ptx86"
                                              : "+ptx80";
  return createTargetMachine(**family, triple, chip, version,
                             llvm::CodeGenOptLevel::Aggressive);
}

void gdpa::prepareForPTX(llvm::Module &module, llvm::TargetMachine &machine) {
  setTarget(module, machine);
  optimize(module, machine, llvm::OptimizationLevel::O3);
}

llvm::Expected<std::string> gdpa::emitPTX(llvm::Module &module,
                                          llvm::TargetMachine &machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  if (llvm::Error error = emitFile(
          module, machine, llvm::CodeGenFileType::AssemblyFile, stream))
    return std::move(error);
  return text.str().str();
}
