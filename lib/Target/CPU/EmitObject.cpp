//===- EmitObject.cpp - machine code of the CPU targets -------------------===//

#include "gdpa/Target/CPU.h"
#include "gdpa/Target/Machine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::gdpa;

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
gdpa::createCPUTargetMachine(const CPUTarget &target) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getProcessTriple());
  llvm::Expected<const llvm::Target *> family = lookupTarget(triple);
  if (!family)
    return family.takeError();

  std::string cpu = target.cpu, features = target.features;
  if (cpu.empty() || cpu == "native") {
    cpu = llvm::sys::getHostCPUName().str();
    // A virtual machine may hide features that its processor's name implies.
    SmallVector<std::string> found;
    for (const auto &[name, isPresent] : llvm::sys::getHostCPUFeatures())
      found.push_back((isPresent ? "+" : "-") + name.str());
    llvm::sort(found);
    // What the caller says comes last and wins.
    if (!features.empty())
      found.push_back(features);
    features = llvm::join(found, ",");
  }
  // Ask before the machine is made: it would print a warning and go on.
  std::unique_ptr<llvm::MCSubtargetInfo> generic(
      (*family)->createMCSubtargetInfo(triple, "", ""));
  if (!generic->isCPUStringValid(cpu))
    return llvm::createStringError("expected a processor that LLVM knows for " +
                                   triple.str() + ", found '" + cpu + "'");
  return createTargetMachine(**family, triple, cpu, features,
                             llvm::CodeGenOptLevel::Default);
}

std::vector<std::string>
gdpa::listFeatures(const llvm::TargetMachine &machine) {
  std::vector<std::string> present;
  if (!machine.getTargetTriple().isX86())
    return present;
  for (StringRef name :
       {"sse4.2", "avx", "f16c", "avx2", "fma", "bmi2", "avx512f", "avx512bw",
        "avx512cd", "avx512dq", "avx512vl", "avx512vbmi", "avx512vbmi2",
        "avx512bf16", "avx512fp16", "avx512vnni"})
    if (machine.getMCSubtargetInfo()->checkFeatures(("+" + name).str()))
      present.push_back(name.str());
  return present;
}

void gdpa::prepareForCPU(llvm::Module &module, llvm::TargetMachine &machine,
                         bool optimize) {
  setTarget(module, machine);
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
  if (optimize)
    gdpa::optimize(module, machine, llvm::OptimizationLevel::O2);
}

llvm::Error gdpa::emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                             llvm::SmallVectorImpl<char> &object) {
  llvm::raw_svector_ostream stream(object);
  return emitFile(module, machine, llvm::CodeGenFileType::ObjectFile, stream);
}
