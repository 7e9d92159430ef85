//===- TileAndFuse.cpp - attention inside the loops of its consumer -------===//
//
// A schedule as this project likes it: what consumes an attention's result is
// cut into tiles of rows, each an iteration of a loop, and the attention is
// computed tile by tile inside. Upstream's tiling does it; it knows of
// gdpa.attention what TilingInterface says.
//
//===----------------------------------------------------------------------===//

#include "Outside.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

/// Rows of a tile; batch and head go one by one.
static constexpr int64_t kRows = 16;

static bool consumesAttention(linalg::LinalgOp op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    return operand.getDefiningOp<gdpa::AttentionOp>();
  });
}

static LogicalResult tileAndFuse(linalg::LinalgOp op) {
  IRRewriter rewriter(op);
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setTileSizes(
      getAsIndexOpFoldResult(op.getContext(), {1, 1, kRows}));
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return op.emitOpError("expected an operation that can be tiled");
  for (OpResult result : op->getResults())
    rewriter.replaceAllUsesWith(result, tiled->replacements.lookup(result));
  rewriter.eraseOp(op);
  return success();
}

namespace {
struct TileAndFusePass : public PassWrapper<TileAndFusePass, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TileAndFusePass)

  StringRef getArgument() const override { return "outside-tile-and-fuse"; }
  StringRef getDescription() const override {
    return "compute attention in the loops of its consumer";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<scf::SCFDialect, tensor::TensorDialect>();
  }
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> consumers;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (consumesAttention(op))
        consumers.push_back(op);
    });
    for (linalg::LinalgOp op : consumers)
      if (failed(tileAndFuse(op)))
        return signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> outside::createTileAndFusePass() {
  return std::make_unique<TileAndFusePass>();
}
