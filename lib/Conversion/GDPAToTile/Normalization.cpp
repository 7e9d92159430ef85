//===- Normalization.cpp - row statistics of a forward --------------------===//

#include "Normalization.h"
#include "gdpa/Conversion/MathExpansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa_tile;

Value gdpa_tile::floatConstant(OpBuilder &builder, Location loc, Type type,
                               double value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, value));
}

static Value minusInfinity(OpBuilder &builder, Location loc, Type type) {
  return floatConstant(builder, loc, type,
                       -std::numeric_limits<double>::infinity());
}

static Value isEqual(OpBuilder &builder, Location loc, Value lhs, Value rhs) {
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ, lhs,
                               rhs);
}

bool gdpa_tile::isFast(std::optional<gdpa::Precision> precision,
                       const BlockScheme &scheme) {
  return precision ? *precision == gdpa::Precision::Fast : !scheme.packed;
}

static constexpr double kLog2E = 1.4426950408889634;

Value ShiftedExp::shift(OpBuilder &b, Location l, Value shift,
                        double none) const {
  Type type = shift.getType();
  Value isNone = isEqual(b, l, shift, minusInfinity(b, l, type));
  if (fast) {
    // Bounded: no infinity of its own meets one of x log2 e.
    const llvm::fltSemantics &semantics =
        cast<FloatType>(type).getFloatSemantics();
    double largest = APFloat::getLargest(semantics).convertToDouble();
    Value scaled = arith::MulFOp::create(b, l, shift,
                                         floatConstant(b, l, type, kLog2E));
    shift = arith::MaxNumFOp::create(b, l, scaled,
                                     floatConstant(b, l, type, -largest));
  }
  return arith::SelectOp::create(b, l, isNone, floatConstant(b, l, type, none),
                                 shift);
}

Value ShiftedExp::exp(OpBuilder &b, Location l, Value x, Value shift) const {
  if (!fast) {
    auto exp =
        math::ExpOp::create(b, l, arith::SubFOp::create(b, l, x, shift));
    if (nonPositive)
      exp->setAttr(gdpa::kNonPositiveAttr, b.getUnitAttr());
    return exp;
  }
  Value log2E = floatConstant(b, l, x.getType(), kLog2E);
  Value minus = arith::NegFOp::create(b, l, shift);
  return math::Exp2Op::create(b, l,
                              math::FmaOp::create(b, l, x, log2E, minus));
}

ScoreRequest Normalization::request(const RegionInfo &info) const {
  ScoreRequest request;
  switch (normalizer) {
  case gdpa::Normalizer::None:
    request.weight = true;
    request.keyTail = !info.weightFiniteAtZero;
    break;
  case gdpa::Normalizer::Sum:
    // A key past the end would enter the statistics whatever its value is.
    request.weight = request.unrounded = request.keyTail = true;
    break;
  case gdpa::Normalizer::Softmax:
    request.logit = request.keyTail = true;
    break;
  }
  return request;
}

SmallVector<BlockTensor> Normalization::start() {
  const BlockScheme &scheme = blocks.scheme;
  Dims rows = scheme.rows(Side::Stationary);
  Type type = scheme.computeType;
  switch (normalizer) {
  case gdpa::Normalizer::None:
    return {};
  case gdpa::Normalizer::Sum:
    return {blocks.zeros(rows, type)};
  case gdpa::Normalizer::Softmax:
    return {blocks.filled(rows, minusInfinity(blocks.builder, blocks.loc, type)),
            blocks.zeros(rows, type)};
  }
  llvm_unreachable("unknown normalizer");
}

BlockTensor Normalization::advance(const ScoreBlocks &scores,
                                   MutableArrayRef<BlockTensor> statistics,
                                   BlockTensor &output) {
  if (normalizer == gdpa::Normalizer::None)
    return scores.weight;
  if (normalizer == gdpa::Normalizer::Sum) {
    statistics[0] = blocks.reduce(scores.unrounded, statistics[0]);
    return scores.weight;
  }
  const BlockScheme &scheme = blocks.scheme;
  Dims rows = scheme.rows(Side::Stationary);
  Type type = scheme.computeType;
  BlockTensor &maximum = statistics[0], &sum = statistics[1];
  // The maximum is needed before and after this block: the new one is made
  // twice, so that the one that the loop carries changes in place.
  BlockTensor found = blocks.reduceMax(
      scores.logit,
      blocks.filled(rows, minusInfinity(blocks.builder, blocks.loc, type)));
  auto larger = [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    return blocks.larger(b, l, args[0], args[1]);
  };
  BlockTensor next = blocks.map({found, maximum}, rows, type, larger);
  // Where all logits are -inf, nothing is subtracted: -inf - -inf is no number.
  BlockTensor shift = blocks.map(
      {next}, rows, type, [&](OpBuilder &b, Location l, ValueRange args) {
        return weights.shift(b, l, args[0], /*none=*/0);
      });
  BlockTensor rescale = blocks.map(
      {maximum, shift}, rows, type,
      [&](OpBuilder &b, Location l, ValueRange args) {
        return weights.exp(b, l, args[0], args[1]);
      });
  maximum = blocks.update(maximum, {found}, larger);
  BlockTensor weight = blocks.update(
      scores.logit, {shift},
      [&](OpBuilder &b, Location l, ValueRange args) {
        return weights.exp(b, l, args[1], args[0]);
      });
  auto multiply = [](OpBuilder &b, Location l, ValueRange args) -> Value {
    return arith::MulFOp::create(b, l, args[0], args[1]);
  };
  sum = blocks.reduce(weight, blocks.update(sum, {rescale}, multiply));
  output = blocks.update(output, {rescale}, multiply);
  if (scheme.storageType == type)
    return weight;
  auto narrow = [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    return arith::TruncFOp::create(b, l, scheme.storageType, args[0]);
  };
  if (scheme.operandType == scheme.storageType)
    return blocks.map({weight}, weight.dims, scheme.storageType, narrow);
  return blocks.update(weight, {},
                       [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                         return arith::ExtFOp::create(b, l, scheme.operandType,
                                                      narrow(b, l, args));
                       });
}

BlockTensor Normalization::finish(ArrayRef<BlockTensor> statistics,
                                  BlockTensor &output) {
  Dims rows = blocks.scheme.rows(Side::Stationary);
  Type type = blocks.scheme.computeType;
  BlockTensor divisor = statistics.back();
  BlockTensor inverse = blocks.map(
      {divisor}, rows, type,
      [](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value zero = floatConstant(b, l, args[0].getType(), 0);
        Value one = floatConstant(b, l, args[0].getType(), 1);
        Value quotient = arith::DivFOp::create(b, l, one, args[0]);
        return arith::SelectOp::create(b, l, isEqual(b, l, args[0], zero), zero,
                                       quotient);
      });
  output = blocks.update(
      output, {inverse}, [](OpBuilder &b, Location l, ValueRange args) -> Value {
        Value zero = floatConstant(b, l, args[0].getType(), 0);
        Value scaled = arith::MulFOp::create(b, l, args[1], args[0]);
        return arith::SelectOp::create(b, l, isEqual(b, l, args[0], zero), zero,
                                       scaled);
      });
  if (normalizer == gdpa::Normalizer::Sum)
    return divisor;
  return blocks.map(
      {statistics[0], divisor}, rows, type,
      [](OpBuilder &b, Location l, ValueRange args) -> Value {
        // log(0) = -inf: a row without weight.
        return arith::AddFOp::create(b, l, args[0],
                                     math::LogOp::create(b, l, args[1]));
      });
}
