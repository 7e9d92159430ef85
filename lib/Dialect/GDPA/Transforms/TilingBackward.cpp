//===- TilingBackward.cpp - tiling of gdpa.attention_backward -------------===//
//
// External models for upstream's TilingInterface and, where captures have
// gradients, PartialReductionOpInterface. Tiles of batch entries and of key
// heads, with the query heads of their groups, write different elements of dq,
// dk and dv; a gradient of a capture is the sum of what the tiles make.
//
//===----------------------------------------------------------------------===//

#include "TilingModels.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::gdpa;

enum BackwardLoop : unsigned { kBatch, kKeyHead, kNumLoops };

/// dq, dk and dv come before the gradients of captures.
static constexpr unsigned kFirstCaptureGradient = 3;

static AttentionTile getTile(OpBuilder &builder, AttentionBackwardOp op,
                             ArrayRef<OpFoldResult> offsets,
                             ArrayRef<OpFoldResult> sizes) {
  Location loc = op.getLoc();
  TensorDims dims = getTensorDims(op.getLayout());
  AttentionTile tile;
  if (dims.batch)
    tile.batch =
        getExtent(op.getQuery(), *dims.batch, offsets[kBatch], sizes[kBatch]);
  else
    tile.batch = {offsets[kBatch], sizes[kBatch],
                  isConstantIntValue(offsets[kBatch], 0) &&
                      isConstantIntValue(sizes[kBatch], 1)};
  tile.keyHeads =
      getExtent(op.getKey(), dims.head, offsets[kKeyHead], sizes[kKeyHead]);
  OpFoldResult group =
      getGroupSize(builder, loc, op.getQuery(), op.getKey(), dims.head);
  AffineExpr head, ratio;
  bindDims(builder.getContext(), head);
  bindSymbols(builder.getContext(), ratio);
  auto scaled = [&](OpFoldResult part) {
    return affine::makeComposedFoldedAffineApply(builder, loc, head * ratio,
                                                 {part, group});
  };
  tile.heads = tile.keyHeads.isWhole
                   ? getWhole(builder, loc, op.getQuery(), dims.head)
                   : Extent{scaled(offsets[kKeyHead]), scaled(sizes[kKeyHead])};
  tile.queries = getWhole(builder, loc, op.getQuery(), dims.sequence);
  tile.keys = getWhole(builder, loc, op.getKey(), dims.sequence);
  tile.columns = getWhole(builder, loc, op.getValue(), dims.depth);
  return tile;
}

static LogicalResult checkBatch(AttentionBackwardOp op,
                                const AttentionTile &tile) {
  if (!tile.batch.isWhole && op.isJagged())
    return op.emitOpError(
        "expected tiles of heads in layout thd, whose sequences begin at rows "
        "known at run time only, found tiles of its batch");
  return success();
}

namespace {

/// Batch entries and key heads, with the query heads of their groups.
struct BackwardModel
    : TilingInterface::ExternalModel<BackwardModel, AttentionBackwardOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *op) const {
    // Captures' gradients sum over all pairs.
    bool sums = !cast<AttentionBackwardOp>(op).getWrt().empty();
    return SmallVector<utils::IteratorType>(
        kNumLoops,
        sums ? utils::IteratorType::reduction : utils::IteratorType::parallel);
  }

  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    auto backward = cast<AttentionBackwardOp>(op);
    TensorDims dims = getTensorDims(backward.getLayout());
    OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
    auto range = [&](unsigned dim) {
      return Range{
          zero, getSizeOf(builder, op->getLoc(), backward.getKey(), dim), one};
    };
    return {dims.batch ? range(*dims.batch) : Range{zero, one, one},
            range(dims.head)};
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &builder,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    auto backward = cast<AttentionBackwardOp>(op);
    if (!backward.getWrt().empty())
      return backward.emitOpError(
                 "expected no gradients of captures in an operation to tile: "
                 "they are "
                 "sums over all tiles, which a partial reduction makes "
                 "(transform.structured.tile_reduction_using_forall), found "
                 "wrt ")
             << backward.getWrtAttr();
    AttentionTile tile = getTile(builder, backward, offsets, sizes);
    if (failed(checkBatch(backward, tile)))
      return failure();
    return makeTiledOp(builder, backward, tile);
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &builder,
                        unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    auto backward = cast<AttentionBackwardOp>(op);
    AttentionTile tile = getTile(builder, backward, offsets, sizes);
    Role role = getResultRole(backward, resultNumber).role;
    resultOffsets.clear();
    resultSizes.clear();
    for (const Extent &extent :
         tile.of(builder, op, backward.getLayout(), role,
                 backward.getDpsInitOperand(resultNumber)->get())) {
      resultOffsets.push_back(extent.offset);
      resultSizes.push_back(extent.size);
    }
    return success();
  }
};

/// Every piece has its own gradients of captures, in front of whose dimensions
/// stand those of the pieces, one for each loop; the other results are put
/// together from their tiles.
struct BackwardPartialReductionModel
    : PartialReductionOpInterface::ExternalModel<BackwardPartialReductionModel,
                                                 AttentionBackwardOp> {
  FailureOr<SmallVector<Value>> generateInitialTensorForPartialReduction(
      Operation *op, OpBuilder &builder, Location loc,
      ArrayRef<OpFoldResult> sizes,
      const SetVector<unsigned> &reductionDims) const {
    auto backward = cast<AttentionBackwardOp>(op);
    if (!backward.hasTensorSemantics())
      return backward.emitOpError(
          "expected tensors to take tiles of, found memrefs");
    SmallVector<Value> tensors;
    for (auto [number, init] : llvm::enumerate(backward.getDpsInits())) {
      Type element = getElementTypeOrSelf(init);
      SmallVector<OpFoldResult> shape;
      if (number >= kFirstCaptureGradient) {
        // A gradient is rounded once: not once for each piece.
        if (element != backward.getComputeType())
          return backward.emitOpError("expected gradients of captures of type ")
                 << backward.getComputeType()
                 << " to add up those of tiles, found " << element;
        for (unsigned loop : reductionDims)
          shape.push_back(sizes[loop]);
      }
      llvm::append_range(shape, tensor::getMixedSizes(builder, loc, init));
      Value tensor = tensor::EmptyOp::create(builder, loc, shape, element);
      if (number >= kFirstCaptureGradient) {
        Value zero = arith::ConstantOp::create(
            builder, loc, builder.getFloatAttr(element, 0));
        tensor =
            linalg::FillOp::create(builder, loc, zero, tensor).getResult(0);
      }
      tensors.push_back(tensor);
    }
    return tensors;
  }

  FailureOr<TilingResult>
  tileToPartialReduction(Operation *op, OpBuilder &builder, Location loc,
                         ReductionTilingStrategy strategy, ValueRange init,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes,
                         const SetVector<unsigned> &reductionDims,
                         ArrayRef<OpFoldResult> splitReductionIvs) const {
    // On destinations of its own, for upstream makes the operation continue
    // those of the pieces.
    auto backward = cast<AttentionBackwardOp>(op);
    AttentionTile tile = getTile(builder, backward, offsets, sizes);
    if (failed(checkBatch(backward, tile)))
      return failure();
    SmallVector<Operation *> slices;
    SmallVector<Value> old;
    for (auto [number, tensor] : llvm::enumerate(init)) {
      SmallVector<OpFoldResult> partOffsets, partSizes;
      if (failed(getPartialResultTilePosition(
              op, builder, number, strategy, offsets, sizes, reductionDims,
              splitReductionIvs, partOffsets, partSizes)))
        return failure();
      SmallVector<OpFoldResult> strides(partSizes.size(),
                                        builder.getIndexAttr(1));
      unsigned lead = number < kFirstCaptureGradient ? 0 : reductionDims.size();
      auto [shape, dynamicSizes] = decomposeMixedValues(
          SmallVector<OpFoldResult>(llvm::drop_begin(partSizes, lead)));
      auto type =
          RankedTensorType::get(shape, getElementTypeOrSelf(tensor.getType()));
      auto slice = tensor::ExtractSliceOp::create(
          builder, loc, type, tensor, partOffsets, partSizes, strides);
      slices.push_back(slice);
      old.push_back(slice);
    }
    // Slices of the inputs, the tile's place.
    FailureOr<TilingResult> tiled = makeTiledOp(builder, backward, tile);
    if (failed(tiled))
      return failure();
    auto tiledOp = cast<AttentionBackwardOp>(tiled->tiledOps.front());
    llvm::append_range(slices, tiled->generatedSlices);
    SmallVector<Value> results;
    for (auto [number, part] : llvm::enumerate(old)) {
      OpResult result = tiledOp->getResult(number);
      Value destination = part;
      if (number >= kFirstCaptureGradient) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(tiledOp);
        destination = tensor::EmptyOp::create(
            builder, loc, tensor::getMixedSizes(builder, loc, part),
            getElementTypeOrSelf(part.getType()));
      }
      tiledOp.getDpsInitOperand(number)->set(destination);
      result.setType(cast<RankedTensorType>(destination.getType()));
      if (number < kFirstCaptureGradient) {
        results.push_back(result);
        continue;
      }
      results.push_back(linalg::AddOp::create(builder, loc,
                                              ValueRange{part, result},
                                              ValueRange{part})
                            .getResult(0));
    }
    return TilingResult{{tiledOp}, results, slices};
  }

  FailureOr<MergeResult>
  mergeReductions(Operation *op, OpBuilder &builder, Location loc,
                  ValueRange partials,
                  const SetVector<unsigned> &reductionDims) const {
    auto backward = cast<AttentionBackwardOp>(op);
    MergeResult merged;
    for (auto [number, partial] : llvm::enumerate(partials)) {
      if (number < kFirstCaptureGradient) {
        merged.replacements.push_back(partial);
        continue;
      }
      Value init = backward.getDpsInitOperand(number)->get();
      Value zero = arith::ConstantOp::create(
          builder, loc,
          builder.getFloatAttr(getElementTypeOrSelf(init.getType()), 0));
      Value start =
          linalg::FillOp::create(builder, loc, zero, init).getResult(0);
      auto pieces =
          llvm::to_vector(llvm::seq<int64_t>(0, reductionDims.size()));
      auto sum = linalg::ReduceOp::create(
          builder, loc, partial, start, pieces,
          [&](OpBuilder &b, Location, ValueRange arguments) {
            Value next =
                arith::AddFOp::create(b, loc, arguments[0], arguments[1]);
            linalg::YieldOp::create(b, loc, next);
          });
      merged.mergeOps.push_back(sum);
      merged.replacements.push_back(sum.getResult(0));
    }
    return merged;
  }

  LogicalResult getPartialResultTilePosition(
      Operation *op, OpBuilder &builder, unsigned resultNumber,
      ReductionTilingStrategy strategy, ArrayRef<OpFoldResult> offsets,
      ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims,
      ArrayRef<OpFoldResult> splitReductionIvs,
      SmallVector<OpFoldResult> &resultOffsets,
      SmallVector<OpFoldResult> &resultSizes) const {
    auto backward = cast<AttentionBackwardOp>(op);
    if (resultNumber < kFirstCaptureGradient)
      return cast<TilingInterface>(op).getResultTilePosition(
          builder, resultNumber, offsets, sizes, resultOffsets, resultSizes);
    resultOffsets.clear();
    bool isParallel =
        strategy == ReductionTilingStrategy::PartialReductionOuterParallel;
    // One after the other, all tiles add to the first piece.
    for (unsigned number = 0; number < reductionDims.size(); ++number)
      resultOffsets.push_back(isParallel
                                  ? splitReductionIvs[number]
                                  : OpFoldResult(builder.getIndexAttr(0)));
    resultSizes.assign(reductionDims.size(), builder.getIndexAttr(1));
    Value capture =
        backward.getCaptures()[backward.getWrt()[resultNumber -
                                                 kFirstCaptureGradient]];
    if (isa<RankedTensorType>(capture.getType()))
      llvm::append_range(resultSizes,
                         tensor::getMixedSizes(builder, op->getLoc(), capture));
    resultOffsets.resize(resultSizes.size(), builder.getIndexAttr(0));
    return success();
  }
};

} // namespace

void gdpa::attachBackwardModels(MLIRContext &context) {
  AttentionBackwardOp::attachInterface<BackwardModel>(context);
  AttentionBackwardOp::attachInterface<BackwardPartialReductionModel>(context);
}
