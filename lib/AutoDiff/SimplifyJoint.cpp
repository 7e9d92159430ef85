//===- SimplifyJoint.cpp - shorter joint regions --------------------------===//
//
// What a joint region computes is computed for every score twice (once in each
// kernel), so every operation counts.
//
//===----------------------------------------------------------------------===//

#include "gdpa/AutoDiff/BuildBackward.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Moves the negation of a factor behind the product: -a * b = -(a * b),
/// exactly. There it meets another one, or a sum that takes it.
template <typename Op> struct HoistNegation : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto left = op.getLhs().template getDefiningOp<arith::NegFOp>();
    auto right = op.getRhs().template getDefiningOp<arith::NegFOp>();
    if (!left && !right)
      return rewriter.notifyMatchFailure(op, "no negated factor");
    Value product = Op::create(
        rewriter, op.getLoc(), left ? left.getOperand() : op.getLhs(),
        right ? right.getOperand() : op.getRhs(), op.getFastmath());
    if (left && right)
      rewriter.replaceOp(op, product);
    else
      rewriter.replaceOpWithNewOp<arith::NegFOp>(op, product);
    return success();
  }
};

/// a + -b = a - b, -a + b = b - a.
struct AddNegation : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned index : {1u, 0u})
      if (auto negation =
              op->getOperand(index).getDefiningOp<arith::NegFOp>()) {
        rewriter.replaceOpWithNewOp<arith::SubFOp>(
            op, op->getOperand(1 - index), negation.getOperand(),
            op.getFastmath());
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no negated term");
  }
};

/// a - -b = a + b.
struct SubtractNegation : OpRewritePattern<arith::SubFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::SubFOp op,
                                PatternRewriter &rewriter) const override {
    auto negation = op.getRhs().getDefiningOp<arith::NegFOp>();
    if (!negation)
      return rewriter.notifyMatchFailure(op, "no negated term");
    rewriter.replaceOpWithNewOp<arith::AddFOp>(
        op, op.getLhs(), negation.getOperand(), op.getFastmath());
    return success();
  }
};

} // namespace

void gdpa::simplifyJointRegion(Region &joint) {
  Operation *op = joint.getParentOp();
  MLIRContext *context = op->getContext();
  IRRewriter rewriter(context);
  {
    DominanceInfo dominance;
    eliminateCommonSubExpressions(rewriter, dominance, op);
  }
  RewritePatternSet patterns(context);
  patterns.add<HoistNegation<arith::MulFOp>, HoistNegation<arith::DivFOp>,
               AddNegation, SubtractNegation>(context);
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (llvm::is_contained({"arith", "math", "scf"},
                           name.getDialectNamespace()))
      name.getCanonicalizationPatterns(patterns, context);
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // Not converging is no error: what is there is right, only not as short.
  (void)applyPatternsGreedily(joint, std::move(patterns), config);
  // Folding may have made operations equal.
  DominanceInfo dominance;
  eliminateCommonSubExpressions(rewriter, dominance, op);
}
