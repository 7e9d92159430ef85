//===- AttentionOps.cpp - interfaces of the attention operations ----------===//
//
// Types, destinations, memory effects and result shapes.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::gdpa;

/// f64 computes in f64, every other storage type in f32.
static Type getComputeTypeOf(Type storage) {
  return storage.isF64() ? storage
                         : Type(Float32Type::get(storage.getContext()));
}

Type AttentionOp::getStorageType() { return getElementTypeOrSelf(getQuery()); }
Type AttentionOp::getComputeType() {
  return getComputeTypeOf(getStorageType());
}
Type AttentionBackwardOp::getStorageType() {
  return getElementTypeOrSelf(getQuery());
}
Type AttentionBackwardOp::getComputeType() {
  return getComputeTypeOf(getStorageType());
}

Type AttentionPartialOp::getStorageType() {
  return getElementTypeOrSelf(getQuery());
}
Type AttentionPartialOp::getComputeType() {
  return getComputeTypeOf(getStorageType());
}
Type AttentionMergeOp::getStorageType() {
  return getElementTypeOrSelf(getOutputInit());
}
Type AttentionMergeOp::getComputeType() {
  return getComputeTypeOf(getStorageType());
}

/// The operand groups `first` to `last`, which are adjacent, as one range. What
/// is assigned to it in excess of its operands belongs to the last group: the
/// states of a tile are more than the results of a whole (see
/// PartialReductionOpInterface), and upstream assigns them to a clone.
template <class Op>
static MutableOperandRange getGroups(Op op, unsigned first, unsigned last) {
  unsigned start = op.getODSOperandIndexAndLength(first).first;
  auto [lastStart, lastSize] = op.getODSOperandIndexAndLength(last);
  Builder builder(op.getContext());
  MutableOperandRange::OperandSegment segment(
      last, {op.getOperandSegmentSizesAttrName(),
             builder.getDenseI32ArrayAttr(
                 op.getProperties().operandSegmentSizes)});
  return MutableOperandRange(op, start, lastStart + lastSize - start, segment);
}

// output_init and statistics_init.
MutableOperandRange AttentionOp::getDpsInitsMutable() {
  return getGroups(*this, 3, 4);
}
// d_query_init to d_capture_inits.
MutableOperandRange AttentionBackwardOp::getDpsInitsMutable() {
  return getGroups(*this, 7, 10);
}
// accumulator_init to total_init.
MutableOperandRange AttentionPartialOp::getDpsInitsMutable() {
  return getGroups(*this, 3, 5);
}
// output_init and statistics_init.
MutableOperandRange AttentionMergeOp::getDpsInitsMutable() {
  return getGroups(*this, 3, 4);
}

/// The memref form reads its inputs and writes its destinations (reads them, too,
/// where it continues their sums); tensors have no effects.
static void
getEffectsOf(DestinationStyleOpInterface op,
             SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isInit = op.isDpsInit(&operand);
    if (isInit)
      effects.emplace_back(MemoryEffects::Write::get(), &operand,
                           SideEffects::DefaultResource::get());
    if (!isInit || isa<AttentionPartialOp>(op))
      effects.emplace_back(MemoryEffects::Read::get(), &operand,
                           SideEffects::DefaultResource::get());
  }
}

void AttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  getEffectsOf(*this, effects);
}
void AttentionBackwardOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  getEffectsOf(*this, effects);
}
void AttentionPartialOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  getEffectsOf(*this, effects);
}
void AttentionMergeOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  getEffectsOf(*this, effects);
}

/// A result has the sizes of its destination.
static void reifyDestinations(OpBuilder &builder,
                              DestinationStyleOpInterface op,
                              ReifiedRankedShapedTypeDims &shapes) {
  for (OpResult result : op->getResults())
    shapes.push_back(tensor::getMixedSizes(builder, op.getLoc(),
                                           op.getTiedOpOperand(result)->get()));
}

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  reifyDestinations(builder, *this, shapes);
  return success();
}
LogicalResult
AttentionBackwardOp::reifyResultShapes(OpBuilder &builder,
                                       ReifiedRankedShapedTypeDims &shapes) {
  reifyDestinations(builder, *this, shapes);
  return success();
}
LogicalResult
AttentionPartialOp::reifyResultShapes(OpBuilder &builder,
                                      ReifiedRankedShapedTypeDims &shapes) {
  reifyDestinations(builder, *this, shapes);
  return success();
}
LogicalResult
AttentionMergeOp::reifyResultShapes(OpBuilder &builder,
                                    ReifiedRankedShapedTypeDims &shapes) {
  reifyDestinations(builder, *this, shapes);
  return success();
}
