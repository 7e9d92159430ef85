//===- Expressions.h - index arithmetic of host code as JSON ----*- C++ -*-===//

#ifndef GDPA_LIB_TARGET_LAUNCHDESCRIPTION_EXPRESSIONS_H
#define GDPA_LIB_TARGET_LAUNCHDESCRIPTION_EXPRESSIONS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/JSON.h"

namespace mlir::gdpa {

/// The buffer that a view of host code shows, behind casts and transposes, and
/// which of its dimensions each dimension of the view is.
struct BufferBehind {
  Value buffer;
  SmallVector<int64_t> dims;
};
BufferBehind bufferBehind(Value view);

/// The size of dimension `dim` of an entry's argument, as an expression.
using SizeOfArgument =
    llvm::function_ref<llvm::json::Value(BlockArgument, int64_t dim)>;

/// `value`, an index or integer of host code, as an expression of the launch
/// description: an integer, a symbol or [op, left, right]. Fails with an error
/// at the operation that has no counterpart there.
FailureOr<llvm::json::Value> toExpression(Value value, SizeOfArgument sizeOf);

} // namespace mlir::gdpa

#endif // GDPA_LIB_TARGET_LAUNCHDESCRIPTION_EXPRESSIONS_H
