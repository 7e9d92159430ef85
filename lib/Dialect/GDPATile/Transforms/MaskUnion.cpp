//===- MaskUnion.cpp - sets of pairs as unions of conjunctions ------------===//

#include "MaskUnion.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// More than these are no longer told apart: the union then covers everything.
static constexpr size_t kMaxConjunctions = 24;

Union gdpa_tile::everything() { return {Conjunction()}; }

/// Adds a comparison to a conjunction; false where the two contradict.
static bool addTo(Conjunction &conjunction, const Comparison &added) {
  if (added.kind == Comparison::NonNegative) {
    if (added.form.isConstant())
      return added.form.constant >= 0;
    for (Comparison &known : conjunction) {
      if (known.kind != Comparison::NonNegative)
        continue;
      if (auto sum = known.form.plus(added.form);
          sum && sum->isConstant() && sum->constant < 0)
        return false;
      auto difference = known.form.plus(added.form, -1);
      if (difference && difference->isConstant()) {
        // The same form: the stronger of the two stays.
        if (difference->constant > 0)
          known = added;
        return true;
      }
    }
  } else if (added.kind == Comparison::Condition) {
    for (const Comparison &known : conjunction)
      if (known.kind == Comparison::Condition &&
          known.condition == added.condition)
        return known.isNegated == added.isNegated;
  }
  conjunction.push_back(added);
  return true;
}

std::optional<Conjunction> gdpa_tile::conjoin(const Conjunction &a,
                                              const Conjunction &b) {
  Conjunction result = a;
  for (const Comparison &comparison : b)
    if (!addTo(result, comparison))
      return std::nullopt;
  return result;
}

Union gdpa_tile::intersect(const Union &a, const Union &b) {
  Union result;
  for (const Conjunction &left : a)
    for (const Conjunction &right : b)
      if (auto both = conjoin(left, right))
        result.push_back(*both);
  // Either one alone covers the intersection.
  if (result.size() > kMaxConjunctions)
    return a.size() < b.size() ? a : b;
  return result;
}

Union gdpa_tile::unite(Union a, const Union &b) {
  llvm::append_range(a, b);
  bool all = a.size() > kMaxConjunctions ||
             llvm::any_of(a, [](const Conjunction &c) { return c.empty(); });
  return all ? everything() : a;
}

/// A union of one comparison.
static Union only(Comparison comparison) {
  Conjunction conjunction;
  if (!addTo(conjunction, comparison))
    return {};
  return {conjunction};
}

static Union remainderBetween(const Quotient &quotient, LinearForm low,
                              LinearForm high) {
  Comparison comparison;
  comparison.kind = Comparison::Remainder;
  comparison.form = quotient.numerator;
  comparison.divisor = quotient.divisor;
  comparison.low = std::move(low);
  comparison.high = std::move(high);
  return {{comparison}};
}

/// The form without its only quotient.
static LinearForm withoutQuotient(LinearForm form) {
  form.quotients.clear();
  return form;
}

Union gdpa_tile::nonNegative(const std::optional<LinearForm> &form) {
  if (!form)
    return everything();
  Comparison plain;
  plain.form = *form;
  if (form->quotients.size() != 1 || form->query || form->key ||
      !form->rowValues.empty())
    return only(plain);
  const auto &[quotient, factor] = form->quotients.front();
  if (factor != 1 && factor != -1)
    return only(plain);
  LinearForm rest = withoutQuotient(*form);
  std::optional<LinearForm> bound = rest.times(-factor); // of the quotient
  if (!bound)
    return everything();
  int64_t divisor = quotient->divisor;
  if (quotient->remainder)
    return factor > 0 ? remainderBetween(*quotient, *bound,
                                         LinearForm::ofConstant(divisor - 1))
                      : remainderBetween(*quotient, LinearForm(), *bound);
  // floor(x / c) >= u is x >= u c; floor(x / c) <= u is x <= u c + c - 1.
  std::optional<LinearForm> scaled = bound->times(divisor);
  if (!scaled)
    return everything();
  if (factor > 0)
    return nonNegative(quotient->numerator.plus(*scaled, -1));
  scaled = scaled->plus(LinearForm::ofConstant(divisor - 1));
  return nonNegative(scaled ? scaled->plus(quotient->numerator, -1)
                            : std::nullopt);
}

Union gdpa_tile::positive(const LinearForm &form) {
  return nonNegative(form.plus(LinearForm::ofConstant(-1)));
}

Union gdpa_tile::negative(const LinearForm &form) {
  std::optional<LinearForm> negated = form.times(-1);
  return negated ? positive(*negated) : everything();
}

Union gdpa_tile::zero(const LinearForm &form, bool isNegated) {
  const Quotient *quotient = nullptr;
  LinearForm value; // that the remainder has
  Quotient difference;
  if (form.query == 0 && form.key == 0 && form.rowValues.empty()) {
    if (form.quotients.size() == 1) {
      const auto &[found, factor] = form.quotients.front();
      if (found->remainder && (factor == 1 || factor == -1))
        if (auto bound = withoutQuotient(form).times(-factor)) {
          quotient = found.get();
          value = *bound;
        }
    } else if (form.quotients.size() == 2 && form.uniforms.empty() &&
               form.constant == 0) {
      // Equal remainders: the difference is a multiple.
      const auto &[a, left] = form.quotients[0];
      const auto &[b, right] = form.quotients[1];
      if (a->remainder && b->remainder && a->divisor == b->divisor &&
          left == -right && (left == 1 || left == -1))
        if (auto numerator = a->numerator.plus(b->numerator, -1)) {
          difference = {*numerator, a->divisor, true};
          quotient = &difference;
        }
    }
  }
  if (quotient) {
    if (!isNegated)
      return remainderBetween(*quotient, value, value);
    auto below = value.plus(LinearForm::ofConstant(-1));
    auto above = value.plus(LinearForm::ofConstant(1));
    if (!below || !above)
      return everything();
    return unite(
        remainderBetween(*quotient, LinearForm(), *below),
        remainderBetween(*quotient, *above,
                         LinearForm::ofConstant(quotient->divisor - 1)));
  }
  if (isNegated)
    return unite(positive(form), negative(form));
  return intersect(nonNegative(form), nonNegative(form.times(-1)));
}
