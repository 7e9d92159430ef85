//===- Schedules.cpp - default schedules of NVIDIA kernels ----------------===//

#include "gdpa/Dialect/GDPANV/IR/Schedules.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

/// Instructions of an operation for one element, as --gdpa-nv-approximate-math
/// expands it.
static int64_t getWeight(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || op->hasTrait<OpTrait::IsTerminator>())
    return 0;
  if (isa<math::ExpOp, math::Exp2Op, math::TanhOp, math::SqrtOp, math::RsqrtOp,
          math::LogOp, math::Log2Op>(op))
    return 4;
  if (isa<math::FmaOp, math::AbsFOp, math::CopySignOp, math::FloorOp,
          math::CeilOp, math::RoundEvenOp, math::TruncOp>(op))
    return 1;
  return isa<math::MathDialect>(op->getDialect()) ? 14 : 1;
}

RegionCost gdpa_nv::getRegionCost(Operation *attention) {
  RegionCost cost;
  if (auto forward = dyn_cast<gdpa::AttentionOp>(attention))
    cost.normalizes = forward.getNormalizer() != gdpa::Normalizer::None;
  if (auto backward = dyn_cast<gdpa::AttentionBackwardOp>(attention))
    cost.divides = backward.getNormalizer() == gdpa::Normalizer::Sum;
  for (Region &region : attention->getRegions()) {
    if (region.empty())
      continue;
    // s, ct come before b, h, i, j, nq, nk.
    unsigned scores = 0;
    while (scores < region.getNumArguments() &&
           isa<FloatType>(region.getArgument(scores).getType()))
      ++scores;
    llvm::SmallPtrSet<Value, 16> onPosition, onScore;
    for (unsigned number = 0; number < scores; ++number)
      onScore.insert(region.getArgument(number));
    for (unsigned number : {scores + 2, scores + 3})
      if (number < region.getNumArguments()) {
        onPosition.insert(region.getArgument(number));
        cost.usesPositions |= !region.getArgument(number).use_empty();
      }
    constexpr unsigned coordinates = 6;
    for (BlockArgument argument : region.getArguments())
      cost.captures |= argument.getArgNumber() >= scores + coordinates &&
                       !argument.use_empty();
    region.walk([&](Operation *op) {
      auto reads = [&](const llvm::SmallPtrSetImpl<Value> &values) {
        return llvm::any_of(op->getOperands(), [&](Value operand) {
          return values.contains(operand);
        });
      };
      bool position = reads(onPosition), score = reads(onScore);
      if (position)
        onPosition.insert(op->result_begin(), op->result_end());
      if (score)
        onScore.insert(op->result_begin(), op->result_end());
      if (isa<tensor::ExtractOp, memref::LoadOp>(op)) {
        cost.gathers |= position || score;
        cost.looksUp |= score;
      }
      if (position || score)
        cost.operations += getWeight(op);
      if (isa<gdpa::AccumulateOp>(op))
        cost.accumulates = true;
    });
  }
  return cost;
}

ScheduleAttr gdpa_nv::getDefaultSchedule(MLIRContext *context, int64_t headDim,
                                         int64_t valueDim, bool backward,
                                         const RegionCost &cost) {
  struct Blocks {
    int64_t q, kv;
  } forward = {128, 64}, keys = {64, 64}, queries = {64, 64};
  int64_t registerLhs = 64;
  int64_t depth = std::max(headDim, valueDim);
  if (depth <= 64) {
    constexpr int64_t cheapForward = 13, cheapBackward = 16;
    if (cost.gathers)
      forward = {128, 32};
    else if (cost.normalizes && cost.usesPositions)
      forward = {64, 64};
    else if (!cost.usesPositions && !cost.normalizes && !cost.captures &&
             cost.operations <= cheapForward)
      forward = {128, 128};
    // Keys and values of the dK, dV kernel leave their registers to the region.
    if (backward)
      registerLhs = 8;
    if (cost.looksUp || (cost.usesPositions && !cost.gathers))
      keys = {32, 64};
    if (!cost.usesPositions && !cost.accumulates &&
        cost.operations <= cheapBackward)
      queries = {128, 64};
    else if (cost.accumulates && cost.usesPositions)
      queries = {64, 32};
  } else if (depth <= 128) {
    constexpr int64_t cheapPositions = 13, cheapMasked = 20, cheapBackward = 18;
    if (cost.looksUp)
      forward = {64, 32};
    else if (cost.gathers ||
             (cost.usesPositions && cost.operations > cheapMasked))
      forward = {128, 32};
    else if (cost.normalizes && cost.usesPositions)
      forward = {64, 64};
    else if (cost.usesPositions && cost.operations > cheapPositions)
      forward = {128, 48};
    if (cost.looksUp)
      keys = {16, 64};
    else if (cost.usesPositions || cost.divides ||
             cost.operations > cheapBackward)
      keys = {32, 64};
    queries = {64, 32};
  } else {
    forward = {64, 32};
    keys = {32, 64};
    queries = {64, 32};
  }
  return ScheduleAttr::get(context, forward.q, forward.kv, keys.q, keys.kv,
                           queries.q, queries.kv, /*warps=*/4, /*stages=*/2,
                           registerLhs, /*consumers=*/0);
}

/// Whether the keys that a mask keeps of a query are neighbours: comparisons of positions that
/// all hold. Other masks leave out blocks between others, so that products stand under a
/// condition; in one such kernel (softmax, |i - j| <= 100, D 8, Dv 128) ptxas 13.0 gave
/// the registers of the queries to other values inside of the loop: wrong numbers.
static bool keepsNeighbours(Region &mask) {
  return !mask
              .walk([](Operation *op) {
                if (auto compare = dyn_cast<arith::CmpIOp>(op))
                  return compare.getPredicate() == arith::CmpIPredicate::ne
                             ? WalkResult::interrupt()
                             : WalkResult::advance();
                return isa<arith::ConstantOp, arith::AddIOp, arith::SubIOp, arith::MulIOp,
                           arith::AndIOp, arith::IndexCastOp, gdpa::YieldOp>(op)
                           ? WalkResult::advance()
                           : WalkResult::interrupt();
              })
              .wasInterrupted();
}

ScheduleAttr gdpa_nv::getAsynchronousSchedule(Operation *attention,
                                              ScheduleAttr portable) {
  auto forward = dyn_cast<gdpa::AttentionOp>(attention);
  if (!forward)
    return portable;
  auto query = cast<ShapedType>(forward.getQuery().getType());
  auto value = cast<ShapedType>(forward.getValue().getType());
  Type storage = query.getElementType();
  int64_t depth = query.getShape().back(), valueDepth = value.getShape().back();
  constexpr int64_t deepest = 256;
  if (!(storage.isBF16() || storage.isF16()) || depth > deepest ||
      valueDepth > deepest)
    return portable;
  auto refuse = [&](StringRef reason) {
    attention->emitRemark("takes the portable kernel instead of Hopper's: ") << reason;
    return portable;
  };
  if (forward.getCuSeqlensQuery())
    return refuse("its batch is jagged");
  if (!keepsNeighbours(forward.getMask()))
    return refuse("the keys of its mask are not one range");
  // Three consumers fit where their accumulators are narrow; wide ones leave
  // fewer keys to a block.
  int64_t consumers = 2, keys = 128, widest = std::max(depth, valueDepth);
  if (widest <= 64)
    consumers = 3;
  else if (widest > 192)
    keys = 80;
  else if (widest > 128)
    keys = 96;
  return ScheduleAttr::get(attention->getContext(), 64 * consumers, keys,
                           portable.getDkvBlockQ(), portable.getDkvBlockKv(),
                           portable.getDqBlockQ(), portable.getDqBlockKv(),
                           portable.getWarps(), /*stages=*/2,
                           /*registerLhs=*/widest > 64 && widest <= 128 ? 128 : 8,
                           consumers);
}
