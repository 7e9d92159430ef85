//===- SingleExponential.cpp - exponentials of f32 ------------------------===//

#include "Arithmetic.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

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

/// exp(x) for x <= 0 or NaN; a result below 2^-126 is zero. 1.1 ulp elsewhere.
Value Arithmetic::expNonPositive(Value x) {
  if (hasScalef())
    return exp(x);
  Value shifted = fma(x, kLog2E, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = fma(n, -0.693145751953125, x);
  r = fma(n, -1.42860677e-06, r);
  Value p = polynomial(r, {0.0013814602280035615, 0.008368715643882751,
                           0.04166838899254799, 0.1666652113199234,
                           0.4999999403953552, 1.0, 1.0});
  Value power =
      fromBits(addI(shl(bits(shifted), 23), integer(0x3f800000)));
  return select(is(CmpFPredicate::OLT, x, constant(-87.3)), constant(0.0),
                mul(p, power));
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

/// A polynomial below 1; through expm1: (E + E / (E + 1)) / 2 with E = expm1(|x|);
/// beyond 20 half of exp. 1.8 ulp.
Value Arithmetic::sinh(Value x) {
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {2.505210838544172e-08, 2.755731922398589e-06,
                                0.0001984126984126984, 0.008333333333333333,
                                0.16666666666666666});
  Value small = fma(mul(square, x), p, x);
  Value e = expm1(magnitude);
  Value mean = mul(add(e, div(e, add(e, 1.0))), 0.5);
  Value result = select(is(CmpFPredicate::OGT, magnitude, 20.0),
                        exponential(magnitude, /*halved=*/true), mean);
  return select(is(CmpFPredicate::OLT, magnitude, 1.0), small, withSign(result, x));
}

/// h + 1 / (4 h) with h = exp(|x|) / 2.
Value Arithmetic::cosh(Value x) {
  Value half = exponential(abs(x), /*halved=*/true);
  return add(half, div(constant(0.25), half));
}

/// A polynomial in x^2 below 0.92, else 1 - (erfc^(1/4))^4: 1.5 ulp.
Value Arithmetic::erf(Value x) {
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {8.409572183154523e-05, -0.0008152546943165362,
                                0.005201953463256359, -0.026859795674681664,
                                0.11283703148365021, -0.37612634897232056,
                                0.12837916612625122});
  Value small = fma(p, x, x);
  Value t = atMost(magnitude, 3.95);
  // The fourth root of erfc; what it loses in relative error far out does not count.
  Value root = polynomial(t, {-2.8495984224718995e-05, 0.0002766126417554915,
                              0.00010897708125412464, -0.010237522423267365,
                              0.03804060071706772, -0.00920281745493412,
                              -0.10058861970901489, -0.29003629088401794,
                              1.0014370679855347});
  Value rootSquare = mul(root, root);
  Value large = withSign(fma(neg(rootSquare), rootSquare, constant(1.0)), x);
  return select(is(CmpFPredicate::OLT, magnitude, 0.92), small, large);
}

/// Exact: in f64, 0.51 ulp. Fast: exp(-x^2) q(t) / (1 + 2 x), t = (x - 4) / (x + 4).
Value Arithmetic::erfc(Value x) {
  if (!options.fast) {
    Arithmetic d = wide();
    return narrow(f64::erfc(d, extend(x, d.type), /*isShort=*/true), type);
  }
  Value magnitude = atMost(abs(x), 10.1);
  Value square = mul(magnitude, magnitude);
  Value lost = fma(magnitude, magnitude, neg(square));
  Value e = math::ExpOp::create(b, neg(square));
  e = fma(neg(e), lost, e);
  Value t = div(add(magnitude, -4.0), add(magnitude, 4.0));
  Value q = polynomial(t, {0.0008839208167046309, 0.0070226192474365234,
                           -0.015891028568148613, 0.036424506455659866,
                           -0.06663724780082703, 0.09381754696369171,
                           -0.10099087655544281, 0.06809370219707489,
                           0.015377383679151535, -0.1396210789680481,
                           1.2329951524734497});
  Value result = div(mul(e, q), fma(magnitude, 2.0, constant(1.0)));
  Value negative = is(CmpFPredicate::OLT, x, 0.0);
  result = select(negative, sub(constant(2.0), result), result);
  return select(is(CmpFPredicate::UNO, x, x), x, result);
}
