//===- AttentionCanonicalization.cpp - folding of attention operations ----===//
//
// Casts that only forget static information disappear into the operation;
// captures that no region uses, masks that keep everything, offsets of zero and
// lengths that are the operation's own disappear altogether. A destination of statistics stays even where nobody uses its
// result: the normalizer decides whether it exists.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ShapedOpInterfaces.h"

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
LogicalResult AttentionPartialOp::fold(FoldAdaptor,
                                       SmallVectorImpl<OpFoldResult> &) {
  return foldCasts(*this);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

/// Casts of operands go: of inputs as in `fold`, of captures with the type of
/// the regions' arguments, of destinations with the type of the results.
template <class Op> struct FoldOperandCasts : OpRewritePattern<Op> {
  // Ahead of the tensor dialect's own pattern for destination-style operations
  // (benefit 1): that one does not know of region arguments that repeat an
  // operand's type, and its clone crashes on an empty region, which an absent
  // mask is.
  FoldOperandCasts(MLIRContext *context)
      : OpRewritePattern<Op>(context, /*benefit=*/10) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand &operand : op->getOpOperands()) {
      Value source = getMoreStaticSource(operand.get());
      if (!source)
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(source); });
      OperandRole role = getOperandRole(op, operand.getOperandNumber());
      if (role.role == Role::Capture) {
        for (Region &region : op->getRegions())
          if (!region.empty())
            retypeArgument(region, role.index, source.getType(), rewriter);
      } else if (op.hasTensorSemantics() && op.isDpsInit(&operand)) {
        retypeResult(op, op.getTiedOpResult(&operand), source.getType(),
                     rewriter);
      }
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "no cast of an operand to fold");
    return success();
  }

private:
  /// Gives a result a more static type; its users keep the old one.
  static void retypeResult(Op op, OpResult result, Type type,
                           PatternRewriter &rewriter) {
    Type oldType = result.getType();
    rewriter.modifyOpInPlace(op, [&] { result.setType(type); });
    rewriter.setInsertionPointAfter(op);
    auto cast = tensor::CastOp::create(rewriter, op.getLoc(), oldType, result);
    rewriter.replaceAllUsesExcept(result, cast, cast);
  }

  /// Gives the argument of capture `index` the type `type`. Reads of elements
  /// take any type; what else uses the argument keeps the old one through a
  /// cast.
  static void retypeArgument(Region &region, unsigned index, Type type,
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

/// Offsets go where each is zero or no region asks for its coordinate, lengths
/// where each is the tile's own or no region asks for it.
template <class Op> struct DropPosition : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    bool dropsOffsets = !op.getOffsets().empty();
    for (auto [number, offset] : llvm::enumerate(op.getOffsets()))
      dropsOffsets &=
          isConstantIntValue(OpFoldResult(offset), 0) || !isUsed(op, number);
    TensorDims dims = getTensorDims(op.getLayout());
    constexpr unsigned firstLength = 4; // after b, h, i, j
    bool dropsLengths = !op.getLengths().empty();
    Value rows[] = {op.getQuery(), op.getKey()};
    for (auto [number, length] : llvm::enumerate(op.getLengths()))
      dropsLengths &= isSize(length, rows[number], dims.sequence) ||
                      !isUsed(op, firstLength + number);
    if (!dropsOffsets && !dropsLengths)
      return rewriter.notifyMatchFailure(op, "its place in a whole is used");
    rewriter.modifyOpInPlace(op, [&] {
      if (dropsOffsets)
        op.getOffsetsMutable().clear();
      if (dropsLengths)
        op.getLengthsMutable().clear();
    });
    return success();
  }

private:
  static bool isUsed(Op op, unsigned coordinate) {
    return llvm::any_of(op->getRegions(), [&](Region &region) {
      if (region.empty())
        return false;
      unsigned first = getNumScoreArguments(getAttentionRegion(region));
      return !region.getArgument(first + coordinate).use_empty();
    });
  }

  /// Whether `length` is size `dim` of `rows` for sure.
  static bool isSize(Value length, Value rows, unsigned dim) {
    auto type = cast<ShapedType>(rows.getType());
    if (std::optional<int64_t> constant = getConstantIntValue(length))
      return *constant == type.getDimSize(dim);
    auto size = length.getDefiningOp<ShapedDimOpInterface>();
    return size && size.getShapedValue() == rows &&
           isConstantIntValue(size.getDimension(), dim);
  }
};

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<FoldOperandCasts<AttentionOp>, FoldResultCast<AttentionOp>,
               DropUnusedCaptures<AttentionOp>, DropFullMask<AttentionOp>,
               DropPosition<AttentionOp>>(context);
}

void AttentionBackwardOp::getCanonicalizationPatterns(
    RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldOperandCasts<AttentionBackwardOp>,
               FoldResultCast<AttentionBackwardOp>,
               DropUnusedCaptures<AttentionBackwardOp>,
               DropFullMask<AttentionBackwardOp>,
               DropPosition<AttentionBackwardOp>>(context);
}

void AttentionPartialOp::getCanonicalizationPatterns(
    RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldOperandCasts<AttentionPartialOp>,
               FoldResultCast<AttentionPartialOp>,
               DropUnusedCaptures<AttentionPartialOp>,
               DropFullMask<AttentionPartialOp>,
               DropPosition<AttentionPartialOp>>(context);
}
