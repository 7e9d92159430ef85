//===- Weight.cpp - mask, normalizer, activation and scale ----------------===//
//
// Takes the expression of a weight apart from the outside: selects against
// zero, the fraction of a normalizer, selects against -inf below it, and at the
// bottom the factor of the score.
//
//===----------------------------------------------------------------------===//

#include "Match.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::raising;

namespace {
class WeightSplitter {
public:
  WeightSplitter(Match &match, ArrayRef<Atom> keys, std::string &reason)
      : match(match), keys(keys), reason(reason) {}

  LogicalResult run(Expression *weight);

private:
  LogicalResult fail(StringRef why) {
    reason = why.str();
    return failure();
  }

  /// Strips selects between a value and zero (or another constant `isNone`
  /// accepts) whose condition knows nothing of the score but perhaps a
  /// reduction over it.
  template <class Predicate>
  Expression *stripSelects(Expression *value, SmallVectorImpl<Condition> &found,
                           Predicate isNone);
  /// y + (c ? 0 : -inf).
  bool stripAddedInfinity(Expression *&logit);
  LogicalResult splitFraction(Expression *numerator);
  LogicalResult placeOuterConditions(ArrayRef<Condition> outer);
  bool saysAllInfinite(Expression *condition) const;
  void findScale();

  Match &match;
  ArrayRef<Atom> keys;
  std::string &reason;
  Expression *logit = nullptr; // of a softmax, with its -inf
};
} // namespace

template <class Predicate>
Expression *WeightSplitter::stripSelects(Expression *value,
                                         SmallVectorImpl<Condition> &found,
                                         Predicate isNone) {
  while (value->isOp("arith.select")) {
    Expression *condition = value->operands[0];
    if (condition->onScore && !condition->reduces)
      break;
    if (isNone(value->operands[2])) {
      found.push_back({condition, true});
      value = value->operands[1];
    } else if (isNone(value->operands[1])) {
      found.push_back({condition, false});
      value = value->operands[2];
    } else {
      break;
    }
  }
  return value;
}

bool WeightSplitter::stripAddedInfinity(Expression *&logit) {
  auto isNegativeInfinity = [](Expression *e) { return isInfinity(e, true); };
  if (!logit->isOp("arith.addf"))
    return false;
  for (unsigned side : {0, 1}) {
    SmallVector<Condition> found;
    Expression *rest =
        stripSelects(logit->operands[side], found, isNegativeInfinity);
    if (found.empty() || !isZero(rest))
      continue;
    match.masks.append(found);
    logit = logit->operands[1 - side];
    return true;
  }
  return false;
}

/// numerator / sum of it, in any spelling.
static Expression *matchFraction(Expression *weight) {
  auto isSumOf = [](Expression *sum, Expression *term) {
    return sum->kind == ExpressionKind::Reduce &&
           sum->reduction == Reduction::Sum && sum->operands[0] == term;
  };
  if (weight->isOp("arith.divf") &&
      isSumOf(weight->operands[1], weight->operands[0]))
    return weight->operands[0];
  if (weight->isOp("arith.mulf"))
    for (unsigned side : {0, 1}) {
      Expression *inverse = weight->operands[side];
      Expression *term = weight->operands[1 - side];
      if (inverse->isOp("arith.divf") &&
          getNumber(inverse->operands[0]) == 1.0 &&
          isSumOf(inverse->operands[1], term))
        return term;
    }
  return nullptr;
}

LogicalResult WeightSplitter::splitFraction(Expression *numerator) {
  numerator = stripSelects(numerator, match.masks, isZero);
  match.activation = numerator;
  match.normalizer = Normalizer::Sum;
  if (!numerator->isOp("math.exp"))
    return success();
  match.normalizer = Normalizer::Softmax;
  logit = numerator->operands[0];
  // Any shift of a whole row cancels, in exact arithmetic; that by the maximum
  // is what the normalizer does.
  if (logit->isOp("arith.subf") && !logit->operands[1]->dependsOn(keys) &&
      (!logit->operands[1]->onScore || logit->operands[1]->reduces))
    logit = logit->operands[0];
  Expression *rest = logit;
  do
    rest = stripSelects(rest, match.masks,
                        [](Expression *e) { return isInfinity(e, true); });
  while (stripAddedInfinity(rest));
  match.activation = rest;
  return success();
}

/// Whether the condition is that all logits of the row are -inf.
bool WeightSplitter::saysAllInfinite(Expression *condition) const {
  if (!logit || condition->kind != ExpressionKind::Reduce ||
      condition->reduction != Reduction::And)
    return false;
  Expression *test = condition->operands[0];
  if (!test->isOp("arith.cmpf") || !isInfinity(test->operands[1], true))
    return false;
  auto predicate = cast<DictionaryAttr>(test->attribute)
                       .getAs<arith::CmpFPredicateAttr>("predicate");
  if (!predicate || predicate.getValue() != arith::CmpFPredicate::OEQ)
    return false;
  Expression *tested = test->operands[0];
  while (tested->isOp("arith.extf"))
    tested = tested->operands[0];
  return tested == logit;
}

LogicalResult WeightSplitter::placeOuterConditions(ArrayRef<Condition> outer) {
  SmallVector<Condition> inner = match.masks;
  for (Condition condition : outer) {
    if (match.normalizer != Normalizer::None) {
      // A row without any weight gives zero by itself.
      if (!condition.holds && saysAllInfinite(condition.value))
        continue;
      if (llvm::any_of(inner, [&](Condition known) {
            return known.value == condition.value &&
                   known.holds == condition.holds;
          }))
        continue;
      if (condition.value->dependsOn(keys))
        return fail("zeroes weights after they were normalized by a sum that "
                    "holds them");
    }
    match.masks.push_back(condition);
  }
  return success();
}

void WeightSplitter::findScale() {
  Expression *score = match.score;
  while (score != match.activation) {
    // Expressions are unique: a factor of every use is one parent.
    SmallVector<Expression *> worklist{match.activation};
    llvm::SmallPtrSet<Expression *, 32> seen;
    SmallVector<Expression *> parents;
    while (!worklist.empty()) {
      Expression *expression = worklist.pop_back_val();
      if (!seen.insert(expression).second)
        continue;
      if (llvm::is_contained(expression->operands, score))
        parents.push_back(expression);
      llvm::append_range(worklist, expression->operands);
    }
    if (parents.size() != 1)
      break;
    Expression *parent = parents[0];
    bool divides = parent->isOp("arith.divf");
    if (!divides && !parent->isOp("arith.mulf"))
      break;
    unsigned side = parent->operands[0] == score ? 1 : 0;
    Expression *factor = parent->operands[side];
    if (!factor->isUniform() || (divides && side == 0))
      break;
    match.factors.push_back({factor, divides});
    score = parent;
  }
  match.score = score;
}

LogicalResult WeightSplitter::run(Expression *weight) {
  SmallVector<Condition> outer;
  weight = stripSelects(weight, outer, isZero);
  if (Expression *numerator = matchFraction(weight)) {
    if (failed(splitFraction(numerator)))
      return failure();
  } else {
    match.activation = weight;
  }
  if (failed(placeOuterConditions(outer)))
    return failure();
  if (match.activation->reduces)
    return fail("needs a reduction over the keys that is no softmax and no "
                "normalization by a sum");
  for (Condition condition : match.masks)
    if (condition.value->reduces || condition.value->onScore)
      return fail("is masked by a condition on a reduction over the keys");
  if (!match.activation->onScore)
    return fail("does not depend on the first product");
  findScale();
  return success();
}

LogicalResult gdpa::raising::splitWeight(Expression *weight,
                                         ArrayRef<Atom> keys, Match &match,
                                         std::string &reason) {
  return WeightSplitter(match, keys, reason).run(weight);
}
