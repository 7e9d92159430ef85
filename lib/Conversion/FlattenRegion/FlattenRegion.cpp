//===- FlattenRegion.cpp - straight-line scalar regions -------------------===//

#include "gdpa/Conversion/FlattenRegion.h"
#include "gdpa/Conversion/MathExpansion.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlir::gdpa;

/// Integer operations that trap on a zero divisor.
static bool isIntegerDivision(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
             arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op);
}

/// Moves one branch before its `scf.if`, harmless where `taken` is false.
static void speculate(Block &branch, Operation *before, Value taken) {
  OpBuilder builder(before);
  for (Operation &op : llvm::make_early_inc_range(branch.without_terminator())) {
    op.moveBefore(before);
    builder.setInsertionPoint(&op);
    Location loc = op.getLoc();
    if (isIntegerDivision(&op)) {
      Type type = op.getOperand(1).getType();
      Value one = arith::ConstantOp::create(builder, loc,
                                            builder.getIntegerAttr(type, 1));
      op.setOperand(1, arith::SelectOp::create(builder, loc, taken,
                                               op.getOperand(1), one));
    } else if (auto accumulate = dyn_cast<gdpa::AccumulateOp>(op)) {
      Value gradient = accumulate.getGradient();
      Value zero = arith::ConstantOp::create(
          builder, loc, builder.getZeroAttr(gradient.getType()));
      accumulate.getGradientMutable().assign(
          arith::SelectOp::create(builder, loc, taken, gradient, zero));
    }
  }
}

static void ifToSelect(scf::IfOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value condition = op.getCondition();
  speculate(*op.thenBlock(), op, condition);
  if (Block *otherwise = op.elseBlock()) {
    Value one = arith::ConstantOp::create(builder, loc,
                                          builder.getBoolAttr(true));
    Value inverse = arith::XOrIOp::create(builder, loc, condition, one);
    speculate(*otherwise, op, inverse);
  }
  for (auto [number, result] : llvm::enumerate(op.getResults())) {
    Value chosen = arith::SelectOp::create(
        builder, loc, condition, op.thenYield().getOperand(number),
        op.elseYield().getOperand(number));
    result.replaceAllUsesWith(chosen);
  }
  op.erase();
}

/// Operations with one result each: only those are known elementwise on vectors.
static void splitResults(Region &region) {
  SmallVector<Operation *> several;
  region.walk([&](Operation *op) {
    if (isa<math::SincosOp, arith::AddUIExtendedOp, arith::MulSIExtendedOp,
            arith::MulUIExtendedOp>(op))
      several.push_back(op);
  });
  if (several.empty())
    return;
  RewritePatternSet patterns(region.getContext());
  gdpa::populateSingleResultPatterns(patterns);
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingOps);
  (void)applyOpPatternsGreedily(several, std::move(patterns), config);
}

LogicalResult mlir::gdpa::flattenRegion(Region &region) {
  if (region.empty())
    return success();
  SmallVector<scf::ForOp> loops;
  region.walk([&](scf::ForOp loop) { loops.push_back(loop); });
  for (scf::ForOp loop : loops) { // innermost first
    Location loc = loop.getLoc();
    if (failed(loopUnrollFull(loop)))
      return emitError(loc, "expected a loop of constant bounds in a region of "
                            "an attention operation");
  }
  SmallVector<scf::IfOp> conditionals;
  region.walk([&](scf::IfOp op) { conditionals.push_back(op); });
  for (scf::IfOp op : conditionals) // innermost first
    ifToSelect(op);
  splitResults(region);
  return success();
}
