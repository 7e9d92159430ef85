//===- DoubleTrigonometric.cpp - angles of f64 ----------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

/// r and n of x = n pi/2 + r, |r| <= pi/4, by pi/2 in three parts; the first
/// difference is exact. Right for |x| < 2^51.
static std::pair<Value, Value> reduceAngle(Arithmetic &d, Value x) {
  Value shifted = d.fma(x, 0.6366197723675814, kRoundWide);
  Value n = d.add(shifted, -kRoundWide);
  Value r = d.fma(n, -1.5707963267948966, x);
  r = d.fma(n, -6.123233995736766e-17, r);
  return {d.fma(n, 1.4973849048591698e-33, r), d.bits(shifted)};
}

/// Beyond 2^51 the angle is not reduced: NaN, not a wrong number.
static Value inRange(Arithmetic &d, Value x, Value result) {
  Value tooLarge = d.is(CmpFPredicate::UGE, d.abs(x), 2251799813685248.0);
  return d.select(tooLarge, d.notANumber(), result);
}

/// 1 ulp for |x| < 2^51, NaN beyond.
std::pair<Value, Value> f64::sineAndCosine(Arithmetic &d, Value x) {
  auto [r, quadrant] = reduceAngle(d, x);
  Value z = d.mul(r, r);
  Value p = d.polynomial(
      z, {-7.578534223828014e-13, 1.6058363075650927e-10, -2.5052104881439622e-08,
          2.7557319214064456e-06, -0.000198412698412548, 0.008333333333333323,
          -0.16666666666666666});
  Value s = d.fma(d.mul(z, r), p, r);
  Value q = d.polynomial(
      z, {-1.1358513845554804e-11, 2.087570042763883e-09, -2.7557314176465585e-07,
          2.4801587288842874e-05, -0.0013888888888873045, 0.041666666666666595});
  // 1 - z/2 with what its rounding lost.
  Value half = d.mul(z, 0.5);
  Value one = d.constant(1.0);
  Value w = d.sub(one, half);
  Value c = d.add(w, d.fma(d.mul(z, z), q, d.sub(d.sub(one, w), half)));
  auto inQuadrant = [&](Value n) {
    Value odd = d.is(CmpIPredicate::ne, d.andI(n, d.integer(1)), d.integer(0));
    Value negative =
        d.is(CmpIPredicate::ne, d.andI(n, d.integer(2)), d.integer(0));
    Value result = d.select(odd, c, s);
    return inRange(d, x, d.select(negative, d.neg(result), result));
  };
  Value sine = inQuadrant(quadrant);
  return {d.select(d.is(CmpFPredicate::OEQ, x, 0.0), x, sine),
          inQuadrant(d.addI(quadrant, d.integer(1)))};
}

/// 3 ulp for |x| < 2^51, NaN beyond.
Value f64::tan(Arithmetic &d, Value x) {
  auto [sine, cosine] = sineAndCosine(d, x);
  return d.div(sine, cosine);
}

static const double kAtan[] = {
    0.015191765370759879, -0.03347051463196442, 0.045033516602225473,
    -0.05218348091112574, 0.05877011743204525,  -0.06666225582934383,
    0.076922826680488,    -0.09090908139975983, 0.11111111088034753,
    -0.1428571428538541,  0.19999999999997645,  -0.33333333333333326};
static const double kAsin[] = {
    0.03262848574974394,  -0.020998839626121975, 0.02170728947378979,
    0.0037064727117977632, 0.010780236403669123, 0.011398914958639792,
    0.013980820251138138, 0.017351612033915283,  0.022372214986826212,
    0.030381942707800418, 0.04464285717461178,   0.074999999999708,
    0.1666666666666676};
static const InverseTrigonometry kTable = {
    kAtan, kAsin, 0.5, 1.5707963267948966, 6.123233995736766e-17,
    0.7853981633974483, 3.061616997868383e-17};

/// 2 ulp, all four.
Value f64::asin(Arithmetic &d, Value x) { return expansion::asin(d, x, kTable); }
Value f64::acos(Arithmetic &d, Value x) { return expansion::acos(d, x, kTable); }
Value f64::atan(Arithmetic &d, Value x) { return expansion::atan(d, x, kTable); }
Value f64::atan2(Arithmetic &d, Value y, Value x) {
  return expansion::atan2(d, y, x, kTable);
}

/// fmod: 48 bits of the quotient at a time, exactly. From shift 1008 on the divisor
/// is multiplied in two steps; where that overflows there is nothing to subtract.
Value f64::remainder(Arithmetic &d, Value x, Value y) {
  Value rest = d.abs(x), divisor = d.abs(y);
  Value zero = d.constant(0.0);
  for (int shift = 2064; shift >= 0; shift -= 48) {
    int first = std::min(shift, 1008), second = std::min(shift - first, 1008);
    Value part = d.mul(divisor, std::ldexp(1.0, first));
    if (second)
      part = d.mul(part, std::ldexp(1.0, second));
    if (shift > first + second)
      part = d.mul(part, std::ldexp(1.0, shift - first - second));
    Value quotient = d.trunc(d.div(rest, part));
    Value next = d.fma(d.neg(quotient), part, rest);
    // The rounded quotient may be one too large.
    next = d.select(d.is(CmpFPredicate::OLT, next, zero), d.add(next, part), next);
    rest = d.select(d.is(CmpFPredicate::OGE, rest, part), next, rest);
  }
  Value result = d.withSign(rest, x);
  result = d.select(d.is(CmpFPredicate::OEQ, divisor, kInfinity), x, result);
  Value bad = d.either(d.is(CmpFPredicate::UEQ, y, 0.0),
                       d.is(CmpFPredicate::UGE, d.abs(x), kInfinity));
  bad = d.either(bad, d.is(CmpFPredicate::UNO, y, y));
  return d.select(bad, d.notANumber(), result);
}
