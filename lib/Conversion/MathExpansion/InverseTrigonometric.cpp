//===- InverseTrigonometric.cpp - asin, acos, atan, atan2 -----------------===//
//
// One form for f32 and f64, which differ in their tables.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

/// atan(n / m) for n, m >= 0: atan(t) plus 0, pi/4 or pi/2, |t| <= tan(pi/8), with
/// one division.
static Value arcTangent(Arithmetic &a, Value n, Value m,
                        const InverseTrigonometry &table) {
  Value middle = a.is(CmpFPredicate::OGT, n, a.mul(m, 0.41421356237309503));
  Value large = a.is(CmpFPredicate::OGT, a.mul(n, 0.41421356237309503), m);
  auto choose = [&](Value inLarge, Value inMiddle, Value inSmall) {
    return a.select(large, inLarge, a.select(middle, inMiddle, inSmall));
  };
  Value t = a.div(choose(a.neg(m), a.sub(n, m), n), choose(n, a.add(n, m), m));
  Value zero = a.constant(0.0);
  Value base = choose(a.constant(table.halfPi), a.constant(table.quarterPi), zero);
  Value rest =
      choose(a.constant(table.halfPiRest), a.constant(table.quarterPiRest), zero);
  Value square = a.mul(t, t);
  Value cubic = a.mul(a.mul(square, t), a.polynomial(square, table.atan));
  return a.add(base, a.add(t, a.add(cubic, rest)));
}

Value gdpa::expansion::atan(Arithmetic &a, Value x,
                            const InverseTrigonometry &table) {
  return a.withSign(arcTangent(a, a.abs(x), a.constant(1.0), table), x);
}

Value gdpa::expansion::atan2(Arithmetic &a, Value y, Value x,
                             const InverseTrigonometry &table) {
  Value n = a.abs(y), m = a.abs(x);
  // Both 0 or both infinite; n + m must not overflow, nor products be denormal.
  Value larger = a.maximum(n, m), one = a.constant(1.0);
  Value unit = a.select(a.is(CmpFPredicate::OGT, larger, 1e38), a.constant(0.25),
                        one);
  unit = a.select(a.is(CmpFPredicate::OLT, larger, 1e-30),
                  a.constant(281474976710656.0), unit);
  n = a.mul(n, unit);
  m = a.mul(m, unit);
  Value bothInfinite = a.both(a.is(CmpFPredicate::OEQ, n, kInfinity),
                              a.is(CmpFPredicate::OEQ, m, kInfinity));
  n = a.select(bothInfinite, one, n);
  m = a.select(a.either(bothInfinite, a.is(CmpFPredicate::OEQ, larger, 0.0)), one,
               m);
  Value angle = arcTangent(a, n, m, table);
  Value left = a.is(CmpIPredicate::slt, a.bits(x), a.integer(0));
  Value turned = a.sub(a.constant(2 * table.halfPi),
                       a.add(angle, -2 * table.halfPiRest));
  Value result = a.withSign(a.select(left, turned, angle), y);
  Value undefined = a.is(CmpFPredicate::UNO, x, y);
  return a.select(undefined, a.add(x, y), result);
}

namespace {
/// Of |x| = m: s and s + rest = asin(s), where s is m, or sqrt((1 - m) / 2) beyond
/// the limit.
struct ArcSine {
  Value isLarge, s, rest;
};
} // namespace

static ArcSine arcSine(Arithmetic &a, Value x, const InverseTrigonometry &table) {
  Value m = a.abs(x);
  Value isLarge = a.is(CmpFPredicate::OGT, m, table.asinLimit);
  Value z = a.select(isLarge, a.mul(a.sub(a.constant(1.0), m), 0.5), a.mul(m, m));
  Value s = a.select(isLarge, a.sqrt(z), m);
  return {isLarge, s, a.mul(a.mul(s, z), a.polynomial(z, table.asin))};
}

Value gdpa::expansion::asin(Arithmetic &a, Value x,
                            const InverseTrigonometry &table) {
  ArcSine inner = arcSine(a, x, table);
  Value twice = a.add(inner.s, inner.s), rest = a.add(inner.rest, inner.rest);
  Value large = a.sub(a.constant(table.halfPi),
                      a.add(twice, a.add(rest, -table.halfPiRest)));
  Value small = a.add(inner.s, inner.rest);
  return a.withSign(a.select(inner.isLarge, large, small), x);
}

Value gdpa::expansion::acos(Arithmetic &a, Value x,
                            const InverseTrigonometry &table) {
  ArcSine inner = arcSine(a, x, table);
  Value twice = a.add(inner.s, inner.s), rest = a.add(inner.rest, inner.rest);
  Value right = a.add(twice, rest);
  Value left = a.sub(a.constant(2 * table.halfPi),
                     a.add(twice, a.add(rest, -2 * table.halfPiRest)));
  Value isNegative = a.is(CmpFPredicate::OLT, x, 0.0);
  Value large = a.select(isNegative, left, right);
  Value signedRest = a.add(a.withSign(inner.rest, x), -table.halfPiRest);
  Value middle = a.sub(a.constant(table.halfPi), a.add(x, signedRest));
  return a.select(inner.isLarge, large, middle);
}

static const double kAtan[] = {-0.06077859550714493, 0.10593707859516144,
                               -0.1424352526664734, 0.19998471438884735,
                               -0.33333316445350647};
static const double kAsin[] = {0.06402473151683807, -0.023651592433452606,
                               0.037651825696229935, 0.02740485407412052,
                               0.04494557902216911, 0.07498560100793839,
                               0.1666668951511383};
/// asin beyond 0.625 and the angle it is subtracted from lie in one binade.
static const InverseTrigonometry kSingle = {
    kAtan, kAsin, 0.625, 1.5707963705062866, -4.371138828673793e-08,
    0.7853981852531433, -2.1855694143368964e-08};

/// 1.9 ulp.
Value Arithmetic::asin(Value x) { return expansion::asin(*this, x, kSingle); }
/// 1.9 ulp.
Value Arithmetic::acos(Value x) { return expansion::acos(*this, x, kSingle); }
/// 1.9 ulp.
Value Arithmetic::atan(Value x) { return expansion::atan(*this, x, kSingle); }
/// 1.9 ulp.
Value Arithmetic::atan2(Value y, Value x) {
  return expansion::atan2(*this, y, x, kSingle);
}
