//===- AttentionVerifier.h - parts of the verifier --------------*- C++ -*-===//
//
// The checks that both attention operations share; the constraints' numbers are
// those of the operations' documentation.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPA_IR_ATTENTIONVERIFIER_H
#define GDPA_LIB_DIALECT_GDPA_IR_ATTENTIONVERIFIER_H

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"

namespace mlir::gdpa::verifier {

/// A shaped operand under the name that messages use.
struct NamedOperand {
  StringRef name;
  Value value;

  ShapedType getType() const { return cast<ShapedType>(value.getType()); }
};

/// The shaped operands of either operation, by the sizes that they share.
struct ShapedOperands {
  // Rows are queries; depth is that of query, of value.
  SmallVector<NamedOperand> queryLike, outputLike;
  // Rows are keys.
  SmallVector<NamedOperand> keyLike, valueLike;
  SmallVector<NamedOperand> statisticsLike;
};

/// How many operands a group of the generic form holds.
enum class Count { One, Optional, Any };
struct OperandGroup {
  StringRef name;
  Count count;
};

/// (C1) Each group of operands holds as many as it may; only the generic form
/// can say otherwise, and the accessors rely on it.
LogicalResult verifyGroups(Operation *op, ArrayRef<int32_t> sizes,
                           ArrayRef<OperandGroup> groups);

/// (C2) All tensors or all memrefs, as the first operand, called `first`, is.
LogicalResult verifyForm(Operation *op, StringRef first = "query");

/// (C5) to (C8), (C10), (C12), (C13) and (C18), which the operations share.
template <class Op>
LogicalResult verifyShared(Op op, const ShapedOperands &operands);
extern template LogicalResult verifyShared(AttentionPartialOp,
                                           const ShapedOperands &);

/// (C3) and (C4) Rank by layout, one storage type.
LogicalResult verifyRankAndStorage(Operation *op, Layout layout,
                                   ArrayRef<NamedOperand> operands);

/// (C9) Type and rank of row statistics.
LogicalResult verifyStatisticsType(Operation *op, Layout layout,
                                   Type computeType,
                                   const NamedOperand &operand);

/// (C5) to (C8) Sizes that operands share; their ranks hold already.
LogicalResult verifySizes(Operation *op, Layout layout,
                          const ShapedOperands &operands);

/// One size, called `what` in the message, that all of `operands` share.
LogicalResult verifyCommonSize(Operation *op, StringRef what,
                               ArrayRef<NamedOperand> operands, unsigned dim);
/// The same where it is another dimension of each.
using CommonDimension = std::pair<NamedOperand, unsigned>;
LogicalResult verifyCommonSize(Operation *op, StringRef what,
                               ArrayRef<CommonDimension> operands);

/// Name of a region in messages: activation, mask, vjp or joint.
StringRef getRegionName(AttentionRegion kind);

/// (C13) Number and types of the region's arguments. Holds before anything
/// inside the region is verified.
LogicalResult verifyRegionArguments(Operation *op, Region &region,
                                    Type computeType, TypeRange captures);

/// (C14) to (C16): the terminator, and what the operations of the region may
/// do.
LogicalResult verifyRegionBody(Operation *op, Region &region, Type computeType);

/// (C16) Constant indices inside the static extents of `type`.
LogicalResult verifyConstantIndices(Operation *access, ShapedType type,
                                    ValueRange indices);

} // namespace mlir::gdpa::verifier

#endif // GDPA_LIB_DIALECT_GDPA_IR_ATTENTIONVERIFIER_H
