//===- ExpressionTest.cpp - Unit tests of size expressions ----------------===//
//
// Values, rounding directions, overflow.
//
//===----------------------------------------------------------------------===//

#include "Expression.h"

#include <gtest/gtest.h>

using namespace gdpa::runtime;
using Operation = Expression::Operation;

static Expression binary(Operation operation, int64_t a, int64_t b) {
  Expression expression;
  expression.push(Operation::Constant, a);
  expression.push(Operation::Constant, b);
  expression.push(operation);
  return expression;
}

static int64_t value(Operation operation, int64_t a, int64_t b) {
  int64_t result = 0;
  Status status = binary(operation, a, b).evaluate({}, result);
  EXPECT_FALSE(status.isError()) << status.message();
  return result;
}

static std::string error(Operation operation, int64_t a, int64_t b) {
  int64_t result = 0;
  return binary(operation, a, b).evaluate({}, result).message();
}

TEST(Expression, Arithmetic) {
  EXPECT_EQ(value(Operation::Add, 3, -5), -2);
  EXPECT_EQ(value(Operation::Subtract, 3, 5), -2);
  EXPECT_EQ(value(Operation::Multiply, -3, 5), -15);
  EXPECT_EQ(value(Operation::Minimum, 3, -5), -5);
  EXPECT_EQ(value(Operation::Maximum, 3, -5), 3);
}

TEST(Expression, DivisionRoundsUpOrDown) {
  EXPECT_EQ(value(Operation::CeilDivide, 7, 2), 4);
  EXPECT_EQ(value(Operation::CeilDivide, 6, 2), 3);
  EXPECT_EQ(value(Operation::CeilDivide, 0, 2), 0);
  EXPECT_EQ(value(Operation::CeilDivide, -7, 2), -3);
  EXPECT_EQ(value(Operation::CeilDivide, 7, -2), -3);
  EXPECT_EQ(value(Operation::CeilDivide, -7, -2), 4);
  EXPECT_EQ(value(Operation::FloorDivide, 7, 2), 3);
  EXPECT_EQ(value(Operation::FloorDivide, -7, 2), -4);
  EXPECT_EQ(value(Operation::FloorDivide, 7, -2), -4);
  EXPECT_EQ(value(Operation::FloorDivide, -7, -2), 3);
  // Where adding the divisor first would overflow.
  EXPECT_EQ(value(Operation::CeilDivide, INT64_MAX, 2), INT64_MAX / 2 + 1);
}

TEST(Expression, OverflowIsAnError) {
  const char *overflow = "overflow in a size expression";
  EXPECT_EQ(error(Operation::Add, INT64_MAX, 1), overflow);
  EXPECT_EQ(error(Operation::Subtract, INT64_MIN, 1), overflow);
  EXPECT_EQ(error(Operation::Multiply, INT64_MAX, 2), overflow);
  EXPECT_EQ(error(Operation::CeilDivide, INT64_MIN, -1), overflow);
  EXPECT_EQ(error(Operation::FloorDivide, 1, 0),
            "division by zero in a size expression");
}

TEST(Expression, SymbolsAndMultiprocessors) {
  // max(S, 2) * sm_count
  Expression expression;
  expression.push(Operation::Symbol, 1);
  expression.push(Operation::Constant, 2);
  expression.push(Operation::Maximum);
  expression.push(Operation::MultiprocessorCount);
  expression.push(Operation::Multiply);
  SymbolValues symbols;
  symbols.values.reset(2);
  symbols.values[1] = 7;
  symbols.multiprocessors = 132;
  int64_t result = 0;
  EXPECT_FALSE(expression.evaluate(symbols, result).isError());
  EXPECT_EQ(result, 7 * 132);
  symbols.values[1].reset();
  EXPECT_TRUE(expression.evaluate(symbols, result).isError());
}

TEST(Expression, Constant) {
  Expression expression;
  expression.push(Operation::Constant, 5);
  EXPECT_EQ(expression.constant(), 5);
  EXPECT_FALSE(binary(Operation::Add, 1, 2).constant().has_value());
}

// More values wait for their operation than a short expression needs.
TEST(Expression, Deep) {
  constexpr int leaves = 60;
  Expression expression;
  for (int i = 0; i < leaves; ++i)
    expression.push(Operation::Constant, i);
  for (int i = 1; i < leaves; ++i)
    expression.push(Operation::Add);
  int64_t result = 0;
  EXPECT_FALSE(expression.evaluate(SymbolValues(), result).isError());
  EXPECT_EQ(result, leaves * (leaves - 1) / 2);
}
