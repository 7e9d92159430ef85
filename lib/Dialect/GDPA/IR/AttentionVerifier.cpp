//===- AttentionVerifier.cpp - operands of the attention operations -------===//
//
// Constraints on operands, numbered (C1)... in the operations' documentation. A
// size is checked wherever it is static; what is dynamic is the runtime's.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::verifier;

namespace {

constexpr OperandGroup forwardGroups[] = {{"query", Count::One},
                                          {"key", Count::One},
                                          {"value", Count::One},
                                          {"output_init", Count::One},
                                          {"statistics_init", Count::Optional},
                                          {"scale", Count::One},
                                          {"cu_seqlens_query", Count::Optional},
                                          {"cu_seqlens_key", Count::Optional},
                                          {"captures", Count::Any},
                                          {"offsets", Count::Any},
                                          {"lengths", Count::Any}};
constexpr OperandGroup backwardGroups[] = {
    {"query", Count::One},
    {"key", Count::One},
    {"value", Count::One},
    {"d_output", Count::One},
    {"d_statistics", Count::Optional},
    {"output", Count::Optional},
    {"statistics", Count::Optional},
    {"d_query_init", Count::One},
    {"d_key_init", Count::One},
    {"d_value_init", Count::One},
    {"d_capture_inits", Count::Any},
    {"scale", Count::One},
    {"cu_seqlens_query", Count::Optional},
    {"cu_seqlens_key", Count::Optional},
    {"captures", Count::Any},
    {"offsets", Count::Any},
    {"lengths", Count::Any}};

} // namespace

LogicalResult verifier::verifyGroups(Operation *op, ArrayRef<int32_t> sizes,
                                     ArrayRef<OperandGroup> groups) {
  for (auto [size, group] : llvm::zip_equal(sizes, groups)) {
    if (group.count == Count::One && size != 1)
      return op->emitOpError("expected 1 operand for ")
             << group.name << ", found " << size;
    if (group.count == Count::Optional && size > 1)
      return op->emitOpError("expected 0 or 1 operands for ")
             << group.name << ", found " << size;
  }
  return success();
}

LogicalResult verifier::verifyForm(Operation *op, StringRef first) {
  bool tensors = isa<RankedTensorType>(op->getOperand(0).getType());
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = operand.get().getType();
    if (isa<ShapedType>(type) && isa<TensorType>(type) != tensors)
      return op->emitOpError("expected operand #")
             << operand.getOperandNumber() << " to be a "
             << (tensors ? "tensor" : "memref") << " as " << first << " is, found "
             << type;
  }
  return success();
}

/// (C10) Scale in the compute type.
static LogicalResult verifyScale(Operation *op, Value scale, Type computeType) {
  if (scale.getType() != computeType)
    return op->emitOpError("expected scale of type ")
           << computeType << ", found " << scale.getType();
  return success();
}

/// (C11) cu_seqlens exactly for thd.
static LogicalResult verifyCuSeqlens(Operation *op, Layout layout, Value query,
                                     Value key) {
  bool jagged = layout == Layout::THD;
  for (const NamedOperand &operand : {NamedOperand{"cu_seqlens_query", query},
                                      NamedOperand{"cu_seqlens_key", key}}) {
    if (bool(operand.value) != jagged)
      return op->emitOpError("expected ")
             << (jagged ? "" : "no ") << operand.name << " in layout "
             << stringifyLayout(layout) << ", found "
             << (jagged ? "none" : "one");
    if (!jagged)
      continue;
    ShapedType type = operand.getType();
    if (type.getRank() != 1 || !(type.getElementType().isSignlessInteger(32) ||
                                 type.getElementType().isSignlessInteger(64)))
      return op->emitOpError("expected ")
             << operand.name << " of rank 1 and element type i32 or i64, found "
             << operand.value.getType();
    if (type.getDimSize(0) == 0)
      return op->emitOpError("expected at least 1 element of ")
             << operand.name << ", one more than there are sequences, found 0";
  }
  if (!jagged)
    return success();
  if (getElementTypeOrSelf(query) != getElementTypeOrSelf(key))
    return op->emitOpError("expected element type ")
           << getElementTypeOrSelf(query)
           << " of cu_seqlens_key as in cu_seqlens_query, found "
           << getElementTypeOrSelf(key);
  return verifyCommonSize(
      op, "size", {{"cu_seqlens_query", query}, {"cu_seqlens_key", key}}, 0);
}

/// (C18) Four offsets or none, two lengths or none.
static LogicalResult verifyPosition(Operation *op, Layout layout,
                                    ValueRange offsets, ValueRange lengths) {
  if (!offsets.empty() && offsets.size() != 4)
    return op->emitOpError("expected 0 or 4 operands for offsets, found ")
           << offsets.size();
  if (!lengths.empty() && lengths.size() != 2)
    return op->emitOpError("expected 0 or 2 operands for lengths, found ")
           << lengths.size();
  if (!lengths.empty() && layout == Layout::THD)
    return op->emitOpError("expected no lengths in layout thd, whose sequences "
                           "have lengths of their own, found ")
           << lengths.size();
  return success();
}

/// (C12) Captures are scalars or shaped values of rank 1 to 4.
static LogicalResult verifyCaptures(Operation *op, ValueRange captures) {
  for (auto [index, capture] : llvm::enumerate(captures)) {
    Type type = capture.getType(), element = getElementTypeOrSelf(type);
    auto shaped = dyn_cast<ShapedType>(type);
    bool goodElement =
        element.isF64() || element.isF32() || element.isBF16() ||
        element.isF16() || element.isIndex() ||
        (element.isSignlessInteger() && element.getIntOrFloatBitWidth() <= 64);
    bool goodShape =
        !shaped || (isa<RankedTensorType, MemRefType>(type) &&
                    shaped.getRank() >= 1 && shaped.getRank() <= 4);
    if (!goodElement || !goodShape)
      return op->emitOpError("expected capture #")
             << index
             << " to be a scalar, or a tensor or memref of rank 1 to 4, of "
                "type "
                "f64, f32, bf16, f16, index or a signless integer of at most "
                "64 "
                "bits, found "
             << type;
  }
  return success();
}

template <class Op>
LogicalResult verifier::verifyShared(Op op, const ShapedOperands &operands) {
  Type computeType = op.getComputeType();
  if (failed(verifySizes(op, op.getLayout(), operands)) ||
      failed(verifyScale(op, op.getScale(), computeType)) ||
      failed(verifyCaptures(op, op.getCaptures())) ||
      failed(verifyPosition(op, op.getLayout(), op.getOffsets(),
                            op.getLengths())))
    return failure();
  for (Region &region : op->getRegions())
    if (failed(verifyRegionArguments(op, region, computeType,
                                     op.getCaptures().getTypes())))
      return failure();
  return success();
}

template LogicalResult verifier::verifyShared(AttentionPartialOp,
                                              const ShapedOperands &);

LogicalResult AttentionOp::verify() {
  Operation *op = getOperation();
  if (failed(verifyGroups(op, getProperties().operandSegmentSizes,
                          forwardGroups)) ||
      failed(verifyForm(op)))
    return failure();
  Layout layout = getLayout();
  ShapedOperands operands;
  operands.queryLike = {{"query", getQuery()}};
  operands.keyLike = {{"key", getKey()}};
  operands.valueLike = {{"value", getValue()}};
  operands.outputLike = {{"output", getOutputInit()}};
  if (failed(verifyRankAndStorage(op, layout,
                                  {operands.queryLike[0], operands.keyLike[0],
                                   operands.valueLike[0],
                                   operands.outputLike[0]})))
    return failure();
  // (C9)
  if (bool(getStatisticsInit()) != hasStatistics())
    return emitOpError("expected ")
           << (hasStatistics() ? "" : "no ")
           << "destination of statistics with normalizer "
           << stringifyNormalizer(getNormalizer()) << ", found "
           << (hasStatistics() ? "none" : "one");
  if (Value statistics = getStatisticsInit()) {
    operands.statisticsLike = {{"statistics", statistics}};
    if (failed(verifyStatisticsType(op, layout, getComputeType(),
                                    operands.statisticsLike[0])))
      return failure();
  }
  if (failed(verifyCuSeqlens(op, layout, getCuSeqlensQuery(),
                             getCuSeqlensKey())))
    return failure();
  return verifyShared(*this, operands);
}

/// (C21) and (C22) wrt names float captures, strictly increasing; one gradient
/// for each.
static LogicalResult verifyWrt(AttentionBackwardOp op) {
  auto numCaptures = static_cast<int64_t>(op.getCaptures().size());
  int64_t previous = -1;
  for (int64_t index : op.getWrt()) {
    if (index <= previous || index >= numCaptures)
      return op.emitOpError(
                 "expected wrt to be strictly increasing positions of "
                 "the ")
             << numCaptures << " captures, found " << op.getWrtAttr();
    previous = index;
    Type type = op.getCaptures()[index].getType();
    if (!getFloatCaptureType(type))
      return op.emitOpError(
                 "expected wrt to name float captures, found capture #")
             << index << " of type " << type;
  }
  size_t numGradients = op.getDCaptureInits().size();
  if (numGradients != op.getWrt().size())
    return op.emitOpError("expected ")
           << op.getWrt().size()
           << " destinations of capture gradients, one for each entry of wrt, "
              "found "
           << numGradients;
  for (auto [index, init] : llvm::zip(op.getWrt(), op.getDCaptureInits())) {
    Type expected = getCaptureGradientType(op.getCaptures()[index].getType(),
                                           op.hasTensorSemantics());
    if (getElementTypeOrSelf(expected) != getElementTypeOrSelf(init) ||
        failed(verifyCompatibleShape(expected, init.getType())))
      return op.emitOpError("expected the gradient of capture #")
             << index << " to have the shape and element type of " << expected
             << ", found " << init.getType();
  }
  return success();
}

LogicalResult AttentionBackwardOp::verify() {
  Operation *op = getOperation();
  if (failed(verifyGroups(op, getProperties().operandSegmentSizes,
                          backwardGroups)) ||
      failed(verifyForm(op)))
    return failure();
  Layout layout = getLayout();
  StringRef normalizer = stringifyNormalizer(getNormalizer());
  ShapedOperands operands;
  operands.queryLike = {{"query", getQuery()}, {"d_query", getDQueryInit()}};
  operands.keyLike = {{"key", getKey()}, {"d_key", getDKeyInit()}};
  operands.valueLike = {{"value", getValue()}, {"d_value", getDValueInit()}};
  operands.outputLike = {{"d_output", getDOutput()}};
  // (C19)
  for (auto [name, saved] :
       {std::pair<StringRef, Value>{"output", getOutput()},
        std::pair<StringRef, Value>{"statistics", getStatistics()}})
    if (bool(saved) != hasStatistics())
      return emitOpError("expected ")
             << (hasStatistics() ? "" : "no ") << "saved " << name
             << " with normalizer " << normalizer << ", found "
             << (hasStatistics() ? "none" : "one");
  if (hasStatistics()) {
    operands.outputLike.push_back({"output", getOutput()});
    operands.statisticsLike.push_back({"statistics", getStatistics()});
  }
  // (C20)
  if (Value dStatistics = getDStatistics()) {
    if (!hasStatistics())
      return emitOpError("expected no cotangent of statistics with normalizer ")
             << normalizer << ", found one of type " << dStatistics.getType();
    operands.statisticsLike.push_back({"d_statistics", dStatistics});
  }
  SmallVector<NamedOperand> rows;
  for (const auto *group : {&operands.queryLike, &operands.keyLike,
                            &operands.valueLike, &operands.outputLike})
    llvm::append_range(rows, *group);
  if (failed(verifyRankAndStorage(op, layout, rows)))
    return failure();
  for (const NamedOperand &row : operands.statisticsLike)
    if (failed(verifyStatisticsType(op, layout, getComputeType(), row)))
      return failure();
  if (failed(verifyCuSeqlens(op, layout, getCuSeqlensQuery(),
                             getCuSeqlensKey())) ||
      failed(verifyShared(*this, operands)))
    return failure();
  return verifyWrt(*this);
}
