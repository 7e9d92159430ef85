//===- AttentionCanonicalization.cpp - folding of attention operations ----===//
//
// Casts that only forget static information disappear into the operation;
// captures that no region uses and masks that keep everything disappear
// altogether. A destination of statistics stays even where nobody uses its
// result: the normalizer decides whether it exists.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::gdpa;

/// The source of the cast that defines `value`, if the cast only forgets static
/// sizes or strides; else null.
static Value getMoreStaticSource(Value value) {
  Operation *definition = value.getDefiningOp();
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(definition))
    return tensor::canFoldIntoConsumerOp(cast) ? cast.getSource() : Value();
  if (auto cast = dyn_cast_or_null<memref::CastOp>(definition))
    return memref::CastOp::canFoldIntoConsumerOp(cast) ? cast.getSource()
                                                       : Value();
  return Value();
}

//===----------------------------------------------------------------------===//
// Folding in place
//===----------------------------------------------------------------------===//

/// Takes the sources of casts of every operand whose type nothing else repeats:
/// not captures (region arguments repeat it), nor destinations that are tensors
/// (results do).
template <class Op> static LogicalResult foldCasts(Op op) {
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    Role role = getOperandRole(op, operand.getOperandNumber()).role;
    if (role == Role::Capture ||
        (op.hasTensorSemantics() && op.isDpsInit(&operand)))
      continue;
    if (Value source = getMoreStaticSource(operand.get())) {
      operand.set(source);
      changed = true;
    }
  }
  return success(changed);
}

LogicalResult AttentionOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &) {
  return foldCasts(*this);
}
LogicalResult AttentionBackwardOp::fold(FoldAdaptor,
                                        SmallVectorImpl<OpFoldResult> &) {
  return foldCasts(*this);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

/// A cast of a capture goes, and the regions' arguments get the source's type.
template <class Op> struct FoldCaptureCast : OpRewritePattern<Op> {
  // Ahead of the tensor dialect's own pattern for destination-style operations,
  // which knows nothing of region arguments.
  FoldCaptureCast(MLIRContext *context)
      : OpRewritePattern<Op>(context, /*benefit=*/10) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand &operand : op.getCapturesMutable()) {
      Value source = getMoreStaticSource(operand.get());
      if (!source)
        continue;
      unsigned index = getOperandRole(op, operand.getOperandNumber()).index;
      rewriter.modifyOpInPlace(op, [&] { operand.set(source); });
      for (Region &region : op->getRegions())
        if (!region.empty())
          retype(region, index, source.getType(), rewriter);
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "no cast of a capture to fold");
    return success();
  }

private:
  /// Gives the argument of capture `index` the type `type`. Reads of elements
  /// take any type; what else uses the argument keeps the old one through a
  /// cast.
  static void retype(Region &region, unsigned index, Type type,
                     PatternRewriter &rewriter) {
    BlockArgument argument = region.getArgument(
        getFirstCaptureArgument(getAttentionRegion(region)) + index);
    Type oldType = argument.getType();
    rewriter.modifyOpInPlace(region.getParentOp(),
                             [&] { argument.setType(type); });
    auto keepsOldType = [](OpOperand &use) {
      return !isa<tensor::ExtractOp, memref::LoadOp, AccumulateOp,
                  tensor::DimOp, memref::DimOp>(use.getOwner());
    };
    if (llvm::none_of(argument.getUses(), keepsOldType))
      return;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(&region.front());
    Operation *cast = isa<TensorType>(type)
                          ? tensor::CastOp::create(rewriter, argument.getLoc(),
                                                   oldType, argument)
                                .getOperation()
                          : memref::CastOp::create(rewriter, argument.getLoc(),
                                                   oldType, argument);
    rewriter.replaceUsesWithIf(
        argument, cast->getResult(0), [&](OpOperand &use) {
          return use.getOwner() != cast && keepsOldType(use);
        });
  }
};

/// A result that is only ever cast to a more static type has that type itself:
/// the cast moves to the destination.
template <class Op> struct FoldResultCast : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    for (OpResult result : op->getResults()) {
      if (!result.hasOneUse())
        continue;
      auto cast = dyn_cast<tensor::CastOp>(*result.user_begin());
      if (!cast ||
          !tensor::preservesStaticInformation(result.getType(), cast.getType()))
        continue;
      OpOperand *init = op.getTiedOpOperand(result);
      auto newInit = tensor::CastOp::create(rewriter, op.getLoc(),
                                            cast.getType(), init->get());
      rewriter.modifyOpInPlace(op, [&] {
        init->set(newInit);
        result.setType(cast.getType());
      });
      rewriter.replaceOp(cast, result);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no cast of a result to fold");
  }
};

/// A capture that no region uses, and whose gradient nobody asked for, goes.
template <class Op> struct DropUnusedCaptures : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    SmallVector<int64_t> wrt;
    if constexpr (std::is_same_v<Op, AttentionBackwardOp>)
      llvm::append_range(wrt, op.getWrt());
    bool changed = false;
    for (int64_t index = op.getCaptures().size() - 1; index >= 0; --index) {
      if (llvm::is_contained(wrt, index) || isUsed(op, index))
        continue;
      rewriter.modifyOpInPlace(op, [&] { drop(op, index); });
      for (int64_t &position : wrt)
        position -= position > index;
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "every capture is used");
    if constexpr (std::is_same_v<Op, AttentionBackwardOp>)
      rewriter.modifyOpInPlace(op, [&] { op.setWrt(wrt); });
    return success();
  }

private:
  static BlockArgument getArgument(Region &region, unsigned index) {
    return region.getArgument(
        getFirstCaptureArgument(getAttentionRegion(region)) + index);
  }

  static bool isUsed(Op op, unsigned index) {
    return llvm::any_of(op->getRegions(), [&](Region &region) {
      return !region.empty() && !getArgument(region, index).use_empty();
    });
  }

  static void drop(Op op, unsigned index) {
    op.getCapturesMutable().erase(index);
    for (Region &region : op->getRegions())
      if (!region.empty())
        region.eraseArgument(getArgument(region, index).getArgNumber());
  }
};

/// A mask that yields a constant true goes.
template <class Op> struct DropFullMask : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasMask())
      return rewriter.notifyMatchFailure(op, "no mask");
    Block &block = op.getMask().front();
    if (!matchPattern(block.getTerminator()->getOperand(0), m_One()))
      return rewriter.notifyMatchFailure(op, "the mask may drop a pair");
    rewriter.modifyOpInPlace(op, [&] { rewriter.eraseBlock(&block); });
    return success();
  }
};

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<FoldCaptureCast<AttentionOp>, FoldResultCast<AttentionOp>,
               DropUnusedCaptures<AttentionOp>, DropFullMask<AttentionOp>>(
      context);
}

void AttentionBackwardOp::getCanonicalizationPatterns(
    RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldCaptureCast<AttentionBackwardOp>,
               FoldResultCast<AttentionBackwardOp>,
               DropUnusedCaptures<AttentionBackwardOp>,
               DropFullMask<AttentionBackwardOp>>(context);
}
