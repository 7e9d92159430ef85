//===- Monotone.h - indices that grow or fall with a position ---*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_MONOTONE_H
#define GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_MONOTONE_H

#include "mlir/IR/Value.h"
#include <optional>

namespace mlir::gdpa_cpu {

/// How an index changes while one position grows.
struct Monotone {
  /// 1: never falls; -1: never grows; 0: does not change.
  int direction = 0;
  /// Whether it changes at every step.
  bool strict = false;
};

/// How `index` changes with `position`, an argument of the block around it;
/// none where it may do both or nothing is known. Sums, multiples, quotients by
/// constants, minima and maxima are understood; index arithmetic is taken not to
/// overflow.
std::optional<Monotone> getMonotone(Value index, BlockArgument position);

} // namespace mlir::gdpa_cpu

#endif // GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_MONOTONE_H
