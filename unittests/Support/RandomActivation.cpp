//===- RandomActivation.cpp - random activation regions -------------------===//

#include "RandomActivation.h"
#include <algorithm>
#include <random>
#include <sstream>
#include <vector>

using namespace gdpa_test;

namespace {

/// A float of the region and a bound of its magnitude.
struct Term {
  std::string name;
  double bound;
};

class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed) {}

  std::string run() {
    terms = {{"%s", 3}, {"%s", 3}, {"%T", 2}};
    step(/*depth=*/0, /*count=*/draw(4, 12));
    // Every recent value reaches z, or most of the region would be dead.
    Term z = terms.back();
    for (size_t back = 2; back <= std::min<size_t>(4, terms.size()); ++back)
      z = binary("arith.addf", z, terms[terms.size() - back],
                 z.bound + terms[terms.size() - back].bound);
    out << "    gdpa.yield " << z.name << " : f64\n";
    return out.str();
  }

private:
  int draw(int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  }
  double drawReal(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  }
  bool chance(double probability) { return drawReal(0, 1) < probability; }
  std::string fresh() { return "%v" + std::to_string(next++); }

  Term pick() {
    // Later values more often, so that regions grow deep.
    size_t back = std::min<size_t>(terms.size() - 1, draw(0, 5));
    return chance(0.3) ? terms[draw(0, terms.size() - 1)]
                       : terms[terms.size() - 1 - back];
  }
  Term constant(double value) {
    std::string name = fresh();
    std::ostringstream text;
    text.precision(6);
    text << std::fixed << value;
    out << "    " << name << " = arith.constant " << text.str() << " : f64\n";
    return {name, std::abs(value)};
  }
  Term unary(const std::string &op, Term x, double bound) {
    std::string name = fresh();
    out << "    " << name << " = " << op << " " << x.name << " : f64\n";
    return {name, bound};
  }
  Term binary(const std::string &op, Term x, Term y, double bound) {
    std::string name = fresh();
    out << "    " << name << " = " << op << " " << x.name << ", " << y.name
        << " : f64\n";
    return {name, bound};
  }
  /// Within [-limit, limit].
  Term bounded(Term x, double limit) {
    if (x.bound <= limit)
      return x;
    Term y = unary(chance(0.5) ? "math.tanh" : "math.sin", x, 1);
    return limit >= 1 ? y : binary("arith.mulf", y, constant(limit), limit);
  }
  /// At least 0.5.
  Term positive(Term x) {
    Term y = bounded(x, 2);
    Term square = binary("arith.mulf", y, y, y.bound * y.bound);
    Term half = constant(0.5);
    return binary("arith.addf", square, half, square.bound + 0.5);
  }
  std::string condition() {
    std::string name = fresh();
    if (chance(0.3)) {
      const char *predicates[] = {"slt", "sge", "eq", "ne", "sle"};
      const char *indices[] = {"%h", "%i", "%j", "%nq", "%nk"};
      out << "    " << name << " = arith.cmpi " << predicates[draw(0, 4)]
          << ", " << indices[draw(0, 4)] << ", " << indices[draw(0, 4)]
          << " : index\n";
      return name;
    }
    const char *predicates[] = {"ogt", "oge", "olt", "ole",
                                "one", "ugt", "ult"};
    Term x = pick(), y = chance(0.5) ? constant(drawReal(-1, 1)) : pick();
    out << "    " << name << " = arith.cmpf " << predicates[draw(0, 6)] << ", "
        << x.name << ", " << y.name << " : f64\n";
    return name;
  }

  Term conditional(int depth) {
    std::string taken = condition(), name = fresh();
    bool isPair = chance(0.4);
    out << "    " << name << (isPair ? ":2" : "") << " = scf.if " << taken
        << " -> (" << (isPair ? "f64, f64" : "f64") << ") {\n";
    double bounds[2] = {0, 0};
    for (int branch = 0; branch < 2; ++branch) {
      std::vector<Term> outer = terms;
      step(depth + 1, draw(0, 3));
      Term first = terms.back(), second = pick();
      bounds[0] = std::max(bounds[0], first.bound);
      bounds[1] = std::max(bounds[1], second.bound);
      out << "    scf.yield " << first.name;
      if (isPair)
        out << ", " << second.name << " : f64, f64\n";
      else
        out << " : f64\n";
      out << (branch ? "    }\n" : "    } else {\n");
      terms = outer;
    }
    if (isPair)
      terms.push_back({name + "#1", bounds[1]});
    return {isPair ? name + "#0" : name, bounds[0]};
  }

  Term loop() {
    Term start = bounded(pick(), 1), factor = bounded(pick(), 1);
    std::string low = fresh(), high = fresh(), one = fresh(), name = fresh(),
                carried = fresh();
    out << "    " << low << " = arith.constant 0 : index\n    " << high
        << " = arith.constant " << draw(1, 4) << " : index\n    " << one
        << " = arith.constant 1 : index\n    " << name << " = scf.for "
        << fresh() << " = " << low << " to " << high << " step " << one
        << " iter_args(" << carried << " = " << start.name << ") -> (f64) {\n";
    Term product = binary("arith.mulf", {carried, 1}, factor, 1);
    Term result = unary("math.sin", product, 1);
    out << "    scf.yield " << result.name << " : f64\n    }\n";
    return {name, 1};
  }

  Term operation(int depth) {
    Term x = pick(), y = pick();
    Term unit = {"", 0};
    switch (draw(0, 50)) {
    case 0:
      return binary("arith.addf", x, y, x.bound + y.bound);
    case 1:
      return binary("arith.subf", x, y, x.bound + y.bound);
    case 2:
    case 3:
      x = bounded(x, 4), y = bounded(y, 4);
      return binary("arith.mulf", x, y, x.bound * y.bound);
    case 4:
      y = positive(y);
      return binary("arith.divf", x, y, 2 * x.bound);
    case 5:
      return unary("arith.negf", x, x.bound);
    case 6:
      y = positive(y);
      return binary("arith.remf", x, y, y.bound);
    case 7:
      return binary("arith.maximumf", x, y, std::max(x.bound, y.bound));
    case 8:
      return binary("arith.minimumf", x, y, std::max(x.bound, y.bound));
    case 9:
      return binary("arith.maxnumf", x, y, std::max(x.bound, y.bound));
    case 10:
      return binary("arith.minnumf", x, y, std::max(x.bound, y.bound));
    case 11:
    case 12:
    case 13: {
      std::string taken = condition(), name = fresh();
      out << "    " << name << " = arith.select " << taken << ", " << x.name
          << ", " << y.name << " : f64\n";
      return {name, std::max(x.bound, y.bound)};
    }
    case 14:
      return unary("math.absf", x, x.bound);
    case 15:
      return unary("math.exp", bounded(x, 1.5), 5);
    case 16:
      return unary("math.exp2", bounded(x, 1.5), 3);
    case 17:
      return unary("math.expm1", bounded(x, 1.5), 5);
    case 18:
      return unary("math.log", positive(x), 2);
    case 19:
      return unary("math.log2", positive(x), 3);
    case 20:
      return unary("math.log10", positive(x), 1);
    case 21:
      return unary("math.log1p", positive(x), 2);
    case 22:
      x = positive(x);
      return unary("math.sqrt", x, x.bound + 1);
    case 23:
      return unary("math.rsqrt", positive(x), 2);
    case 24:
      x = positive(x);
      return unary("math.cbrt", x, x.bound + 1);
    case 25:
      return unary("math.tanh", x, 1);
    case 26:
      return unary("math.erf", x, 1);
    case 27:
      return unary("math.erfc", x, 2);
    case 28:
      return unary("math.sin", x, 1);
    case 29:
      return unary("math.cos", x, 1);
    case 30:
      return unary("math.tan", bounded(x, 1), 1.6);
    case 31:
      return unary("math.asin", bounded(x, 0.8), 1);
    case 32:
      return unary("math.acos", bounded(x, 0.8), 3);
    case 33:
      return unary("math.atan", x, 1.6);
    case 34:
      y = positive(y);
      return binary("math.atan2", x, y, 1.6);
    case 35:
      return unary("math.sinh", bounded(x, 1.5), 2.2);
    case 36:
      return unary("math.cosh", bounded(x, 1.5), 2.4);
    case 37:
      return unary("math.asinh", x, x.bound);
    case 38: {
      x = positive(x);
      unit = constant(1.25);
      Term above = binary("arith.addf", x, unit, x.bound + 1.25);
      return unary("math.acosh", above, above.bound);
    }
    case 39:
      return unary("math.atanh", bounded(x, 0.8), 1.2);
    case 40:
      x = positive(x), y = bounded(y, 2);
      return binary("math.powf", x, y, 25);
    case 41: {
      x = positive(x);
      const double exponents[] = {0, 1, 2, 3, 0.5, -1, 2.5};
      unit = constant(exponents[draw(0, 6)]);
      return binary("math.powf", x, unit, 25);
    }
    case 42: {
      x = bounded(x, 2);
      std::string exponent = fresh(), name = fresh();
      out << "    " << exponent << " = arith.constant " << draw(0, 3)
          << " : i32\n    " << name << " = math.fpowi " << x.name << ", "
          << exponent << " : f64, i32\n";
      return {name, 8};
    }
    case 43: {
      std::string name = fresh();
      x = bounded(x, 2), y = bounded(y, 2);
      Term z = pick();
      out << "    " << name << " = math.fma " << x.name << ", " << y.name
          << ", " << z.name << " : f64\n";
      return {name, 4 + z.bound};
    }
    case 44:
      return binary("math.copysign", x, y, x.bound);
    case 45: {
      const char *steps[] = {"math.floor", "math.ceil", "math.round",
                             "math.roundeven", "math.trunc"};
      Term level = unary(steps[draw(0, 4)], x, x.bound + 1);
      return binary("arith.addf", level, y, level.bound + y.bound);
    }
    case 46: {
      std::string name = fresh();
      Term low = constant(drawReal(-1, 0)),
           high = chance(0.5) ? positive(y) : constant(drawReal(0.2, 1));
      out << "    " << name << " = math.clampf " << x.name << " to ["
          << low.name << ", " << high.name << "] : f64\n";
      return {name, std::max(1.0, high.bound)};
    }
    case 47: {
      std::string sine = fresh(), cosine = fresh();
      out << "    " << sine << ", " << cosine << " = math.sincos " << x.name
          << " : f64\n";
      terms.push_back({sine, 1});
      return {cosine, 1};
    }
    case 48: {
      std::string name = fresh();
      out << "    " << name
          << " = tensor.extract %B[%h, %j] : tensor<3x4xf64>\n";
      return {name, 2};
    }
    case 49:
      return depth < 2 ? conditional(depth) : constant(drawReal(-2, 2));
    default:
      return depth < 1 ? loop() : constant(drawReal(-2, 2));
    }
  }

  void step(int depth, int count) {
    for (int i = 0; i < count; ++i) {
      Term result = operation(depth);
      if (result.bound > 20)
        result = bounded(result, 1);
      terms.push_back(result);
    }
  }

  std::mt19937_64 random;
  std::ostringstream out;
  std::vector<Term> terms;
  int next = 0;
};

} // namespace

std::string gdpa_test::randomActivation(uint64_t seed) {
  return Generator(seed).run();
}

std::string gdpa_test::moduleAround(const std::string &body) {
  return R"(
func.func @f(%q: tensor<1x1x2x2xf64>, %k: tensor<1x1x2x2xf64>, %v: tensor<1x1x2x2xf64>,
             %do: tensor<1x1x2x2xf64>, %c: f64, %bias: tensor<3x4xf64>, %t: f64)
    -> tensor<1x1x2x2xf64> {
  %o0 = tensor.empty() : tensor<1x1x2x2xf64>
  %o = gdpa.attention bhsd none
      ins(%q, %k, %v : tensor<1x1x2x2xf64>, tensor<1x1x2x2xf64>, tensor<1x1x2x2xf64>)
      outs(%o0 : tensor<1x1x2x2xf64>) scale(%c : f64)
      captures(%bias, %t : tensor<3x4xf64>, f64)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index,
                 %B: tensor<3x4xf64>, %T: f64) {
)" + body +
         R"(
      }
      -> tensor<1x1x2x2xf64>
  return %o : tensor<1x1x2x2xf64>
}
)";
}
