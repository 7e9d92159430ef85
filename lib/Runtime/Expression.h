//===- Expression.h - Size expressions of a launch description --*- C++ -*-===//
//
// EXPR of a launch description: an integer, a symbol of a shape, "sm_count",
// or [op, EXPR, EXPR].
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_EXPRESSION_H
#define GDPA_LIB_RUNTIME_EXPRESSION_H

#include "InlineBuffer.h"
#include "Status.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace gdpa::runtime {

/// Values at which an expression is evaluated.
struct SymbolValues {
  /// By the symbol's number; unset where no argument of the entry has it.
  InlineBuffer<std::optional<int64_t>, 16> values;
  int64_t multiprocessors = 0;
};

/// An expression in postfix order.
class Expression {
public:
  enum class Operation {
    // Leaves.
    Constant,
    Symbol,
    MultiprocessorCount,
    // Of the two values before.
    Add,
    Subtract,
    Multiply,
    CeilDivide,
    FloorDivide,
    Minimum,
    Maximum
  };

  /// Appends a leaf. `operand` is the constant or the symbol's number.
  void push(Operation operation, int64_t operand = 0) {
    steps.push_back({operation, operand});
    depth += operation <= Operation::MultiprocessorCount ? 1 : -1;
    mostDepth = std::max(mostDepth, depth);
  }

  /// Evaluates in 64-bit arithmetic. Overflow, division by zero and a symbol
  /// without value are errors (GDPA_INVALID_ARGUMENT).
  Status evaluate(const SymbolValues &symbols, int64_t &result) const;

  /// The value of an expression that is one constant.
  std::optional<int64_t> constant() const;

private:
  struct Step {
    Operation operation;
    int64_t operand;
  };
  std::vector<Step> steps;
  /// Values that wait for their operation: after the last step, and at most.
  int32_t depth = 0;
  int32_t mostDepth = 0;
};

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_EXPRESSION_H
