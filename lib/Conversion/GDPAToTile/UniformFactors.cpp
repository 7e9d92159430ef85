//===- UniformFactors.cpp - products with uniform values ------------------===//

#include "UniformFactors.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// How deep a factor looks for a place.
static constexpr unsigned kMaxDepth = 5;

Factor Factor::times(const Factor &other, int exponent) const {
  Factor product = *this;
  product.constant *= exponent > 0 ? other.constant : 1 / other.constant;
  for (const std::pair<Value, int> &more : other.powers) {
    auto *found = llvm::find_if(product.powers, [&](const auto &entry) {
      return entry.first == more.first;
    });
    if (found == product.powers.end()) {
      product.powers.push_back({more.first, more.second * exponent});
      continue;
    }
    found->second += more.second * exponent;
    if (found->second == 0)
      product.powers.erase(found);
  }
  return product;
}

bool Factor::hasPowersOf(const Factor &other) const {
  return powers.size() == other.powers.size() &&
         llvm::all_of(powers, [&](const auto &entry) {
           return llvm::is_contained(other.powers, entry);
         });
}

std::optional<double> TermBuilder::asConstant(Value value) {
  APFloat number(0.0);
  if (!value || !matchPattern(value, m_ConstantFloat(&number)))
    return std::nullopt;
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

Value TermBuilder::constant(double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

Value TermBuilder::uniform(const Factor &factor) {
  if (factor.constant == 0)
    return constant(0);
  for (auto &[made, value] : uniforms)
    if (made == factor)
      return value;
  Value product, divisor;
  auto multiplyInto = [&](Value &target, Value value) {
    target = target ? Value(arith::MulFOp::create(builder, loc, target, value)) : value;
  };
  for (auto [value, power] : factor.powers)
    for (int count = 0; count < std::abs(power); ++count)
      multiplyInto(power > 0 ? product : divisor, value);
  if (!product || factor.constant != 1)
    multiplyInto(product, constant(factor.constant));
  if (divisor)
    product = arith::DivFOp::create(builder, loc, product, divisor);
  uniforms.push_back({factor, product});
  return product;
}

Value TermBuilder::add(Value lhs, Value rhs) {
  return note(arith::AddFOp::create(builder, loc, lhs, rhs));
}

Value TermBuilder::multiply(Value lhs, Value rhs) {
  return note(arith::MulFOp::create(builder, loc, lhs, rhs));
}

Value TermBuilder::negate(Value value) {
  return note(arith::NegFOp::create(builder, loc, value));
}

Value TermBuilder::lookup(const Factor &factor, Value core) {
  auto found = known.find(core);
  if (found != known.end())
    for (auto &[made, value] : found->second)
      if (made == factor)
        return value;
  return {};
}

/// Whether f * op(x, y) = op(f x, f y), or a product.
bool TermBuilder::canMoveInto(Operation *op, const Factor &factor) {
  if (isa_and_nonnull<arith::MulFOp, arith::AddFOp>(op))
    return true;
  return isa_and_nonnull<arith::MaxNumFOp, arith::MinNumFOp, arith::MaximumFOp,
                         arith::MinimumFOp>(op) &&
         factor.isPositive();
}

int TermBuilder::cost(const Factor &factor, Value core, unsigned depth) {
  if (factor.isOne() || isUniform(core) || lookup(factor, core))
    return 0;
  // A negation is a modifier of the instruction that reads it.
  if (lookup(factor.times(-1), core) || factor == Factor::of(-1))
    return 0;
  Operation *op = core.getDefiningOp();
  if (depth == kMaxDepth || !canMoveInto(op, factor) || shared.contains(core))
    return 1;
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (isa<arith::MulFOp>(op))
    return lhs == rhs ? 1
                      : std::min(cost(factor, lhs, depth + 1),
                                 cost(factor, rhs, depth + 1));
  return std::min(1, cost(factor, lhs, depth + 1) + cost(factor, rhs, depth + 1));
}

Factor TermBuilder::cheapFactor(Value core, unsigned depth) {
  auto found = known.find(core);
  if (found != known.end())
    return found->second.front().first;
  Operation *op = core.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp>(op) || shared.contains(core) ||
      op->getOperand(0) == op->getOperand(1) || depth == kMaxDepth)
    return {};
  for (Value operand : op->getOperands())
    if (Factor factor = cheapFactor(operand, depth + 1); !factor.isOne())
      return factor;
  return {};
}

/// -core where a sum with a constant takes the sign: -(x + k) = -k - x.
Value TermBuilder::negatedInside(Value core, unsigned depth) {
  Operation *op = core.getDefiningOp();
  if (!op || shared.contains(core) || depth == kMaxDepth)
    return {};
  if (auto sum = dyn_cast<arith::AddFOp>(op)) {
    std::optional<double> number = asConstant(sum.getRhs());
    if (!number)
      return {};
    return note(
        arith::SubFOp::create(builder, loc, constant(-*number), sum.getLhs()));
  }
  if (auto product = dyn_cast<arith::MulFOp>(op))
    for (unsigned index : {0u, 1u})
      if (Value inner = negatedInside(product->getOperand(index), depth + 1))
        return multiply(product->getOperand(1 - index), inner);
  return {};
}

/// factor * core, core being no uniform value and factor not 1.
Value TermBuilder::scaled(const Factor &factor, Value core) {
  if (Value opposite = lookup(factor.times(-1), core)) {
    share(opposite);
    return negate(opposite);
  }
  if (factor == Factor::of(-1)) {
    Value moved = negatedInside(core, 0);
    return moved ? moved : negate(core);
  }
  if (cost(factor, core))
    return multiply(core, uniform(factor));
  Operation *op = core.getDefiningOp();
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (isa<arith::MulFOp>(op)) {
    if (cost(factor, rhs))
      lhs = value({factor, lhs});
    else
      rhs = value({factor, rhs});
  } else {
    lhs = value({factor, lhs});
    rhs = value({factor, rhs});
  }
  return note(builder
                  .create(loc, op->getName().getIdentifier(), {lhs, rhs}, type,
                          op->getAttrs())
                  ->getResult(0));
}

Value TermBuilder::value(const Term &term) {
  auto [factor, core] = term;
  if (!core)
    return uniform(factor);
  if (factor.isOne())
    return core;
  if (Value made = lookup(factor, core)) {
    share(made);
    return made;
  }
  Value result;
  if (isUniform(core)) {
    Term whole = {factor, {}};
    if (std::optional<double> number = asConstant(core))
      whole.factor.constant *= *number;
    else
      whole.factor = whole.factor.times(Factor::of(core));
    result = uniform(whole.factor);
  } else {
    result = scaled(factor, core);
  }
  remember(factor, core, result);
  return result;
}
