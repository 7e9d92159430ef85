//===- MathExpansion.cpp - elementary functions as arithmetic -------------===//
//
// Polynomials are minimax fits of our own (Remez, weighted by the relative
// error); a bound that stands at a function is the largest error found over all
// f32 inputs, in units in the last place of the exact result.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/MathExpansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;

namespace {

using arith::CmpFPredicate;
using arith::CmpIPredicate;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLog2 = 0.6931471805599453;
constexpr double kLog2E = 1.4426950408889634;

/// Arithmetic on values of one float type (f32, f64 or a vector of them), short
/// to write; the elementary functions on f32 are its members.
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
  Arithmetic as(Type other) { return Arithmetic(b, b.getLoc(), other, options); }
  ImplicitLocOpBuilder &builder() { return b; }

  // Elementary functions of f32.
  Value exp(Value x);
  Value expNormal(Value x);
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
  Value erf(Value x);
  Value sin(Value x) { return sine(x, false); }
  Value cos(Value x) { return sine(x, true); }
  Value rsqrt(Value x) { return div(constant(1.0), sqrt(x)); }
  Value powf(Value x, Value y);
  Value remainder(Value x, Value y);

private:
  Value scaled(Value shifted, Value polynomialValue, Value n);
  Value exponential(Value x, bool halved);
  Value logarithm(Value x, double factor, double factorRest, Value correction);
  Value sine(Value x, bool cosine);
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

/// Adding it to a float and subtracting it rounds to an integer, which then
/// stands in the low bits of the sum.
constexpr double kRound = 12582912.0; // 1.5 * 2^23

/// p * 2^n for n in [-150, 128], where `shifted` is kRound + n. The power is
/// applied in two halves, so that a denormal result is rounded once and the
/// largest ones do not overflow early.
Value Arithmetic::scaled(Value shifted, Value p, Value n) {
  if (hasScalef()) {
    Value all = arith::ConstantOp::create(b, b.getI16IntegerAttr(-1));
    Value rounding = arith::ConstantOp::create(b, b.getI32IntegerAttr(4));
    return LLVM::CallIntrinsicOp::create(
               b, type, b.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
               ValueRange{p, n, p, all, rounding})
        .getResults();
  }
  Value half = shl(sra(bits(shifted), 1), 23);
  Value rest = subI(shl(bits(shifted), 23), half);
  Value one = integer(0x3f800000);
  return mul(mul(p, fromBits(addI(half, one))), fromBits(addI(rest, one)));
}

/// exp(x) = 2^n exp(r), n = round(x log2 e), |r| <= log(2) / 2. Exact: 1.1 ulp.
/// Fast: a polynomial of degree 5 and a result that is zero where it would be
/// denormal; relative error 2e-6 (the argument's rounding) for |x| < 87.
Value Arithmetic::exp(Value x) {
  if (options.fast) {
    Value t = mul(x, kLog2E);
    t = atLeast(atMost(t, 128.0), -127.0);
    Value shifted = add(t, kRound);
    Value f = sub(t, sub(shifted, constant(kRound)));
    Value p = polynomial(f, {0.001326472668, 0.009671512677, 0.05550733745,
                             0.2402224208, 0.6931469776, 1.0});
    if (hasScalef())
      return scaled(shifted, p, sub(shifted, constant(kRound)));
    Value result = fromBits(addI(bits(p), shl(bits(shifted), 23)));
    result = select(is(CmpFPredicate::OGE, t, 127.99999), constant(kInfinity), result);
    return select(is(CmpFPredicate::OLE, t, -126.0), constant(0.0),
                  select(is(CmpFPredicate::UNO, x, x), x, result));
  }
  return exponential(x, /*halved=*/false);
}

/// exp(x) where a result below 2^-125 may be any number of that size: one
/// multiplication applies the power. 1.1 ulp elsewhere.
Value Arithmetic::expNormal(Value x) {
  if (options.fast || hasScalef())
    return exp(x);
  x = atLeast(atMost(x, 89.0), -86.6);
  Value shifted = fma(x, kLog2E, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = fma(n, -0.693145751953125, x);
  r = fma(n, -1.42860677e-06, r);
  // Twice the polynomial and half the power: 2^128 is no f32.
  Value p = polynomial(r, {2 * 0.0013814602280035615, 2 * 0.008368715643882751,
                           2 * 0.04166838899254799, 2 * 0.1666652113199234,
                           2 * 0.4999999403953552, 2.0, 2.0});
  return mul(p, fromBits(addI(shl(bits(shifted), 23), integer(126 << 23))));
}

/// exp(x), or half of it, which overflows later.
Value Arithmetic::exponential(Value x, bool halved) {
  // Beyond these the result is infinite or rounds to zero.
  x = atLeast(atMost(x, halved ? 89.5 : 89.0), -104.0);
  Value shifted = fma(x, kLog2E, kRound);
  Value n = sub(shifted, constant(kRound));
  // log(2) in two parts; the first has few enough bits that n * part is exact.
  Value r = fma(n, -0.693145751953125, x);
  r = fma(n, -1.42860677e-06, r);
  Value p = polynomial(r, {0.0013814602280035615, 0.008368715643882751,
                           0.04166838899254799, 0.1666652113199234,
                           0.4999999403953552, 1.0, 1.0});
  if (halved) {
    shifted = add(shifted, -1.0);
    n = add(n, -1.0);
  }
  return scaled(shifted, p, n);
}

/// 1.1 ulp, for both precisions.
Value Arithmetic::exp2(Value x) {
  x = atLeast(atMost(x, 129.0), -151.0);
  Value shifted = add(x, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = sub(x, n);
  Value p = polynomial(r, {0.0001535334886284545, 0.0013398900628089905,
                           0.009618437848985195, 0.055503323674201965,
                           0.24022647738456726, 0.6931471824645996, 1.0});
  return scaled(shifted, p, n);
}

/// 2^n expm1(r) + (2^n - 1), with half the power so that 2^128 is avoided.
Value Arithmetic::expm1(Value x) {
  Value t = atLeast(atMost(x, 89.0), -30.0);
  Value shifted = fma(t, kLog2E, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = fma(n, -0.693145751953125, t);
  r = fma(n, -1.42860677e-06, r);
  Value q = polynomial(r, {0.00019914166477974504, 0.0013941002544015646,
                           0.008333273231983185, 0.04166635498404503,
                           0.1666666716337204, 0.5});
  Value p = fma(mul(r, r), q, r); // expm1(r)
  Value half = fromBits(addI(shl(bits(shifted), 23), integer(0x3f000000)));
  Value result = fma(half, p, add(half, -0.5));
  result = add(result, result);
  // Small arguments keep their sign and their denormals.
  return select(is(CmpFPredicate::OLT, abs(x), 1e-7), x, result);
}

/// factor * log(x) with log(x) = e log(2) + log(1 + f), 1 + f in [sqrt(1/2),
/// sqrt(2)); `correction` is added to log(1 + f). 1.6 ulp.
Value Arithmetic::logarithm(Value x, double factor, double factorRest,
                            Value correction) {
  Value tiny = is(CmpFPredicate::OLT, x, 1.17549435e-38);
  Value y = select(tiny, mul(x, 8388608.0), x); // denormals: times 2^23
  Value shift = select(tiny, constant(-23.0), constant(0.0));
  // Subtracting the bits of sqrt(1/2) leaves e in the exponent field.
  Value reduced = subI(bits(y), integer(0x3f3504f3));
  Value exponent = sra(reduced, 23);
  Value f = add(fromBits(subI(bits(y), shl(exponent, 23))), -1.0);
  Value e = add(
      arith::SIToFPOp::create(b, type, exponent).getResult(), shift);
  Value square = mul(f, f);
  Value p = polynomial(f, {0.06746553629636765, -0.11675568670034409,
                           0.11888155341148376, -0.12405602633953094,
                           0.14219555258750916, -0.16667994856834412,
                           0.2000211775302887, -0.25000008940696716,
                           0.3333331346511841});
  // log(1 + f) = f - f^2/2 + f^3 p; the small terms are summed first.
  Value small = mul(mul(square, f), p);
  if (correction)
    small = add(small, correction);
  small = fma(e, 1.42860677e-06, small);
  small = fma(square, -0.5, small);
  Value result;
  if (factor == 1.0) {
    result = fma(e, 0.693145751953125, add(f, small));
  } else {
    // The scaled result is e * factor log(2) + factor * log(1 + f).
    Value rest = fma(square, -0.5, mul(mul(square, f), p));
    Value logF = add(f, rest);
    Value lost = add(sub(f, logF), rest); // what the sum rounded away
    Value scaledF = mul(logF, factor);
    Value error = fma(logF, constant(factor), neg(scaledF));
    error = fma(logF, factorRest, error);
    error = fma(lost, factor, error);
    bool binary = factor > 1.0;
    double unit = binary ? 1.0 : 0.30102999566398120;
    double unitHead = binary ? 1.0 : 0.301025390625; // exact times e
    error = fma(e, unit - unitHead, error);
    result = fma(e, unitHead, add(scaledF, error));
  }
  result = select(is(CmpFPredicate::OEQ, x, kInfinity), x, result);
  result = select(is(CmpFPredicate::OEQ, x, 0.0), constant(-kInfinity), result);
  return select(is(CmpFPredicate::ULT, x, 0.0),
                constant(std::numeric_limits<double>::quiet_NaN()), result);
}

/// log(u) with u = 1 + x rounded, plus what the rounding lost over u.
Value Arithmetic::log1p(Value x) {
  Value u = add(x, 1.0);
  // The larger of both minus the sum is exact.
  Value large = is(CmpFPredicate::OGT, x, 1.0);
  Value lost = select(large, sub(constant(1.0), sub(u, x)),
                      sub(x, add(u, -1.0)));
  Value result = logarithm(u, 1.0, 0.0, div(lost, u));
  result = select(is(CmpFPredicate::OEQ, x, kInfinity), x, result);
  return select(is(CmpFPredicate::OLT, abs(x), 1e-7), x, result);
}

/// A polynomial below 0.625, else through exp: 1.4 ulp.
Value Arithmetic::tanh(Value x) {
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {-0.005716593936085701, 0.02065020240843296,
                                -0.0537433847784996, 0.13331490755081177,
                                -0.3333328366279602});
  Value small = fma(mul(square, p), x, x);
  Value e = expNormal(add(magnitude, magnitude));
  Value large = sub(constant(1.0), div(constant(2.0), add(e, 1.0)));
  return withSign(select(is(CmpFPredicate::OLT, magnitude, 0.625), small, large), x);
}

/// Through expm1: (E + E / (E + 1)) / 2 with E = expm1(|x|); beyond 20 half of exp.
Value Arithmetic::sinh(Value x) {
  Value magnitude = abs(x);
  Value e = expm1(magnitude);
  Value mean = mul(add(e, div(e, add(e, 1.0))), 0.5);
  Value result = select(is(CmpFPredicate::OGT, magnitude, 20.0),
                        exponential(magnitude, /*halved=*/true), mean);
  return select(is(CmpFPredicate::OLT, magnitude, 1e-4), x, withSign(result, x));
}

/// h + 1 / (4 h) with h = exp(|x|) / 2.
Value Arithmetic::cosh(Value x) {
  Value half = exponential(abs(x), /*halved=*/true);
  return add(half, div(constant(0.25), half));
}

/// A polynomial in x^2 below 0.92, else 1 - exp(log erfc): 1.5 ulp.
Value Arithmetic::erf(Value x) {
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {8.409572183154523e-05, -0.0008152546943165362,
                                0.005201953463256359, -0.026859795674681664,
                                0.11283703148365021, -0.37612634897232056,
                                0.12837916612625122});
  Value small = fma(p, x, x);
  Value t = atMost(magnitude, 3.95);
  Value q = polynomial(t, {-5.061215802015795e-07, -1.4473608644038904e-05,
                           0.00039737604674883187, -0.004054865799844265,
                           0.024896565824747086, -0.10801198333501816,
                           -0.6335446238517761, -1.1294331550598145,
                           0.00016015149594750255});
  Value large = withSign(sub(constant(1.0), expNormal(q)), x);
  return select(is(CmpFPredicate::OLT, magnitude, 0.92), small, large);
}

/// sin or cos: x = n pi/2 + r, |r| <= pi/4. Up to 2^15 pi/2 is subtracted in
/// three parts; beyond, x 2/pi modulo 4 comes from an integer product with the
/// right bits of 2/pi. 1.6 ulp, for every f32.
Value Arithmetic::sine(Value x, bool cosine) {
  Value magnitude = abs(x);
  Value shifted = fma(x, 0.6366197723675814, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = fma(n, -1.5707963705062866, x);
  r = fma(n, 4.371138828673793e-08, r);
  r = fma(n, 1.715124510005882e-15, r);
  Value quadrant = bits(shifted);

  Value isLarge = is(CmpFPredicate::OGT, magnitude, 51471.0);
  Value any = isLarge;
  if (auto vector = dyn_cast<VectorType>(type)) {
    while (cast<VectorType>(any.getType()).getRank() > 1) {
      SmallVector<bool> dims(cast<VectorType>(any.getType()).getRank(), true);
      Value none = arith::ConstantOp::create(b, b.getBoolAttr(false));
      any = vector::MultiDimReductionOp::create(
          b, any, none, dims, vector::CombiningKind::OR);
      if (!isa<VectorType>(any.getType()))
        break;
    }
    if (isa<VectorType>(any.getType()))
      any = vector::ReductionOp::create(b, vector::CombiningKind::OR, any);
  }
  auto choice =
      scf::IfOp::create(b, TypeRange{type, integerType}, any, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&choice.getElseRegion().front());
    scf::YieldOp::create(b, ValueRange{r, quadrant});
    b.setInsertionPointToStart(&choice.getThenRegion().front());
    // x = m 2^E with a 24-bit integer m; E >= 0 holds for the lanes of interest.
    Arithmetic wide = as(like(b.getF64Type()));
    Value m = orI(andI(bits(x), integer(0x7fffff)), integer(0x800000));
    Value biased = andI(srl(bits(x), 23), integer(0xff));
    // First bit of 2/pi with a weight below 4 after the product: E - 2, counted
    // from a word of zeros before the fraction.
    Value start = subI(biased, integer(152 - 32));
    start = select(is(CmpIPredicate::slt, start, integer(0)), integer(0), start);
    // 2/pi as a binary fraction, 32 bits a word. The first two bits of the
    // product are the quadrant.
    const uint32_t words[] = {0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                              0xdb629599, 0x3c439041, 0xfe5163ab};
    Value word = srl(start, 5), offset = andI(start, integer(31));
    auto pick = [&](unsigned first) {
      Value value = integer(static_cast<int32_t>(words[first]));
      for (unsigned k = 1; k < 5; ++k)
        value = select(is(CmpIPredicate::eq, word, integer(k)),
                       integer(static_cast<int32_t>(words[first + k])), value);
      return arith::ExtUIOp::create(b, wide.integerType, value).getResult();
    };
    Value shift = arith::ExtUIOp::create(b, wide.integerType, offset);
    Value w[4] = {pick(0), pick(1), pick(2), pick(3)};
    auto funnel = [&](Value high, Value low) {
      Value both = wide.orI(wide.shl(high, 32), low);
      Value moved = arith::ShLIOp::create(b, both, shift);
      return wide.srl(moved, 32);
    };
    Value m64 = arith::ExtUIOp::create(b, wide.integerType, m);
    Value p0 = wide.mulI(funnel(w[0], w[1]), m64);
    Value p1 = wide.mulI(funnel(w[1], w[2]), m64);
    Value p2 = wide.mulI(funnel(w[2], w[3]), m64);
    Value product = wide.addI(wide.shl(p0, 32), wide.addI(p1, wide.srl(p2, 32)));
    // Round to the nearest quadrant; the rest is a signed fraction of it.
    Value rounded = wide.addI(product, wide.integer(int64_t(1) << 61));
    Value quadrant64 = wide.srl(rounded, 62);
    Value fraction = wide.subI(product, wide.shl(quadrant64, 62));
    Value turn = arith::SIToFPOp::create(b, wide.type, fraction);
    Value angle = wide.mul(turn, 1.5707963267948966 / 4611686018427387904.0);
    Value large = wide.narrow(angle, type);
    Value largeQuadrant =
        arith::TruncIOp::create(b, integerType, quadrant64);
    // The sign of x turns both around.
    Value isNegative = is(CmpIPredicate::slt, bits(x), integer(0));
    large = select(isNegative, neg(large), large);
    largeQuadrant = select(isNegative, subI(integer(0), largeQuadrant), largeQuadrant);
    scf::YieldOp::create(b, ValueRange{select(isLarge, large, r),
                                       select(isLarge, largeQuadrant, quadrant)});
  }
  r = choice.getResult(0);
  quadrant = choice.getResult(1);
  if (cosine)
    quadrant = addI(quadrant, integer(1));
  Value square = mul(r, r);
  Value s = fma(mul(polynomial(square, {2.718308678595349e-06, -0.0001983933470910415,
                                        0.008333329111337662, -0.1666666716337204}),
                    square),
                r, r);
  Value c = polynomial(square, {2.443842458887957e-05, -0.001388736767694354,
                                0.04166664555668831, -0.5, 1.0});
  Value odd = is(CmpIPredicate::ne, andI(quadrant, integer(1)), integer(0));
  Value result = select(odd, c, s);
  Value negative = is(CmpIPredicate::ne, andI(quadrant, integer(2)), integer(0));
  result = select(negative, neg(result), result);
  if (!cosine) // -0 stays
    result = select(is(CmpFPredicate::OEQ, x, 0.0), x, result);
  // Infinity and NaN.
  return select(is(CmpFPredicate::UGE, magnitude, kInfinity), sub(x, x), result);
}

/// exp2(y log2 |x|) in f64, then the sign: 0.51 ulp.
Value Arithmetic::powf(Value x, Value y) {
  Type narrowType = type;
  Arithmetic d = as(like(b.getF64Type()));
  Value wx = d.abs(extend(x, d.type)), wy = extend(y, d.type);
  // |x| = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)); every f32 is a normal f64.
  Value reduced = d.subI(d.bits(wx), d.integer(0x3fe6a09e667f3bcd));
  Value exponent = d.sra(reduced, 52);
  Value m = d.fromBits(d.subI(d.bits(wx), d.shl(exponent, 52)));
  // The exponent as f64 without an integer conversion: 2^52 + 2^51 + e.
  Value e = d.add(d.fromBits(d.addI(exponent, d.integer(0x4338000000000000))),
                  -6755399441055744.0);
  // log(m) = 2 atanh(s), s = (m - 1) / (m + 1): |s| <= 0.172.
  Value s = d.div(d.add(m, -1.0), d.add(m, 1.0));
  Value s2 = d.mul(s, s);
  Value series = d.polynomial(
      s2, {1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3});
  Value logM = d.mul(d.fma(d.mul(s, s2), series, s), 2.0 * kLog2E);
  Value log2X = d.add(e, logM);
  log2X = d.select(d.is(CmpFPredicate::OEQ, wx, 0.0), d.constant(-kInfinity), log2X);
  log2X = d.select(d.is(CmpFPredicate::UGE, wx, kInfinity), wx, log2X);
  Value t = d.mul(wy, log2X);
  t = d.atLeast(d.atMost(t, 200.0), -200.0);
  Value shifted = d.add(t, 6755399441055744.0); // 1.5 * 2^52
  Value f = d.mul(d.sub(t, d.add(shifted, -6755399441055744.0)), kLog2);
  SmallVector<double> taylor = {1.0};
  for (int k = 1; k <= 12; ++k)
    taylor.push_back(taylor.back() / k);
  Value p = d.polynomial(f, SmallVector<double>(llvm::reverse(taylor)));
  Value wide = d.fromBits(d.addI(d.bits(p), d.shl(d.bits(shifted), 52)));
  wide = d.select(d.is(CmpFPredicate::UNO, t, t), t, wide);
  Value result = narrow(wide, narrowType);

  Value infinite = is(CmpFPredicate::OEQ, abs(y), kInfinity);
  Value isOne = is(CmpFPredicate::OEQ, abs(x), 1.0);
  // |1|^inf is 1, not the NaN of 0 * inf.
  Value andBoth = arith::AndIOp::create(b, infinite, isOne);
  result = select(andBoth, constant(1.0), result);
  // A negative base: NaN unless the exponent is an integer, odd ones keep the sign.
  Value isInteger = is(CmpFPredicate::OEQ, floor(y), y);
  Value halfY = mul(y, 0.5);
  Value isOdd = arith::AndIOp::create(b, isInteger,
                                      is(CmpFPredicate::UNE, floor(halfY), halfY));
  Value negativeBits = is(CmpIPredicate::slt, bits(x), integer(0));
  Value flip = arith::AndIOp::create(b, isOdd, negativeBits);
  result = select(flip, neg(result), result);
  Value below = is(CmpFPredicate::OLT, x, 0.0);
  Value finite = is(CmpFPredicate::OGT, x, -kInfinity);
  Value fraction = is(CmpFPredicate::UNE, floor(y), y);
  Value undefined = arith::AndIOp::create(
      b, arith::AndIOp::create(b, below, finite), fraction);
  result = select(undefined, constant(std::numeric_limits<double>::quiet_NaN()),
                  result);
  result = select(is(CmpFPredicate::OEQ, x, 1.0), constant(1.0), result);
  return select(is(CmpFPredicate::OEQ, y, 0.0), constant(1.0), result);
}

/// fmod: the exact remainder of the truncated quotient, 48 bits of the quotient
/// at a time in f64.
Value Arithmetic::remainder(Value x, Value y) {
  Arithmetic d = as(like(b.getF64Type()));
  Value rest = d.abs(extend(x, d.type)), divisor = d.abs(extend(y, d.type));
  Value zero = d.constant(0.0);
  for (int shift = 240; shift >= 0; shift -= 48) {
    Value part = d.mul(divisor, std::ldexp(1.0, shift));
    Value quotient = d.trunc(d.div(rest, part));
    Value next = d.fma(d.neg(quotient), part, rest);
    // The rounded quotient may be one too large.
    next = d.select(d.is(CmpFPredicate::OLT, next, zero), d.add(next, part), next);
    rest = d.select(d.is(CmpFPredicate::OGE, rest, part), next, rest);
  }
  Value result = withSign(narrow(rest, type), x);
  result = select(is(CmpFPredicate::OEQ, abs(y), kInfinity), x, result);
  Value bad = arith::OrIOp::create(b, is(CmpFPredicate::UEQ, y, 0.0),
                                   is(CmpFPredicate::UGE, abs(x), kInfinity));
  bad = arith::OrIOp::create(b, bad, is(CmpFPredicate::UNO, y, y));
  return select(bad, constant(std::numeric_limits<double>::quiet_NaN()), result);
}

/// Whether `op` is to be expanded here.
template <class Op>
bool admits(Op op, const MathExpansionOptions &options) {
  return !options.filter || options.filter(op);
}

/// Rewrites an operation on f32 with a member function of Arithmetic.
template <class Op, auto expand>
struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern<Op>(context), options(options) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!admits(op, options))
      return failure();
    Type type = op.getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32() && !element.isF16() && !element.isBF16())
      return failure();
    Type wide = rewriter.getF32Type();
    if (auto vector = dyn_cast<VectorType>(type))
      wide = vector.clone(wide);
    SmallVector<Value> operands(op->getOperands());
    if (!element.isF32())
      for (Value &operand : operands)
        operand = arith::ExtFOp::create(rewriter, op.getLoc(), wide, operand);
    Arithmetic arithmetic(rewriter, op.getLoc(), wide, options);
    Value result;
    if constexpr (Op::template hasTrait<OpTrait::OneOperand>())
      result = (arithmetic.*expand)(operands[0]);
    else
      result = (arithmetic.*expand)(operands[0], operands[1]);
    if (!element.isF32())
      result = arith::TruncFOp::create(rewriter, op.getLoc(), type, result);
    rewriter.replaceOp(op, result);
    return success();
  }
  MathExpansionOptions options;
};

/// Whether a result below 2^-125 cannot be told from 0: it is only added to
/// constants that are much larger.
bool isOnlyAddedToConstants(Value value) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto add = dyn_cast<arith::AddFOp>(user);
    if (!add)
      return false;
    Value other = add.getLhs() == value ? add.getRhs() : add.getLhs();
    APFloat number(0.0f);
    return matchPattern(other, m_ConstantFloat(&number)) &&
           std::fabs(number.convertToDouble()) > 1e-25;
  });
}

/// exp, more cheaply in 1 + exp(x).
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern(context, /*benefit=*/2), options(options) {}
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!admits(op, options) || !getElementTypeOrSelf(op.getType()).isF32() ||
        !isOnlyAddedToConstants(op))
      return failure();
    Arithmetic arithmetic(rewriter, op.getLoc(), op.getType(), options);
    rewriter.replaceOp(op, arithmetic.expNormal(op.getOperand()));
    return success();
  }
  MathExpansionOptions options;
};

/// min(max(x, low), high), NaN where x is.
struct ExpandClamp : OpRewritePattern<math::ClampFOp> {
  ExpandClamp(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern(context), options(options) {}
  LogicalResult matchAndRewrite(math::ClampFOp op,
                                PatternRewriter &rewriter) const override {
    if (!admits(op, options))
      return failure();
    Value low = arith::MaximumFOp::create(rewriter, op.getLoc(), op.getValue(),
                                          op.getMin());
    rewriter.replaceOpWithNewOp<arith::MinimumFOp>(op, low, op.getMax());
    return success();
  }
  MathExpansionOptions options;
};

} // namespace

void gdpa::populateMathExpansionPatterns(RewritePatternSet &patterns,
                                         const MathExpansionOptions &options) {
  patterns.add<Expand<math::ExpOp, &Arithmetic::exp>,
               Expand<math::Exp2Op, &Arithmetic::exp2>,
               Expand<math::ExpM1Op, &Arithmetic::expm1>,
               Expand<math::LogOp, &Arithmetic::log>,
               Expand<math::Log2Op, &Arithmetic::log2>,
               Expand<math::Log10Op, &Arithmetic::log10>,
               Expand<math::Log1pOp, &Arithmetic::log1p>,
               Expand<math::TanhOp, &Arithmetic::tanh>,
               Expand<math::SinhOp, &Arithmetic::sinh>,
               Expand<math::CoshOp, &Arithmetic::cosh>,
               Expand<math::ErfOp, &Arithmetic::erf>,
               Expand<math::SinOp, &Arithmetic::sin>,
               Expand<math::CosOp, &Arithmetic::cos>,
               Expand<math::RsqrtOp, &Arithmetic::rsqrt>,
               Expand<math::PowFOp, &Arithmetic::powf>,
               Expand<arith::RemFOp, &Arithmetic::remainder>, ExpandClamp,
               ExpandExp>(
      patterns.getContext(), options);
}
