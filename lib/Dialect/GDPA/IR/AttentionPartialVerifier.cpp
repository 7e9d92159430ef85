//===- AttentionPartialVerifier.cpp - operands of partial and merge -------===//
//
// The two halves of attention to keys that lie in pieces: (C23) to (C27), and
// what they share with the whole.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::verifier;

/// (C23), (C26) A layout in which every sequence has the same length.
static LogicalResult verifyLayout(Operation *op, Layout layout) {
  if (layout == Layout::THD)
    return op->emitOpError("expected layout bhsd or bshd, found thd");
  return success();
}

/// (C24), (C25) Which parts of a state stand beside acc.
static LogicalResult verifyStateParts(Operation *op, Normalizer normalizer,
                                      Value maximum, Value total) {
  for (auto [name, value, expected] :
       {std::tuple<StringRef, Value, bool>{"m", maximum,
                                           normalizer == Normalizer::Softmax},
        {"l", total, normalizer != Normalizer::None}})
    if (bool(value) != expected)
      return op->emitOpError("expected ")
             << (expected ? "" : "no ") << name << " with normalizer "
             << stringifyNormalizer(normalizer) << ", found "
             << (expected ? "none" : "one");
  return success();
}

/// Rank and element type of one part of a state.
static LogicalResult verifyPart(Operation *op, const NamedOperand &part,
                                int64_t rank, Type element) {
  if (part.getType().getRank() != rank ||
      part.getType().getElementType() != element)
    return op->emitOpError("expected ")
           << part.name << " of rank " << rank << " and element type "
           << element << ", found " << part.value.getType();
  return success();
}

LogicalResult AttentionPartialOp::verify() {
  static constexpr OperandGroup groups[] = {{"query", Count::One},
                                            {"key", Count::One},
                                            {"value", Count::One},
                                            {"accumulator_init", Count::One},
                                            {"maximum_init", Count::Optional},
                                            {"total_init", Count::Optional},
                                            {"scale", Count::One},
                                            {"captures", Count::Any},
                                            {"offsets", Count::Any},
                                            {"lengths", Count::Any}};
  Operation *op = getOperation();
  Layout layout = getLayout();
  if (failed(verifyGroups(op, getProperties().operandSegmentSizes, groups)) ||
      failed(verifyForm(op)) || failed(verifyLayout(op, layout)))
    return failure();
  ShapedOperands operands;
  operands.queryLike = {{"query", getQuery()}};
  operands.keyLike = {{"key", getKey()}};
  operands.valueLike = {{"value", getValue()}};
  operands.outputLike = {{"acc", getAccumulatorInit()}};
  // (C24)
  if (failed(verifyRankAndStorage(op, layout,
                                  {operands.queryLike[0], operands.keyLike[0],
                                   operands.valueLike[0]})) ||
      failed(verifyPart(op, operands.outputLike[0], getTensorDims(layout).rank,
                        getComputeType())) ||
      failed(verifyStateParts(op, getNormalizer(), getMaximumInit(),
                              getTotalInit())))
    return failure();
  for (auto [name, part] : {std::pair<StringRef, Value>{"m", getMaximumInit()},
                            {"l", getTotalInit()}})
    if (part) {
      operands.statisticsLike.push_back({name, part});
      if (failed(verifyStatisticsType(op, layout, getComputeType(),
                                      operands.statisticsLike.back())))
        return failure();
    }
  return verifyShared(*this, operands);
}

LogicalResult AttentionMergeOp::verify() {
  static constexpr OperandGroup groups[] = {
      {"accumulator", Count::One},
      {"maximum", Count::Optional},
      {"total", Count::Optional},
      {"output_init", Count::One},
      {"statistics_init", Count::Optional}};
  Operation *op = getOperation();
  Layout layout = getLayout();
  // (C25)
  if (failed(verifyGroups(op, getProperties().operandSegmentSizes, groups)) ||
      failed(verifyForm(op, "acc")) ||
      failed(verifyStateParts(op, getNormalizer(), getMaximum(), getTotal())))
    return failure();
  if (bool(getStatisticsInit()) != hasStatistics())
    return emitOpError("expected ")
           << (hasStatistics() ? "" : "no ")
           << "destination of statistics with normalizer "
           << stringifyNormalizer(getNormalizer()) << ", found "
           << (hasStatistics() ? "none" : "one");
  // (C26)
  NamedOperand output{"output", getOutputInit()};
  NamedOperand accumulator{"acc", getAccumulator()};
  TensorDims dims = getTensorDims(layout);
  StatisticsDims rowDims = getStatisticsDims(layout);
  if (failed(verifyLayout(op, layout)) ||
      failed(verifyRankAndStorage(op, layout, output)) ||
      failed(verifyPart(op, accumulator, dims.rank + 1, getComputeType())))
    return failure();
  SmallVector<NamedOperand> stated, statistics;
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"m", getMaximum()}, {"l", getTotal()}})
    if (value)
      stated.push_back({name, value});
  if (Value value = getStatisticsInit())
    statistics.push_back({"statistics", value});
  for (const NamedOperand &part : stated)
    if (failed(verifyPart(op, part, rowDims.rank + 1, getComputeType())))
      return failure();
  for (const NamedOperand &part : statistics)
    if (failed(verifyStatisticsType(op, layout, getComputeType(), part)))
      return failure();
  // (C27)
  SmallVector<NamedOperand> states{accumulator};
  llvm::append_range(states, stated);
  if (failed(verifyCommonSize(op, "number of pieces", states, 0)))
    return failure();
  for (const NamedOperand &state : states)
    if (state.getType().getDimSize(0) == 0)
      return emitOpError("expected at least one piece of ")
             << state.name << ", found 0";
  for (auto [what, dim, rowDim] :
       {std::tuple<StringRef, unsigned, unsigned>{"batch size", *dims.batch,
                                                  *rowDims.batch},
        {"number of heads", dims.head, rowDims.head},
        {"number of queries", dims.sequence, rowDims.sequence}}) {
    SmallVector<CommonDimension> group{{output, dim}, {accumulator, dim + 1}};
    for (const NamedOperand &part : stated)
      group.push_back({part, rowDim + 1});
    for (const NamedOperand &part : statistics)
      group.push_back({part, rowDim});
    if (failed(verifyCommonSize(op, what, group)))
      return failure();
  }
  return verifyCommonSize(
      op, "depth", {{output, dims.depth}, {accumulator, dims.depth + 1}});
}
