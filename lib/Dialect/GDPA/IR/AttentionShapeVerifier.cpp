//===- AttentionShapeVerifier.cpp - shapes of attention's operands --------===//
//
// Ranks, element types and the sizes that operands share: (C3) to (C9). A size
// is checked wherever it is static; what is dynamic is the runtime's.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::verifier;

namespace {

/// A size that several operands have in common: the first operand that knows it
/// is the one that the others are held against.
class CommonSize {
public:
  CommonSize(Operation *op, StringRef what) : op(op), what(what) {}

  LogicalResult add(const NamedOperand &operand, unsigned dim) {
    int64_t found = operand.getType().getDimSize(dim);
    if (ShapedType::isDynamic(found))
      return success();
    if (ShapedType::isDynamic(size)) {
      size = found;
      source = operand;
      return success();
    }
    if (found == size)
      return success();
    InFlightDiagnostic error = op->emitOpError("expected ")
                               << what << " (dimension " << dim << ") of "
                               << operand.name << " to be " << size << " as in "
                               << source.name << ", found " << found;
    error.attachNote() << source.name << " has type " << source.value.getType();
    return error;
  }

  LogicalResult add(ArrayRef<NamedOperand> operands, unsigned dim) {
    for (const NamedOperand &operand : operands)
      if (failed(add(operand, dim)))
        return failure();
    return success();
  }

  /// The size, or ShapedType::kDynamic where no operand knows it.
  int64_t get() const { return size; }

private:
  Operation *op;
  StringRef what;
  int64_t size = ShapedType::kDynamic;
  NamedOperand source;
};

} // namespace

LogicalResult verifier::verifyCommonSize(Operation *op, StringRef what,
                                         ArrayRef<NamedOperand> operands,
                                         unsigned dim) {
  return CommonSize(op, what).add(operands, dim);
}

LogicalResult verifier::verifyCommonSize(Operation *op, StringRef what,
                                         ArrayRef<CommonDimension> operands) {
  CommonSize size(op, what);
  for (const auto &[operand, dim] : operands)
    if (failed(size.add(operand, dim)))
      return failure();
  return success();
}

LogicalResult verifier::verifyRankAndStorage(Operation *op, Layout layout,
                                             ArrayRef<NamedOperand> operands) {
  unsigned rank = getTensorDims(layout).rank;
  Type storage = operands.front().getType().getElementType();
  if (!storage.isF64() && !storage.isF32() && !storage.isBF16() &&
      !storage.isF16())
    return op->emitOpError("expected element type f64, f32, bf16 or f16 of "
                           "query, found ")
           << storage;
  for (const NamedOperand &operand : operands) {
    if (operand.getType().getRank() != rank)
      return op->emitOpError("expected rank ")
             << rank << " of " << operand.name << " in layout "
             << stringifyLayout(layout) << ", found "
             << operand.value.getType();
    if (operand.getType().getElementType() != storage)
      return op->emitOpError("expected element type ")
             << storage << " of " << operand.name << " as in query, found "
             << operand.getType().getElementType();
  }
  return success();
}

LogicalResult verifier::verifyStatisticsType(Operation *op, Layout layout,
                                             Type computeType,
                                             const NamedOperand &operand) {
  unsigned rank = getStatisticsDims(layout).rank;
  if (operand.getType().getRank() != rank ||
      operand.getType().getElementType() != computeType)
    return op->emitOpError("expected ")
           << operand.name << " of rank " << rank << " and element type "
           << computeType << ", found " << operand.value.getType();
  return success();
}

LogicalResult verifier::verifySizes(Operation *op, Layout layout,
                                    const ShapedOperands &operands) {
  TensorDims dims = getTensorDims(layout);
  StatisticsDims rowDims = getStatisticsDims(layout);
  auto addQueries = [&](CommonSize &size, unsigned dim, unsigned rowDim) {
    return success(succeeded(size.add(operands.queryLike, dim)) &&
                   succeeded(size.add(operands.outputLike, dim)) &&
                   succeeded(size.add(operands.statisticsLike, rowDim)));
  };
  auto addKeys = [&](CommonSize &size, unsigned dim) {
    return success(succeeded(size.add(operands.keyLike, dim)) &&
                   succeeded(size.add(operands.valueLike, dim)));
  };
  // (C5)
  CommonSize batch(op, "batch size");
  if (dims.batch && rowDims.batch &&
      (failed(addQueries(batch, *dims.batch, *rowDims.batch)) ||
       failed(addKeys(batch, *dims.batch))))
    return failure();
  // (C6)
  CommonSize heads(op, "number of heads"), keyHeads(op, "number of heads");
  if (failed(addQueries(heads, dims.head, rowDims.head)) ||
      failed(addKeys(keyHeads, dims.head)))
    return failure();
  if (heads.get() == 0 || keyHeads.get() == 0)
    return op->emitOpError("expected at least one head of ")
           << (heads.get() == 0 ? "query" : "key") << ", found 0";
  if (!ShapedType::isDynamic(heads.get()) &&
      !ShapedType::isDynamic(keyHeads.get()) &&
      heads.get() % keyHeads.get() != 0)
    return op->emitOpError("expected the number of heads of query to be a "
                           "multiple of key's ")
           << keyHeads.get() << ", found " << heads.get();
  // (C7)
  CommonSize depth(op, "depth"), valueDepth(op, "depth");
  if (failed(depth.add(operands.queryLike, dims.depth)) ||
      failed(depth.add(operands.keyLike, dims.depth)) ||
      failed(valueDepth.add(operands.valueLike, dims.depth)) ||
      failed(valueDepth.add(operands.outputLike, dims.depth)))
    return failure();
  if (depth.get() == 0 || valueDepth.get() == 0)
    return op->emitOpError("expected a positive depth of ")
           << (depth.get() == 0 ? "query" : "value") << ", found 0";
  // (C8)
  CommonSize queries(op, "number of queries"), keys(op, "number of keys");
  if (failed(addQueries(queries, dims.sequence, rowDims.sequence)) ||
      failed(addKeys(keys, dims.sequence)))
    return failure();
  return success();
}
