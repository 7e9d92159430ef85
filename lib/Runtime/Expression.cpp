//===- Expression.cpp - Size expressions of a launch description ----------===//
//
// Overflow-checked evaluation.
//
//===----------------------------------------------------------------------===//

#include "Expression.h"

#include <algorithm>

using namespace gdpa::runtime;

std::optional<int64_t> Expression::constant() const {
  if (steps.size() == 1 && steps[0].operation == Operation::Constant)
    return steps[0].operand;
  return std::nullopt;
}

/// Division rounded towards minus infinity, or towards plus infinity.
static Status divide(int64_t a, int64_t b, bool up, int64_t &result) {
  if (b == 0)
    return argumentError("division by zero in a size expression");
  if (a == INT64_MIN && b == -1)
    return argumentError("overflow in a size expression");
  int64_t quotient = a / b;
  bool inexact = a % b != 0;
  bool positive = (a < 0) == (b < 0);
  if (inexact && up && positive)
    ++quotient;
  if (inexact && !up && !positive)
    --quotient;
  result = quotient;
  return {};
}

Status Expression::evaluate(const SymbolValues &symbols,
                            int64_t &result) const {
  InlineBuffer<int64_t, 16> stack(mostDepth);
  int64_t *top = stack.begin();
  for (const Step &step : steps) {
    if (step.operation == Operation::Constant) {
      *top++ = step.operand;
      continue;
    }
    if (step.operation == Operation::MultiprocessorCount) {
      *top++ = symbols.multiprocessors;
      continue;
    }
    if (step.operation == Operation::Symbol) {
      const std::optional<int64_t> &value = symbols.values[step.operand];
      if (!value)
        return argumentError("a size expression needs a symbol that no "
                             "argument of the entry has");
      *top++ = *value;
      continue;
    }
    int64_t b = *--top;
    int64_t &a = top[-1];
    bool overflow = false;
    switch (step.operation) {
    case Operation::Add:
      overflow = __builtin_add_overflow(a, b, &a);
      break;
    case Operation::Subtract:
      overflow = __builtin_sub_overflow(a, b, &a);
      break;
    case Operation::Multiply:
      overflow = __builtin_mul_overflow(a, b, &a);
      break;
    case Operation::Minimum:
      a = std::min(a, b);
      break;
    case Operation::Maximum:
      a = std::max(a, b);
      break;
    default: {
      bool up = step.operation == Operation::CeilDivide;
      if (Status status = divide(a, b, up, a); status.isError())
        return status;
    }
    }
    if (overflow)
      return argumentError("overflow in a size expression");
  }
  result = top[-1];
  return {};
}
