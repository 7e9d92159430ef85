//===- RegionInterpreter.cpp - runs attention regions in double -----------===//

#include "RegionInterpreter.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace gdpa_test;

namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);
using IntegerBinary = int64_t (*)(int64_t, int64_t);

const llvm::StringMap<Unary> &unaryOps() {
  static const llvm::StringMap<Unary> table = {
      {"arith.negf", [](double x) { return -x; }},
      {"arith.extf", [](double x) { return x; }},
      {"arith.truncf", [](double x) { return x; }},
      {"math.absf", [](double x) { return std::fabs(x); }},
      {"math.acos", [](double x) { return std::acos(x); }},
      {"math.acosh", [](double x) { return std::acosh(x); }},
      {"math.asin", [](double x) { return std::asin(x); }},
      {"math.asinh", [](double x) { return std::asinh(x); }},
      {"math.atan", [](double x) { return std::atan(x); }},
      {"math.atanh", [](double x) { return std::atanh(x); }},
      {"math.cbrt", [](double x) { return std::cbrt(x); }},
      {"math.ceil", [](double x) { return std::ceil(x); }},
      {"math.cos", [](double x) { return std::cos(x); }},
      {"math.cosh", [](double x) { return std::cosh(x); }},
      {"math.erf", [](double x) { return std::erf(x); }},
      {"math.erfc", [](double x) { return std::erfc(x); }},
      {"math.exp", [](double x) { return std::exp(x); }},
      {"math.exp2", [](double x) { return std::exp2(x); }},
      {"math.expm1", [](double x) { return std::expm1(x); }},
      {"math.floor", [](double x) { return std::floor(x); }},
      {"math.log", [](double x) { return std::log(x); }},
      {"math.log10", [](double x) { return std::log10(x); }},
      {"math.log1p", [](double x) { return std::log1p(x); }},
      {"math.log2", [](double x) { return std::log2(x); }},
      {"math.round", [](double x) { return std::round(x); }},
      {"math.roundeven", [](double x) { return std::nearbyint(x); }},
      {"math.rsqrt", [](double x) { return 1 / std::sqrt(x); }},
      {"math.sin", [](double x) { return std::sin(x); }},
      {"math.sinh", [](double x) { return std::sinh(x); }},
      {"math.sqrt", [](double x) { return std::sqrt(x); }},
      {"math.tan", [](double x) { return std::tan(x); }},
      {"math.tanh", [](double x) { return std::tanh(x); }},
      {"math.trunc", [](double x) { return std::trunc(x); }},
      {"outside.cube", [](double x) { return x * x * x; }}, // of a test
  };
  return table;
}

/// maximum and minimum return NaN for a NaN operand, maxnum and minnum the
/// other.
double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
}
double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
}

const llvm::StringMap<Binary> &binaryOps() {
  static const llvm::StringMap<Binary> table = {
      {"arith.addf", [](double a, double b) { return a + b; }},
      {"arith.divf", [](double a, double b) { return a / b; }},
      {"arith.maximumf", maximum},
      {"arith.maxnumf", [](double a, double b) { return std::fmax(a, b); }},
      {"arith.minimumf", minimum},
      {"arith.minnumf", [](double a, double b) { return std::fmin(a, b); }},
      {"arith.mulf", [](double a, double b) { return a * b; }},
      {"arith.remf", [](double a, double b) { return std::fmod(a, b); }},
      {"arith.subf", [](double a, double b) { return a - b; }},
      {"math.atan2", [](double a, double b) { return std::atan2(a, b); }},
      {"math.copysign", [](double a, double b) { return std::copysign(a, b); }},
      {"math.powf", [](double a, double b) { return std::pow(a, b); }},
  };
  return table;
}

const llvm::StringMap<IntegerBinary> &integerOps() {
  using I = int64_t;
  static const llvm::StringMap<IntegerBinary> table = {
      {"arith.addi", [](I a, I b) { return a + b; }},
      {"arith.andi", [](I a, I b) { return a & b; }},
      {"arith.divsi", [](I a, I b) { return b ? a / b : 0; }},
      {"arith.maxsi", [](I a, I b) { return std::max(a, b); }},
      {"arith.minsi", [](I a, I b) { return std::min(a, b); }},
      {"arith.muli", [](I a, I b) { return a * b; }},
      {"arith.ori", [](I a, I b) { return a | b; }},
      {"arith.remsi", [](I a, I b) { return b ? a % b : 0; }},
      {"arith.subi", [](I a, I b) { return a - b; }},
      {"arith.xori", [](I a, I b) { return a ^ b; }},
  };
  return table;
}

/// The order of arith::CmpFPredicate: false, oeq, ogt, oge, olt, ole, one, ord,
/// ueq, ugt, uge, ult, ule, une, uno, true.
bool compareFloats(int64_t predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case 0:
    return false;
  case 1:
    return !unordered && a == b;
  case 2:
    return a > b;
  case 3:
    return a >= b;
  case 4:
    return a < b;
  case 5:
    return a <= b;
  case 6:
    return !unordered && a != b;
  case 7:
    return !unordered;
  case 8:
    return unordered || a == b;
  case 9:
    return unordered || a > b;
  case 10:
    return unordered || a >= b;
  case 11:
    return unordered || a < b;
  case 12:
    return unordered || a <= b;
  case 13:
    return unordered || a != b;
  case 14:
    return unordered;
  default:
    return true;
  }
}

/// The order of arith::CmpIPredicate: eq, ne, slt, sle, sgt, sge, ult, ule,
/// ugt, uge.
bool compareIntegers(int64_t predicate, int64_t a, int64_t b) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (predicate) {
  case 0:
    return a == b;
  case 1:
    return a != b;
  case 2:
    return a < b;
  case 3:
    return a <= b;
  case 4:
    return a > b;
  case 5:
    return a >= b;
  case 6:
    return ua < ub;
  case 7:
    return ua <= ub;
  case 8:
    return ua > ub;
  default:
    return ua >= ub;
  }
}

class Interpreter {
public:
  RegionOutcome outcome;

  void bind(Value value, RegionValue what) { values[value] = std::move(what); }

  /// Runs a block; returns the operands of its terminator.
  std::vector<RegionValue> run(Block &block) {
    for (Operation &op : block.without_terminator()) {
      visit(op);
      if (!outcome.error.empty())
        return {};
    }
    std::vector<RegionValue> yielded;
    for (Value operand : block.getTerminator()->getOperands())
      yielded.push_back(values[operand]);
    return yielded;
  }

private:
  double number(Operation &op, unsigned index) {
    return values[op.getOperand(index)].number;
  }
  int64_t integer(Operation &op, unsigned index) {
    return values[op.getOperand(index)].integer;
  }
  void set(Operation &op, double result, unsigned index = 0) {
    values[op.getResult(index)] = RegionValue::ofFloat(result);
  }
  void setInteger(Operation &op, int64_t result) {
    if (op.getResult(0).getType().isInteger(1))
      result &= 1;
    values[op.getResult(0)] = RegionValue::ofInteger(result);
  }
  void setAll(Operation &op, const std::vector<RegionValue> &results) {
    for (unsigned i = 0; i < op.getNumResults(); ++i)
      values[op.getResult(i)] = results[i];
  }

  /// Row-major position of the element that operands from `first` on select.
  int64_t position(Operation &op, unsigned first,
                   const std::vector<int64_t> &shape) {
    int64_t result = 0;
    for (unsigned i = 0; i < shape.size(); ++i)
      result = result * shape[i] + integer(op, first + i);
    return result;
  }

  void visit(Operation &op) {
    StringRef name = op.getName().getStringRef();
    if (auto found = unaryOps().find(name); found != unaryOps().end())
      return set(op, found->second(number(op, 0)));
    if (auto found = binaryOps().find(name); found != binaryOps().end())
      return set(op, found->second(number(op, 0), number(op, 1)));
    if (auto found = integerOps().find(name); found != integerOps().end())
      return setInteger(op, found->second(integer(op, 0), integer(op, 1)));
    if (name == "arith.constant") {
      Attribute value = op.getAttr("value");
      if (auto constant = dyn_cast<FloatAttr>(value)) {
        APFloat wide = constant.getValue();
        bool losesInfo;
        wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
        return set(op, wide.convertToDouble());
      }
      if (auto constant = dyn_cast<IntegerAttr>(value))
        return setInteger(op, constant.getType().isInteger(1)
                                  ? constant.getValue().getZExtValue()
                                  : constant.getValue().getSExtValue());
    }
    if (name == "arith.cmpf" || name == "arith.cmpi") {
      int64_t predicate =
          cast<IntegerAttr>(op.getAttr("predicate")).getValue().getSExtValue();
      return setInteger(
          op, name == "arith.cmpf"
                  ? compareFloats(predicate, number(op, 0), number(op, 1))
                  : compareIntegers(predicate, integer(op, 0), integer(op, 1)));
    }
    if (name == "arith.select") {
      // A copy first: naming the result may move the table.
      RegionValue chosen = values[op.getOperand(integer(op, 0) ? 1 : 2)];
      values[op.getResult(0)] = chosen;
      return;
    }
    if (name == "arith.sitofp" || name == "arith.uitofp")
      return set(op, static_cast<double>(integer(op, 0)));
    if (name == "arith.fptosi" || name == "arith.fptoui")
      return setInteger(op, static_cast<int64_t>(number(op, 0)));
    if (name == "arith.index_cast" || name == "arith.extui" ||
        name == "arith.extsi" || name == "arith.trunci")
      return setInteger(op, integer(op, 0));
    if (name == "math.isfinite" || name == "math.isnan" || name == "math.isinf")
      return setInteger(op, name == "math.isfinite"
                                ? std::isfinite(number(op, 0))
                            : name == "math.isnan" ? std::isnan(number(op, 0))
                                                   : std::isinf(number(op, 0)));
    if (name == "math.clampf")
      return set(op,
                 minimum(maximum(number(op, 0), number(op, 1)), number(op, 2)));
    if (name == "math.fma")
      return set(op, number(op, 0) * number(op, 1) + number(op, 2));
    if (name == "math.fpowi")
      return set(op, std::pow(number(op, 0), integer(op, 1)));
    if (name == "math.sincos") {
      set(op, std::sin(number(op, 0)), 0);
      return set(op, std::cos(number(op, 0)), 1);
    }
    if (name == "tensor.extract") {
      RegionValue tensor = values[op.getOperand(0)];
      return set(op, tensor.elements[position(op, 1, tensor.shape)]);
    }
    if (name == "gdpa.accumulate") {
      auto capture = cast<BlockArgument>(op.getOperand(1));
      int64_t element =
          position(op, 2, std::vector<int64_t>(values[capture].shape));
      outcome.accumulated[{capture.getArgNumber(), element}] += number(op, 0);
      return;
    }
    if (name == "scf.if") {
      Region &taken = op.getRegion(integer(op, 0) ? 0 : 1);
      if (!taken.empty())
        setAll(op, run(taken.front()));
      return;
    }
    if (name == "scf.for") {
      std::vector<RegionValue> carried;
      for (unsigned i = 3; i < op.getNumOperands(); ++i)
        carried.push_back(values[op.getOperand(i)]);
      Block &body = op.getRegion(0).front();
      for (int64_t i = integer(op, 0); i < integer(op, 1);
           i += integer(op, 2)) {
        bind(body.getArgument(0), RegionValue::ofInteger(i));
        for (unsigned j = 0; j < carried.size(); ++j)
          bind(body.getArgument(j + 1), carried[j]);
        carried = run(body);
      }
      return setAll(op, carried);
    }
    outcome.error = "unknown operation " + name.str();
  }

  DenseMap<Value, RegionValue> values;
};

} // namespace

RegionOutcome gdpa_test::interpret(Region &region,
                                   const std::vector<RegionValue> &arguments) {
  Interpreter interpreter;
  if (region.getNumArguments() != arguments.size()) {
    interpreter.outcome.error =
        "expected " + std::to_string(region.getNumArguments()) + " arguments";
    return interpreter.outcome;
  }
  for (auto [argument, value] : llvm::zip(region.getArguments(), arguments))
    interpreter.bind(argument, value);
  std::vector<RegionValue> yielded = interpreter.run(region.front());
  for (auto [operand, value] :
       llvm::zip(region.front().getTerminator()->getOperands(), yielded))
    interpreter.outcome.yielded.push_back(
        isa<FloatType>(operand.getType()) ? value.number : value.integer);
  return interpreter.outcome;
}
