//===- GDPAOps.cpp - operations of the gdpa dialect -----------------------===//

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::gdpa;

template <class Op> static Type storageType(Op op) {
  return cast<ShapedType>(op.getQuery().getType()).getElementType();
}
template <class Op> static Type computeType(Op op) {
  Type type = storageType(op);
  return type.isF64() ? type : Type(Float32Type::get(op.getContext()));
}

Type AttentionOp::getStorageType() { return storageType(*this); }
Type AttentionOp::getComputeType() { return computeType(*this); }
Type AttentionBackwardOp::getStorageType() { return storageType(*this); }
Type AttentionBackwardOp::getComputeType() { return computeType(*this); }

// Inits are adjacent operand groups: one range covers them.
MutableOperandRange AttentionOp::getDpsInitsMutable() {
  auto [start, size] = getODSOperandIndexAndLength(3);
  unsigned count = size + getODSOperandIndexAndLength(4).second;
  return MutableOperandRange(getOperation(), start, count);
}
MutableOperandRange AttentionBackwardOp::getDpsInitsMutable() {
  auto [start, size] = getODSOperandIndexAndLength(7);
  unsigned count = size;
  for (unsigned group : {8u, 9u, 10u})
    count += getODSOperandIndexAndLength(group).second;
  return MutableOperandRange(getOperation(), start, count);
}

#define STUB(OP)                                                               \
  LogicalResult OP::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &) {       \
    return failure();                                                          \
  }                                                                            \
  void OP::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}  \
  LogicalResult OP::reifyResultShapes(OpBuilder &,                             \
                                      ReifiedRankedShapedTypeDims &) {         \
    return failure();                                                          \
  }                                                                            \
  void OP::getEffects(                                                         \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &) { \
  }
STUB(AttentionOp)
STUB(AttentionBackwardOp)

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPA/IR/GDPAOps.cpp.inc"
