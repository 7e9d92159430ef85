//===- JaggedDecomposition.cpp - jagged batches as linalg -----------------===//
//
// A loop over the sequences, each of which is a batch of one of layout bshd:
// its rows are slices at positions that are read at run time.
//
//===----------------------------------------------------------------------===//

#include "Decomposition.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// The rows of one sequence.
struct Rows {
  Value start, length;
};

/// The loop over the sequences of an operation.
template <class Op> class JaggedLoop {
public:
  JaggedLoop(OpBuilder &builder, Op op)
      : builder(builder), loc(op.getLoc()), op(op) {}

  /// Sequence b as an operation of layout bshd, on destinations of its own. It
  /// is erased when the loop is built.
  Op makeSequence(OpBuilder &b, Value batch, const Rows &queries,
                  const Rows &keys);
  /// Rows [start, start + length) of the bounds' sequence `batch`, inside the
  /// rows that there are.
  Rows getRows(OpBuilder &b, Value batch, Value bounds, Value tensor);

  /// Runs `body` for every sequence; it returns the values to carry on.
  SmallVector<Value>
  run(ValueRange start,
      llvm::function_ref<SmallVector<Value>(OpBuilder &, Op, const Rows &,
                                            const Rows &, ValueRange)>
          body);

  /// Writes the rows of a sequence, [1, n, H, D] or [1, H, n], to their places.
  Value insert(OpBuilder &b, Value rows, Value all, const Rows &where);

private:
  Value index(OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  /// [total, H, D] -> [1, n, H, D], [H, total] -> [1, H, n].
  Value slice(OpBuilder &b, Value all, const Rows &where);
  void position(OpBuilder &b, Value all, const Rows &where,
                SmallVector<OpFoldResult> &offsets,
                SmallVector<OpFoldResult> &sizes);

  OpBuilder &builder;
  Location loc;
  Op op;
};

} // namespace

template <class Op>
Rows JaggedLoop<Op>::getRows(OpBuilder &b, Value batch, Value bounds,
                             Value tensor) {
  Value total = tensor::DimOp::create(b, loc, tensor, 0);
  auto bound = [&](Value at, Value least) -> Value {
    Value raw = tensor::ExtractOp::create(b, loc, bounds, at);
    Value value = arith::IndexCastOp::create(b, loc, b.getIndexType(), raw);
    Value low = arith::MaxSIOp::create(b, loc, value, least);
    return arith::MinSIOp::create(b, loc, low, total);
  };
  Value start = bound(batch, index(b, 0));
  Value next = arith::AddIOp::create(b, loc, batch, index(b, 1));
  Value end = bound(next, start);
  return {start, arith::SubIOp::create(b, loc, end, start)};
}

template <class Op>
void JaggedLoop<Op>::position(OpBuilder &b, Value all, const Rows &where,
                              SmallVector<OpFoldResult> &offsets,
                              SmallVector<OpFoldResult> &sizes) {
  sizes = tensor::getMixedSizes(b, loc, all);
  unsigned dim = sizes.size() == 2 ? getStatisticsDims(Layout::THD).sequence
                                   : getTensorDims(Layout::THD).sequence;
  offsets.assign(sizes.size(), b.getIndexAttr(0));
  offsets[dim] = where.start;
  sizes[dim] = where.length;
}

template <class Op>
Value JaggedLoop<Op>::slice(OpBuilder &b, Value all, const Rows &where) {
  SmallVector<OpFoldResult> offsets, sizes;
  position(b, all, where, offsets, sizes);
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  Value rows =
      tensor::ExtractSliceOp::create(b, loc, all, offsets, sizes, strides);
  auto type = cast<RankedTensorType>(rows.getType());
  SmallVector<int64_t> shape{1};
  llvm::append_range(shape, type.getShape());
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    groups.push_back({dim + 1});
  groups.front() = {0, 1};
  SmallVector<OpFoldResult> expanded{b.getIndexAttr(1)};
  llvm::append_range(expanded, sizes);
  return tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), rows, groups,
      expanded);
}

template <class Op>
Value JaggedLoop<Op>::insert(OpBuilder &b, Value rows, Value all,
                             const Rows &where) {
  SmallVector<OpFoldResult> offsets, sizes;
  position(b, all, where, offsets, sizes);
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  int64_t rank = cast<RankedTensorType>(rows.getType()).getRank();
  SmallVector<ReassociationIndices> groups{{0, 1}};
  for (int64_t dim = 2; dim < rank; ++dim)
    groups.push_back({dim});
  Value flat = tensor::CollapseShapeOp::create(b, loc, rows, groups);
  return tensor::InsertSliceOp::create(b, loc, flat, all, offsets, sizes,
                                       strides);
}

template <class Op>
Op JaggedLoop<Op>::makeSequence(OpBuilder &b, Value batch, const Rows &queries,
                                const Rows &keys) {
  SmallVector<Value> operands;
  SmallVector<Type> types;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    switch (getOperandRole(op, operand.getOperandNumber()).role) {
    case Role::Key:
    case Role::Value:
    case Role::DKey:
    case Role::DValue:
      value = slice(b, value, keys);
      break;
    case Role::Query:
    case Role::DQuery:
    case Role::Output:
    case Role::DOutput:
    case Role::Statistics:
    case Role::DStatistics:
      value = slice(b, value, queries);
      break;
    default:
      break;
    }
    operands.push_back(value);
    if (op.isDpsInit(&operand))
      types.push_back(value.getType());
  }
  Operation *copy = b.clone(*op.getOperation());
  copy->setOperands(operands);
  for (auto [result, type] : llvm::zip_equal(copy->getResults(), types))
    result.setType(type);
  auto sequence = cast<Op>(copy);
  sequence.setLayout(Layout::BSHD);
  sequence.getCuSeqlensQueryMutable().clear();
  sequence.getCuSeqlensKeyMutable().clear();
  SmallVector<Value> offsets(op.getOffsets());
  if (offsets.empty())
    offsets.assign(4, index(b, 0));
  offsets[0] = arith::AddIOp::create(b, loc, offsets[0], batch);
  sequence.getOffsetsMutable().assign(offsets);
  return sequence;
}

template <class Op>
SmallVector<Value> JaggedLoop<Op>::run(
    ValueRange start,
    llvm::function_ref<SmallVector<Value>(OpBuilder &, Op, const Rows &,
                                          const Rows &, ValueRange)>
        body) {
  Value bounds = op.getCuSeqlensQuery();
  Value count = arith::SubIOp::create(
      builder, loc, tensor::DimOp::create(builder, loc, bounds, 0),
      index(builder, 1));
  auto loop = scf::ForOp::create(
      builder, loc, index(builder, 0), count, index(builder, 1), start,
      [&](OpBuilder &b, Location, Value batch, ValueRange carried) {
        Rows queries = getRows(b, batch, bounds, op.getQuery());
        Rows keys = getRows(b, batch, op.getCuSeqlensKey(), op.getKey());
        Op sequence = makeSequence(b, batch, queries, keys);
        scf::YieldOp::create(b, loc, body(b, sequence, queries, keys, carried));
        sequence.erase();
      });
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// The destinations, zero where no sequence writes them.
static SmallVector<Value> zeroDestinations(OpBuilder &builder, Location loc,
                                           ValueRange inits) {
  SmallVector<Value> zeros;
  for (Value init : inits) {
    Type element = getElementTypeOrSelf(init);
    Value zero = arith::ConstantOp::create(builder, loc,
                                           builder.getFloatAttr(element, 0));
    zeros.push_back(
        linalg::FillOp::create(builder, loc, zero, init).getResult(0));
  }
  return zeros;
}

SmallVector<Value> gdpa::decomposeJagged(OpBuilder &builder, AttentionOp op) {
  JaggedLoop<AttentionOp> loop(builder, op);
  return loop.run(zeroDestinations(builder, op.getLoc(),
                                   llvm::to_vector_of<Value>(op.getDpsInits())),
                  [&](OpBuilder &b, AttentionOp sequence, const Rows &queries,
                      const Rows &, ValueRange carried) {
                    SmallVector<Value> results =
                        Decomposition(b, sequence).forward(sequence);
                    for (auto [result, all] : llvm::zip_equal(results, carried))
                      result = loop.insert(b, result, all, queries);
                    return results;
                  });
}

SmallVector<Value> gdpa::decomposeJagged(OpBuilder &builder,
                                         AttentionBackwardOp op) {
  Location loc = op.getLoc();
  SmallVector<Value> inits{op.getDQueryInit(), op.getDKeyInit(),
                           op.getDValueInit()};
  SmallVector<Value> start = zeroDestinations(builder, loc, inits);
  // Captures' gradients are sums over all sequences: rounded at the end.
  for (Value init : op.getDCaptureInits())
    start.push_back(
        Decomposition::filledLike(builder, loc, init, op.getComputeType(), 0));
  JaggedLoop<AttentionBackwardOp> loop(builder, op);
  SmallVector<Value> results = loop.run(start, [&](OpBuilder &b,
                                                   AttentionBackwardOp sequence,
                                                   const Rows &queries,
                                                   const Rows &keys,
                                                   ValueRange carried) {
    SmallVector<Value> results =
        Decomposition(b, sequence).gradients(sequence, carried.drop_front(3));
    SmallVector<Value> own{sequence.getDQueryInit(), sequence.getDKeyInit(),
                           sequence.getDValueInit()};
    for (auto [number, init] : llvm::enumerate(own)) {
      Value rounded = Decomposition::store(b, loc, results[number], init);
      results[number] = loop.insert(b, rounded, carried[number],
                                    number == 0 ? queries : keys);
    }
    return results;
  });
  for (auto [number, init] : llvm::enumerate(op.getDCaptureInits()))
    results[3 + number] =
        Decomposition::store(builder, loc, results[3 + number], init);
  return results;
}
