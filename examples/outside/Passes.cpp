//===- Passes.cpp - the operation's lowering and the pipelines ------------===//

#include "mlir/Transforms/Passes.h"
#include "Outside.h"
#include "gdpa/Conversion/LinalgToGDPA/LinalgToGDPA.h"
#include "gdpa/Pipelines/Pipelines.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace {
struct LowerSquareplus : public OpRewritePattern<outside::SquareplusOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(outside::SquareplusOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value square = arith::MulFOp::create(rewriter, loc, op.getX(), op.getX());
    Value sum = arith::AddFOp::create(rewriter, loc, square, op.getB());
    Value root = math::SqrtOp::create(rewriter, loc, sum);
    Value both = arith::AddFOp::create(rewriter, loc, op.getX(), root);
    Value half = arith::ConstantOp::create(
        rewriter, loc, rewriter.getFloatAttr(op.getType(), 0.5));
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, both, half);
    return success();
  }
};

struct LowerSquareplusPass
    : public PassWrapper<LowerSquareplusPass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerSquareplusPass)

  StringRef getArgument() const override { return "outside-lower-squareplus"; }
  StringRef getDescription() const override {
    return "outside.squareplus to arith and math";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect>();
  }
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerSquareplus>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> outside::createLowerSquareplusPass() {
  return std::make_unique<LowerSquareplusPass>();
}

/// GDPA's pipeline to the processor, with our operation lowered once it has
/// been differentiated.
static void buildToCPU(OpPassManager &manager,
                       const gdpa::CPUPipelineOptions &options) {
  gdpa::CPUPipelineOptions withOurs;
  withOurs.copyOptionValuesFrom(options);
  withOurs.lowerForeignOps = [](OpPassManager &inner) {
    inner.addPass(outside::createLowerSquareplusPass());
  };
  gdpa::buildCPUPipeline(manager, withOurs);
}

/// Finds attention in linalg, brings it into the loops of what consumes it .
/// What is left is gdpa's and upstream's alone.
static void buildFuse(OpPassManager &manager) {
  manager.addPass(gdpa::createGDPARaise());
  manager.addPass(outside::createTileAndFusePass());
  manager.addPass(outside::createLowerSquareplusPass());
  manager.addPass(createCanonicalizerPass());
}

void outside::registerPasses() {
  registerPass(createLowerSquareplusPass);
  registerPass(createTileAndFusePass);
  PassPipelineRegistration<>("outside-fuse",
                             "attention in linalg, fused with what consumes it",
                             buildFuse);
  PassPipelineRegistration<gdpa::CPUPipelineOptions>(
      "outside-to-cpu", "as gdpa-to-cpu, with the operations of `outside`",
      buildToCPU);
}
