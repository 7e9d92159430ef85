//===- CPU.h - objects and shared libraries ---------------------*- C++ -*-===//
//
// From a module in the LLVM dialect to machine code of this machine's family.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_TARGET_CPU_H
#define GDPA_TARGET_CPU_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir::gdpa {

/// The processor that code is made for.
struct CPUTarget {
  /// As LLVM names it; empty or native: the one this runs on.
  std::string cpu;
  /// Changes to the processor's features, as LLVM writes them ("-avx512f").
  std::string features;
  /// Run LLVM's O2 pipeline. Kernels leave their passes in the shape that they
  /// should have and do without.
  bool optimize = false;
};

/// Makes the target machine of `target`; fails on a processor that LLVM does
/// not know.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createCPUTargetMachine(const CPUTarget &target);

/// The vector features of `machine` that a runtime asks its processor for, by
/// LLVM's names.
std::vector<std::string> listFeatures(const llvm::TargetMachine &machine);

/// Gives `module` the machine's data layout and triple, each function its
/// processor and features, and optimises where `optimize` says so.
void prepareForCPU(llvm::Module &module, llvm::TargetMachine &machine,
                   bool optimize);

/// Position-independent object code of a prepared module.
llvm::Error emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                       llvm::SmallVectorImpl<char> &object);

/// Links `object` into the shared library `path`, with the linker found beside
/// the LLVM tools, else on PATH (ld.lld, ld). `needsMath`: it calls functions
/// of the C math library.
llvm::Error linkSharedLibrary(StringRef object, StringRef path, bool needsMath);

} // namespace mlir::gdpa

#endif // GDPA_TARGET_CPU_H
