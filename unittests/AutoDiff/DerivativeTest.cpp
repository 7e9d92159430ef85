//===- DerivativeTest.cpp - each rule against central differences ---------===//

#include "Differentiated.h"

using namespace gdpa_test;

namespace {

struct Rule {
  const char *name;
  /// Operations from %s (and %T) to %z.
  const char *body;
  std::vector<double> points;
};

void PrintTo(const Rule &rule, std::ostream *stream) { *stream << rule.name; }

class RuleTest : public testing::TestWithParam<Rule> {};

TEST_P(RuleTest, AgreesWithCentralDifferences) {
  const Rule &rule = GetParam();
  Differentiated function(std::string(rule.body) + "\n gdpa.yield %z : f64\n");
  ASSERT_TRUE(function.isValid());
  for (double s : rule.points) {
    SCOPED_TRACE(s);
    Point point;
    point.s = s;
    const double ct = -1.7;
    Gradients gradients = function.joint(point, ct);
    EXPECT_EQ(gradients.z, function.activation(point));
    auto ds = centralDifference([&](double h) {
      Point moved = point;
      moved.s += h;
      return ct * function.activation(moved);
    });
    auto dt = centralDifference([&](double h) {
      Point moved = point;
      moved.t += h;
      return ct * function.activation(moved);
    });
    ASSERT_TRUE(ds && dt) << "the point is at a kink";
    EXPECT_NEAR(gradients.ds, *ds, 1e-7 * (1 + std::abs(*ds)));
    EXPECT_NEAR(gradients.dt, *dt, 1e-7 * (1 + std::abs(*dt)));
  }
}

const std::vector<double> kAnywhere = {-2.1, -0.6, 0.45, 1.9};
const std::vector<double> kPositive = {0.2, 0.9, 2.7};
const std::vector<double> kUnit = {-0.9, -0.3, 0.5, 0.95};

INSTANTIATE_TEST_SUITE_P(
    Arith, RuleTest,
    testing::Values(
        Rule{"addf", "%z = arith.addf %s, %T : f64", kAnywhere},
        Rule{"subf", "%z = arith.subf %T, %s : f64", kAnywhere},
        Rule{"mulf", "%z = arith.mulf %s, %T : f64", kAnywhere},
        Rule{"square", "%z = arith.mulf %s, %s : f64", kAnywhere},
        Rule{"divf", "%z = arith.divf %s, %T : f64", kAnywhere},
        Rule{"divfBy", "%z = arith.divf %T, %s : f64", kAnywhere},
        Rule{"negf", "%z = arith.negf %s : f64", kAnywhere},
        Rule{"remf", "%z = arith.remf %s, %T : f64", kAnywhere},
        Rule{"maximumf", "%z = arith.maximumf %s, %T : f64", kAnywhere},
        Rule{"minimumf", "%z = arith.minimumf %s, %T : f64", kAnywhere},
        Rule{"maxnumf", "%z = arith.maxnumf %s, %T : f64", kAnywhere},
        Rule{"minnumf", "%z = arith.minnumf %s, %T : f64", kAnywhere},
        Rule{"truncf",
             "%n = arith.truncf %s : f64 to f32\n"
             "%p = arith.mulf %n, %n : f32\n"
             "%w = arith.extf %p : f32 to f64\n"
             "%z = arith.mulf %w, %T : f64",
             kAnywhere},
        Rule{"bf16",
             "%n = arith.truncf %s : f64 to bf16\n"
             "%p = math.tanh %n : bf16\n"
             "%w = arith.extf %p : bf16 to f64\n"
             "%z = arith.mulf %w, %T : f64",
             kAnywhere},
        Rule{"select",
             "%p = arith.cmpf ogt, %s, %T : f64\n"
             "%a = arith.mulf %s, %T : f64\n"
             "%z = arith.select %p, %a, %s : f64",
             kAnywhere}),
    [](const auto &info) { return std::string(info.param.name); });

Rule unary(const char *name, const char *body, std::vector<double> points) {
  return {name, body, std::move(points)};
}

INSTANTIATE_TEST_SUITE_P(
    Math, RuleTest,
    testing::Values(
        unary("absf", "%z = math.absf %s : f64", kAnywhere),
        unary("acos", "%z = math.acos %s : f64", kUnit),
        unary("acosh", "%z = math.acosh %s : f64", {1.2, 3.0}),
        unary("asin", "%z = math.asin %s : f64", kUnit),
        unary("asinh", "%z = math.asinh %s : f64", kAnywhere),
        unary("atan", "%z = math.atan %s : f64", kAnywhere),
        unary("atan2", "%z = math.atan2 %s, %T : f64", kAnywhere),
        unary("atan2By", "%z = math.atan2 %T, %s : f64", kAnywhere),
        unary("atanh", "%z = math.atanh %s : f64", kUnit),
        unary("cbrt", "%z = math.cbrt %s : f64", kPositive),
        unary("ceil", "%z = math.ceil %s : f64", kAnywhere),
        unary("clampf",
              "%l = arith.negf %T : f64\n"
              "%z = math.clampf %s to [%l, %T] : f64",
              kAnywhere),
        unary("copysign", "%z = math.copysign %s, %T : f64", kAnywhere),
        unary("copysignOf", "%z = math.copysign %T, %s : f64", kAnywhere),
        unary("cos", "%z = math.cos %s : f64", kAnywhere),
        unary("cosh", "%z = math.cosh %s : f64", kAnywhere),
        unary("erf", "%z = math.erf %s : f64", kAnywhere),
        unary("erfc", "%z = math.erfc %s : f64", kAnywhere),
        unary("exp", "%z = math.exp %s : f64", kAnywhere),
        unary("exp2", "%z = math.exp2 %s : f64", kAnywhere),
        unary("expm1", "%z = math.expm1 %s : f64", kAnywhere),
        unary("floor", "%z = math.floor %s : f64", kAnywhere),
        unary("fma", "%z = math.fma %s, %T, %s : f64", kAnywhere),
        unary("fpowi",
              "%n = arith.constant 3 : i32\n"
              "%z = math.fpowi %s, %n : f64, i32",
              kAnywhere),
        unary("log", "%z = math.log %s : f64", kPositive),
        unary("log10", "%z = math.log10 %s : f64", kPositive),
        unary("log1p", "%z = math.log1p %s : f64", kPositive),
        unary("log2", "%z = math.log2 %s : f64", kPositive),
        unary("powf", "%z = math.powf %s, %T : f64", kPositive),
        unary("powfOf", "%z = math.powf %T, %s : f64", kAnywhere),
        unary("powf2",
              "%c = arith.constant 2.0 : f64\n"
              "%z = math.powf %s, %c : f64",
              kAnywhere),
        unary("powf3",
              "%c = arith.constant 3.0 : f64\n"
              "%z = math.powf %s, %c : f64",
              kAnywhere),
        unary("powf5",
              "%c = arith.constant -5.0 : f64\n"
              "%z = math.powf %s, %c : f64",
              kAnywhere),
        unary("round", "%z = math.round %s : f64", kAnywhere),
        unary("roundeven", "%z = math.roundeven %s : f64", kAnywhere),
        unary("rsqrt", "%z = math.rsqrt %s : f64", kPositive),
        unary("sin", "%z = math.sin %s : f64", kAnywhere),
        unary("sincos",
              "%a, %d = math.sincos %s : f64\n"
              "%c = arith.mulf %d, %d : f64\n"
              "%z = arith.mulf %a, %c : f64",
              kAnywhere),
        unary("sinh", "%z = math.sinh %s : f64", kAnywhere),
        unary("sqrt", "%z = math.sqrt %s : f64", kPositive),
        unary("tan", "%z = math.tan %s : f64", kAnywhere),
        unary("tanh", "%z = math.tanh %s : f64", kAnywhere),
        unary("trunc", "%z = math.trunc %s : f64", kAnywhere)),
    [](const auto &info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Control, RuleTest,
                         testing::Values(Rule{"ifBoth", R"(
          %p = arith.cmpf ogt, %s, %T : f64
          %u = math.tanh %s : f64
          %z = scf.if %p -> f64 {
            %a = arith.mulf %u, %T : f64
            scf.yield %a : f64
          } else {
            %e = math.exp %u : f64
            scf.yield %e : f64
          })",
                                              kAnywhere},
                                         Rule{"ifNested", R"(
          %zero = arith.constant 0.0 : f64
          %p = arith.cmpf ogt, %s, %zero : f64
          %q = arith.cmpf olt, %s, %T : f64
          %u = math.sin %s : f64
          %r:2 = scf.if %p -> (f64, f64) {
            %a = scf.if %q -> f64 {
              %c = arith.mulf %u, %s : f64
              scf.yield %c : f64
            } else {
              scf.yield %T : f64
            }
            %d = math.exp %a : f64
            scf.yield %d, %u : f64, f64
          } else {
            %e = arith.select %q, %u, %T : f64
            scf.yield %s, %e : f64, f64
          }
          %z = arith.mulf %r#0, %r#1 : f64)",
                                              kAnywhere},
                                         Rule{"loop", R"(
          %c0 = arith.constant 0 : index
          %c1 = arith.constant 1 : index
          %c3 = arith.constant 3 : index
          %z = scf.for %n = %c0 to %c3 step %c1 iter_args(%x = %s) -> f64 {
            %m = arith.mulf %x, %T : f64
            %y = math.sin %m : f64
            scf.yield %y : f64
          })",
                                              kAnywhere}),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

TEST(CaptureTest, ElementGetsItsGradient) {
  Differentiated function(R"(
    %e = tensor.extract %B[%h, %j] : tensor<3x4xf64>
    %f = tensor.extract %B[%h, %i] : tensor<3x4xf64>
    %x = arith.mulf %e, %s : f64
    %z = arith.mulf %x, %f : f64
    gdpa.yield %z : f64)");
  ASSERT_TRUE(function.isValid());
  Point point;
  Gradients gradients = function.joint(point, 2.0);
  double e = point.bias[1 * kKeys + 3], f = point.bias[1 * kKeys + 2];
  EXPECT_DOUBLE_EQ(gradients.ds, 2.0 * e * f);
  EXPECT_DOUBLE_EQ(gradients.dBias[1 * kKeys + 3], 2.0 * point.s * f);
  EXPECT_DOUBLE_EQ(gradients.dBias[1 * kKeys + 2], 2.0 * point.s * e);
  EXPECT_EQ(gradients.dt, 0.0);
  // Only these two elements.
  int touched = 0;
  for (double gradient : gradients.dBias)
    touched += gradient != 0;
  EXPECT_EQ(touched, 2);
}

} // namespace
