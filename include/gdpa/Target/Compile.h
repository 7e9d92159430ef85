//===- Compile.h - from MLIR text to an artefact ----------------*- C++ -*-===//
//
// What gdpa-compile does, for tools and libraries.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_TARGET_COMPILE_H
#define GDPA_TARGET_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <optional>
#include <string>

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace mlir::gdpa {

/// What is written.
enum class Emission { MLIR, LLVM, PTX, Cubin, Object, SharedLibrary };

struct CompileOptions {
  /// cpu, reference, or a chip (sm_80, ...).
  std::string target;
  /// Unset: a shared library for processors, PTX for chips.
  std::optional<Emission> emission;
  bool gradients = false;
  /// exact or fast; empty: what the operation says, else the target's default.
  std::string precision;
  /// The processor of the target cpu, as LLVM names it (empty: the one this
  /// runs on), and changes to its features.
  std::string cpu, features;
  /// For chips: check the protocol of asynchronous kernels while they run.
  bool instrument = false;
  /// As in TargetPipelineOptions (Pipelines.h): passes of another project.
  std::function<void(OpPassManager &)> lowerForeignOps;

  bool isGPU() const;
  /// The emission, chosen where it was unset.
  Emission getEmission() const;
};

/// Finds what is wrong with the options themselves: an unknown target or
/// processor, an emission that the target does not have. "" where all is well.
std::string checkOptions(const CompileOptions &options);

struct Artefact {
  /// The bytes of the code file.
  std::string code;
  /// The launch description for a code file called `codeFile`; empty for
  /// emissions that cannot be launched (mlir, llvm).
  std::string description;
};

/// Registers the translations that `compile` needs.
void registerTranslations(DialectRegistry &registry);

/// Compiles `module`, which holds one function around a gdpa.attention.
/// Overwrites the module. Errors are diagnostics of its context.
FailureOr<Artefact> compile(ModuleOp module, const CompileOptions &options,
                            StringRef codeFile);

/// Writes the artefact to `path` and its description beside it
/// (d/k.ptx, d/k.json), both or none; "-" is the standard output, without
/// description. Returns an error message, "" on success.
std::string writeArtefact(const Artefact &artefact, StringRef path);

} // namespace mlir::gdpa

#endif // GDPA_TARGET_COMPILE_H
