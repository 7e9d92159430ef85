//===- LinearForm.h - linear forms over the positions of a pair -*- C++ -*-===//
//
// What a mask compares: constant + a i + b j + uniform scalars + quotients and
// remainders of such forms by positive constants.
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

/// Coefficients stay below 2^31, constants below 2^62, so that forms over
/// positions do not overflow 64 bits; operations return none where they would
/// not.
struct LinearForm {
  int64_t constant = 0;
  int64_t query = 0, key = 0;
  SmallVector<std::pair<Value, int64_t>, 2> uniforms;
  SmallVector<std::pair<std::shared_ptr<const Quotient>, int64_t>, 1> quotients;

  static LinearForm ofConstant(int64_t value);
  static LinearForm ofUniform(Value value);

  bool isConstant() const {
    return !query && !key && uniforms.empty() && quotients.empty();
  }
  /// The same for all pairs.
  bool isUniform() const { return !query && !key && quotients.empty(); }

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
