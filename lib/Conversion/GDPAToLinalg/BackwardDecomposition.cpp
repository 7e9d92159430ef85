//===- BackwardDecomposition.cpp - gradients as linalg --------------------===//
//
// Weights, cotangents of the scores and what is accumulated into captures come
// from one elementwise operation over all pairs. An element of a capture's
// gradient may be named by any pair: loops add pair after pair.
//
//===----------------------------------------------------------------------===//

#include "Decomposition.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

static constexpr double infinity = std::numeric_limits<double>::infinity();

/// Adds the elements of `gradients`, of the shape of the scores, to those of
/// `sum` that `places` say.
Value Decomposition::addAt(Value sum, Value gradients, ValueRange places) {
  Loops loops = scoreLoops();
  if (places.empty()) {
    // A scalar.
    auto all = llvm::to_vector(llvm::seq<int64_t>(0, loops.size()));
    return linalg::ReduceOp::create(
               builder, loc, gradients, sum, all,
               [&](OpBuilder &b, Location, ValueRange arguments) {
                 Value next =
                     arith::AddFOp::create(b, loc, arguments[0], arguments[1]);
                 linalg::YieldOp::create(b, loc, next);
               })
        .getResult(0);
  }
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> starts(loops.size(), zero), steps(loops.size(), one), ends;
  for (unsigned loop : loops)
    ends.push_back(asValue(sizes[loop]));
  scf::LoopNest nest = scf::buildLoopNest(
      builder, loc, starts, ends, steps, sum,
      [&](OpBuilder &b, Location, ValueRange pair,
          ValueRange carried) -> scf::ValueVector {
        SmallVector<Value> indices;
        for (Value place : places)
          indices.push_back(tensor::ExtractOp::create(b, loc, place, pair));
        Value old = tensor::ExtractOp::create(b, loc, carried[0], indices);
        Value term = tensor::ExtractOp::create(b, loc, gradients, pair);
        Value next = arith::AddFOp::create(b, loc, old, term);
        return {tensor::InsertOp::create(b, loc, next, carried[0], indices)};
      });
  return nest.results.front();
}

SmallVector<Value> Decomposition::gradients(AttentionBackwardOp op,
                                            ValueRange sums) {
  TensorDims dims = getTensorDims(layout);
  OpFoldResult depth = tensor::getMixedSize(builder, loc, key, dims.depth);
  Value dOutput = splitRowHeads(op.getDOutput());
  Value products = contract(dOutput, queryRows, value, keyRowLoops(),
                            scoreLoops(), valueDepth());
  SmallVector<Value> inputs{scores(), products};
  SmallVector<Loops> inputLoops{scoreLoops(), scoreLoops()};
  if (op.hasStatistics()) {
    // r or lse, delta and the cotangent of the statistics.
    inputs.push_back(splitStatisticsHeads(op.getStatistics()));
    inputs.push_back(contract(dOutput, queryRows, splitRowHeads(op.getOutput()),
                              queryRows, statisticsLoops(), valueDepth()));
    if (Value dStatistics = op.getDStatistics())
      inputs.push_back(splitStatisticsHeads(dStatistics));
    inputLoops.resize(inputs.size(), statisticsLoops());
  }
  // Two results, then for each accumulation the term and its indices.
  SmallVector<Type> elements{storage, storage};
  SmallVector<unsigned> targets;
  op.getJoint().walk([&](AccumulateOp accumulate) {
    elements.push_back(compute);
    elements.append(accumulate.getIndices().size(), builder.getIndexType());
  });
  auto pairs = elementwise(
      scoreLoops(), inputs, inputLoops, elements, {},
      [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        Value s = arith::MulFOp::create(b, loc, arguments[0], scale);
        Value ct = arguments[1], weight, isLive;
        // The logit does not depend on the cotangent.
        Value z = inlineRegion(b, op.getJoint(), {s, real(b, 0)})[0];
        auto both = [&](Value condition) {
          isLive = isLive ? arith::AndIOp::create(b, loc, isLive, condition)
                          : condition;
        };
        auto differs = [&](Value value, double number) -> Value {
          return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value,
                                       real(b, number));
        };
        auto cotangent = [&](Value numerator) -> Value {
          if (!op.getDStatistics())
            return numerator;
          return arith::AddFOp::create(b, loc, numerator, arguments[4]);
        };
        if (op.hasMask())
          both(inlineRegion(b, op.getMask(), {})[0]);
        switch (op.getNormalizer()) {
        case Normalizer::None:
          weight = z;
          break;
        case Normalizer::Sum: {
          both(differs(arguments[2], 0));
          weight = arith::DivFOp::create(b, loc, z, arguments[2]);
          Value rest = arith::SubFOp::create(b, loc, ct, arguments[3]);
          ct = cotangent(arith::DivFOp::create(b, loc, rest, arguments[2]));
          break;
        }
        case Normalizer::Softmax: {
          both(differs(arguments[2], -infinity));
          both(differs(z, -infinity));
          weight = math::ExpOp::create(
              b, loc, arith::SubFOp::create(b, loc, z, arguments[2]));
          Value rest = arith::SubFOp::create(b, loc, ct, arguments[3]);
          ct = arith::MulFOp::create(b, loc, weight, cotangent(rest));
          break;
        }
        }
        SmallVector<Accumulation> accumulations;
        Value ds = inlineRegion(b, op.getJoint(), {s, ct}, &accumulations)[1];
        auto live = [&](Value value) {
          return isLive ? selectOr(b, isLive, value, 0) : value;
        };
        SmallVector<Value> results{convertFloat(b, live(weight), storage),
                                   convertFloat(b, live(ds), storage)};
        targets.clear();
        for (const Accumulation &accumulation : accumulations) {
          targets.push_back(accumulation.capture);
          results.push_back(live(accumulation.gradient));
          llvm::append_range(results, accumulation.indices);
        }
        return results;
      });
  Value weights = pairs[0], dScores = pairs[1];
  auto scaled = [&](Value tensor, const Loops &loops) {
    return elementwise(
        loops, tensor, {loops}, compute, depth,
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          return {arith::MulFOp::create(b, loc, arguments[0], scale)};
        })[0];
  };
  Value dQuery = scaled(
      contract(dScores, scoreLoops(), key, keyRowLoops(), queryRows, depth),
      queryRows);
  Value dKey = scaled(
      contract(dScores, scoreLoops(), query, queryRows, keyRowLoops(), depth),
      keyRowLoops());
  Value dValue = contract(weights, scoreLoops(), dOutput, queryRows,
                          keyRowLoops(), valueDepth());
  SmallVector<Value> results{joinHeads(dQuery, dims.head),
                             sumRepeats(dKey, op.getDKeyInit()),
                             sumRepeats(dValue, op.getDValueInit())};
  SmallVector<Value> captureSums(sums);
  ArrayRef<Value> terms = ArrayRef(pairs).drop_front(2);
  for (unsigned target : targets) {
    Value &sum =
        captureSums[llvm::find(op.getWrt(), target) - op.getWrt().begin()];
    unsigned rank = cast<RankedTensorType>(sum.getType()).getRank();
    sum = addAt(sum, terms.front(), terms.slice(1, rank));
    terms = terms.drop_front(1 + rank);
  }
  llvm::append_range(results, captureSums);
  return results;
}

SmallVector<Value> Decomposition::backward(AttentionBackwardOp op) {
  SmallVector<Value> sums;
  for (Value init : op.getDCaptureInits())
    sums.push_back(filledLike(builder, loc, init, compute, 0));
  SmallVector<Value> results = gradients(op, sums);
  for (auto [result, init] : llvm::zip_equal(results, op.getDpsInits()))
    result = store(builder, loc, result, init);
  return results;
}
