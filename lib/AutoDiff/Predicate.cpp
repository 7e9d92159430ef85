//===- Predicate.cpp - when a cotangent counts ----------------------------===//

#include "gdpa/AutoDiff/Predicate.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::gdpa;

bool Predicate::operator==(const Predicate &other) const {
  return literals.size() == other.literals.size() &&
         llvm::all_of(literals,
                      [&](Literal literal) { return other.contains(literal); });
}

std::optional<Predicate> Predicate::conjoin(Literal literal) const {
  if (contains(literal.negated()))
    return std::nullopt;
  Predicate result = *this;
  if (!contains(literal))
    result.literals.push_back(literal);
  return result;
}

std::optional<Predicate> Predicate::conjoin(const Predicate &other) const {
  std::optional<Predicate> result = *this;
  for (Literal literal : other.literals)
    if (!(result = result->conjoin(literal)))
      break;
  return result;
}

Predicate Predicate::intersect(const Predicate &other) const {
  Predicate result;
  llvm::copy_if(literals, std::back_inserter(result.literals),
                [&](Literal literal) { return other.contains(literal); });
  return result;
}

Predicate Predicate::without(const Predicate &other) const {
  Predicate result;
  llvm::copy_if(literals, std::back_inserter(result.literals),
                [&](Literal literal) { return !other.contains(literal); });
  return result;
}

static Value materializeLiteral(OpBuilder &builder, Location loc,
                                Predicate::Literal literal) {
  if (!literal.isNegated)
    return literal.condition;
  Value one = arith::ConstantIntOp::create(builder, loc, 1, 1);
  return arith::XOrIOp::create(builder, loc, literal.condition, one);
}

Value Predicate::materialize(OpBuilder &builder, Location loc) const {
  assert(!isTrue() && "the true predicate has no value");
  Value result;
  for (Literal literal : literals) {
    Value condition = materializeLiteral(builder, loc, literal);
    result = result
                 ? Value(arith::AndIOp::create(builder, loc, result, condition))
                 : condition;
  }
  return result;
}

static Value zeroLike(OpBuilder &builder, Location loc, Value value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getZeroAttr(value.getType()));
}

Value Predicate::mask(OpBuilder &builder, Location loc, Value value) const {
  if (isTrue())
    return value;
  Value zero = zeroLike(builder, loc, value);
  if (literals.size() == 1 && literals.front().isNegated)
    return arith::SelectOp::create(builder, loc, literals.front().condition,
                                   zero, value);
  return arith::SelectOp::create(builder, loc, materialize(builder, loc), value,
                                 zero);
}

Predicate gdpa::unifyPredicates(OpBuilder &builder, Location loc,
                                MutableArrayRef<PredicatedValue> values) {
  assert(!values.empty() && "expected a value");
  Predicate common = values.front().predicate;
  for (const PredicatedValue &value : values.drop_front())
    common = common.intersect(value.predicate);

  // `residual` is what a value demands beyond the common literals: masked here,
  // because the unified predicate holds in more cases.
  bool anyUnconditional = false;
  SmallVector<Predicate> residuals;
  for (PredicatedValue &value : values) {
    Predicate residual = value.predicate.without(common);
    anyUnconditional |= residual.isTrue();
    if (!llvm::is_contained(residuals, residual))
      residuals.push_back(residual);
  }
  Predicate unified = common;
  // A literal and its negation are true together.
  bool isTautology =
      residuals.size() == 2 && residuals[0].getLiterals().size() == 1 &&
      residuals[1].getLiterals().size() == 1 &&
      residuals[0].getLiterals()[0].negated() == residuals[1].getLiterals()[0];
  if (!anyUnconditional && !isTautology) {
    Value disjunction;
    for (const Predicate &residual : residuals) {
      Value condition = residual.materialize(builder, loc);
      disjunction = disjunction ? Value(arith::OrIOp::create(
                                      builder, loc, disjunction, condition))
                                : condition;
    }
    unified = *common.conjoin(Predicate::Literal{disjunction, false});
  }
  for (PredicatedValue &value : values) {
    if (residuals.size() > 1)
      value.value =
          value.predicate.without(common).mask(builder, loc, value.value);
    value.predicate = unified;
  }
  return unified;
}

/// Where `a` holds for the one term exactly when it fails for the other and the
/// rest agrees: the literal that tells them apart.
static std::optional<Predicate::Literal> complement(const Predicate &a,
                                                    const Predicate &b) {
  Predicate onlyA = a.without(b), onlyB = b.without(a);
  if (onlyA.getLiterals().size() != 1 || onlyB.getLiterals().size() != 1 ||
      !(onlyA.getLiterals()[0].negated() == onlyB.getLiterals()[0]))
    return std::nullopt;
  return onlyA.getLiterals()[0];
}

/// Merges the first two of `terms` that `merge` can merge into the former.
static bool
mergePair(SmallVectorImpl<PredicatedValue> &terms,
          function_ref<bool(PredicatedValue &, PredicatedValue &)> merge) {
  for (size_t i = 0; i < terms.size(); ++i)
    for (size_t j = i + 1; j < terms.size(); ++j)
      if (merge(terms[i], terms[j])) {
        terms.erase(terms.begin() + j);
        return true;
      }
  return false;
}

/// Merges terms as far as that costs no mask of its own.
static SmallVector<PredicatedValue>
mergeTerms(OpBuilder &builder, Location loc, ArrayRef<PredicatedValue> terms) {
  assert(!terms.empty() && "expected a term");
  SmallVector<PredicatedValue> rest(terms);
  // Terms under one predicate are added unmasked.
  auto add = [&](PredicatedValue &a, PredicatedValue &b) {
    if (!(a.predicate == b.predicate))
      return false;
    a.value = arith::AddFOp::create(builder, loc, a.value, b.value);
    return true;
  };
  // Of two terms of which exactly one counts, one select picks.
  auto pick = [&](PredicatedValue &a, PredicatedValue &b) {
    std::optional<Predicate::Literal> literal =
        complement(a.predicate, b.predicate);
    if (!literal)
      return false;
    Value whenTrue = literal->isNegated ? b.value : a.value;
    Value whenFalse = literal->isNegated ? a.value : b.value;
    a.value = arith::SelectOp::create(builder, loc, literal->condition,
                                      whenTrue, whenFalse);
    a.predicate = a.predicate.intersect(b.predicate);
    return true;
  };
  while (mergePair(rest, add) || mergePair(rest, pick)) {
  }
  return rest;
}

static Value addAll(OpBuilder &builder, Location loc,
                    ArrayRef<PredicatedValue> terms) {
  Value total = terms.front().value;
  for (const PredicatedValue &term : terms.drop_front())
    total = arith::AddFOp::create(builder, loc, total, term.value);
  return total;
}

PredicatedValue gdpa::sum(OpBuilder &builder, Location loc,
                          ArrayRef<PredicatedValue> terms) {
  SmallVector<PredicatedValue> rest = mergeTerms(builder, loc, terms);
  if (rest.size() == 1)
    return rest.front();
  Predicate predicate = unifyPredicates(builder, loc, rest);
  return {addAll(builder, loc, rest), predicate};
}

Value gdpa::maskedSum(OpBuilder &builder, Location loc,
                      ArrayRef<PredicatedValue> terms) {
  // Masked terms need no condition under which their sum counts.
  SmallVector<PredicatedValue> rest = mergeTerms(builder, loc, terms);
  Predicate common = rest.front().predicate;
  for (const PredicatedValue &term : rest)
    common = common.intersect(term.predicate);
  for (PredicatedValue &term : rest)
    term.value = term.predicate.without(common).mask(builder, loc, term.value);
  return common.mask(builder, loc, addAll(builder, loc, rest));
}
