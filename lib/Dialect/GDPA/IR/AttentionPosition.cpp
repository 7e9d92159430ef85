//===- AttentionPosition.cpp - where a tile of attention lies -------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionPosition.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Makes the values of an operation available in its regions.
template <class Op> class Imports {
public:
  explicit Imports(Op op) : op(op) {}

  /// What stands for `value` in `region`; its code goes to `builder`.
  Value get(OpBuilder &builder, Region &region, Value value) {
    if (std::optional<int64_t> constant = getConstantIntValue(value))
      return arith::ConstantIndexOp::create(builder, op.getLoc(), *constant);
    auto captures = op.getCaptures();
    unsigned number = llvm::find(captures, value) - captures.begin();
    if (number == captures.size()) {
      op.getCapturesMutable().append(value);
      for (Region &other : op->getRegions())
        if (!other.empty())
          other.addArgument(value.getType(), value.getLoc());
    }
    return region.getArgument(
        getFirstCaptureArgument(getAttentionRegion(region)) + number);
  }

private:
  Op op;
};

} // namespace

template <class Op> static void inlinePositionOf(Op op) {
  SmallVector<Value> offsets(op.getOffsets()), lengths(op.getLengths());
  // The regions' arguments in this order: b, h, i, j, nq, nk.
  constexpr unsigned numOffsets = 4;
  Imports<Op> imports(op);
  for (Region &region : op->getRegions()) {
    if (region.empty())
      continue;
    unsigned first = getNumScoreArguments(getAttentionRegion(region));
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToStart(&region.front());
    for (auto [number, offset] : llvm::enumerate(offsets)) {
      BlockArgument coordinate = region.getArgument(first + number);
      if (coordinate.use_empty() || isConstantIntValue(OpFoldResult(offset), 0))
        continue;
      Value value = imports.get(builder, region, offset);
      auto sum =
          arith::AddIOp::create(builder, offset.getLoc(), coordinate, value);
      coordinate.replaceAllUsesExcept(sum, sum);
    }
    for (auto [number, length] : llvm::enumerate(lengths)) {
      BlockArgument own = region.getArgument(first + numOffsets + number);
      if (!own.use_empty())
        own.replaceAllUsesWith(imports.get(builder, region, length));
    }
  }
  op.getOffsetsMutable().clear();
  op.getLengthsMutable().clear();
}

void gdpa::inlinePosition(AttentionOp op) { inlinePositionOf(op); }
void gdpa::inlinePosition(AttentionBackwardOp op) { inlinePositionOf(op); }
void gdpa::inlinePosition(AttentionPartialOp op) { inlinePositionOf(op); }
