//===- MaskRanges.h - a mask over a rectangle of pairs ----------*- C++ -*-===//
//
// Scalar code that says whether a rectangle of pairs holds one of a union, and
// between which rows of one side. Comparisons of i, j and i - j with uniform
// bounds are closed under each other (bounds of three differences have an
// integer solution exactly where no cycle of them is negative); a remainder of
// one of the three, and any other form, is looked at over the ranges that
// result.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKRANGES_H
#define GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKRANGES_H

#include "MaskPredicate.h"
#include "UniformBuilder.h"

namespace mlir::gdpa_tile {

/// From `low` to `high`, both included.
struct Interval {
  Scalar low, high;
};

/// The pairs (i, j) of two intervals, neither of them empty.
struct Rectangle {
  Interval query, key;
};

class MaskRanges {
public:
  explicit MaskRanges(UniformBuilder &builder) : b(builder) {}

  /// Whether the rectangle may hold a pair of the union; exact but where a
  /// conjunction holds several remainders or other forms.
  Test mayHold(const Union &pairs, const Rectangle &where);

  /// Rows of one side between which all pairs of the union lie; `high` is -1
  /// where there is no pair, `none` is above all rows. Scalar code before the
  /// loop.
  Interval hull(const Union &pairs, const Rectangle &where, bool ofKeys,
                Scalar none);

  /// Whether every row of a hull is of some pair: no need to ask a block.
  bool isHullExact(const Union &pairs);

  /// The terms of a form that are the same for all pairs, as scalar code.
  Scalar uniformPart(const LinearForm &form);

private:
  struct Bounds {
    std::optional<Scalar> low, high;
  };
  /// A conjunction over a rectangle.
  struct Closure {
    Test holds = true;
    Bounds query, key, difference; // of i, j, i - j
    /// Forms that must not be negative; remainders.
    SmallVector<const Comparison *> forms, remainders;
  };

  Closure close(const Conjunction &conjunction, const Rectangle &where,
                bool onlyOutside);
  void addLinear(Closure &closure, const Comparison &comparison);
  bool isOutside(const Comparison &comparison);
  bool isOutside(const LinearForm &form);
  /// Bounds of a form over a closure.
  std::optional<Scalar> bound(const LinearForm &form, const Closure &closure,
                              bool upper);
  void raise(Bounds &bounds, Scalar low);
  void lower(Bounds &bounds, Scalar high);

  UniformBuilder &b;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKRANGES_H
