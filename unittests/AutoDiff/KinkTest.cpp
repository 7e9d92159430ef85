//===- KinkTest.cpp - derivatives at kinks and through selects ------------===//
//
// The points where central differences say nothing and the definition decides.
//
//===----------------------------------------------------------------------===//

#include "Differentiated.h"
#include <cmath>

using namespace gdpa_test;

namespace {

double dsAt(const std::string &body, double s, Gradients *all = nullptr) {
  Differentiated function(body + "\n gdpa.yield %z : f64\n");
  EXPECT_TRUE(function.isValid());
  if (!function.isValid())
    return NAN;
  Point point;
  point.s = s;
  Gradients gradients = function.joint(point, 1.0);
  if (all)
    *all = gradients;
  return gradients.ds;
}

const std::string kConstants = R"(
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
)";

TEST(KinkTest, ExtremaHalveAtTies) {
  for (const char *op : {"maximumf", "minimumf", "maxnumf", "minnumf"}) {
    SCOPED_TRACE(op);
    std::string body = kConstants + "%z = arith." + op + " %s, %zero : f64";
    EXPECT_EQ(dsAt(body, 0.0), 0.5);
    bool isMaximum = op[1] == 'a';
    EXPECT_EQ(dsAt(body, 2.0), isMaximum ? 1.0 : 0.0);
    EXPECT_EQ(dsAt(body, -2.0), isMaximum ? 0.0 : 1.0);
    // Both halves of a tie with itself.
    EXPECT_EQ(dsAt(std::string("%z = arith.") + op + " %s, %s : f64", 0.3),
              1.0);
  }
}

TEST(KinkTest, ExtremaOfBothCaptureAndScore) {
  Gradients all;
  EXPECT_EQ(dsAt("%z = arith.maximumf %T, %s : f64", 1.3, &all), 0.5);
  EXPECT_EQ(all.dt, 0.5);
}

TEST(KinkTest, NumberExtremaGiveTheCotangentToTheNumber) {
  Gradients all;
  EXPECT_EQ(dsAt("%z = arith.maxnumf %T, %s : f64", NAN, &all), 0.0);
  EXPECT_EQ(all.dt, 1.0);
  EXPECT_EQ(dsAt("%z = arith.minnumf %s, %T : f64", NAN, &all), 0.0);
  EXPECT_EQ(all.dt, 1.0);
}

TEST(KinkTest, LoserOfAnExtremumGetsExactlyZero) {
  // sqrt has an infinite derivative at 0 and loses there.
  EXPECT_EQ(dsAt(kConstants + R"(%r = math.sqrt %s : f64
                                 %z = arith.maximumf %r, %one : f64)",
                 0.0),
            0.0);
}

TEST(KinkTest, AbsIsFlatAtZero) {
  EXPECT_EQ(dsAt("%z = math.absf %s : f64", 0.0), 0.0);
  EXPECT_EQ(dsAt("%z = math.absf %s : f64", -0.0), 0.0);
  EXPECT_EQ(dsAt("%z = math.absf %s : f64", -3.0), -1.0);
}

TEST(KinkTest, ClampPassesOnTheClosedInterval) {
  std::string body = kConstants + "%z = math.clampf %s to [%zero, %T] : f64";
  Gradients all;
  EXPECT_EQ(dsAt(body, 0.0), 1.0);
  EXPECT_EQ(dsAt(body, 1.3, &all), 1.0);
  EXPECT_EQ(all.dt, 0.0);
  EXPECT_EQ(dsAt(body, -0.1, &all), 0.0);
  EXPECT_EQ(all.dt, 0.0);
  EXPECT_EQ(dsAt(body, 1.4, &all), 0.0);
  EXPECT_EQ(all.dt, 1.0);
  EXPECT_EQ(dsAt("%z = math.clampf %s to [%T, %T] : f64", 1.0, &all), 0.0);
  EXPECT_EQ(all.dt, 1.0);
}

TEST(KinkTest, ReluBySelectIsFlatAtZero) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %z = arith.select %p, %s, %zero : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_EQ(dsAt(body, 1.0), 1.0);
  EXPECT_EQ(dsAt(body, -1.0), 0.0);
}

TEST(KinkTest, EluDoesNotOverflow) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %e = math.expm1 %s : f64
                                     %z = arith.select %p, %s, %e : f64)";
  EXPECT_EQ(dsAt(body, 1000.0), 1.0); // expm1 is infinite there
  EXPECT_EQ(dsAt(body, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(dsAt(body, -2.0), std::exp(-2.0));
}

TEST(KinkTest, WhereExp) {
  std::string body = kConstants + R"(%p = arith.cmpf olt, %s, %one : f64
                                     %e = math.exp %s : f64
                                     %q = arith.mulf %e, %e : f64
                                     %z = arith.select %p, %q, %s : f64)";
  EXPECT_EQ(dsAt(body, 1000.0), 1.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 0.5), 2 * std::exp(1.0));
}

TEST(KinkTest, WhereSqrtAtZero) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %r = math.sqrt %s : f64
                                     %z = arith.select %p, %r, %zero : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_EQ(dsAt(body, -1.0), 0.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 4.0), 0.25);
}

// The square root is used by two selects: its cotangent counts where either
// takes it.
TEST(KinkTest, ValueUnderTwoSelects) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %q = arith.cmpf ogt, %s, %one : f64
                                     %r = math.sqrt %s : f64
                                     %a = arith.select %p, %r, %zero : f64
                                     %d = arith.select %q, %r, %zero : f64
                                     %z = arith.addf %a, %d : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 0.25), 1.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 4.0), 0.5);
}

TEST(KinkTest, NestedSelects) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %q = arith.cmpf olt, %s, %one : f64
                                     %r = math.sqrt %s : f64
                                     %a = arith.select %q, %r, %s : f64
                                     %z = arith.select %p, %a, %zero : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_EQ(dsAt(body, -5.0), 0.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 0.25), 1.0);
  EXPECT_EQ(dsAt(body, 9.0), 1.0);
}

TEST(KinkTest, SelectOfASelectOnTheSameCondition) {
  std::string body = kConstants + R"(%p = arith.cmpf ogt, %s, %zero : f64
                                     %r = math.sqrt %s : f64
                                     %a = arith.select %p, %one, %r : f64
                                     %z = arith.select %p, %a, %zero : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_EQ(dsAt(body, 4.0), 0.0);
}

TEST(KinkTest, BranchesNotTakenGiveExactlyZero) {
  std::string body = kConstants + R"(
    %p = arith.cmpf ogt, %s, %zero : f64
    %r = math.sqrt %s : f64
    %z = scf.if %p -> f64 {
      %a = arith.mulf %r, %T : f64
      scf.yield %a : f64
    } else {
      scf.yield %T : f64
    })";
  Gradients all;
  EXPECT_EQ(dsAt(body, 0.0, &all), 0.0);
  EXPECT_EQ(all.dt, 1.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 4.0, &all), 1.3 * 0.25);
  EXPECT_DOUBLE_EQ(all.dt, 2.0);
}

// Inside one branch the value is selected away, in the other it is not used.
TEST(KinkTest, SelectInsideABranch) {
  std::string body = kConstants + R"(
    %p = arith.cmpf oge, %s, %zero : f64
    %q = arith.cmpf ogt, %s, %one : f64
    %r = math.sqrt %s : f64
    %z = scf.if %p -> f64 {
      %a = arith.select %q, %r, %one : f64
      scf.yield %a : f64
    } else {
      scf.yield %s : f64
    })";
  EXPECT_EQ(dsAt(body, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 4.0), 0.25);
  EXPECT_EQ(dsAt(body, -4.0), 1.0);
}

// A result of the if that nobody counts must not spoil the one that counts.
TEST(KinkTest, ResultsOfAnIfUnderDifferentSelects) {
  std::string body = kConstants + R"(
    %p = arith.cmpf ogt, %s, %zero : f64
    %q = arith.cmpf oge, %s, %zero : f64
    %r:2 = scf.if %q -> (f64, f64) {
      %a = math.sqrt %s : f64
      scf.yield %a, %s : f64, f64
    } else {
      scf.yield %zero, %zero : f64, f64
    }
    %x = arith.select %p, %r#0, %zero : f64
    %y = arith.select %q, %r#1, %zero : f64
    %z = arith.addf %x, %y : f64)";
  EXPECT_EQ(dsAt(body, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(dsAt(body, 4.0), 1.25);
  EXPECT_EQ(dsAt(body, -4.0), 0.0);
}

TEST(KinkTest, CaptureReadsNotTakenGetExactlyZero) {
  std::string body = kConstants + R"(
    %p = arith.cmpf ogt, %s, %zero : f64
    %e = tensor.extract %B[%h, %j] : tensor<3x4xf64>
    %l = math.log %s : f64
    %x = arith.mulf %e, %l : f64
    %z = arith.select %p, %x, %zero : f64)";
  Gradients all;
  EXPECT_EQ(dsAt(body, 0.0, &all), 0.0); // log is -inf: 0 * inf is NaN
  EXPECT_EQ(all.dBias[7], 0.0);
  dsAt(body, 2.0, &all);
  EXPECT_DOUBLE_EQ(all.dBias[7], std::log(2.0));
}

TEST(KinkTest, PowersAtZero) {
  Gradients all;
  // x^T at 0: flat in both.
  EXPECT_EQ(dsAt("%z = math.powf %s, %T : f64", 0.0, &all), 0.0);
  EXPECT_EQ(all.dt, 0.0);
  // x^0 is constant.
  EXPECT_EQ(
      dsAt("%n = arith.subf %T, %T : f64\n%z = math.powf %s, %n : f64", 0.0),
      0.0);
  EXPECT_EQ(dsAt(kConstants + "%z = math.powf %s, %zero : f64", 0.0), 0.0);
  EXPECT_EQ(dsAt(kConstants + "%z = math.powf %s, %one : f64", 0.0), 1.0);
  EXPECT_EQ(
      dsAt("%n = arith.constant 0 : i32\n%z = math.fpowi %s, %n : f64, i32",
           0.0),
      0.0);
}

TEST(KinkTest, StepsAreFlat) {
  for (const char *op : {"floor", "ceil", "round", "roundeven", "trunc"})
    EXPECT_EQ(dsAt(std::string("%z = math.") + op + " %s : f64", 2.0), 0.0)
        << op;
}

// An exponential that overflows meets a zero: the gradient is zero, not NaN.
TEST(KinkTest, OverflowOfAnExponential) {
  std::string silu = kConstants + R"(%n = arith.negf %s : f64
                                     %e = math.exp %n : f64
                                     %d = arith.addf %e, %one : f64
                                     %z = arith.divf %s, %d : f64)";
  EXPECT_EQ(dsAt(silu, -1000.0), 0.0);
  EXPECT_EQ(dsAt(silu, 1000.0), 1.0);
  std::string mish = R"(%e = math.exp %s : f64
                        %l = math.log1p %e : f64
                        %t = math.tanh %l : f64
                        %z = arith.mulf %s, %t : f64)";
  EXPECT_EQ(dsAt(mish, 1000.0), 1.0);
}

TEST(KinkTest, NothingDependsOnTheScore) {
  EXPECT_EQ(dsAt("%z = math.exp %T : f64", 0.4), 0.0);
}

} // namespace
