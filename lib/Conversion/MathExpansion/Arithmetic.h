//===- Arithmetic.h - short spelling of arithmetic --------------*- C++ -*-===//
//
// Builds arith and math.fma operations on values of one float type, scalar or
// vector, and on the integers of the same width; the elementary functions are
// written with it. Polynomials are minimax fits of our own (Remez, weighted by
// the relative error).
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_MATHEXPANSION_ARITHMETIC_H
#define GDPA_LIB_CONVERSION_MATHEXPANSION_ARITHMETIC_H

#include "gdpa/Conversion/MathExpansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <limits>

namespace mlir::gdpa::expansion {

using arith::CmpFPredicate;
using arith::CmpIPredicate;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLog2 = 0.6931471805599453;
constexpr double kLog2E = 1.4426950408889634;
/// Adding it to an f32 and subtracting it rounds to an integer, which then
/// stands in the low bits of the sum.
constexpr double kRound = 12582912.0; // 1.5 * 2^23
/// The same for f64.
constexpr double kRoundWide = 6755399441055744.0; // 1.5 * 2^52

class Arithmetic {
public:
  Arithmetic(OpBuilder &builder, Location loc, Type type,
             const MathExpansionOptions &options)
      : b(loc, builder), type(type), options(options) {
    bool isDouble = getElementTypeOrSelf(type).isF64();
    integerType = like(isDouble ? b.getI64Type() : b.getI32Type());
  }

  /// `type` with another element type.
  Type like(Type element) const {
    if (auto vector = dyn_cast<VectorType>(type))
      return vector.clone(element);
    return element;
  }
  Value constant(double value) {
    return splat(type, b.getFloatAttr(getElementTypeOrSelf(type), value));
  }
  Value integer(int64_t value) {
    Type element = getElementTypeOrSelf(integerType);
    return splat(integerType,
                 b.getIntegerAttr(element, APInt(element.getIntOrFloatBitWidth(),
                                                 value, false, true)));
  }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, x, y, z).getResult();
  }
  Value fma(Value x, double y, double z) { return fma(x, constant(y), constant(z)); }
  Value fma(Value x, double y, Value z) { return fma(x, constant(y), z); }
  Type getType() const { return type; }
  Type getIntegerType() const { return integerType; }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y).getResult(); }
  Value mul(Value x, double y) { return mul(x, constant(y)); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y).getResult(); }
  Value add(Value x, double y) { return add(x, constant(y)); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y).getResult(); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y).getResult(); }
  Value neg(Value x) { return arith::NegFOp::create(b, x).getResult(); }
  Value abs(Value x) { return math::AbsFOp::create(b, x).getResult(); }
  Value floor(Value x) { return math::FloorOp::create(b, x).getResult(); }
  Value trunc(Value x) { return math::TruncOp::create(b, x).getResult(); }
  Value sqrt(Value x) { return math::SqrtOp::create(b, x).getResult(); }
  Value withSign(Value magnitude, Value sign) {
    return math::CopySignOp::create(b, magnitude, sign).getResult();
  }
  Value addI(Value x, Value y) { return arith::AddIOp::create(b, x, y).getResult(); }
  Value subI(Value x, Value y) { return arith::SubIOp::create(b, x, y).getResult(); }
  Value mulI(Value x, Value y) { return arith::MulIOp::create(b, x, y).getResult(); }
  Value andI(Value x, Value y) { return arith::AndIOp::create(b, x, y).getResult(); }
  Value orI(Value x, Value y) { return arith::OrIOp::create(b, x, y).getResult(); }
  Value shl(Value x, int64_t n) {
    return arith::ShLIOp::create(b, x, integer(n)).getResult();
  }
  Value sra(Value x, int64_t n) {
    return arith::ShRSIOp::create(b, x, integer(n)).getResult();
  }
  Value srl(Value x, int64_t n) {
    return arith::ShRUIOp::create(b, x, integer(n)).getResult();
  }
  Value is(CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y).getResult();
  }
  Value is(CmpFPredicate predicate, Value x, double y) {
    return is(predicate, x, constant(y));
  }
  Value is(CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y).getResult();
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y).getResult();
  }
  /// min and max that return x where x is NaN.
  Value atMost(Value x, double limit) {
    return select(is(CmpFPredicate::OGT, x, limit), constant(limit), x);
  }
  Value atLeast(Value x, double limit) {
    return select(is(CmpFPredicate::OLT, x, limit), constant(limit), x);
  }
  Value bits(Value x) {
    return arith::BitcastOp::create(b, integerType, x).getResult();
  }
  Value fromBits(Value x) {
    return arith::BitcastOp::create(b, type, x).getResult();
  }
  Value extend(Value x, Type wide) {
    return arith::ExtFOp::create(b, wide, x).getResult();
  }
  Value narrow(Value x, Type to) {
    return arith::TruncFOp::create(b, to, x).getResult();
  }
  /// Horner's rule; the coefficient of the highest power comes first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = constant(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, constant(coefficient));
    return sum;
  }
  Value maximum(Value x, Value y) {
    return select(is(CmpFPredicate::OGT, y, x), y, x);
  }
  Value minimum(Value x, Value y) {
    return select(is(CmpFPredicate::OLT, y, x), y, x);
  }
  Value both(Value p, Value q) { return arith::AndIOp::create(b, p, q).getResult(); }
  Value either(Value p, Value q) { return arith::OrIOp::create(b, p, q).getResult(); }
  Value notANumber() {
    return constant(std::numeric_limits<double>::quiet_NaN());
  }
  /// The same arithmetic in f64.
  Arithmetic wide() { return as(like(b.getF64Type())); }
  bool isFast() const { return options.fast; }
  Arithmetic as(Type other) { return Arithmetic(b, b.getLoc(), other, options); }
  ImplicitLocOpBuilder &builder() { return b; }

  // Elementary functions of f32, each with its error at its definition.
  Value exp(Value x);
  Value expNormal(Value x);
  Value expNonPositive(Value x);
  Value exp2(Value x);
  Value expm1(Value x);
  Value log(Value x) { return logarithm(x, 1.0, 0.0, Value()); }
  Value log2(Value x) {
    return logarithm(x, 1.4426950216293335, 1.9259629911266175e-08, Value());
  }
  Value log10(Value x) {
    return logarithm(x, 0.4342944920063019, -1.0103050052231683e-08, Value());
  }
  Value log1p(Value x);
  Value tanh(Value x);
  Value sinh(Value x);
  Value cosh(Value x);
  Value asinh(Value x);
  Value acosh(Value x);
  Value atanh(Value x);
  Value erf(Value x);
  Value erfc(Value x);
  Value sin(Value x) { return sineAndCosine(x).first; }
  Value cos(Value x) { return sineAndCosine(x).second; }
  std::pair<Value, Value> sineAndCosine(Value x);
  Value tan(Value x);
  Value asin(Value x);
  Value acos(Value x);
  Value atan(Value x);
  Value atan2(Value y, Value x);
  Value cbrt(Value x);
  Value rsqrt(Value x) { return div(constant(1.0), sqrt(x)); }
  Value powf(Value x, Value y);
  Value remainder(Value x, Value y);

private:
  Value scaled(Value shifted, Value polynomialValue, Value n);
  Value exponential(Value x, bool halved);
  Value logarithm(Value x, double factor, double factorRest, Value lost);
  std::pair<Value, Value> reduceAngle(Value x, bool isWide = false);
  Value splat(Type splatType, TypedAttr value) {
    if (auto vector = dyn_cast<VectorType>(splatType))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, value))
          .getResult();
    return arith::ConstantOp::create(b, value).getResult();
  }
  bool hasScalef() {
    auto vector = dyn_cast<VectorType>(type);
    return options.x86Scalef && vector && vector.getRank() == 1 &&
           vector.getDimSize(0) == 16;
  }

  ImplicitLocOpBuilder b;
  Type type, integerType;
  const MathExpansionOptions &options;
};
/// Elementary functions of f64 (`d` is an f64 arithmetic). `isShort`: polynomials
/// that suffice for a result that is rounded to f32. Errors in units in the last
/// place of f64 stand at the definitions.
namespace f64 {
Value exp(Arithmetic &d, Value x, bool isShort = false);
Value exp2(Arithmetic &d, Value x);
Value expm1(Arithmetic &d, Value x);
Value log(Arithmetic &d, Value x);
Value log2(Arithmetic &d, Value x);
Value log10(Arithmetic &d, Value x);
Value log1p(Arithmetic &d, Value x);
Value tanh(Arithmetic &d, Value x);
Value sinh(Arithmetic &d, Value x);
Value cosh(Arithmetic &d, Value x);
Value asinh(Arithmetic &d, Value x);
Value acosh(Arithmetic &d, Value x);
Value atanh(Arithmetic &d, Value x);
Value erf(Arithmetic &d, Value x);
Value erfc(Arithmetic &d, Value x, bool isShort = false);
Value cbrt(Arithmetic &d, Value x, bool isShort = false);
Value rsqrt(Arithmetic &d, Value x);
Value powf(Arithmetic &d, Value x, Value y);
std::pair<Value, Value> sineAndCosine(Arithmetic &d, Value x);
Value tan(Arithmetic &d, Value x);
Value asin(Arithmetic &d, Value x);
Value acos(Arithmetic &d, Value x);
Value atan(Arithmetic &d, Value x);
Value atan2(Arithmetic &d, Value y, Value x);
Value remainder(Arithmetic &d, Value x, Value y);
} // namespace f64

/// powf's result where the base or the exponent is special (a negative base, 1,
/// 0 or an infinity); `power` is |x|^y.
Value finishPower(Arithmetic &a, Value x, Value y, Value power);

/// Coefficients of the inverse trigonometric functions, in one shape for f32 and
/// f64: t + t^3 p(t^2).
struct InverseTrigonometry {
  ArrayRef<double> atan, asin;
  /// Up to here asin is a polynomial.
  double asinLimit;
  /// pi/2 and pi/4 in two parts.
  double halfPi, halfPiRest, quarterPi, quarterPiRest;
};
Value atan(Arithmetic &a, Value x, const InverseTrigonometry &table);
Value asin(Arithmetic &a, Value x, const InverseTrigonometry &table);
Value acos(Arithmetic &a, Value x, const InverseTrigonometry &table);
Value atan2(Arithmetic &a, Value y, Value x, const InverseTrigonometry &table);

} // namespace mlir::gdpa::expansion

namespace mlir::gdpa {
/// Expansions of the integer operations with two results.
void populateExtendedIntegerPatterns(RewritePatternSet &patterns,
                                     const MathExpansionOptions &options);
/// Expansions of integer operations and of the classification of floats.
void populateIntegerExpansionPatterns(RewritePatternSet &patterns,
                                      const MathExpansionOptions &options);
} // namespace mlir::gdpa

#endif // GDPA_LIB_CONVERSION_MATHEXPANSION_ARITHMETIC_H
