//===- MaskPredicate.h - a mask as a union of conjunctions ------*- C++ -*-===//
//
// The pairs that a mask keeps, or those that it drops, as a union of
// conjunctions of comparisons of linear forms. What cannot be written so is
// left out of its conjunction: the union covers the set, and may be larger.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKPREDICATE_H
#define GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKPREDICATE_H

#include "MaskUnion.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::gdpa_tile {

/// Reads the mask of one `gdpa_tile.keep`.
class MaskPredicate {
public:
  explicit MaskPredicate(KeepOp keep);

  /// Covers the pairs that the mask keeps, that it drops; tails are not in it.
  Union kept();
  Union dropped();

  /// right - left of a comparison that is one of signed numbers, where it is
  /// one linear form.
  std::optional<LinearForm> readDifference(Operation *compare);

private:
  /// A value of a linear form, and where it is that.
  struct Alternative {
    Conjunction guard;
    LinearForm form;
  };
  using Alternatives = SmallVector<Alternative, 0>;

  Union read(Value value, bool isNegated);
  Union readCompare(Operation *compare, bool isNegated);
  std::optional<Alternatives> readInteger(Value value);
  std::optional<Alternatives> readOperation(Operation *op);
  std::optional<Alternatives> divide(const Alternatives &numerators,
                                     int64_t divisor, Operation *op);

  bool isUniform(Value value) const;
  /// Both ends of what a form may be.
  std::pair<__int128, __int128> rangeOf(const LinearForm &form) const;
  bool isNonNegative(const LinearForm &form) const {
    return rangeOf(form).first >= 0;
  }

  mutable KeepOp keep; // accessors are not const
  Region *body;
  DenseMap<std::pair<Value, unsigned>, Union> done;
  DenseMap<Value, std::optional<Alternatives>> integers;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_MASKPREDICATE_H
