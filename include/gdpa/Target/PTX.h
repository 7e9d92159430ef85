//===- PTX.h - text for NVIDIA's assembler ----------------------*- C++ -*-===//
//
// From a gpu.module in the NVVM and LLVM dialects to PTX and to cubins.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_TARGET_PTX_H
#define GDPA_TARGET_PTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir::gdpa {

/// Whether `chip` ("sm_80", "sm_90a") is one that PTX is made for here.
bool isNVIDIAChip(StringRef chip);

/// The target machine of a chip, with the oldest PTX version that knows it.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createPTXTargetMachine(StringRef chip);

/// Gives `module` the machine's data layout and triple and runs LLVM's O3
/// pipeline.
void prepareForPTX(llvm::Module &module, llvm::TargetMachine &machine);

/// The PTX text of a prepared module. Needs no CUDA.
llvm::Expected<std::string> emitPTX(llvm::Module &module,
                                    llvm::TargetMachine &machine);

/// What ptxas made of a PTX text.
struct Cubin {
  std::string code;
  /// The largest of any kernel.
  int64_t registers = 0, spillBytes = 0;
};

/// Assembles PTX with the ptxas in `GDPA_PTXAS`, on PATH or in the CUDA package
/// of an active virtual environment.
llvm::Expected<Cubin> assemblePTX(StringRef text, StringRef chip);

} // namespace mlir::gdpa

#endif // GDPA_TARGET_PTX_H
