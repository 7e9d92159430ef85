//===- GDPATransformOps.cpp - transform.gdpa.* ----------------------------===//

#include "gdpa/Dialect/GDPA/TransformOps/GDPATransformOps.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;
using namespace mlir::gdpa;

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPA/TransformOps/GDPATransformOps.cpp.inc"

//===----------------------------------------------------------------------===//
// gdpa.match_attention
//===----------------------------------------------------------------------===//

/// Whether several query heads share a key head; nothing where a number of
/// heads is not static.
template <class Op> static std::optional<bool> isGrouped(Op op) {
  unsigned head = getTensorDims(op.getLayout()).head;
  int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(head);
  int64_t keyHeads = cast<ShapedType>(op.getKey().getType()).getDimSize(head);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads))
    return std::nullopt;
  return heads != keyHeads;
}

template <class Op>
static bool isMatch(transform::MatchAttentionOp match, Op op) {
  return (!match.getLayout() || *match.getLayout() == op.getLayout()) &&
         (!match.getNormalizer() ||
          *match.getNormalizer() == op.getNormalizer()) &&
         (!match.getStorage() || *match.getStorage() == op.getStorageType()) &&
         (!match.getMasked() || *match.getMasked() == op.hasMask()) &&
         (!match.getGrouped() || match.getGrouped() == isGrouped(op));
}

DiagnosedSilenceableFailure transform::MatchAttentionOp::apply(
    TransformRewriter &, TransformResults &results, TransformState &state) {
  SmallVector<Operation *> found;
  for (Operation *root : state.getPayloadOps(getRoot()))
    root->walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto forward = dyn_cast<AttentionOp>(op);
      auto gradient = dyn_cast<AttentionBackwardOp>(op);
      if (getBackward() ? gradient && isMatch(*this, gradient)
                        : forward && isMatch(*this, forward))
        found.push_back(op);
    });
  results.set(cast<OpResult>(getMatches()), found);
  return DiagnosedSilenceableFailure::success();
}

void transform::MatchAttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getRootMutable(), effects);
  producesHandle(getOperation()->getOpResults(), effects);
  onlyReadsPayload(effects);
}

//===----------------------------------------------------------------------===//
// gdpa.set_schedule
//===----------------------------------------------------------------------===//

/// A failure at `target`, which is not what the transform operation takes.
template <class Op>
static DiagnosedSilenceableFailure failOn(Op transformOp, Operation *target,
                                          StringRef expected) {
  DiagnosedSilenceableFailure failure = transformOp.emitSilenceableError()
                                        << "expected " << expected << ", found "
                                        << target->getName();
  failure.attachNote(target->getLoc()) << "this operation";
  return failure;
}

DiagnosedSilenceableFailure
transform::SetScheduleOp::applyToOne(TransformRewriter &rewriter,
                                     Operation *target, ApplyToEachResultList &,
                                     TransformState &) {
  auto set = [&](auto op) {
    rewriter.modifyOpInPlace(op, [&] { op.setScheduleAttr(getSchedule()); });
    return DiagnosedSilenceableFailure::success();
  };
  if (auto forward = dyn_cast<AttentionOp>(target))
    return set(forward);
  if (auto gradient = dyn_cast<AttentionBackwardOp>(target))
    return set(gradient);
  return failOn(*this, target, "gdpa.attention or gdpa.attention_backward");
}

void transform::SetScheduleOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  onlyReadsHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

//===----------------------------------------------------------------------===//
// gdpa.split_keys
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure transform::SplitKeysOp::applyToOne(
    TransformRewriter &rewriter, Operation *target,
    ApplyToEachResultList &results, TransformState &) {
  auto op = dyn_cast<PartialReductionOpInterface>(target);
  if (!op || !isa<AttentionOp>(target))
    return failOn(*this, target, "gdpa.attention");
  // One piece that holds the whole iteration space.
  rewriter.setInsertionPoint(target);
  Location loc = target->getLoc();
  auto tileable = cast<TilingInterface>(target);
  SmallVector<OpFoldResult> offsets, sizes;
  for (const Range &range : tileable.getIterationDomain(rewriter)) {
    offsets.push_back(range.offset);
    sizes.push_back(range.size);
  }
  SmallVector<OpFoldResult> pieces(sizes);
  SetVector<unsigned> reductions;
  for (auto [loop, type] : llvm::enumerate(tileable.getLoopIteratorTypes()))
    if (type == utils::IteratorType::reduction) {
      reductions.insert(loop);
      pieces[loop] = rewriter.getIndexAttr(1);
    }
  OpFoldResult first = rewriter.getIndexAttr(0);
  constexpr auto strategy =
      ReductionTilingStrategy::PartialReductionOuterReduction;
  FailureOr<SmallVector<Value>> states =
      op.generateInitialTensorForPartialReduction(rewriter, loc, pieces,
                                                  reductions);
  if (failed(states))
    return DiagnosedSilenceableFailure::definiteFailure();
  FailureOr<TilingResult> partial = op.tileToPartialReduction(
      rewriter, loc, strategy, *states, offsets, sizes, reductions, first);
  if (failed(partial))
    return DiagnosedSilenceableFailure::definiteFailure();
  for (auto [number, value] : llvm::enumerate(partial->tiledValues)) {
    SmallVector<OpFoldResult> partOffsets, partSizes;
    if (failed(op.getPartialResultTilePosition(rewriter, number, strategy,
                                               offsets, sizes, reductions,
                                               first, partOffsets, partSizes)))
      return DiagnosedSilenceableFailure::definiteFailure();
    SmallVector<OpFoldResult> strides(partSizes.size(),
                                      rewriter.getIndexAttr(1));
    (*states)[number] =
        tensor::InsertSliceOp::create(rewriter, loc, value, (*states)[number],
                                      partOffsets, partSizes, strides);
  }
  FailureOr<MergeResult> merge =
      op.mergeReductions(rewriter, loc, *states, reductions);
  if (failed(merge))
    return DiagnosedSilenceableFailure::definiteFailure();
  rewriter.replaceOp(target, merge->replacements);
  results.push_back(partial->tiledOps.front());
  results.push_back(merge->mergeOps.front());
  return DiagnosedSilenceableFailure::success();
}

//===----------------------------------------------------------------------===//
// gdpa.decompose
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure transform::DecomposeAttentionOp::applyToOne(
    TransformRewriter &rewriter, Operation *target, ApplyToEachResultList &,
    TransformState &) {
  auto op = dyn_cast<linalg::AggregatedOpInterface>(target);
  if (!op)
    return failOn(*this, target, "an operation with a decomposition");
  rewriter.setInsertionPoint(target);
  FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
  if (failed(values))
    return DiagnosedSilenceableFailure::definiteFailure();
  rewriter.replaceOp(target, *values);
  return DiagnosedSilenceableFailure::success();
}

void transform::DecomposeAttentionOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  consumesHandle(getTargetMutable(), effects);
  modifiesPayload(effects);
}

//===----------------------------------------------------------------------===//
// gdpa.fuse_consumer
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure
transform::FuseConsumerOp::apply(TransformRewriter &rewriter,
                                 TransformResults &results,
                                 TransformState &state) {
  auto consumers = llvm::to_vector(state.getPayloadOps(getConsumer()));
  if (consumers.size() != 1)
    return emitSilenceableError()
           << "expected one consumer, found " << consumers.size();
  SmallVector<LoopLikeOpInterface> loops;
  for (Operation *op : state.getPayloadOps(getLoops())) {
    auto loop = dyn_cast<LoopLikeOpInterface>(op);
    if (!loop)
      return failOn(*this, op, "loops");
    loops.push_back(loop);
  }
  Operation *consumer = consumers.front();
  FailureOr<scf::SCFFuseConsumerOfSliceResult> fused =
      scf::tileAndFuseConsumer(rewriter, consumer, loops);
  // A consumer that reads none of their results is no failure upstream.
  if (failed(fused) || fused->tiledOps.empty()) {
    DiagnosedSilenceableFailure failure =
        emitSilenceableError() << "expected a consumer that follows the tiles "
                                  "of the loops, found one that does not";
    failure.attachNote(consumer->getLoc()) << "this operation";
    return failure;
  }
  results.set(cast<OpResult>(getFused()), fused->tiledOps);
  results.set(cast<OpResult>(getNewLoops()),
              llvm::to_vector_of<Operation *>(loops));
  if (consumer->use_empty())
    rewriter.eraseOp(consumer);
  return DiagnosedSilenceableFailure::success();
}

void transform::FuseConsumerOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  consumesHandle(getConsumerMutable(), effects);
  consumesHandle(getLoopsMutable(), effects);
  producesHandle(getOperation()->getOpResults(), effects);
  modifiesPayload(effects);
}

//===----------------------------------------------------------------------===//
// gdpa.replace_with_call
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure transform::ReplaceWithCallOp::applyToOne(
    TransformRewriter &rewriter, Operation *target,
    ApplyToEachResultList &results, TransformState &) {
  if (!isa<AttentionOp, AttentionBackwardOp, AttentionPartialOp,
           AttentionMergeOp>(target))
    return failOn(*this, target, "an attention operation");
  auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      target, getFunctionAttr());
  auto type = FunctionType::get(getContext(), target->getOperandTypes(),
                                target->getResultTypes());
  if (!function || function.getFunctionType() != type) {
    DiagnosedSilenceableFailure failure = emitSilenceableError();
    failure << "expected a function " << getFunctionAttr() << " of type "
            << type << ", found ";
    if (function)
      failure << function.getFunctionType();
    else
      failure << "none";
    failure.attachNote(target->getLoc()) << "to replace this operation";
    return failure;
  }
  rewriter.setInsertionPoint(target);
  auto call = rewriter.replaceOpWithNewOp<func::CallOp>(target, function,
                                                        target->getOperands());
  results.push_back(call);
  return DiagnosedSilenceableFailure::success();
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
class GDPATransformExtension
    : public transform::TransformDialectExtension<GDPATransformExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GDPATransformExtension)

  void init() {
    // Attributes of scripts.
    declareDependentDialect<GDPADialect>();
    declareGeneratedDialect<GDPADialect>();
    declareGeneratedDialect<affine::AffineDialect>();
    declareGeneratedDialect<arith::ArithDialect>();
    declareGeneratedDialect<func::FuncDialect>();
    declareGeneratedDialect<linalg::LinalgDialect>();
    declareGeneratedDialect<math::MathDialect>();
    declareGeneratedDialect<scf::SCFDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "gdpa/Dialect/GDPA/TransformOps/GDPATransformOps.cpp.inc"
        >();
  }
};
} // namespace

void gdpa::registerTransformDialectExtension(DialectRegistry &registry) {
  registry.addExtensions<GDPATransformExtension>();
}
