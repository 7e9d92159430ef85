//===- ReductionPatterns.cpp - smaller programs for gdpa-reduce -----------===//
//
// The reducer applies all patterns to a part of the operations and keeps what
// still fails; the programs need not mean the same.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/Transforms/ReductionPatterns.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Reducer/ReductionPatternInterface.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {
/// Empties the mask and the vjp region.
struct DropRegions : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasMask() && !op.hasVjp())
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      for (Region *region : {&op.getMask(), &op.getVjp()}) {
        region->dropAllReferences();
        region->getBlocks().clear();
      }
    });
    return success();
  }
};

/// Puts an operand in the place of an operation of a region.
struct BypassOperation : public RewritePattern {
  explicit BypassOperation(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 ||
        !isa_and_present<AttentionOp, AttentionBackwardOp>(op->getParentOp()))
      return failure();
    for (Value operand : op->getOperands())
      if (operand.getType() == op->getResult(0).getType()) {
        rewriter.replaceOp(op, operand);
        return success();
      }
    return failure();
  }
};

struct ReductionPatterns : public DialectReductionPatternInterface {
  explicit ReductionPatterns(Dialect *dialect)
      : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &patterns) const final {
    patterns.add<DropRegions, BypassOperation>(patterns.getContext());
  }
};
} // namespace

void gdpa::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, GDPADialect *dialect) {
    dialect->addInterfaces<ReductionPatterns>();
  });
}
