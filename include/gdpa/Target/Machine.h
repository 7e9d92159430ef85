//===- Machine.h - LLVM's target machines -----------------------*- C++ -*-===//
//
// What the code generators of all targets do alike.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_TARGET_MACHINE_H
#define GDPA_TARGET_MACHINE_H

#include "mlir/Support/LLVM.h"
#include "llvm/Passes/OptimizationLevel.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>

namespace llvm {
class Module;
class Target;
class TargetMachine;
} // namespace llvm

namespace mlir::gdpa {

/// The code generator of `triple`, which must be initialised. Fails with
/// LLVM's message where this LLVM has none.
llvm::Expected<const llvm::Target *> lookupTarget(const llvm::Triple &triple);

/// A machine for position-independent code.
std::unique_ptr<llvm::TargetMachine>
createTargetMachine(const llvm::Target &target, const llvm::Triple &triple,
                    StringRef cpu, StringRef features,
                    llvm::CodeGenOptLevel level);

/// Gives `module` the data layout and the triple of `machine`.
void setTarget(llvm::Module &module, llvm::TargetMachine &machine);

/// Runs LLVM's default pipeline of a level.
void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              llvm::OptimizationLevel level);

/// Writes `module` as assembly or object code.
llvm::Error emitFile(llvm::Module &module, llvm::TargetMachine &machine,
                     llvm::CodeGenFileType type,
                     llvm::raw_pwrite_stream &stream);

} // namespace mlir::gdpa

#endif // GDPA_TARGET_MACHINE_H
