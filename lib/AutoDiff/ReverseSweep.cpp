//===- ReverseSweep.cpp - reverse mode over one block ---------------------===//

#include "ReverseSweep.h"
#include "gdpa/AutoDiff/VJPBuilder.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::gdpa;

//===----------------------------------------------------------------------===//
// Activity
//===----------------------------------------------------------------------===//

static bool isDifferentiableType(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type));
}

bool Activity::isUsedBy(Operation *op) const {
  return op
      ->walk([&](Operation *nested) {
        bool isUsed = llvm::any_of(nested->getOperands(), [&](Value operand) {
          return contains(operand);
        });
        return isUsed ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

void Activity::propagate(Block &block) {
  for (Operation &op : block) {
    if (auto ifOp = dyn_cast<scf::IfOp>(op)) {
      // A result is active where a branch yields an active value for it.
      for (Region *region : {&ifOp.getThenRegion(), &ifOp.getElseRegion()}) {
        if (region->empty())
          continue;
        propagate(region->front());
        Operation *yield = region->front().getTerminator();
        for (auto [result, operand] :
             llvm::zip(ifOp.getResults(), yield->getOperands()))
          if (contains(operand))
            active.insert(result);
      }
      continue;
    }
    if (!isUsedBy(&op))
      continue;
    // Whatever goes in may reach every float that the operation defines. An
    // integer made from a float (a comparison) is piecewise constant.
    auto insert = [&](Value value) {
      if (isDifferentiableType(value.getType()))
        active.insert(value);
    };
    llvm::for_each(op.getResults(), insert);
    for (Region &region : op.getRegions())
      for (Block &nested : region) {
        llvm::for_each(nested.getArguments(), insert);
        propagate(nested);
      }
  }
}

void Activity::addCopies(const IRMapping &copies) {
  for (auto [from, to] : copies.getValueMap())
    if (active.contains(from))
      active.insert(to);
}

//===----------------------------------------------------------------------===//
// Gradients of captures
//===----------------------------------------------------------------------===//

void gdpa::accumulateGradient(OpBuilder &builder, Location loc, Value gradient,
                              Value capture, ValueRange indices) {
  // gdpa.accumulate takes the capture's element type or that of s.
  auto argument = cast<BlockArgument>(capture);
  auto element = cast<FloatType>(getElementTypeOrSelf(capture.getType()));
  Scalar scalar(builder, loc, gradient);
  if (scalar.getType() != element)
    scalar = scalar.convert(
        cast<FloatType>(argument.getOwner()->getArgument(0).getType()));
  AccumulateOp::create(builder, loc, scalar, capture, indices);
}

//===----------------------------------------------------------------------===//
// ReverseSweep
//===----------------------------------------------------------------------===//

void ReverseSweep::add(Value value, PredicatedValue cotangent) {
  if (activity.contains(value))
    pending[value].push_back(std::move(cotangent));
}

std::optional<PredicatedValue> ReverseSweep::take(Value value) {
  auto found = pending.find(value);
  if (found == pending.end())
    return std::nullopt;
  SmallVector<PredicatedValue> terms = std::move(found->second);
  pending.erase(found);
  return sum(builder, value.getLoc(), terms);
}

Value ReverseSweep::takeMasked(Value value) {
  auto found = pending.find(value);
  if (found == pending.end())
    return nullptr;
  SmallVector<PredicatedValue> terms = std::move(found->second);
  pending.erase(found);
  return maskedSum(builder, value.getLoc(), terms);
}

SmallVector<Value> ReverseSweep::getPending() const {
  return llvm::to_vector(llvm::make_first_range(pending));
}

LogicalResult ReverseSweep::run(ArrayRef<Operation *> ops) {
  for (Operation *op : llvm::reverse(ops))
    if (failed(visit(op)))
      return failure();
  return success();
}

LogicalResult ReverseSweep::visit(Operation *op) {
  if (op->hasTrait<OpTrait::IsTerminator>() || !activity.isUsedBy(op))
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitOpError("expected a derivative: implement "
                           "gdpa::DifferentiableOpInterface for it, e.g. by an "
                           "external model");
  for (Type type : op->getResultTypes())
    if (isa<ShapedType>(type))
      return op->emitOpError("expected scalars to differentiate, found ")
             << type;
  SmallVector<std::optional<PredicatedValue>> cotangents;
  for (Value result : op->getResults())
    cotangents.push_back(take(result));
  if (llvm::none_of(cotangents, [](auto &cotangent) { return !!cotangent; }))
    return success();
  VJPBuilder vjp(*this, op, cotangents);
  return differentiable.buildVJP(vjp);
}
