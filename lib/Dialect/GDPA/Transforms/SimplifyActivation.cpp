//===- SimplifyActivation.cpp - activations for fewer operations ----------===//

#include "SimplifyPatterns.h"
#include "gdpa/AutoDiff/BuildBackward.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPASIMPLIFYACTIVATION
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// More than any region of use needs; a bound on compile time.
constexpr int64_t kMaxRewrites = 20000;

/// Writes values of a joint region as ct * g.
class CotangentFactor {
public:
  CotangentFactor(Block &block, Value ct) : block(block), ct(ct) {
    dependent.insert(ct);
    for (Operation &op : block)
      op.walk([&](Operation *nested) {
        if (llvm::any_of(nested->getOperands(),
                         [&](Value value) { return dependent.contains(value); }))
          dependent.insert(op.result_begin(), op.result_end());
      });
  }

  /// `value` in its new form, at `builder`'s position; `value` itself where it is not
  /// linear in ct or has no shorter form. Selects stay outside: the branch not
  /// taken is exactly zero, not zero times ct.
  Value rewrite(OpBuilder &builder, Value value) {
    if (value == ct || !dependent.contains(value))
      return value;
    Location loc = value.getLoc();
    if (auto select = value.getDefiningOp<arith::SelectOp>()) {
      if (dependent.contains(select.getCondition()))
        return value;
      Value whenTrue = rewrite(builder, select.getTrueValue());
      Value whenFalse = rewrite(builder, select.getFalseValue());
      if (whenTrue == select.getTrueValue() && whenFalse == select.getFalseValue())
        return value;
      return arith::SelectOp::create(builder, loc, select.getCondition(), whenTrue,
                                     whenFalse);
    }
    if (!isLinear(value))
      return value;
    // The coefficients of one root do not dominate another.
    coefficients.clear();
    return arith::MulFOp::create(builder, loc, ct, coefficient(builder, value));
  }

  /// Moves what does not depend on ct before everything that does.
  void computeEarly() {
    SmallVector<Operation *> late;
    for (Operation &op : block.without_terminator())
      if (isLate(op))
        late.push_back(&op);
    for (Operation *op : late)
      op->moveBefore(block.getTerminator());
  }

private:
  bool isLate(Operation &op) {
    bool isLate = op.getNumResults() == 0;
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        isLate |= operand == ct || lateValues.contains(operand);
    });
    if (isLate)
      lateValues.insert(op.result_begin(), op.result_end());
    return isLate;
  }

  bool isLinear(Value value) {
    if (value == ct)
      return true;
    auto [known, isNew] = linear.insert({value, false});
    if (!isNew)
      return known->second;
    bool result = false;
    Operation *op = value.getDefiningOp();
    auto depends = [&](unsigned index) {
      return dependent.contains(op->getOperand(index));
    };
    if (value.getType() != ct.getType() || !op || op->getBlock() != &block)
      result = false;
    else if (isa<arith::MulFOp>(op))
      result = depends(0) != depends(1) && isLinear(op->getOperand(depends(1)));
    else if (isa<arith::DivFOp>(op))
      result = !depends(1) && isLinear(op->getOperand(0));
    else if (isa<arith::NegFOp>(op))
      result = isLinear(op->getOperand(0));
    else if (isa<arith::AddFOp, arith::SubFOp>(op))
      result = depends(0) && depends(1) && isLinear(op->getOperand(0)) &&
               isLinear(op->getOperand(1));
    linear[value] = result;
    return result;
  }

  /// g of a linear `value` = ct * g; a null value stands for 1.
  Value coefficient(OpBuilder &builder, Value value) {
    if (value == ct)
      return {};
    if (Value done = coefficients.lookup(value))
      return done;
    Operation *op = value.getDefiningOp();
    Location loc = op->getLoc();
    auto oneIfNull = [&](Value factor) -> Value {
      return factor ? factor
                    : arith::ConstantOp::create(
                          builder, loc, builder.getFloatAttr(ct.getType(), 1));
    };
    Value result;
    if (isa<arith::MulFOp>(op)) {
      unsigned which = dependent.contains(op->getOperand(1));
      Value inner = coefficient(builder, op->getOperand(which));
      Value other = op->getOperand(1 - which);
      result = inner ? Value(arith::MulFOp::create(builder, loc, inner, other)) : other;
    } else if (isa<arith::NegFOp>(op)) {
      result = arith::NegFOp::create(
          builder, loc, oneIfNull(coefficient(builder, op->getOperand(0))));
    } else {
      Value a = oneIfNull(coefficient(builder, op->getOperand(0)));
      Value b = isa<arith::DivFOp>(op)
                    ? op->getOperand(1)
                    : oneIfNull(coefficient(builder, op->getOperand(1)));
      if (isa<arith::DivFOp>(op))
        result = arith::DivFOp::create(builder, loc, a, b);
      else if (isa<arith::AddFOp>(op))
        result = arith::AddFOp::create(builder, loc, a, b);
      else
        result = arith::SubFOp::create(builder, loc, a, b);
    }
    coefficients[value] = result;
    return result;
  }

  Block &block;
  Value ct;
  DenseSet<Value> dependent, lateValues;
  DenseMap<Value, bool> linear;
  DenseMap<Value, Value> coefficients;
};

struct SimplifyActivation
    : gdpa::impl::GDPASimplifyActivationBase<SimplifyActivation> {
  using GDPASimplifyActivationBase::GDPASimplifyActivationBase;

  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      if (auto attention = dyn_cast<AttentionOp>(op))
        simplify(attention.getActivation());
      else if (auto backward = dyn_cast<AttentionBackwardOp>(op))
        simplifyJoint(backward.getJoint());
    });
  }

  void simplifyJoint(Region &joint) {
    Block &block = joint.front();
    Value ct = block.getArgument(1);
    {
      CotangentFactor factor(block, ct);
      OpBuilder builder(block.getTerminator());
      SmallVector<OpOperand *> roots = {&block.getTerminator()->getOpOperand(1)};
      for (Operation &op : block)
        if (auto accumulate = dyn_cast<AccumulateOp>(op))
          roots.push_back(&accumulate.getGradientMutable());
      for (OpOperand *root : roots) {
        builder.setInsertionPoint(root->getOwner());
        root->set(factor.rewrite(builder, root->get()));
      }
    }
    simplify(joint);
    CotangentFactor(block, ct).computeEarly();
  }

  void simplify(Region &region) {
    Operation *op = region.getParentOp();
    auto share = [&] {
      IRRewriter rewriter(&getContext());
      DominanceInfo dominance;
      eliminateCommonSubExpressions(rewriter, dominance, op);
    };
    auto apply = [&](function_ref<void(RewritePatternSet &)> populate) {
      RewritePatternSet patterns(&getContext());
      populate(patterns);
      for (RegisteredOperationName name : getContext().getRegisteredOperations())
        if (llvm::is_contained({"arith", "math", "scf"}, name.getDialectNamespace()))
          name.getCanonicalizationPatterns(patterns, &getContext());
      GreedyRewriteConfig config;
      config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
      config.setMaxNumRewrites(kMaxRewrites);
      // Not converging is no error: what is there is right.
      (void)applyPatternsGreedily(region, std::move(patterns), config);
      share();
    };
    share();
    // What the first round made equal the second one sees as one.
    for (int round = 0; round < 2; ++round)
      apply([&](RewritePatternSet &patterns) {
        populateSimplifyPatterns(patterns, hardwareTanh);
      });
    if (formFMA)
      apply([&](RewritePatternSet &patterns) { populateFMAPatterns(patterns); });
  }
};

} // namespace
