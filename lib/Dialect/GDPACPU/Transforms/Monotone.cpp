//===- Monotone.cpp - indices that grow or fall with a position -----------===//

#include "Monotone.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

using Result = std::optional<Monotone>;

/// The sum of two indices.
static Result add(Result x, Result y) {
  if (!x || !y || x->direction * y->direction < 0)
    return std::nullopt;
  return Monotone{x->direction ? x->direction : y->direction,
                  x->strict || y->strict};
}

static Result multiply(Result x, int64_t factor) {
  if (!x || factor == 0)
    return x ? Result(Monotone()) : std::nullopt;
  return Monotone{factor < 0 ? -x->direction : x->direction, x->strict};
}

/// A function of both that never falls where one of them grows.
static Result combine(Result x, Result y) {
  Result sum = add(x, y);
  if (sum)
    sum->strict = false;
  return sum;
}

/// An affine expression over operands of which `operand` knows each.
static Result evaluate(AffineExpr expr, unsigned numDims,
                       llvm::function_ref<Result(unsigned)> operand) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return operand(dim.getPosition());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return operand(numDims + symbol.getPosition());
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return Monotone(); // a constant
  Result x = evaluate(binary.getLHS(), numDims, operand);
  Result y = evaluate(binary.getRHS(), numDims, operand);
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return add(x, y);
  case AffineExprKind::Mul:
    if (constant)
      return multiply(x, constant.getValue());
    break;
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv:
    if (constant && constant.getValue() > 0)
      return combine(x, Monotone());
    break;
  default:
    break;
  }
  bool constantParts = x && y && !x->direction && !y->direction;
  return constantParts ? Result(Monotone()) : std::nullopt;
}

Result gdpa_cpu::getMonotone(Value index, BlockArgument position) {
  if (index == position)
    return Monotone{1, true};
  Operation *op = index.getDefiningOp();
  if (!op || op->getBlock() != position.getOwner())
    return Monotone(); // other arguments and what stands above stay as they are
  auto of = [&](Value operand) { return getMonotone(operand, position); };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](affine::AffineApplyOp apply) {
        AffineMap map = apply.getAffineMap();
        return evaluate(map.getResult(0), map.getNumDims(), [&](unsigned at) {
          return of(apply.getMapOperands()[at]);
        });
      })
      .Case([&](arith::AddIOp sum) {
        return add(of(sum.getLhs()), of(sum.getRhs()));
      })
      .Case([&](arith::SubIOp difference) {
        return add(of(difference.getLhs()),
                   multiply(of(difference.getRhs()), -1));
      })
      .Case([&](arith::MulIOp product) -> Result {
        if (std::optional<int64_t> factor = getConstantIntValue(product.getRhs()))
          return multiply(of(product.getLhs()), *factor);
        return std::nullopt;
      })
      .Case<arith::MaxSIOp, arith::MinSIOp>([&](auto bound) {
        return combine(of(bound.getLhs()), of(bound.getRhs()));
      })
      .Case<arith::FloorDivSIOp, arith::CeilDivSIOp, arith::DivSIOp>(
          [&](auto quotient) -> Result {
            std::optional<int64_t> divisor =
                getConstantIntValue(quotient.getRhs());
            if (divisor && *divisor > 0)
              return combine(of(quotient.getLhs()), Monotone());
            return std::nullopt;
          })
      .Case([&](arith::ConstantOp) { return Monotone(); })
      .Default([&](Operation *) -> Result {
        for (Value operand : op->getOperands()) {
          Result known = of(operand);
          if (!known || known->direction)
            return std::nullopt;
        }
        return op->getNumRegions() ? std::nullopt : Result(Monotone());
      });
}
