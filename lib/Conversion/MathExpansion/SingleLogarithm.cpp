//===- SingleLogarithm.cpp - logarithms and powers of f32 -----------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

/// factor * log(x) with log(x) = e log(2) + log(1 + f), 1 + f in [sqrt(1/2),
/// sqrt(2)); the argument is x + `lost`, where lost is less than an ulp of x and x no
/// denormal. 1.6 ulp.
Value Arithmetic::logarithm(Value x, double factor, double factorRest,
                            Value lost) {
  Value y = x, shift;
  if (!lost) {
    Value tiny = is(CmpFPredicate::OLT, x, 1.17549435e-38);
    y = select(tiny, mul(x, 8388608.0), x); // denormals: times 2^23
    shift = select(tiny, constant(-23.0), constant(0.0));
  }
  // Subtracting the bits of sqrt(1/2) leaves e in the exponent field.
  Value reduced = subI(bits(y), integer(0x3f3504f3));
  Value exponent = sra(reduced, 23);
  Value f = add(fromBits(subI(bits(y), shl(exponent, 23))), -1.0);
  Value e = arith::SIToFPOp::create(b, type, exponent).getResult();
  if (lost) { // times 2^-e; beyond 2^100 it is nothing
    Value bound = arith::MinSIOp::create(b, exponent, integer(100)).getResult();
    Value scale = fromBits(subI(integer(0x3f800000), shl(bound, 23)));
    f = fma(lost, scale, f);
  } else {
    e = add(e, shift);
  }
  Value square = mul(f, f);
  Value p = polynomial(f, {0.06746553629636765, -0.11675568670034409,
                           0.11888155341148376, -0.12405602633953094,
                           0.14219555258750916, -0.16667994856834412,
                           0.2000211775302887, -0.25000008940696716,
                           0.3333331346511841});
  // log(1 + f) = f - f^2/2 + f^3 p; the small terms are summed first.
  Value small = mul(mul(square, f), p);
  small = fma(e, 1.42860677e-06, small);
  small = fma(square, -0.5, small);
  Value result;
  if (factor == 1.0) {
    result = fma(e, 0.693145751953125, add(f, small));
  } else {
    // The scaled result is e * factor log(2) + factor * log(1 + f).
    Value rest = fma(square, -0.5, mul(mul(square, f), p));
    Value logF = add(f, rest);
    Value sumError = add(sub(f, logF), rest); // what the sum rounded away
    Value scaledF = mul(logF, factor);
    Value error = fma(logF, constant(factor), neg(scaledF));
    error = fma(logF, factorRest, error);
    error = fma(sumError, factor, error);
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
  Value result = logarithm(u, 1.0, 0.0, lost);
  return select(is(CmpFPredicate::OEQ, x, 0.0), x, result); // -0
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

  return finishPower(*this, x, y, result);
}

Value gdpa::expansion::finishPower(Arithmetic &a, Value x, Value y, Value result) {
  Value infinite = a.is(CmpFPredicate::OEQ, a.abs(y), kInfinity);
  Value isOne = a.is(CmpFPredicate::OEQ, a.abs(x), 1.0);
  // |1|^inf is 1, not the NaN of 0 * inf.
  Value andBoth = a.both(infinite, isOne);
  result = a.select(andBoth, a.constant(1.0), result);
  // A negative base: NaN unless the exponent is an integer, odd ones keep the sign.
  Value isInteger = a.is(CmpFPredicate::OEQ, a.floor(y), y);
  Value halfY = a.mul(y, 0.5);
  Value isOdd =
      a.both(isInteger, a.is(CmpFPredicate::UNE, a.floor(halfY), halfY));
  Value negativeBits = a.is(CmpIPredicate::slt, a.bits(x), a.integer(0));
  Value flip = a.both(isOdd, negativeBits);
  result = a.select(flip, a.neg(result), result);
  Value below = a.is(CmpFPredicate::OLT, x, 0.0);
  Value finite = a.is(CmpFPredicate::OGT, x, -kInfinity);
  Value fraction = a.is(CmpFPredicate::UNE, a.floor(y), y);
  Value undefined = a.both(a.both(below, finite), fraction);
  result = a.select(undefined, a.notANumber(), result);
  result = a.select(a.is(CmpFPredicate::OEQ, x, 1.0), a.constant(1.0), result);
  return a.select(a.is(CmpFPredicate::OEQ, y, 0.0), a.constant(1.0), result);
}

/// The cube root of a, from the exponent: 1/3 of the bits is right to 3.5%; two
/// steps of Halley's method follow. 1.4 ulp.
Value Arithmetic::cbrt(Value x) {
  if (!options.fast) { // in f64: 0.51 ulp
    Arithmetic d = wide();
    return narrow(f64::cbrt(d, extend(x, d.type), /*isShort=*/true), type);
  }
  Value magnitude = abs(x);
  Value tiny = is(CmpFPredicate::OLT, magnitude, 1e-30);
  Value huge = is(CmpFPredicate::OGT, magnitude, 1e30);
  Value a = select(tiny, mul(magnitude, 281474976710656.0), magnitude); // 2^48
  a = select(huge, mul(magnitude, 1.0 / 16777216), a);
  Value third = mul(arith::SIToFPOp::create(b, type, bits(a)).getResult(), 1.0 / 3);
  Value guess = arith::FPToSIOp::create(b, integerType, third).getResult();
  Value y = fromBits(addI(guess, integer(0x2a5119f2)));
  for (int step = 0; step < 2; ++step) { // y (y^3 + 2a) / (2 y^3 + a)
    Value cube = mul(mul(y, y), y);
    Value excess = div(sub(cube, a), fma(cube, 2.0, a));
    y = fma(neg(y), excess, y);
  }
  y = select(tiny, mul(y, 1.0 / 65536), y);
  y = select(huge, mul(y, 256.0), y);
  Value special = either(is(CmpFPredicate::OEQ, x, 0.0),
                         is(CmpFPredicate::UGE, magnitude, kInfinity));
  return select(special, x, withSign(y, x));
}

/// Exact: in f64, 0.51 ulp. Fast: log(|x| + sqrt(x^2 + 1)) beyond 1/2.
Value Arithmetic::asinh(Value x) {
  if (!options.fast) {
    Arithmetic d = wide();
    return narrow(f64::asinh(d, extend(x, d.type)), type);
  }
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {0.009168324992060661, -0.019980549812316895,
                                0.03001314029097557, -0.04461327940225601,
                                0.0749988928437233, -0.1666666567325592});
  Value small = fma(mul(square, magnitude), p, magnitude);
  Value isHuge = is(CmpFPredicate::OGT, magnitude, 1e15);
  Value sum = add(magnitude, sqrt(add(square, 1.0)));
  Value large = math::LogOp::create(b, select(isHuge, magnitude, sum));
  large = select(isHuge, add(large, kLog2), large);
  return withSign(select(is(CmpFPredicate::OLT, magnitude, 0.5), small, large), x);
}

/// Exact: in f64, 0.51 ulp. Fast: log1p(t + sqrt(2t + t^2)) with t = x - 1.
Value Arithmetic::acosh(Value x) {
  if (!options.fast) {
    Arithmetic d = wide();
    return narrow(f64::acosh(d, extend(x, d.type)), type);
  }
  Value t = add(x, -1.0);
  Value near = math::Log1pOp::create(b, add(t, sqrt(fma(t, t, add(t, t)))));
  Value isHuge = is(CmpFPredicate::OGT, x, 1e15);
  Value far = add(math::LogOp::create(b, x).getResult(), kLog2);
  return select(is(CmpFPredicate::OLT, x, 1.0), notANumber(),
                select(isHuge, far, near));
}

/// Exact: in f64, 0.51 ulp. Fast: half of log((1 + x) / (1 - x)) beyond 1/2.
Value Arithmetic::atanh(Value x) {
  if (!options.fast) {
    Arithmetic d = wide();
    return narrow(f64::atanh(d, extend(x, d.type)), type);
  }
  Value magnitude = abs(x);
  Value square = mul(x, x);
  Value p = polynomial(square, {0.17668235301971436, 0.05136633664369583,
                                0.11823463439941406, 0.14222800731658936,
                                0.20002515614032745, 0.33333301544189453});
  Value small = fma(mul(square, magnitude), p, magnitude);
  Value quotient = div(add(magnitude, 1.0), sub(constant(1.0), magnitude));
  Value large = mul(math::LogOp::create(b, quotient).getResult(), 0.5);
  return withSign(select(is(CmpFPredicate::OLT, magnitude, 0.5), small, large), x);
}
