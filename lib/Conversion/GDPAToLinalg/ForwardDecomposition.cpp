//===- ForwardDecomposition.cpp - forward and partial as linalg -----------===//

#include "Decomposition.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

static constexpr double infinity = std::numeric_limits<double>::infinity();

OpFoldResult Decomposition::valueDepth() {
  return tensor::getMixedSize(builder, loc, value, getTensorDims(layout).depth);
}

template <class Op> Value Decomposition::logits(Op op) {
  bool isSoftmax = op.getNormalizer() == Normalizer::Softmax;
  // Sums take weights that are not rounded.
  Type element = op.hasStatistics() ? compute : storage;
  double otherwise = isSoftmax ? -infinity : 0;
  return elementwise(
      scoreLoops(), scores(), {scoreLoops()}, element, {},
      [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        Value s = arith::MulFOp::create(b, loc, arguments[0], scale);
        Value z = inlineRegion(b, op.getActivation(), {s})[0];
        if (op.hasMask())
          z = selectOr(b, inlineRegion(b, op.getMask(), {})[0], z, otherwise);
        return {convertFloat(b, z, element)};
      })[0];
}

Value Decomposition::exponentials(Value logits, Value maximum) {
  return elementwise(
      scoreLoops(), ValueRange{logits, maximum},
      {scoreLoops(), statisticsLoops()}, compute, {},
      [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        // Nothing kept: -inf - -inf would be a NaN.
        Value z = arguments[0], m = arguments[1];
        Value isDropped = isEqualTo(b, z, -infinity);
        Value e =
            math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, z, m));
        return {arith::SelectOp::create(b, loc, isDropped, real(b, 0), e)};
      })[0];
}

SmallVector<Value> Decomposition::forward(AttentionOp op) {
  bool isSoftmax = op.getNormalizer() == Normalizer::Softmax;
  bool hasStatistics = op.hasStatistics();
  Value weights = logits(op);
  Value statistics, total;
  if (isSoftmax) {
    Value top = reduceKeys(weights, -infinity, /*isMaximum=*/true);
    weights = exponentials(weights, top);
    total = reduceKeys(weights, 0, /*isMaximum=*/false);
    statistics = elementwise(
        statisticsLoops(), ValueRange{total, top},
        {statisticsLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          Value log = math::LogOp::create(b, loc, arguments[0]);
          return {arith::AddFOp::create(b, loc, log, arguments[1])};
        })[0];
  } else if (hasStatistics) {
    statistics = total = reduceKeys(weights, 0, /*isMaximum=*/false);
  }
  if (hasStatistics)
    weights = roundedToStorage(weights);

  Value output = contract(weights, scoreLoops(), value, keyRowLoops(),
                          queryRows, valueDepth());
  if (hasStatistics)
    output = elementwise(
        queryRows, ValueRange{output, total}, {queryRows, statisticsLoops()},
        compute, valueDepth(),
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          // A row without weight is zero.
          Value isEmpty = isEqualTo(b, arguments[1], 0);
          Value quotient =
              arith::DivFOp::create(b, loc, arguments[0], arguments[1]);
          return {
              arith::SelectOp::create(b, loc, isEmpty, real(b, 0), quotient)};
        })[0];
  SmallVector<Value> results{
      store(builder, loc, joinHeads(output, getTensorDims(layout).head),
            op.getOutputInit())};
  if (hasStatistics)
    results.push_back(store(
        builder, loc, joinHeads(statistics, getStatisticsDims(layout).head),
        op.getStatisticsInit()));
  return results;
}

SmallVector<Value> Decomposition::partial(AttentionPartialOp op) {
  bool isSoftmax = op.getNormalizer() == Normalizer::Softmax;
  bool hasStatistics = op.hasStatistics();
  Value weights = logits(op);
  Value sums = splitRowHeads(op.getAccumulatorInit()), maximum, total;
  if (hasStatistics)
    total = splitStatisticsHeads(op.getTotalInit());
  if (isSoftmax) {
    Value old = splitStatisticsHeads(op.getMaximumInit());
    maximum = elementwise(
        statisticsLoops(),
        ValueRange{old, reduceKeys(weights, -infinity, /*isMaximum=*/true)},
        {statisticsLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          return {
              arith::MaximumFOp::create(b, loc, arguments[0], arguments[1])};
        })[0];
    weights = exponentials(weights, maximum);
    // What was summed under the old maximum; nothing where nothing was kept.
    Value factor = elementwise(
        statisticsLoops(), ValueRange{old, maximum},
        {statisticsLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          Value wasEmpty = isEqualTo(b, arguments[0], -infinity);
          Value factor = math::ExpOp::create(
              b, loc,
              arith::SubFOp::create(b, loc, arguments[0], arguments[1]));
          return {
              arith::SelectOp::create(b, loc, wasEmpty, real(b, 0), factor)};
        })[0];
    auto scaled = [&](Value tensor, const Loops &loops) {
      return elementwise(
          loops, ValueRange{tensor, factor}, {loops, statisticsLoops()},
          compute, valueDepth(),
          [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
            return {arith::MulFOp::create(b, loc, arguments[0], arguments[1])};
          })[0];
    };
    total = scaled(total, statisticsLoops());
    sums = scaled(sums, queryRows);
  }
  if (hasStatistics) {
    Value more = reduceKeys(weights, 0, /*isMaximum=*/false);
    total = elementwise(
        statisticsLoops(), ValueRange{total, more},
        {statisticsLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          return {arith::AddFOp::create(b, loc, arguments[0], arguments[1])};
        })[0];
    weights = roundedToStorage(weights);
  }
  sums = contract(weights, scoreLoops(), value, keyRowLoops(), queryRows,
                  valueDepth(), sums);
  SmallVector<Value> results{store(builder, loc,
                                   joinHeads(sums, getTensorDims(layout).head),
                                   op.getAccumulatorInit())};
  unsigned head = getStatisticsDims(layout).head;
  if (isSoftmax)
    results.push_back(
        store(builder, loc, joinHeads(maximum, head), op.getMaximumInit()));
  if (hasStatistics)
    results.push_back(
        store(builder, loc, joinHeads(total, head), op.getTotalInit()));
  return results;
}
