//===- MaskPredicate.cpp - a mask as a union of conjunctions --------------===//

#include "MaskPredicate.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// A value with more cases than these is not followed.
static constexpr size_t kMaxAlternatives = 8;
static constexpr int64_t kMaxPosition = (int64_t(1) << 31) - 1;
static constexpr __int128 kUnbounded = __int128(1) << 100;

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

MaskPredicate::MaskPredicate(KeepOp keep)
    : keep(keep), body(keep->getParentRegion()) {}

Union MaskPredicate::kept() {
  return keep.getMask() ? read(keep.getMask(), /*isNegated=*/false)
                        : everything();
}

Union MaskPredicate::dropped() {
  return keep.getMask() ? read(keep.getMask(), /*isNegated=*/true) : Union();
}

bool MaskPredicate::isUniform(Value value) const {
  return !body->isAncestor(value.getParentRegion());
}

Union MaskPredicate::read(Value value, bool isNegated) {
  auto key = std::make_pair(value, unsigned(isNegated));
  if (auto found = done.find(key); found != done.end())
    return found->second;
  Union result = [&]() -> Union {
    APInt constant;
    if (matchPattern(value, m_ConstantInt(&constant)))
      return constant.isZero() == isNegated ? everything() : Union();
    if (isUniform(value)) {
      Comparison comparison;
      comparison.kind = Comparison::Condition;
      comparison.condition = value;
      comparison.isNegated = isNegated;
      return {{comparison}};
    }
    Operation *op = value.getDefiningOp();
    if (!op)
      return everything();
    auto of = [&](unsigned operand, bool negated) {
      return read(op->getOperand(operand), negated);
    };
    // By de Morgan's laws a negation changes the one into the other.
    auto both = [&](unsigned a, bool negateA, unsigned b, bool negateB) {
      return isNegated ? unite(of(a, !negateA), of(b, !negateB))
                       : intersect(of(a, negateA), of(b, negateB));
    };
    if (isa<arith::AndIOp>(op))
      return both(0, false, 1, false);
    if (isa<arith::OrIOp>(op))
      return isNegated ? intersect(of(0, true), of(1, true))
                       : unite(of(0, false), of(1, false));
    if (isa<arith::XOrIOp>(op))
      return unite(intersect(of(0, isNegated), of(1, true)),
                   intersect(of(0, !isNegated), of(1, false)));
    if (isa<arith::SelectOp>(op))
      return unite(intersect(of(0, false), of(1, isNegated)),
                   intersect(of(0, true), of(2, isNegated)));
    if (isa<arith::CmpIOp>(op))
      return readCompare(op, isNegated);
    return everything();
  }();
  done[key] = result;
  return result;
}

Union MaskPredicate::readCompare(Operation *op, bool isNegated) {
  auto compare = cast<arith::CmpIOp>(op);
  using P = arith::CmpIPredicate;
  P predicate = compare.getPredicate();
  if (isNegated)
    predicate = arith::invertPredicate(predicate);
  Value left = compare.getLhs(), right = compare.getRhs();
  if (left.getType().isInteger(1)) {
    // Equality of conditions.
    if (predicate != P::eq && predicate != P::ne)
      return everything();
    bool differ = predicate == P::ne;
    return unite(intersect(read(left, differ), read(right, false)),
                 intersect(read(left, !differ), read(right, true)));
  }
  auto lefts = readInteger(left), rights = readInteger(right);
  if (!lefts || !rights)
    return everything();
  auto swap = [&] { std::swap(lefts, rights); };
  // x > y is y < x.
  switch (predicate) {
  case P::sgt:
    predicate = P::slt;
    swap();
    break;
  case P::sge:
    predicate = P::sle;
    swap();
    break;
  case P::ugt:
    predicate = P::ult;
    swap();
    break;
  case P::uge:
    predicate = P::ule;
    swap();
    break;
  default:
    break;
  }
  Union result;
  for (const Alternative &a : *lefts)
    for (const Alternative &b : *rights) {
      std::optional<LinearForm> difference = b.form.plus(a.form, -1);
      Union holds = everything();
      bool leftSigned = !isNonNegative(a.form);
      bool rightSigned = !isNonNegative(b.form);
      if (!difference) {
        // covers everything
      } else if (predicate == P::eq || predicate == P::ne) {
        holds = zero(*difference, predicate == P::ne);
      } else if (predicate == P::slt || predicate == P::sle ||
                 !(leftSigned && rightSigned)) {
        bool strict = predicate == P::slt || predicate == P::ult;
        holds = strict ? positive(*difference) : nonNegative(difference);
        // As an unsigned number a negative one is larger than all others.
        bool isUnsigned = predicate == P::ult || predicate == P::ule;
        if (isUnsigned && leftSigned)
          holds = intersect(holds, nonNegative(a.form));
        else if (isUnsigned && rightSigned)
          holds = unite(holds, negative(b.form));
      }
      if (auto guard = conjoin(a.guard, b.guard))
        result = unite(result, intersect({*guard}, holds));
    }
  return result;
}

std::optional<LinearForm> MaskPredicate::readDifference(Operation *op) {
  auto compare = cast<arith::CmpIOp>(op);
  if (compare.getLhs().getType().isInteger(1))
    return std::nullopt;
  auto left = readInteger(compare.getLhs());
  auto right = readInteger(compare.getRhs());
  if (!left || !right || left->size() != 1 || right->size() != 1 ||
      !left->front().guard.empty() || !right->front().guard.empty())
    return std::nullopt;
  using P = arith::CmpIPredicate;
  P predicate = compare.getPredicate();
  bool isSigned = predicate == P::eq || predicate == P::ne ||
                  predicate == P::slt || predicate == P::sle ||
                  predicate == P::sgt || predicate == P::sge;
  if (!isSigned && !(isNonNegative(left->front().form) &&
                     isNonNegative(right->front().form)))
    return std::nullopt;
  return right->front().form.plus(left->front().form, -1);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

std::pair<__int128, __int128>
MaskPredicate::rangeOf(const LinearForm &form) const {
  using Range = std::pair<__int128, __int128>;
  Range sum = {form.constant, form.constant};
  auto add = [&](Range range, __int128 factor) {
    if (factor < 0)
      std::swap(range.first, range.second);
    auto times = [&](__int128 bound) {
      return bound >= kUnbounded || bound <= -kUnbounded
                 ? (((bound > 0) == (factor > 0)) ? kUnbounded : -kUnbounded)
                 : bound * factor;
    };
    sum.first = std::max(-kUnbounded, sum.first + times(range.first));
    sum.second = std::min(kUnbounded, sum.second + times(range.second));
  };
  auto uniform = [&](Value value) -> Range {
    if (value == keep.getQueryEnd() || value == keep.getKeyEnd())
      return {0, kMaxPosition};
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<memref::DimOp, ProgramIdOp>(op))
      return {0, kMaxPosition};
    if (isa_and_nonnull<arith::RemUIOp, arith::DivUIOp>(op) &&
        value.getType().isIndex())
      return {0, kUnbounded};
    Type type = value.getType();
    if (isa_and_nonnull<arith::IndexCastOp>(op))
      type = op->getOperand(0).getType();
    unsigned width = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    return {-(__int128(1) << (width - 1)), (__int128(1) << (width - 1)) - 1};
  };
  if (form.query)
    add({0, kMaxPosition}, form.query);
  if (form.key)
    add({0, kMaxPosition}, form.key);
  for (auto [value, factor] : form.uniforms)
    add(uniform(value), factor);
  for (const auto &[row, factor] : form.rowValues)
    add(uniform(row.value), factor);
  for (const auto &term : form.quotients) {
    const Quotient *quotient = term.first.get();
    Range range = {0, quotient->divisor - 1};
    if (!quotient->remainder) {
      range = rangeOf(quotient->numerator);
      auto floor = [&](__int128 bound) {
        if (bound >= kUnbounded || bound <= -kUnbounded)
          return bound;
        __int128 result = bound / quotient->divisor;
        return bound % quotient->divisor < 0 ? result - 1 : result;
      };
      range = {floor(range.first), floor(range.second)};
    }
    add(range, term.second);
  }
  return sum;
}

std::optional<MaskPredicate::Alternatives>
MaskPredicate::readInteger(Value value) {
  if (auto found = integers.find(value); found != integers.end())
    return found->second;
  auto result = [&]() -> std::optional<Alternatives> {
    auto one = [](LinearForm form) -> Alternatives { return {{{}, form}}; };
    LinearForm form;
    if (value == keep.getQuery()) {
      form.query = 1;
      return one(form);
    }
    if (value == keep.getKey()) {
      form.key = 1;
      return one(form);
    }
    if (!value.getType().isIntOrIndex() || value.getType().isInteger(1) ||
        (!value.getType().isIndex() &&
         value.getType().getIntOrFloatBitWidth() > 64))
      return std::nullopt;
    if (APInt constant; matchPattern(value, m_ConstantInt(&constant))) {
      int64_t number = constant.getSExtValue();
      if (std::abs(number >> 1) >= int64_t(1) << 60)
        return std::nullopt;
      return one(LinearForm::ofConstant(number));
    }
    if (isUniform(value))
      return one(LinearForm::ofUniform(value));
    if (auto found = llvm::find(keep.getValues(), value);
        found != keep.getValues().end()) {
      size_t number = found - keep.getValues().begin();
      return one(LinearForm::ofRowValue(
          {value, keep.getLows()[number], keep.getHighs()[number]}));
    }
    Operation *op = value.getDefiningOp();
    if (!op)
      return std::nullopt;
    std::optional<Alternatives> read = readOperation(op);
    if (!read || read->size() > kMaxAlternatives)
      return std::nullopt;
    // Narrow arithmetic wraps around.
    if (!value.getType().isIndex() &&
        value.getType().getIntOrFloatBitWidth() < 64) {
      __int128 end = __int128(1)
                     << (value.getType().getIntOrFloatBitWidth() - 1);
      for (const Alternative &alternative : *read) {
        auto [low, high] = rangeOf(alternative.form);
        if (low < -end || high >= end)
          return std::nullopt;
      }
    }
    return read;
  }();
  integers[value] = result;
  return result;
}

std::optional<MaskPredicate::Alternatives>
MaskPredicate::divide(const Alternatives &numerators, int64_t divisor,
                      Operation *op) {
  if (divisor <= 0 || divisor >= int64_t(1) << 31)
    return std::nullopt;
  Alternatives result;
  bool isRemainder = isa<arith::RemSIOp, arith::RemUIOp>(op);
  auto push = [&](const Alternative &from, const Union &where,
                  std::optional<LinearForm> form) {
    if (!form)
      return false;
    for (const Conjunction &guard : where)
      if (auto both = conjoin(from.guard, guard))
        result.push_back({*both, *form});
    return true;
  };
  for (const Alternative &numerator : numerators) {
    const LinearForm &form = numerator.form;
    std::optional<LinearForm> negated = form.times(-1);
    if (!negated)
      return std::nullopt;
    bool ok;
    if (isa<arith::FloorDivSIOp>(op)) {
      ok = push(numerator, everything(), ofQuotient(form, divisor, false));
    } else if (isa<arith::CeilDivSIOp>(op) ||
               (isa<arith::CeilDivUIOp>(op) && isNonNegative(form))) {
      ok = push(numerator, everything(),
                ofQuotient(*negated, divisor, false).times(-1));
    } else if (isNonNegative(form)) {
      ok =
          push(numerator, everything(), ofQuotient(form, divisor, isRemainder));
    } else if (isa<arith::DivSIOp, arith::RemSIOp>(op)) {
      // Towards zero.
      ok = push(numerator, nonNegative(form),
                ofQuotient(form, divisor, isRemainder)) &&
           push(numerator, negative(form),
                ofQuotient(*negated, divisor, isRemainder).times(-1));
    } else {
      return std::nullopt;
    }
    if (!ok)
      return std::nullopt;
  }
  return result;
}

std::optional<MaskPredicate::Alternatives>
MaskPredicate::readOperation(Operation *op) {
  auto operand = [&](unsigned number) {
    return readInteger(op->getOperand(number));
  };
  auto constant = [&](unsigned number) -> std::optional<int64_t> {
    APInt value;
    if (number < op->getNumOperands() &&
        matchPattern(op->getOperand(number), m_ConstantInt(&value)))
      return value.getSExtValue();
    return std::nullopt;
  };
  // Every alternative of one operand with every one of the other.
  auto combine = [&](auto combination) -> std::optional<Alternatives> {
    auto lefts = operand(0), rights = operand(1);
    if (!lefts || !rights)
      return std::nullopt;
    Alternatives result;
    for (const Alternative &a : *lefts)
      for (const Alternative &b : *rights) {
        auto guard = conjoin(a.guard, b.guard);
        if (guard && !combination(result, *guard, a.form, b.form))
          return std::nullopt;
      }
    return result;
  };
  auto push = [](Alternatives &result, const Conjunction &guard,
                 const Union &where, const LinearForm &form) {
    for (const Conjunction &more : where)
      if (auto both = conjoin(guard, more))
        result.push_back({*both, form});
  };
  auto scaled = [&](unsigned number,
                    int64_t factor) -> std::optional<Alternatives> {
    auto result = operand(number);
    if (!result)
      return std::nullopt;
    for (Alternative &alternative : *result) {
      auto form = alternative.form.times(factor);
      if (!form)
        return std::nullopt;
      alternative.form = *form;
    }
    return result;
  };
  if (isa<arith::AddIOp, arith::SubIOp>(op)) {
    int64_t factor = isa<arith::AddIOp>(op) ? 1 : -1;
    return combine([&](Alternatives &result, const Conjunction &guard,
                       const LinearForm &a, const LinearForm &b) {
      auto sum = a.plus(b, factor);
      if (sum)
        result.push_back({guard, *sum});
      return sum.has_value();
    });
  }
  if (isa<arith::MulIOp>(op)) {
    if (auto factor = constant(1))
      return scaled(0, *factor);
    if (auto factor = constant(0))
      return scaled(1, *factor);
    return std::nullopt;
  }
  if (isa<arith::MinSIOp, arith::MaxSIOp>(op)) {
    bool isMin = isa<arith::MinSIOp>(op);
    return combine([&](Alternatives &result, const Conjunction &guard,
                       const LinearForm &a, const LinearForm &b) {
      // A position clamped to the last one is the position.
      auto clamped = [&](const LinearForm &position, const LinearForm &last) {
        if (!isMin || !last.isUniform() || last.constant != -1 ||
            last.uniforms.size() != 1 || last.uniforms[0].second != 1)
          return false;
        LinearForm query, key;
        query.query = key.key = 1;
        Value end = last.uniforms[0].first;
        return (position == query && end == keep.getQueryEnd()) ||
               (position == key && end == keep.getKeyEnd());
      };
      if (clamped(a, b) || clamped(b, a)) {
        result.push_back({guard, clamped(a, b) ? a : b});
        return true;
      }
      auto difference = b.plus(a, -1);
      if (!difference)
        return false;
      push(result, guard, nonNegative(difference), isMin ? a : b);
      push(result, guard, negative(*difference), isMin ? b : a);
      return true;
    });
  }
  if (isa<arith::SelectOp>(op)) {
    auto whenTrue = operand(1), whenFalse = operand(2);
    if (!whenTrue || !whenFalse)
      return std::nullopt;
    Alternatives result;
    for (auto [isNegated, values] :
         {std::make_pair(false, &*whenTrue), std::make_pair(true, &*whenFalse)})
      for (const Alternative &value : *values)
        push(result, value.guard, read(op->getOperand(0), isNegated),
             value.form);
    return result;
  }
  if (isa<math::AbsIOp>(op)) {
    auto values = operand(0);
    if (!values)
      return std::nullopt;
    Alternatives result;
    for (const Alternative &value : *values) {
      auto negated = value.form.times(-1);
      if (!negated)
        return std::nullopt;
      push(result, value.guard, nonNegative(value.form), value.form);
      push(result, value.guard, negative(value.form), *negated);
    }
    return result;
  }
  auto divisor = constant(1);
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
          arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op)) {
    auto numerators = operand(0);
    return numerators && divisor ? divide(*numerators, *divisor, op)
                                 : std::nullopt;
  }
  auto quotients = [&](int64_t by,
                       bool isRemainder) -> std::optional<Alternatives> {
    auto result = operand(0);
    if (result)
      for (Alternative &alternative : *result)
        alternative.form = ofQuotient(alternative.form, by, isRemainder);
    return result;
  };
  bool shifts = divisor && *divisor >= 0 && *divisor < 31;
  if (isa<arith::ShRSIOp>(op) && shifts)
    return quotients(int64_t(1) << *divisor, /*isRemainder=*/false);
  if (isa<arith::ShLIOp>(op) && shifts)
    return scaled(0, int64_t(1) << *divisor);
  if (isa<arith::AndIOp>(op) && divisor && *divisor > 0 &&
      *divisor < (int64_t(1) << 31) - 1 && llvm::isPowerOf2_64(*divisor + 1))
    return quotients(*divisor + 1, /*isRemainder=*/true);
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return operand(0); // the range of a narrower result is looked at
  if (isa<arith::IndexCastUIOp, arith::ExtUIOp>(op)) {
    auto values = operand(0);
    if (!values || llvm::any_of(*values, [&](const Alternative &value) {
          return !isNonNegative(value.form);
        }))
      return std::nullopt;
    return values;
  }
  return std::nullopt;
}
