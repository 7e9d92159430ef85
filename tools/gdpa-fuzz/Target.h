//===- Target.h - what is fuzzed --------------------------------*- C++ -*-===//
//
// One input is a module, as text or as bytecode. It is parsed, verified,
// printed, parsed again and compared, and given to one pipeline: the one that
// the text's first line names ("// pipeline: builtin.module(...)"); bytecode
// goes to one that its bytes choose. An error is a fine result; a crash, a
// hang and a module that does not print back are findings.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_FUZZ_TARGET_H
#define GDPA_FUZZ_TARGET_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::gdpa::fuzz {

/// Registers passes and pipelines; call it once.
void initialize();

/// A fresh context that knows every dialect, quiet and with one thread.
std::unique_ptr<MLIRContext> createContext();

/// Every pass of ours by itself, and the pipelines.
llvm::ArrayRef<llvm::StringRef> getPipelines();

/// The pipeline that `input` asks for; empty: none.
llvm::StringRef getPipeline(llvm::StringRef input);

/// `input` with the first line that asks for `pipeline`.
std::string withPipeline(llvm::StringRef input, llvm::StringRef pipeline);

bool isBytecode(llvm::StringRef input);

/// How far an input got.
enum class Progress { Malformed, Refused, Through };

/// Runs `input`; aborts with a message where a module does not print back.
Progress runInput(llvm::StringRef input);

} // namespace mlir::gdpa::fuzz

#endif // GDPA_FUZZ_TARGET_H
