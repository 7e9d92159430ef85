//===- TilingInterfaceImpl.cpp - tiling of forward, partial and merge -----===//
//
// External models for upstream's TilingInterface. gdpa.attention and
// gdpa.attention_partial differ in what their last loop, the keys, may do.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/Transforms/TilingInterfaceImpl.h"
#include "AttentionTile.h"
#include "TilingModels.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::gdpa;

//===----------------------------------------------------------------------===//
// Loops and extents
//===----------------------------------------------------------------------===//

template <class Op>
SmallVector<OpFoldResult> gdpa::getLoopSizes(OpBuilder &builder, Op op) {
  Location loc = op.getLoc();
  TensorDims dims = getTensorDims(op.getLayout());
  SmallVector<OpFoldResult> sizes(kNumForwardLoops);
  // The sequences of a jagged batch: one loop iteration that is never cut.
  sizes[kBatchLoop] = dims.batch
                          ? getSizeOf(builder, loc, op.getQuery(), *dims.batch)
                          : OpFoldResult(builder.getIndexAttr(1));
  sizes[kHeadLoop] = getSizeOf(builder, loc, op.getQuery(), dims.head);
  sizes[kQueryLoop] = getSizeOf(builder, loc, op.getQuery(), dims.sequence);
  sizes[kColumnLoop] = getSizeOf(builder, loc, op.getValue(), dims.depth);
  sizes[kKeyLoop] = getSizeOf(builder, loc, op.getKey(), dims.sequence);
  return sizes;
}

template <class Op>
FailureOr<AttentionTile>
gdpa::getForwardTile(OpBuilder &builder, Op op, ArrayRef<OpFoldResult> offsets,
                     ArrayRef<OpFoldResult> sizes, KeyTiles keyTiles) {
  TensorDims dims = getTensorDims(op.getLayout());
  auto extent = [&](Value shaped, unsigned dim, ForwardLoop loop) {
    return getExtent(shaped, dim, offsets[loop], sizes[loop]);
  };
  AttentionTile tile;
  if (dims.batch)
    tile.batch = extent(op.getQuery(), *dims.batch, kBatchLoop);
  else
    tile.batch = {builder.getIndexAttr(0), sizes[kBatchLoop],
                  isConstantIntValue(offsets[kBatchLoop], 0) &&
                      isConstantIntValue(sizes[kBatchLoop], 1)};
  tile.heads = extent(op.getQuery(), dims.head, kHeadLoop);
  tile.queries = extent(op.getQuery(), dims.sequence, kQueryLoop);
  tile.columns = extent(op.getValue(), dims.depth, kColumnLoop);
  tile.keys = extent(op.getKey(), dims.sequence, kKeyLoop);
  if (op.isJagged() &&
      !(tile.batch.isWhole && tile.queries.isWhole && tile.keys.isWhole))
    return op.emitOpError(
        "expected tiles of heads and columns in layout thd, whose sequences "
        "begin at rows known at run time only, found tiles of its rows");
  if (keyTiles == KeyTiles::Whole && !tile.keys.isWhole)
    return op.emitOpError(
        "expected all keys in a tile, found some: tile the keys as a partial "
        "reduction (transform.structured.tile_reduction_using_for or "
        "tile_reduction_using_forall)");
  bool isState = isa<AttentionPartialOp>(op.getOperation()) ||
                 keyTiles == KeyTiles::Partial;
  if (isState && op.hasStatistics() && !tile.columns.isWhole)
    return op.emitOpError("expected all columns in a tile of a partial "
                          "reduction with normalizer ")
           << stringifyNormalizer(op.getNormalizer())
           << ", whose l each tile would add to, found some";
  FailureOr<Extent> keyHeads = getKeyHeads(builder, op, op.getQuery(),
                                           op.getKey(), dims.head, tile.heads);
  if (failed(keyHeads))
    return failure();
  tile.keyHeads = *keyHeads;
  return tile;
}

#define GDPA_INSTANTIATE(Op)                                                   \
  template SmallVector<OpFoldResult> gdpa::getLoopSizes(OpBuilder &, Op);      \
  template FailureOr<AttentionTile> gdpa::getForwardTile(                      \
      OpBuilder &, Op, ArrayRef<OpFoldResult>, ArrayRef<OpFoldResult>,         \
      KeyTiles);
GDPA_INSTANTIATE(AttentionOp)
GDPA_INSTANTIATE(AttentionPartialOp)
#undef GDPA_INSTANTIATE

SmallVector<std::optional<ForwardLoop>> gdpa::getForwardLoops(Layout layout,
                                                              Role role) {
  TensorDims dims = getTensorDims(layout);
  StatisticsDims rowDims = getStatisticsDims(layout);
  SmallVector<std::optional<ForwardLoop>> loops(dims.rank);
  auto set = [&](std::optional<unsigned> dim, ForwardLoop loop) {
    if (dim)
      loops[*dim] = loop;
  };
  switch (role) {
  case Role::Output:
  case Role::Accumulator:
    set(dims.batch, kBatchLoop);
    set(dims.head, kHeadLoop);
    set(dims.sequence, kQueryLoop);
    set(dims.depth, kColumnLoop);
    return loops;
  case Role::Statistics:
  case Role::Maximum:
  case Role::Total:
    loops.resize(rowDims.rank);
    set(rowDims.batch, kBatchLoop);
    set(rowDims.head, kHeadLoop);
    set(rowDims.sequence, kQueryLoop);
    return loops;
  case Role::Query:
    set(dims.batch, kBatchLoop);
    set(dims.head, kHeadLoop);
    set(dims.sequence, kQueryLoop);
    return loops;
  case Role::Key:
  case Role::Value:
    // Heads are those of keys: whoever asks for tiles of them scales.
    set(dims.batch, kBatchLoop);
    set(dims.head, kHeadLoop);
    set(dims.sequence, kKeyLoop);
    if (role == Role::Value)
      set(dims.depth, kColumnLoop);
    return loops;
  default:
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

namespace {

/// What forward, partial and merge share: results are slices along the loops
/// of their roles, tiles of results and operands lead back to loops.
template <class Model, class Op>
struct LoopModel : TilingInterface::ExternalModel<Model, Op> {
  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    SmallVector<Range> domain;
    for (OpFoldResult size : Model::sizesOf(builder, cast<Op>(op)))
      domain.push_back(
          {builder.getIndexAttr(0), size, builder.getIndexAttr(1)});
    return domain;
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &, unsigned resultNumber,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    auto attention = cast<Op>(op);
    resultOffsets.clear();
    resultSizes.clear();
    for (std::optional<ForwardLoop> loop :
         getForwardLoops(attention.getLayout(),
                         getResultRole(attention, resultNumber).role)) {
      resultOffsets.push_back(offsets[*loop]);
      resultSizes.push_back(sizes[*loop]);
    }
    return success();
  }

  LogicalResult getIterationDomainTileFromResultTile(
      Operation *op, OpBuilder &builder, unsigned resultNumber,
      ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
      SmallVectorImpl<OpFoldResult> &loopOffsets,
      SmallVectorImpl<OpFoldResult> &loopSizes) const {
    auto attention = cast<Op>(op);
    SmallVector<OpFoldResult> whole = Model::sizesOf(builder, attention);
    loopOffsets.assign(whole.size(), builder.getIndexAttr(0));
    loopSizes.assign(whole.begin(), whole.end());
    for (auto [dim, loop] : llvm::enumerate(
             getForwardLoops(attention.getLayout(),
                             getResultRole(attention, resultNumber).role))) {
      loopOffsets[*loop] = offsets[dim];
      loopSizes[*loop] = sizes[dim];
    }
    return success();
  }

  FailureOr<TilingResult>
  generateResultTileValue(Operation *op, OpBuilder &builder,
                          unsigned resultNumber, ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) const {
    SmallVector<OpFoldResult> loopOffsets, loopSizes;
    if (failed(getIterationDomainTileFromResultTile(
            op, builder, resultNumber, offsets, sizes, loopOffsets, loopSizes)))
      return failure();
    FailureOr<TilingResult> tiled =
        cast<TilingInterface>(op).getTiledImplementation(builder, loopOffsets,
                                                         loopSizes);
    if (failed(tiled))
      return failure();
    return TilingResult{tiled->tiledOps,
                        {tiled->tiledValues[resultNumber]},
                        tiled->generatedSlices};
  }

  bool isOpFusableWithConsumerSlice(Operation *, unsigned,
                                    ArrayRef<OpFoldResult>,
                                    ArrayRef<OpFoldResult>) const {
    return true;
  }

  LogicalResult getIterationDomainTileFromOperandTiles(
      Operation *op, OpBuilder &builder, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> allOffsets,
      ArrayRef<SmallVector<OpFoldResult>> allSizes,
      SmallVectorImpl<OpFoldResult> &loopOffsets,
      SmallVectorImpl<OpFoldResult> &loopSizes) const {
    auto attention = cast<Op>(op);
    SmallVector<OpFoldResult> whole = Model::sizesOf(builder, attention);
    loopOffsets.assign(whole.size(), builder.getIndexAttr(0));
    loopSizes.assign(whole.begin(), whole.end());
    SmallVector<bool> isKnown(whole.size(), false);
    for (auto [number, offsets, sizes] :
         llvm::zip_equal(operandNumbers, allOffsets, allSizes)) {
      Value operand = op->getOperand(number);
      Role role = getOperandRole(attention, number).role;
      SmallVector<std::optional<ForwardLoop>> loops =
          getForwardLoops(attention.getLayout(), role);
      if (loops.empty())
        return failure();
      // The states of a merge have the pieces in front, which no tile cuts.
      unsigned lead = offsets.size() - loops.size();
      for (unsigned dim = 0; dim < offsets.size(); ++dim) {
        std::optional<ForwardLoop> loop;
        if (dim >= lead)
          loop = loops[dim - lead];
        Extent extent = getExtent(operand, dim, offsets[dim], sizes[dim]);
        if (extent.isWhole)
          continue;
        if (!loop)
          return failure();
        if ((role == Role::Key || role == Role::Value) && *loop == kHeadLoop)
          scaleHeads(builder, attention, extent);
        if (isKnown[*loop] &&
            !(isEqualConstantIntOrValue(loopOffsets[*loop], extent.offset) &&
              isEqualConstantIntOrValue(loopSizes[*loop], extent.size)))
          return failure();
        isKnown[*loop] = true;
        loopOffsets[*loop] = extent.offset;
        loopSizes[*loop] = extent.size;
      }
    }
    return success();
  }

  FailureOr<TilingResult> getTiledImplementationFromOperandTiles(
      Operation *op, OpBuilder &builder, ArrayRef<unsigned> operandNumbers,
      ArrayRef<SmallVector<OpFoldResult>> allOffsets,
      ArrayRef<SmallVector<OpFoldResult>> allSizes) const {
    SmallVector<OpFoldResult> loopOffsets, loopSizes;
    if (failed(getIterationDomainTileFromOperandTiles(
            op, builder, operandNumbers, allOffsets, allSizes, loopOffsets,
            loopSizes)))
      return failure();
    return cast<TilingInterface>(op).getTiledImplementation(
        builder, loopOffsets, loopSizes);
  }

  bool
  isOpFusableWithProducerSlices(Operation *, ArrayRef<unsigned>,
                                ArrayRef<SmallVector<OpFoldResult>>,
                                ArrayRef<SmallVector<OpFoldResult>>) const {
    return true;
  }

private:
  /// The query heads of key heads.
  static void scaleHeads(OpBuilder &builder, Op attention, Extent &heads) {
    if constexpr (!std::is_same_v<Op, AttentionMergeOp>) {
      OpFoldResult group = getGroupSize(
          builder, attention.getLoc(), attention.getQuery(), attention.getKey(),
          getTensorDims(attention.getLayout()).head);
      AffineExpr head, ratio;
      bindDims(builder.getContext(), head);
      bindSymbols(builder.getContext(), ratio);
      for (OpFoldResult *part : {&heads.offset, &heads.size})
        *part = affine::makeComposedFoldedAffineApply(
            builder, attention.getLoc(), head * ratio, {*part, group});
    }
  }
};

template <class Op, KeyTiles keyTiles>
struct ForwardModel : LoopModel<ForwardModel<Op, keyTiles>, Op> {
  static SmallVector<OpFoldResult> sizesOf(OpBuilder &builder, Op op) {
    return getLoopSizes(builder, op);
  }

  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    SmallVector<utils::IteratorType> types(kNumForwardLoops,
                                           utils::IteratorType::parallel);
    types[kKeyLoop] = utils::IteratorType::reduction;
    return types;
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &builder,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    FailureOr<AttentionTile> tile =
        getForwardTile(builder, cast<Op>(op), offsets, sizes, keyTiles);
    if (failed(tile))
      return failure();
    return makeTiledOp(builder, cast<Op>(op), *tile);
  }
};

struct MergeModel : LoopModel<MergeModel, AttentionMergeOp> {
  static SmallVector<OpFoldResult> sizesOf(OpBuilder &builder,
                                           AttentionMergeOp op) {
    SmallVector<OpFoldResult> sizes(kNumForwardLoops - 1);
    for (auto [dim, loop] :
         llvm::enumerate(getForwardLoops(op.getLayout(), Role::Output)))
      sizes[*loop] = getSizeOf(builder, op.getLoc(), op.getOutputInit(), dim);
    return sizes;
  }

  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    return SmallVector<utils::IteratorType>(kNumForwardLoops - 1,
                                            utils::IteratorType::parallel);
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &builder,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    auto merge = cast<AttentionMergeOp>(op);
    Location loc = op->getLoc();
    if (!merge.hasTensorSemantics())
      return merge.emitOpError(
          "expected tensors to take tiles of, found memrefs");
    SmallVector<Value> operands;
    SmallVector<Operation *> slices;
    SmallVector<Type> types;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      auto loops = getForwardLoops(
          merge.getLayout(),
          getOperandRole(merge, operand.getOperandNumber()).role);
      unsigned lead =
          cast<ShapedType>(value.getType()).getRank() - loops.size();
      SmallVector<Extent> extents;
      for (unsigned dim = 0; dim < lead; ++dim)
        extents.push_back(getWhole(builder, loc, value, dim));
      for (auto [dim, loop] : llvm::enumerate(loops))
        extents.push_back(
            getExtent(value, lead + dim, offsets[*loop], sizes[*loop]));
      operands.push_back(takeSlice(builder, loc, value, extents, slices));
      if (merge.isDpsInit(&operand))
        types.push_back(operands.back().getType());
    }
    Operation *tiled = cloneOnto(builder, op, types, operands);
    return TilingResult{
        {tiled}, llvm::to_vector_of<Value>(tiled->getResults()), slices};
  }
};

} // namespace

void gdpa::registerTilingInterfaceExternalModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, GDPADialect *) {
    AttentionOp::attachInterface<ForwardModel<AttentionOp, KeyTiles::Whole>>(
        *context);
    AttentionPartialOp::attachInterface<
        ForwardModel<AttentionPartialOp, KeyTiles::Any>>(*context);
    AttentionMergeOp::attachInterface<MergeModel>(*context);
    attachBackwardModels(*context);
    attachPartialReductionModels(*context);
    // Tiles are made of operations of these.
    context->loadDialect<affine::AffineDialect, tensor::TensorDialect>();
  });
}
