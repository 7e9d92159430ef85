//===- MaskRanges.cpp - a mask over a rectangle of pairs ------------------===//

#include "MaskRanges.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

void MaskRanges::raise(Bounds &bounds, Scalar low) {
  bounds.low = bounds.low ? b.maximum(*bounds.low, low) : low;
}

void MaskRanges::lower(Bounds &bounds, Scalar high) {
  bounds.high = bounds.high ? b.minimum(*bounds.high, high) : high;
}

Scalar MaskRanges::uniformPart(const LinearForm &form) {
  Scalar sum = 0;
  for (auto [value, factor] : form.uniforms)
    sum = factor == -1 ? b.subtract(sum, b.toIndex(value))
                       : b.add(sum, b.multiply(b.toIndex(value), factor));
  return b.add(sum, form.constant);
}

bool MaskRanges::isOutside(const LinearForm &form) {
  return llvm::all_of(
             form.uniforms,
             [&](const auto &term) { return b.isOutside(term.first); }) &&
         llvm::all_of(form.rowValues,
                      [&](const auto &term) {
                        return b.isOutside(term.first.low) &&
                               b.isOutside(term.first.high);
                      }) &&
         llvm::all_of(form.quotients, [&](const auto &term) {
           return isOutside(term.first->numerator);
         });
}

bool MaskRanges::isOutside(const Comparison &comparison) {
  return (!comparison.condition || b.isOutside(comparison.condition)) &&
         isOutside(comparison.form) && isOutside(comparison.low) &&
         isOutside(comparison.high);
}

/// A form that is one of i, j, i - j or a multiple of it, and uniform terms.
static bool isOfOnePosition(const LinearForm &form) {
  return form.quotients.empty() && form.rowValues.empty() &&
         (!form.query || !form.key || form.query == -form.key);
}

void MaskRanges::addLinear(Closure &closure, const Comparison &comparison) {
  const LinearForm &form = comparison.form;
  Scalar rest = uniformPart(form);
  int64_t factor = form.query ? form.query : form.key;
  if (!factor) {
    closure.holds = b.both(closure.holds, b.atMost(0, rest));
    return;
  }
  Bounds &bounds = form.query && form.key ? closure.difference
                   : form.query           ? closure.query
                                          : closure.key;
  // factor * x + rest >= 0
  if (factor > 0)
    raise(bounds, b.ceilDivide(b.subtract(0, rest), factor));
  else
    lower(bounds, b.floorDivide(rest, -factor));
}

MaskRanges::Closure MaskRanges::close(const Conjunction &conjunction,
                                      const Rectangle &where,
                                      bool onlyOutside) {
  Closure closure;
  for (const Comparison &comparison : conjunction) {
    if (onlyOutside && !isOutside(comparison))
      continue;
    switch (comparison.kind) {
    case Comparison::Condition: {
      Test test(comparison.condition);
      closure.holds =
          b.both(closure.holds, comparison.isNegated ? b.negate(test) : test);
      break;
    }
    case Comparison::Remainder:
      closure.remainders.push_back(&comparison);
      break;
    case Comparison::NonNegative:
      if (isOfOnePosition(comparison.form))
        addLinear(closure, comparison);
      else
        closure.forms.push_back(&comparison);
      break;
    }
  }
  auto require = [&](Test test) {
    closure.holds = b.both(closure.holds, test);
  };
  auto intersect = [&](Bounds &bounds, const Interval &interval) {
    bool narrowed = bounds.low || bounds.high;
    raise(bounds, interval.low);
    lower(bounds, interval.high);
    if (narrowed)
      require(b.atMost(*bounds.low, *bounds.high));
  };
  intersect(closure.query, where.query);
  intersect(closure.key, where.key);
  Bounds &difference = closure.difference;
  Scalar queryLow = *closure.query.low, queryHigh = *closure.query.high;
  Scalar keyLow = *closure.key.low, keyHigh = *closure.key.high;
  std::optional<Scalar> low = difference.low, high = difference.high;
  if (low && high)
    require(b.atMost(*low, *high));
  if (low) {
    // Some i reaches some j + low: i - low >= j.
    require(b.atMost(keyLow, queryHigh, *low));
    raise(closure.query, b.add(keyLow, *low));
    lower(closure.key, b.subtract(queryHigh, *low));
  }
  if (high) {
    require(b.atMost(queryLow, keyHigh, b.subtract(0, *high)));
    lower(closure.query, b.add(keyHigh, *high));
    raise(closure.key, b.subtract(queryLow, *high));
  }
  return closure;
}

std::optional<Scalar> MaskRanges::bound(const LinearForm &form,
                                        const Closure &closure, bool upper) {
  Scalar sum = uniformPart(form);
  auto addPosition = [&](const Bounds &bounds, int64_t factor) {
    if (factor)
      sum = b.add(sum,
                  b.multiply((factor > 0) == upper ? *bounds.high : *bounds.low,
                             factor));
  };
  if (form.query && form.query == -form.key) {
    int64_t factor = form.query;
    Bounds difference = closure.difference;
    raise(difference, b.subtract(*closure.query.low, *closure.key.high));
    lower(difference, b.subtract(*closure.query.high, *closure.key.low));
    addPosition(difference, factor);
  } else {
    addPosition(closure.query, form.query);
    addPosition(closure.key, form.key);
  }
  for (const auto &[row, factor] : form.rowValues) {
    Scalar value((factor > 0) == upper ? row.high : row.low);
    sum = factor == -1 ? b.subtract(sum, value)
                       : b.add(sum, b.multiply(value, factor));
  }
  for (const auto &[quotient, factor] : form.quotients) {
    bool high = (factor > 0) == upper;
    Scalar value = high ? quotient->divisor - 1 : 0;
    if (!quotient->remainder) {
      auto numerator = bound(quotient->numerator, closure, high);
      if (!numerator)
        return std::nullopt;
      value = b.floorDivide(*numerator, quotient->divisor);
    }
    sum = b.add(sum, b.multiply(value, factor));
  }
  return sum;
}

Test MaskRanges::mayHold(const Union &pairs, const Rectangle &where) {
  Test any = false;
  for (const Conjunction &conjunction : pairs) {
    Closure closure = close(conjunction, where, /*onlyOutside=*/false);
    Test holds = closure.holds;
    for (const Comparison *comparison : closure.forms)
      if (auto most = bound(comparison->form, closure, /*upper=*/true))
        holds = b.both(holds, b.atMost(0, *most));
    for (const Comparison *comparison : closure.remainders) {
      auto first = bound(comparison->form, closure, /*upper=*/false);
      auto last = bound(comparison->form, closure, /*upper=*/true);
      if (!first || !last)
        continue;
      // Some multiple m of the divisor with m + low <= last, m + high >= first.
      int64_t divisor = comparison->divisor;
      Scalar most = b.floorDivide(
          b.subtract(*last, uniformPart(comparison->low)), divisor);
      Scalar least = b.ceilDivide(
          b.subtract(*first, uniformPart(comparison->high)), divisor);
      holds = b.both(holds, b.atMost(least, most));
    }
    any = b.either(any, holds);
  }
  return any;
}

Interval MaskRanges::hull(const Union &pairs, const Rectangle &where,
                          bool ofKeys, Scalar none) {
  std::optional<Interval> all;
  for (const Conjunction &conjunction : pairs) {
    Closure closure = close(conjunction, where, /*onlyOutside=*/true);
    Bounds rows = ofKeys ? closure.key : closure.query;
    // A quotient of the rows by themselves, bounded by what the rest may be.
    for (const Comparison *comparison : closure.forms) {
      LinearForm rest = comparison->form;
      int64_t &own = ofKeys ? rest.key : rest.query;
      int64_t factor = own, divisor = 1;
      LinearForm numerator;
      if (factor) {
        own = 0;
      } else {
        for (auto *term = rest.quotients.begin(); term != rest.quotients.end();
             ++term) {
          const LinearForm &of = term->first->numerator;
          if (term->first->remainder || !of.quotients.empty() ||
              !of.rowValues.empty() ||
              (ofKeys ? of.key != 1 || of.query : of.query != 1 || of.key))
            continue;
          factor = term->second;
          divisor = term->first->divisor;
          numerator = of;
          rest.quotients.erase(term);
          break;
        }
      }
      if (!factor)
        continue;
      auto most = bound(rest, closure, /*upper=*/true);
      if (!most)
        continue;
      // factor * floor((row + u) / divisor) + most >= 0
      (ofKeys ? numerator.key : numerator.query) = 0;
      Scalar offset = uniformPart(numerator);
      if (factor > 0) {
        Scalar least = b.ceilDivide(b.subtract(0, *most), factor);
        raise(rows, b.subtract(b.multiply(least, divisor), offset));
      } else {
        Scalar greatest = b.floorDivide(*most, -factor);
        lower(rows,
              b.subtract(b.add(b.multiply(greatest, divisor), divisor - 1),
                         offset));
      }
    }
    Interval interval = {*rows.low, b.choose(closure.holds, *rows.high, -1)};
    if (pairs.size() > 1)
      interval.low = b.choose(closure.holds, interval.low, none);
    all = all ? Interval{b.minimum(all->low, interval.low),
                         b.maximum(all->high, interval.high)}
              : interval;
  }
  return all ? *all : Interval{none, -1};
}

bool MaskRanges::isHullExact(const Union &pairs) {
  if (pairs.size() > 1)
    return false;
  return pairs.empty() ||
         llvm::all_of(pairs.front(), [&](const Comparison &comparison) {
           return isOutside(comparison) &&
                  (comparison.kind == Comparison::Condition ||
                   (comparison.kind == Comparison::NonNegative &&
                    isOfOnePosition(comparison.form)));
         });
}
