//===- Utils.h - what the passes of this directory share --------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_UTILS_H
#define GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_UTILS_H

#include "gdpa/Dialect/GDPACPU/IR/GDPACPU.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::gdpa_cpu {

/// Marks the functions that were block programs.
inline constexpr StringLiteral kProgramAttr = "gdpa_cpu.program";
/// Bytes of scratch memory that one call of a program needs.
inline constexpr StringLiteral kScratchBytesAttr = "gdpa_cpu.scratch_bytes";
/// The part that a linalg operation plays in a block program.
inline constexpr StringLiteral kRoleAttr = "gdpa_tile.role";
/// After the program's own arguments: scratch, x, y, z.
inline constexpr unsigned kNumProgramArguments = 4;

/// Whether `func` was a block program.
bool isProgram(func::FuncOp func);

/// Checks the option of a pass: an error where `bits` is not the width of a
/// vector register.
LogicalResult checkVectorBits(MLIRContext *context, int64_t bits);

/// The role of `op`, empty where it has none.
StringRef getRole(Operation *op);

/// Whether nothing but activations reads `scores`.
bool isOnlyForActivations(Value scores);

/// Register tile of a program, from its schedule; what is absent there is
/// `group` 4, `tile` 16.
struct RegisterTile {
  int64_t group = 4;
  int64_t tile = 16;
};
RegisterTile getRegisterTile(func::FuncOp func);

/// Canonicalisation patterns of every loaded dialect, and those that `extra`
/// adds, applied to `root` greedily.
void canonicalize(Operation *root,
                  function_ref<void(RewritePatternSet &)> extra = {});

/// Applies the patterns that `populate` adds to `root`, greedily.
void applyPatterns(Operation *root,
                   function_ref<void(RewritePatternSet &)> populate);

/// Common subexpression elimination below `root`.
void eliminateCommonSubexpressions(Operation *root);

} // namespace mlir::gdpa_cpu

#endif // GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_UTILS_H
