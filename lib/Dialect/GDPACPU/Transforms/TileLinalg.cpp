//===- TileLinalg.cpp - the linalg beside attention, for all cores --------===//
//
// What a function computes beside attention: parallel tiles, and in them
// register tiles of vectors where sizes allow.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUTILELINALG
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// Tasks that an elementwise operation is cut into where it can be.
constexpr int64_t kTasks = 32;

/// Tile sizes for each loop; 0: not tiled.
struct Tiles {
  SmallVector<int64_t> task, registers;
  SmallVector<int64_t> order; // of the register loops; empty: as they are
  bool vectorize = true;
};

/// The first of `sizes` that divides `extent`, else 0.
int64_t divisorAmong(int64_t extent, ArrayRef<int64_t> sizes) {
  if (ShapedType::isDynamic(extent))
    return 0;
  for (int64_t size : sizes)
    if (extent % size == 0)
      return size;
  return 0;
}

class LinalgTiler {
public:
  LinalgTiler(IRRewriter &rewriter, int64_t lanes)
      : rewriter(rewriter), lanes(lanes) {}

  void run(linalg::LinalgOp op) {
    Tiles tiles = chooseTiles(op);
    Operation *tiled = tile(op, tiles.task, {}, /*parallel=*/true);
    if (!tiled || !tiles.vectorize)
      return;
    tiled = tile(tiled, tiles.registers, tiles.order, /*parallel=*/false);
    if (!tiled)
      return;
    auto tiledOp = cast<linalg::LinalgOp>(tiled);
    rewriter.setInsertionPoint(tiled);
    FailureOr<linalg::VectorizationResult> vectors = linalg::vectorize(
        rewriter, tiled, {}, {}, /*vectorizeNDExtract=*/false,
        /*flatten1DDepthwiseConv=*/false,
        /*assumeDynamicDimsMatchVecSizes=*/false,
        /*createNamedContraction=*/tiledOp.getNumReductionLoops() != 0);
    if (failed(vectors))
      return;
    rewriter.replaceOp(tiled, vectors->replacements);
  }

private:
  Tiles chooseTiles(linalg::LinalgOp op) {
    SmallVector<int64_t> extents = op.getStaticLoopRanges();
    Tiles tiles;
    tiles.task.assign(extents.size(), 0);
    tiles.registers.assign(extents.size(), 0);
    if (linalg::isaContractionOpInterface(op))
      if (FailureOr<linalg::ContractionDimensions> dims =
              linalg::inferContractionDims(op);
          succeeded(dims) && chooseContraction(*dims, extents, tiles))
        return tiles;
    chooseElementwise(op, extents, tiles);
    return tiles;
  }

  /// One loop over rows, columns and depth each, of sizes that fit.
  bool chooseContraction(const linalg::ContractionDimensions &dims,
                         ArrayRef<int64_t> extents, Tiles &tiles) {
    if (dims.m.size() != 1 || dims.n.size() != 1 || dims.k.size() != 1)
      return false;
    unsigned m = dims.m[0], n = dims.n[0], k = dims.k[0];
    int64_t columns =
        divisorAmong(extents[n], {8 * lanes, 4 * lanes, 2 * lanes, lanes});
    int64_t rows = divisorAmong(extents[m], {64, 32, 16, 8, 4, 2, 1});
    int64_t depth = divisorAmong(extents[k], {4, 2, 1});
    if (!columns || !rows || !depth)
      return false;
    for (unsigned batch : dims.batch)
      tiles.task[batch] = tiles.registers[batch] = 1;
    tiles.task[m] = rows;
    tiles.task[n] = columns;
    tiles.registers[m] = divisorAmong(rows, {lanes == 16 ? 8 : 4, 4, 2, 1});
    tiles.registers[n] = divisorAmong(columns, {2 * lanes, lanes});
    tiles.registers[k] = depth;
    for (unsigned batch : dims.batch)
      tiles.order.push_back(batch);
    // The panel of columns stays in the cache while the rows go by.
    tiles.order.append({n, m, k});
    return true;
  }

  void chooseElementwise(linalg::LinalgOp op, ArrayRef<int64_t> extents,
                         Tiles &tiles) {
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    // Tasks along the first loop that is long enough.
    for (auto [loop, extent] : llvm::enumerate(extents)) {
      if (iterators[loop] != utils::IteratorType::parallel || extent == 1)
        continue;
      if (ShapedType::isDynamic(extent)) {
        tiles.task[loop] = 16;
      } else {
        int64_t size = std::max<int64_t>(extent / kTasks, 1);
        while (extent % size)
          --size;
        tiles.task[loop] = size;
      }
      break;
    }
    tiles.vectorize = op.getNumReductionLoops() == 0 && !op.hasIndexSemantics();
    // Vectors along the last dimension of every operand.
    for (unsigned loop = 0; loop < extents.size(); ++loop)
      tiles.registers[loop] = 1;
    for (AffineMap map : op.getIndexingMapsArray()) {
      if (map.getNumResults() == 0)
        continue;
      auto loop = dyn_cast<AffineDimExpr>(map.getResults().back());
      if (!loop)
        continue;
      int64_t task = tiles.task[loop.getPosition()];
      int64_t extent = task ? task : extents[loop.getPosition()];
      tiles.registers[loop.getPosition()] =
          std::max<int64_t>(divisorAmong(extent, {lanes}), 1);
    }
    if (llvm::all_of(tiles.registers, [](int64_t size) { return size == 1; }))
      tiles.vectorize = false;
    if (llvm::any_of(tiles.task, [](int64_t size) { return size == 16; }) &&
        llvm::is_contained(extents, ShapedType::kDynamic))
      tiles.vectorize = false;
  }

  /// The tiled operation inside the new loops; null where there are none.
  Operation *tile(Operation *op, ArrayRef<int64_t> sizes,
                  ArrayRef<int64_t> order, bool parallel) {
    SmallVector<OpFoldResult> tileSizes;
    for (int64_t size : sizes)
      tileSizes.push_back(rewriter.getIndexAttr(size));
    scf::SCFTilingOptions options;
    options.setTileSizes(tileSizes);
    if (!order.empty())
      options.setInterchange(order);
    options.setLoopType(parallel ? scf::SCFTilingOptions::LoopType::ForallOp
                                 : scf::SCFTilingOptions::LoopType::ForOp);
    rewriter.setInsertionPoint(op);
    FailureOr<scf::SCFTilingResult> result =
        scf::tileUsingSCF(rewriter, cast<TilingInterface>(op), options);
    if (failed(result) || result->tiledOps.size() != 1)
      return nullptr;
    rewriter.replaceOp(op, result->replacements);
    return result->tiledOps[0];
  }

  IRRewriter &rewriter;
  int64_t lanes;
};

struct TileLinalg : gdpa_cpu::impl::GDPACPUTileLinalgBase<TileLinalg> {
  using GDPACPUTileLinalgBase::GDPACPUTileLinalgBase;

  /// One elementwise operation for a chain of them; never into a product or a
  /// reduction, which would compute it again and again.
  void fuseElementwise() {
    applyPatterns(getOperation(), [](RewritePatternSet &patterns) {
      linalg::populateElementwiseOpsFusionPatterns(
          patterns, [](OpOperand *operand) {
            auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
            return operand->get().hasOneUse() && consumer &&
                   consumer.getNumReductionLoops() == 0;
          });
    });
  }

  LogicalResult initialize(MLIRContext *context) override {
    return checkVectorBits(context, vectorBits);
  }

  /// Every user of a fill gets its own: one that is shared would be copied.
  void separateFills() {
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (linalg::FillOp op : fills) {
      if (!op.hasPureTensorSemantics())
        continue;
      OpBuilder builder(op);
      for (OpOperand &use : llvm::make_early_inc_range(
               llvm::drop_begin(op->getResult(0).getUses()))) {
        builder.setInsertionPoint(use.getOwner());
        use.set(builder.clone(*op)->getResult(0));
      }
    }
  }

  void runOnOperation() override {
    if (isProgram(getOperation()) || getOperation().isExternal())
      return;
    fuseElementwise();
    separateFills();
    SmallVector<linalg::LinalgOp> ops;
    for (auto op : getOperation().getBody().front().getOps<linalg::LinalgOp>())
      if (op.hasPureTensorSemantics() && op->getNumResults() == 1)
        ops.push_back(op);
    IRRewriter rewriter(&getContext());
    LinalgTiler tiler(rewriter, vectorBits / 32);
    for (linalg::LinalgOp op : ops)
      tiler.run(op);
  }
};
} // namespace
