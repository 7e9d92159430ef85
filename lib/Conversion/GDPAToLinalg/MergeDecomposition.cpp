//===- MergeDecomposition.cpp - the merge of pieces as linalg -------------===//

#include "Decomposition.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Operations on states, which have the pieces in front of the dimensions of
/// their sums.
class Merge {
public:
  Merge(OpBuilder &builder, AttentionMergeOp op)
      : builder(builder), loc(op.getLoc()), compute(op.getComputeType()) {
    TensorDims dims = getTensorDims(op.getLayout());
    StatisticsDims rowDims = getStatisticsDims(op.getLayout());
    // The dimensions of a row of the output, in the order of statistics.
    rows.resize(rowDims.rank);
    rows[*rowDims.batch] = *dims.batch;
    rows[rowDims.head] = dims.head;
    rows[rowDims.sequence] = dims.sequence;
    rank = dims.rank;
  }

  SmallVector<Value> run(AttentionMergeOp op);

private:
  using Body = llvm::function_ref<Value(OpBuilder &, ValueRange)>;

  Value real(OpBuilder &b, double number) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(compute, number));
  }
  /// Values of rows among the loops of the output, after `lead` others.
  AffineMap rowMap(unsigned lead) {
    SmallVector<AffineExpr> results;
    for (unsigned dim = 0; dim < lead; ++dim)
      results.push_back(builder.getAffineDimExpr(dim));
    for (unsigned dim : rows)
      results.push_back(builder.getAffineDimExpr(lead + dim));
    return AffineMap::get(lead + rank, 0, results, builder.getContext());
  }
  Value reducePieces(Value states, double start, Body combine) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, states);
    Value number = real(builder, start);
    Value init = tensor::EmptyOp::create(builder, loc,
                                         ArrayRef(sizes).drop_front(), compute);
    init = linalg::FillOp::create(builder, loc, number, init).getResult(0);
    return linalg::ReduceOp::create(
               builder, loc, states, init, ArrayRef<int64_t>{0},
               [&](OpBuilder &b, Location, ValueRange arguments) {
                 linalg::YieldOp::create(b, loc, combine(b, arguments));
               })
        .getResult(0);
  }
  /// An elementwise operation with the sizes of its first input.
  Value map(ValueRange inputs, ArrayRef<AffineMap> maps, Body body) {
    Value init = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, inputs[0]), compute);
    SmallVector<AffineMap> all(maps);
    all.push_back(maps.front());
    SmallVector<utils::IteratorType> iterators(maps.front().getNumDims(),
                                               utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               builder, loc, init.getType(), inputs, init, all, iterators,
               [&](OpBuilder &b, Location, ValueRange arguments) {
                 linalg::YieldOp::create(b, loc, body(b, arguments));
               })
        .getResult(0);
  }
  AffineMap identity(unsigned rank) {
    return builder.getMultiDimIdentityMap(rank);
  }

  OpBuilder &builder;
  Location loc;
  Type compute;
  SmallVector<unsigned> rows;
  unsigned rank;
};

} // namespace

SmallVector<Value> Merge::run(AttentionMergeOp op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value sums = op.getAccumulator(), total = op.getTotal();
  Value maximum;
  auto add = [&](OpBuilder &b, ValueRange arguments) -> Value {
    return arith::AddFOp::create(b, loc, arguments[0], arguments[1]);
  };
  auto multiply = [&](OpBuilder &b, ValueRange arguments) -> Value {
    return arith::MulFOp::create(b, loc, arguments[0], arguments[1]);
  };
  unsigned rowRank = rows.size();
  if (op.getMaximum()) {
    maximum = reducePieces(op.getMaximum(), -infinity,
                           [&](OpBuilder &b, ValueRange arguments) -> Value {
                             return arith::MaximumFOp::create(
                                 b, loc, arguments[0], arguments[1]);
                           });
    Value factor = map(
        {op.getMaximum(), maximum},
        {identity(rowRank + 1), identity(rowRank + 1).dropResult(0)},
        [&](OpBuilder &b, ValueRange arguments) -> Value {
          // A piece without weight, perhaps one of many.
          Value isEmpty =
              arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                    arguments[0], real(b, -infinity));
          Value factor = math::ExpOp::create(
              b, loc,
              arith::SubFOp::create(b, loc, arguments[0], arguments[1]));
          return arith::SelectOp::create(b, loc, isEmpty, real(b, 0), factor);
        });
    total = map({total, factor}, {identity(rowRank + 1), identity(rowRank + 1)},
                multiply);
    sums = map({sums, factor}, {identity(rank + 1), rowMap(1)}, multiply);
  }
  Value output = reducePieces(sums, 0, add);
  if (!total)
    return {Decomposition::store(builder, loc, output, op.getOutputInit())};
  total = reducePieces(total, 0, add);
  output = map(
      {output, total}, {identity(rank), rowMap(0)},
      [&](OpBuilder &b, ValueRange arguments) -> Value {
        Value isEmpty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                              arguments[1], real(b, 0));
        Value quotient =
            arith::DivFOp::create(b, loc, arguments[0], arguments[1]);
        return arith::SelectOp::create(b, loc, isEmpty, real(b, 0), quotient);
      });
  Value statistics = total;
  if (maximum)
    statistics = map({total, maximum}, {identity(rowRank), identity(rowRank)},
                     [&](OpBuilder &b, ValueRange arguments) -> Value {
                       Value log = math::LogOp::create(b, loc, arguments[0]);
                       return arith::AddFOp::create(b, loc, log, arguments[1]);
                     });
  return {
      Decomposition::store(builder, loc, output, op.getOutputInit()),
      Decomposition::store(builder, loc, statistics, op.getStatisticsInit())};
}

SmallVector<Value> gdpa::decomposeMerge(OpBuilder &builder,
                                        AttentionMergeOp op) {
  return Merge(builder, op).run(op);
}
