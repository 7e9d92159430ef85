//===- Expression.h - Size expressions of a launch description --*- C++ -*-===//
//
// EXPR of a launch description: an integer, a symbol of a shape, "sm_count",
// or [op, EXPR, EXPR].
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_EXPRESSION_H
#define GDPA_LIB_RUNTIME_EXPRESSION_H

#include "Status.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace gdpa::runtime {

/// Values at which an expression is evaluated.
struct SymbolValues {
  /// By the symbol's number; unset where no argument of the entry has it.
  std::vector<std::optional<int64_t>> values;
  int64_t multiprocessors = 0;
};

/// An expression in postfix order.
class Expression {
public:
  enum class Operation {
    Constant,
    Symbol,
    MultiprocessorCount,
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
};

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_EXPRESSION_H
