//===- PartialReduction.cpp - attention split along its keys --------------===//
//
// External model for upstream's PartialReductionOpInterface: every piece of the
// keys continues a state of its own (gdpa.attention_partial), the states are
// merged at the end (gdpa.attention_merge). The initial states have the pieces
// in front of the dimensions of output and statistics.
//
//===----------------------------------------------------------------------===//

#include "TilingModels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

/// The parts of a state, in the order of the results of attention_partial.
static SmallVector<Role> getStateRoles(Normalizer normalizer) {
  switch (normalizer) {
  case Normalizer::None:
    return {Role::Accumulator};
  case Normalizer::Sum:
    return {Role::Accumulator, Role::Total};
  case Normalizer::Softmax:
    return {Role::Accumulator, Role::Maximum, Role::Total};
  }
  llvm_unreachable("unknown normalizer");
}

/// Where a part of a state lies in the states of all pieces.
static void getPartPosition(OpBuilder &builder, AttentionOp op, Role role,
                            OpFoldResult piece, ArrayRef<OpFoldResult> offsets,
                            ArrayRef<OpFoldResult> sizes,
                            SmallVector<OpFoldResult> &partOffsets,
                            SmallVector<OpFoldResult> &partSizes) {
  partOffsets.assign({piece});
  partSizes.assign({builder.getIndexAttr(1)});
  for (std::optional<ForwardLoop> loop :
       getForwardLoops(op.getLayout(), role)) {
    partOffsets.push_back(offsets[*loop]);
    partSizes.push_back(sizes[*loop]);
  }
}

/// Whose state a tile continues: pieces that run in parallel have one each; one
/// after the other, all continue the first, and the others stay empty.
static OpFoldResult getPiece(OpBuilder &builder,
                             ReductionTilingStrategy strategy,
                             ArrayRef<OpFoldResult> splitReductionIvs) {
  if (strategy == ReductionTilingStrategy::PartialReductionOuterParallel)
    return splitReductionIvs.front();
  return builder.getIndexAttr(0);
}

namespace {

struct AttentionPartialReductionModel
    : PartialReductionOpInterface::ExternalModel<AttentionPartialReductionModel,
                                                 AttentionOp> {
  FailureOr<SmallVector<Value>> generateInitialTensorForPartialReduction(
      Operation *op, OpBuilder &builder, Location loc,
      ArrayRef<OpFoldResult> sizes,
      const SetVector<unsigned> &reductionDims) const {
    auto attention = cast<AttentionOp>(op);
    if (failed(check(attention, reductionDims)))
      return failure();
    SmallVector<Value> states;
    SmallVector<OpFoldResult> whole = getLoopSizes(builder, attention);
    for (Role role : getStateRoles(attention.getNormalizer())) {
      SmallVector<OpFoldResult> shape{sizes[kKeyLoop]};
      for (std::optional<ForwardLoop> loop :
           getForwardLoops(attention.getLayout(), role))
        shape.push_back(whole[*loop]);
      Type type = attention.getComputeType();
      double start = role == Role::Maximum
                         ? -std::numeric_limits<double>::infinity()
                         : 0.0;
      Value number = arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(type, start));
      Value empty = tensor::EmptyOp::create(builder, loc, shape, type);
      states.push_back(
          linalg::FillOp::create(builder, loc, number, empty).getResult(0));
    }
    return states;
  }

  FailureOr<TilingResult>
  tileToPartialReduction(Operation *op, OpBuilder &builder, Location loc,
                         ReductionTilingStrategy strategy, ValueRange init,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes,
                         const SetVector<unsigned> &reductionDims,
                         ArrayRef<OpFoldResult> splitReductionIvs) const {
    auto attention = cast<AttentionOp>(op);
    FailureOr<AttentionTile> tile =
        getForwardTile(builder, attention, offsets, sizes, KeyTiles::Partial);
    if (failed(tile))
      return failure();
    Layout layout = attention.getLayout();
    SmallVector<Operation *> slices;
    auto slice = [&](Role role, Value tensor) {
      return takeSlice(builder, loc, tensor,
                       tile->of(builder, op, layout, role, tensor), slices);
    };
    Value query = slice(Role::Query, attention.getQuery());
    Value key = slice(Role::Key, attention.getKey());
    Value value = slice(Role::Value, attention.getValue());

    // The piece's state, without the dimension of the pieces.
    OpFoldResult piece = getPiece(builder, strategy, splitReductionIvs);
    SmallVector<Value> states;
    SmallVector<Type> types;
    SmallVector<Role> roles = getStateRoles(attention.getNormalizer());
    for (auto [role, all] : llvm::zip_equal(roles, init)) {
      SmallVector<OpFoldResult> partOffsets, partSizes;
      getPartPosition(builder, attention, role, piece, offsets, sizes,
                      partOffsets, partSizes);
      SmallVector<OpFoldResult> strides(partSizes.size(),
                                        builder.getIndexAttr(1));
      auto [shape, dynamicSizes] = decomposeMixedValues(
          SmallVector<OpFoldResult>(llvm::drop_begin(partSizes)));
      auto type = RankedTensorType::get(shape, attention.getComputeType());
      auto state = tensor::ExtractSliceOp::create(
          builder, loc, type, all, partOffsets, partSizes, strides);
      slices.push_back(state);
      states.push_back(state);
      types.push_back(type);
    }
    auto part = [&](Role role) {
      auto found = llvm::find(roles, role);
      return found == roles.end() ? Value() : states[found - roles.begin()];
    };
    SmallVector<Value> tileOffsets, lengths;
    getTilePosition(builder, attention, *tile, tileOffsets, lengths);
    auto partial = AttentionPartialOp::create(
        builder, loc, types, query, key, value, part(Role::Accumulator),
        part(Role::Maximum), part(Role::Total), attention.getScale(),
        attention.getCaptures(), tileOffsets, lengths,
        attention.getLayoutAttr(), attention.getNormalizerAttr(),
        attention.getPrecisionAttr());
    IRMapping mapping;
    attention.getActivation().cloneInto(&partial.getActivation(), mapping);
    attention.getMask().cloneInto(&partial.getMask(), mapping);
    return TilingResult{
        {partial}, llvm::to_vector_of<Value>(partial->getResults()), slices};
  }

  FailureOr<MergeResult>
  mergeReductions(Operation *op, OpBuilder &builder, Location loc,
                  ValueRange states,
                  const SetVector<unsigned> &reductionDims) const {
    auto attention = cast<AttentionOp>(op);
    SmallVector<Role> roles = getStateRoles(attention.getNormalizer());
    auto part = [&](Role role) {
      auto found = llvm::find(roles, role);
      return found == roles.end() ? Value() : states[found - roles.begin()];
    };
    auto merge = AttentionMergeOp::create(
        builder, loc, op->getResultTypes(), part(Role::Accumulator),
        part(Role::Maximum), part(Role::Total), attention.getOutputInit(),
        attention.getStatisticsInit(), attention.getLayoutAttr(),
        attention.getNormalizerAttr());
    return MergeResult{{merge}, llvm::to_vector_of<Value>(merge->getResults())};
  }

  LogicalResult getPartialResultTilePosition(
      Operation *op, OpBuilder &builder, unsigned resultNumber,
      ReductionTilingStrategy strategy, ArrayRef<OpFoldResult> offsets,
      ArrayRef<OpFoldResult> sizes, const SetVector<unsigned> &reductionDims,
      ArrayRef<OpFoldResult> splitReductionIvs,
      SmallVector<OpFoldResult> &resultOffsets,
      SmallVector<OpFoldResult> &resultSizes) const {
    auto attention = cast<AttentionOp>(op);
    getPartPosition(builder, attention,
                    getStateRoles(attention.getNormalizer())[resultNumber],
                    getPiece(builder, strategy, splitReductionIvs), offsets,
                    sizes, resultOffsets, resultSizes);
    return success();
  }

private:
  static LogicalResult check(AttentionOp op,
                             const SetVector<unsigned> &reductionDims) {
    if (!op.hasTensorSemantics())
      return op.emitOpError("expected tensors to take tiles of, found memrefs");
    if (op.isJagged())
      return op.emitOpError("expected layout bhsd or bshd to split the keys, "
                            "found thd");
    if (reductionDims.size() != 1 || reductionDims.front() != kKeyLoop)
      return op.emitOpError("expected the keys, loop ")
             << unsigned(kKeyLoop) << ", as the only one to split";
    return success();
  }
};

} // namespace

void gdpa::attachPartialReductionModels(MLIRContext &context) {
  AttentionOp::attachInterface<AttentionPartialReductionModel>(context);
  context.loadDialect<linalg::LinalgDialect>();
}
