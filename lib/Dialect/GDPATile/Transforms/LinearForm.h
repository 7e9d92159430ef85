//===- LinearForm.h - linear forms over the positions of a pair -*- C++ -*-===//
//
// What a mask compares: constant + a i + b j + uniform scalars + what captures
// hold at i or at j + quotients and remainders of such forms by positive
// constants.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_LINEARFORM_H
#define GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_LINEARFORM_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <optional>

namespace mlir::gdpa_tile {

struct Quotient;

/// A value of each row of one side, and between what it is in a block.
struct RowValue {
  Value value, low, high;
  bool operator==(const RowValue &other) const { return value == other.value; }
};

/// Coefficients stay below 2^31, constants below 2^62, so that forms over
/// positions do not overflow 64 bits; operations return none where they would
/// not.
struct LinearForm {
  int64_t constant = 0;
  int64_t query = 0, key = 0;
  SmallVector<std::pair<Value, int64_t>, 2> uniforms;
  /// Few of them with small factors: bounds that the pass meets do not overflow.
  SmallVector<std::pair<RowValue, int64_t>, 0> rowValues;
  SmallVector<std::pair<std::shared_ptr<const Quotient>, int64_t>, 1> quotients;

  static LinearForm ofConstant(int64_t value);
  static LinearForm ofUniform(Value value);
  static LinearForm ofRowValue(RowValue value);

  bool isConstant() const {
    return isUniform() && uniforms.empty();
  }
  /// The same for all pairs.
  bool isUniform() const {
    return !query && !key && rowValues.empty() && quotients.empty();
  }

  /// this + factor * other
  std::optional<LinearForm> plus(const LinearForm &other,
                                 int64_t factor = 1) const;
  std::optional<LinearForm> times(int64_t factor) const;
  bool operator==(const LinearForm &other) const;
};

/// Floor of the quotient of `numerator` by `divisor` > 0, or the remainder that
/// goes with it (never negative).
struct Quotient {
  LinearForm numerator;
  int64_t divisor;
  bool remainder;

  bool operator==(const Quotient &other) const {
    return divisor == other.divisor && remainder == other.remainder &&
           numerator == other.numerator;
  }
};

/// The form that is this quotient.
LinearForm ofQuotient(LinearForm numerator, int64_t divisor, bool remainder);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_LINEARFORM_H
