//===- UniformBuilder.cpp - scalar code around and in a loop --------------===//

#include "UniformBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// Larger than every position, with room for sums.
static constexpr int64_t kBeyond = int64_t(1) << 61;

Scalar::Scalar(Value value) : value(value) {
  APInt known;
  if (matchPattern(value, m_ConstantInt(&known))) {
    constant = known.getSExtValue();
    this->value = Value();
  }
}

void UniformBuilder::place(ArrayRef<Value> operands) {
  bool outside = llvm::all_of(operands, [&](Value v) { return isOutside(v); });
  builder.setInsertionPoint(outside ? loop.getOperation() : inside);
}

Value UniformBuilder::materialize(Scalar a) {
  if (a.value)
    return a.value;
  Value &known = constants[a.constant];
  if (!known) {
    builder.setInsertionPoint(loop);
    known = arith::ConstantIndexOp::create(builder, loc, a.constant);
  }
  return known;
}

Value UniformBuilder::materialize(Test a) {
  if (a.value)
    return a.value;
  builder.setInsertionPoint(loop);
  return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(a.known));
}

Scalar UniformBuilder::add(Scalar a, Scalar b) {
  if (a.isConstant() && b.isConstant())
    return a.constant + b.constant;
  if (a == Scalar(0))
    return b;
  if (b == Scalar(0))
    return a;
  return create<arith::AddIOp>(materialize(a), materialize(b));
}

Scalar UniformBuilder::subtract(Scalar a, Scalar b) {
  if (b.isConstant())
    return add(a, -b.constant);
  if (a == b)
    return 0;
  return create<arith::SubIOp>(materialize(a), materialize(b));
}

Scalar UniformBuilder::multiply(Scalar a, int64_t factor) {
  if (a.isConstant())
    return a.constant * factor;
  if (factor == 1)
    return a;
  return create<arith::MulIOp>(materialize(a), materialize(Scalar(factor)));
}

Scalar UniformBuilder::floorDivide(Scalar a, int64_t divisor) {
  if (a.isConstant())
    return llvm::divideFloorSigned(a.constant, divisor);
  if (divisor == 1)
    return a;
  if (llvm::isPowerOf2_64(divisor))
    return create<arith::ShRSIOp>(materialize(a),
                                  materialize(Scalar(llvm::Log2_64(divisor))));
  return create<arith::FloorDivSIOp>(materialize(a),
                                     materialize(Scalar(divisor)));
}

Scalar UniformBuilder::ceilDivide(Scalar a, int64_t divisor) {
  return floorDivide(add(a, divisor - 1), divisor);
}

Scalar UniformBuilder::minimum(Scalar a, Scalar b) {
  if (a.isConstant() && b.isConstant())
    return std::min(a.constant, b.constant);
  if (a == b)
    return a;
  return create<arith::MinSIOp>(materialize(a), materialize(b));
}

Scalar UniformBuilder::maximum(Scalar a, Scalar b) {
  if (a.isConstant() && b.isConstant())
    return std::max(a.constant, b.constant);
  if (a == b)
    return a;
  return create<arith::MaxSIOp>(materialize(a), materialize(b));
}

Scalar UniformBuilder::choose(Test test, Scalar a, Scalar b) {
  if (!test.value)
    return test.known ? a : b;
  if (a == b)
    return a;
  Value left = materialize(a), right = materialize(b);
  place({test.value, left, right});
  return builder.createOrFold<arith::SelectOp>(loc, test.value, left, right);
}

Scalar UniformBuilder::toIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  place({value});
  return builder.createOrFold<arith::IndexCastOp>(loc, builder.getIndexType(),
                                                  value);
}

Value UniformBuilder::toI32(Value value) {
  place({value});
  return builder.createOrFold<arith::IndexCastOp>(loc, builder.getI32Type(),
                                                  value);
}

/// The operand of `a` that is defined outside of the loop and the other one, or
/// none.
template <typename OpTy>
std::optional<std::pair<Value, Value>> UniformBuilder::splitInside(Scalar a) {
  auto op = a.value ? a.value.getDefiningOp<OpTy>() : OpTy();
  if (!op || isOutside(a))
    return std::nullopt;
  Value left = op.getLhs(), right = op.getRhs();
  if (isOutside(left))
    return std::make_pair(left, right);
  if (isOutside(right))
    return std::make_pair(right, left);
  return std::nullopt;
}

Test UniformBuilder::atMost(Scalar a, Scalar b, Scalar offset) {
  if (isOutside(a) || !isOutside(b))
    a = add(a, offset);
  else
    b = subtract(b, offset);
  // What the loop compares is its position with one number that is computed
  // before it.
  if (isOutside(a) != isOutside(b)) {
    if (auto terms = splitInside<arith::MinSIOp>(b))
      return atMost(choose(atMost(a, Scalar(terms->first)), a, kBeyond),
                    Scalar(terms->second));
    if (auto terms = splitInside<arith::MaxSIOp>(a))
      return atMost(Scalar(terms->second),
                    choose(atMost(Scalar(terms->first), b), b, -kBeyond));
    if (auto terms = splitInside<arith::AddIOp>(b))
      return atMost(subtract(a, Scalar(terms->first)), Scalar(terms->second));
    if (auto terms = splitInside<arith::AddIOp>(a))
      return atMost(Scalar(terms->second), subtract(b, Scalar(terms->first)));
  }
  if (a.isConstant() && b.isConstant())
    return a.constant <= b.constant;
  if (a == b)
    return true;
  Value left = materialize(a), right = materialize(b);
  place({left, right});
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, left,
                               right)
      .getResult();
}

Test UniformBuilder::both(Test a, Test b) {
  if (a.isTrue() || b.isFalse())
    return b;
  if (b.isTrue() || a.isFalse())
    return a;
  return create<arith::AndIOp>(a.value, b.value);
}

Test UniformBuilder::either(Test a, Test b) {
  if (a.isFalse() || b.isTrue())
    return b;
  if (b.isFalse() || a.isTrue())
    return a;
  return create<arith::OrIOp>(a.value, b.value);
}

Test UniformBuilder::negate(Test a) {
  if (!a.value)
    return !a.known;
  return create<arith::XOrIOp>(a.value, materialize(Test(true)));
}
