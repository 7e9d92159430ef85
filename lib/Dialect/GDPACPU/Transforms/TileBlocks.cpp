//===- TileBlocks.cpp - tile block operations to register tiles -----------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUTILEBLOCKS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// The largest divisor of `size` that is at most `limit`.
int64_t tileOf(int64_t size, int64_t limit) {
  int64_t tile = std::min(size, limit);
  while (tile > 1 && size % tile)
    --tile;
  return tile;
}

/// Steps of a score's reduction that stand in one turn of its loop.
constexpr int64_t kScoreSteps = 4;

struct TileBlocks : gdpa_cpu::impl::GDPACPUTileBlocksBase<TileBlocks> {
  RegisterTile registerTile;

  /// Dimensions of unknown size by one; of the static ones the last parallel one
  /// by `tile` columns, those before it by `group` rows together.
  SmallVector<int64_t> tileSizes(linalg::LinalgOp op) {
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    SmallVector<int64_t> sizes(ranges.size(), 1);
    int64_t rows = registerTile.group;
    bool isColumn = true;
    for (int64_t dim = ranges.size() - 1; dim >= 0; --dim) {
      if (ShapedType::isDynamic(ranges[dim]) ||
          iterators[dim] == utils::IteratorType::reduction)
        continue;
      sizes[dim] = tileOf(ranges[dim], isColumn ? registerTile.tile : rows);
      if (!isColumn)
        rows /= sizes[dim];
      isColumn = false;
    }
    return sizes;
  }

  /// A product with its result in memory: one row of a panel or one group of the
  /// reduction at a time.
  SmallVector<int64_t> productTileSizes(linalg::LinalgOp op) {
    SmallVector<int64_t> sizes = tileSizes(op);
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    for (auto [dim, iterator] : llvm::enumerate(iterators))
      if (iterator == utils::IteratorType::reduction &&
          !ShapedType::isDynamic(ranges[dim]))
        sizes[dim] = tileOf(ranges[dim], registerTile.group);
    return sizes;
  }

  /// Columns before rows: the columns of the right operand stay in the first
  /// level cache while the rows of the left one pass.
  static SmallVector<int64_t> productInterchange(linalg::LinalgOp op,
                                                 ArrayRef<int64_t> sizes) {
    SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, sizes.size()));
    SmallVector<unsigned> parallel;
    op.getParallelDims(parallel);
    if (parallel.size() >= 2)
      std::swap(order[parallel[parallel.size() - 2]], order[parallel.back()]);
    return order;
  }

  static scf::SCFTilingOptions options(MLIRContext *context, ArrayRef<int64_t> sizes,
                                       ArrayRef<int64_t> interchange = {}) {
    scf::SCFTilingOptions options;
    if (!interchange.empty())
      options.setInterchange(interchange);
    options.setTileSizes(getAsIndexOpFoldResult(context, sizes));
    return options;
  }

  LogicalResult tile(RewriterBase &rewriter, Operation *op, ArrayRef<int64_t> sizes,
                     ArrayRef<int64_t> interchange = {}) {
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> result = scf::tileUsingSCF(
        rewriter, cast<TilingInterface>(op), options(op->getContext(), sizes, interchange));
    if (failed(result))
      return op->emitOpError("expected an operation that can be tiled");
    rewriter.replaceOp(op, result->replacements);
    return success();
  }

  /// A reduction one row at a time (a maximum is a comparison and a select, which
  /// is no reduction to the vectoriser), the rows of a group one after the other.
  LogicalResult tileReduction(RewriterBase &rewriter, linalg::LinalgOp op) {
    int64_t rows = op.getStaticLoopRanges().back(); // negative where dynamic
    bool isRow = op.getIteratorTypesArray().back() == utils::IteratorType::reduction;
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> result =
        scf::tileUsingSCF(rewriter, cast<TilingInterface>(op.getOperation()),
                          options(op->getContext(), tileSizes(op)));
    if (failed(result))
      return op->emitOpError("expected an operation that can be tiled");
    rewriter.replaceOp(op, result->replacements);
    if (isRow && rows > 1 && rows <= registerTile.group)
      if (auto loop = dyn_cast<scf::ForOp>(result->loops.back().getOperation()))
        (void)loopUnrollByFactor(loop, rows);
    return success();
  }

  /// Whether `op` reduces a block, over rows of the streamed side, that one
  /// operation computes element by element: both go through a tile together.
  static bool isFusedReduction(Operation *op) {
    if (getRole(op) != "reduce" || cast<linalg::LinalgOp>(op).getNumDpsInputs() != 1)
      return false;
    auto producer = op->getOperand(0).getDefiningOp<linalg::GenericOp>();
    return producer && producer->getNumResults() == 1 &&
           producer.getNumParallelLoops() == producer.getNumLoops() &&
           producer.getNumLoops() == cast<linalg::LinalgOp>(op).getNumLoops() &&
           producer.getMatchingIndexingMap(producer.getDpsInitOperand(0)).isIdentity() &&
           producer.getNumLoops() > 2;
  }

  /// Tiles an activation and computes the scores that it reads in its tile; or
  /// scores that something else reads too, as where the activation is the identity;
  /// or a reduction with the block that it reduces, which stays a result.
  LogicalResult tileAndFuse(RewriterBase &rewriter, linalg::LinalgOp op) {
    MLIRContext *context = op->getContext();
    bool isReduction = op.getNumReductionLoops() != 0;
    Operation *reduced = isReduction && getRole(op) == "reduce"
                             ? op->getOperand(0).getDefiningOp()
                             : nullptr;
    scf::SCFTileAndFuseOptions fuse;
    SmallVector<int64_t> sizes = reduced ? productTileSizes(op) : tileSizes(op);
    if (!reduced)
      for (auto [size, iterator] : llvm::zip(sizes, op.getIteratorTypesArray()))
        if (iterator == utils::IteratorType::reduction)
          size = 0;
    fuse.setTilingOptions(options(context, sizes));
    fuse.setFusionControlFn(
        [=](tensor::ExtractSliceOp, OpResult producer, bool)
            -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
          Operation *owner = producer.getOwner();
          if (owner == reduced)
            return scf::SCFTileAndFuseOptions::ControlFnResult{
                /*yieldProducerReplacement=*/true};
          bool isScore = getRole(owner) == "score";
          if (isa<linalg::FillOp>(owner))
            isScore = llvm::any_of(owner->getUsers(), [](Operation *user) {
              return getRole(user) == "score" ||
                     isa<tensor::ExtractSliceOp>(user);
            });
          if (isScore)
            return scf::SCFTileAndFuseOptions::ControlFnResult{};
          return std::nullopt;
        });
    RewritePatternSet cleanup(context);
    tensor::ExtractSliceOp::getCanonicalizationPatterns(cleanup, context);
    tensor::DimOp::getCanonicalizationPatterns(cleanup, context);
    tensor::populateMergeConsecutiveInsertExtractSlicePatterns(cleanup);
    fuse.cleanupPatterns = FrozenRewritePatternSet(std::move(cleanup));
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTileAndFuseResult> result =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(op.getOperation()), fuse);
    if (failed(result))
      return op.emitOpError("expected an operation that can be tiled");
    // Before the loops their bounds ask for the block's sizes, which are those of
    // its destination; slices that fusion has left in the loops are dead.
    Operation *loops = result->loops.front();
    DominanceInfo dominance;
    for (auto [from, to] : result->replacements)
      rewriter.replaceUsesWithIf(from, to, [&](OpOperand &use) {
        return dominance.properlyDominates(loops, use.getOwner());
      });
    if (reduced)
      rewriter.replaceUsesWithIf(
          reduced->getResult(0),
          cast<linalg::GenericOp>(reduced).getDpsInits().front(),
          [](OpOperand &use) { return isa<tensor::DimOp>(use.getOwner()); });
    rewriter.eraseOp(op);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    registerTile = getRegisterTile(func);
    IRRewriter rewriter(&getContext());
    auto collect = [&](auto admits) {
      SmallVector<linalg::LinalgOp> ops;
      func.walk([&](linalg::LinalgOp op) {
        if (admits(op))
          ops.push_back(op);
      });
      return ops;
    };
    for (linalg::LinalgOp op : collect(isFusedReduction))
      if (failed(tileAndFuse(rewriter, op)))
        return signalPassFailure();
    canonicalize(func);
    auto isRoot = [](Operation *op) {
      if (getRole(op) == "activation")
        return true;
      return getRole(op) == "score" && !isOnlyForActivations(op->getResult(0));
    };
    for (linalg::LinalgOp op : collect(isRoot))
      if (failed(tileAndFuse(rewriter, op)))
        return signalPassFailure();
    // Drops the scores that were fused and folds the slices.
    canonicalize(func);
    auto isOther = [](Operation *op) {
      return getRole(op) != "score" && getRole(op) != "activation" &&
             !llvm::any_of(op->getUsers(), [](Operation *user) {
               return getRole(user) == "score";
             });
    };
    for (linalg::LinalgOp op : collect(isOther)) {
      SmallVector<int64_t> sizes = tileSizes(op), interchange;
      if (isa<linalg::ContractOp>(op)) {
        sizes = productTileSizes(op);
        interchange = productInterchange(op, sizes);
      } else if (getRole(op) == "reduce") {
        if (failed(tileReduction(rewriter, op)))
          return signalPassFailure();
        continue;
      }
      if (failed(tile(rewriter, op, sizes, interchange)))
        return signalPassFailure();
    }
    auto isScore = [](Operation *op) { return getRole(op) == "score"; };
    for (linalg::LinalgOp op : collect(isScore)) {
      SmallVector<int64_t> sizes;
      for (auto [iterator, range] :
           llvm::zip(op.getIteratorTypesArray(), op.getStaticLoopRanges()))
        sizes.push_back(iterator == utils::IteratorType::reduction
                            ? tileOf(range, kScoreSteps)
                            : 0);
      if (failed(tile(rewriter, op, sizes)))
        return signalPassFailure();
    }
    canonicalize(func);
  }
};
} // namespace
