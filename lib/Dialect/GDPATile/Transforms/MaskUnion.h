//===- MaskUnion.h - sets of pairs as unions of conjunctions ----*- C++ -*-===//
//
// A set of pairs is covered by a union of conjunctions of comparisons. What
// would take too many of them, or overflow, becomes everything.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKUNION_H
#define GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKUNION_H

#include "LinearForm.h"

namespace mlir::gdpa_tile {

/// One comparison.
struct Comparison {
  enum Kind {
    NonNegative, // form >= 0
    Remainder,   // low <= form mod divisor <= high; low and high are uniform
    Condition,   // a uniform i1 value, or its negation
  };
  Kind kind = NonNegative;
  LinearForm form;
  int64_t divisor = 1;
  LinearForm low, high;
  Value condition;
  bool isNegated = false;
};

/// Holds where all of its comparisons do.
using Conjunction = SmallVector<Comparison, 0>;
/// Holds where any of its conjunctions does; the empty one nowhere.
using Union = SmallVector<Conjunction, 0>;

/// All pairs.
Union everything();
/// The conjunction of both; none where they contradict.
std::optional<Conjunction> conjoin(const Conjunction &a, const Conjunction &b);
Union intersect(const Union &a, const Union &b);
Union unite(Union a, const Union &b);

/// form >= 0, with a lone quotient or remainder turned into a comparison of
/// what it is taken of; everything where there is no form.
Union nonNegative(const std::optional<LinearForm> &form);
/// form > 0
Union positive(const LinearForm &form);
/// form < 0
Union negative(const LinearForm &form);
/// form = 0, or form != 0
Union zero(const LinearForm &form, bool isNegated);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKUNION_H
