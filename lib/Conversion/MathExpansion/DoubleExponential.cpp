//===- DoubleExponential.cpp - exponentials and logarithms of f64 ---------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

/// log(2) in two parts; the first has few enough bits that n times it is exact.
constexpr double kLog2High = 0.693147180369123816490;
constexpr double kLog2Low = 1.90821492927058770002e-10;

/// 1/n!, from the degree given down to 2.
static SmallVector<double> inverseFactorials(int degree) {
  SmallVector<double> values = {0.5};
  for (int n = 3; n <= degree; ++n)
    values.push_back(values.back() / n);
  return SmallVector<double>(llvm::reverse(values));
}

/// p 2^n for n in [-1100, 1100]; `shifted` is kRoundWide + n. In two halves, so that
/// a denormal result is rounded once and a large one does not overflow early.
static Value scaled(Arithmetic &d, Value shifted, Value p) {
  Value bits = d.bits(shifted);
  Value half = d.shl(d.srl(bits, 1), 52);
  Value rest = d.subI(d.shl(bits, 52), half);
  Value one = d.integer(0x3ff0000000000000);
  return d.mul(d.mul(p, d.fromBits(d.addI(half, one))),
               d.fromBits(d.addI(rest, one)));
}

/// n = round(x log2 e) as kRoundWide + n, and x - n log(2).
static std::pair<Value, Value> reduce(Arithmetic &d, Value x) {
  Value shifted = d.fma(x, kLog2E, kRoundWide);
  Value n = d.add(shifted, -kRoundWide);
  Value r = d.fma(n, -kLog2High, x);
  return {shifted, d.fma(n, -kLog2Low, r)};
}

/// expm1(r) for |r| <= log(2) / 2.
static Value smallExpm1(Arithmetic &d, Value r, bool isShort = false) {
  Value q = d.polynomial(r, inverseFactorials(isShort ? 8 : 14));
  return d.fma(d.mul(r, r), q, r);
}

/// 1 ulp.
Value f64::exp(Arithmetic &d, Value x, bool isShort) {
  x = d.atLeast(d.atMost(x, 710.0), -746.0);
  auto [shifted, r] = reduce(d, x);
  return scaled(d, shifted, d.add(smallExpm1(d, r, isShort), 1.0));
}

/// 1 ulp.
Value f64::exp2(Arithmetic &d, Value x) {
  x = d.atLeast(d.atMost(x, 1025.0), -1076.0);
  Value shifted = d.add(x, kRoundWide);
  Value f = d.sub(x, d.add(shifted, -kRoundWide));
  Value r = d.mul(f, kLog2);
  // What the product rounded away, and log(2) beyond f64.
  Value rest = d.fma(f, d.constant(kLog2), d.neg(r));
  rest = d.fma(f, 2.3190468138462996e-17, rest);
  return scaled(d, shifted, d.add(d.add(smallExpm1(d, r), rest), 1.0));
}

/// 2^n expm1(r) + (2^n - 1), by halves as 2^1024 is no f64. 2 ulp.
Value f64::expm1(Arithmetic &d, Value x) {
  Value t = d.atLeast(d.atMost(x, 710.0), -50.0);
  auto [shifted, r] = reduce(d, t);
  Value p = smallExpm1(d, r);
  Value half = d.fromBits(d.addI(d.shl(d.bits(shifted), 52),
                                 d.integer(0x3fe0000000000000)));
  Value result = d.fma(half, p, d.add(half, -0.5));
  result = d.add(result, result);
  return d.select(d.is(CmpFPredicate::OLT, d.abs(x), 1e-17), x, result);
}

namespace {
/// x = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = f - rest.
struct Logarithm {
  Value e, f, rest;
};
} // namespace

/// e as f64 without a conversion of 64-bit integers, which few targets have.
static Value exponentAsFloat(Arithmetic &d, Value exponent) {
  return d.add(d.fromBits(d.addI(exponent, d.integer(0x4338000000000000))),
               -kRoundWide);
}

static Logarithm reduceLogarithm(Arithmetic &d, Value x, Value addend = {}) {
  Value tiny = d.is(CmpFPredicate::OLT, x, 2.2250738585072014e-308);
  Value y = d.select(tiny, d.mul(x, 18014398509481984.0), x); // times 2^54
  Value reduced = d.subI(d.bits(y), d.integer(0x3fe6a09e667f3bcd));
  Value exponent = d.sra(reduced, 52);
  Value f =
      d.add(d.fromBits(d.subI(d.bits(y), d.shl(exponent, 52))), -1.0);
  Value e = exponentAsFloat(d, exponent);
  e = d.add(e, d.select(tiny, d.constant(-54.0), d.constant(0.0)));
  // log(1 + f) = 2 atanh(s), s = f / (2 + f): f - (f^2/2 - s (f^2/2 + R)).
  Value s = d.div(f, d.add(f, 2.0));
  Value z = d.mul(s, s);
  SmallVector<double> series;
  for (int k = 11; k >= 1; --k)
    series.push_back(2.0 / (2 * k + 1));
  Value R = d.mul(z, d.polynomial(z, series));
  Value half = d.mul(d.mul(f, f), 0.5);
  Value tail = d.mul(s, d.add(half, R));
  if (addend)
    tail = d.add(tail, addend);
  return {e, f, d.sub(half, tail)};
}

/// `result` where x is positive and finite, else what the logarithm is there.
static Value finishLogarithm(Arithmetic &d, Value x, Value result) {
  result = d.select(d.is(CmpFPredicate::OEQ, x, kInfinity), x, result);
  result = d.select(d.is(CmpFPredicate::OEQ, x, 0.0), d.constant(-kInfinity),
                    result);
  return d.select(d.is(CmpFPredicate::ULT, x, 0.0), d.notANumber(), result);
}

static Value naturalLogarithm(Arithmetic &d, Value x, Value addend = {}) {
  Logarithm l = reduceLogarithm(d, x, addend);
  Value low = d.sub(d.fma(l.e, -kLog2Low, l.rest), l.f);
  return finishLogarithm(d, x, d.fma(l.e, d.constant(kLog2High), d.neg(low)));
}

/// 1 ulp.
Value f64::log(Arithmetic &d, Value x) { return naturalLogarithm(d, x); }

/// 2 ulp.
Value f64::log2(Arithmetic &d, Value x) {
  Logarithm l = reduceLogarithm(d, x);
  Value logF = d.sub(l.f, l.rest);
  return finishLogarithm(d, x, d.fma(logF, d.constant(kLog2E), l.e));
}

/// 2 ulp.
Value f64::log10(Arithmetic &d, Value x) {
  Logarithm l = reduceLogarithm(d, x);
  Value logF = d.mul(d.sub(l.f, l.rest), 0.43429448190325182765);
  // log10(2) in two parts; the first is exact times e.
  Value low = d.fma(l.e, 3.69423907715893e-13, logF);
  return finishLogarithm(d, x, d.fma(l.e, d.constant(0.30102999566361177131), low));
}

/// log(u) with u = 1 + x rounded, plus what the rounding lost over u. 2 ulp.
Value f64::log1p(Arithmetic &d, Value x) {
  Value u = d.add(x, 1.0);
  Value large = d.is(CmpFPredicate::OGT, x, 1.0);
  Value lost = d.select(large, d.sub(d.constant(1.0), d.sub(u, x)),
                        d.sub(x, d.add(u, -1.0)));
  Value result = naturalLogarithm(d, u, d.div(lost, u));
  result = d.select(d.is(CmpFPredicate::OEQ, x, kInfinity), x, result);
  return d.select(d.is(CmpFPredicate::OLT, d.abs(x), 1e-17), x, result);
}

/// E / (E + 2), E = expm1(2 |x|). 3 ulp.
Value f64::tanh(Arithmetic &d, Value x) {
  Value magnitude = d.atMost(d.abs(x), 22.0);
  Value e = expm1(d, d.add(magnitude, magnitude));
  return d.withSign(d.div(e, d.add(e, 2.0)), x);
}

/// Through expm1: (E + E / (E + 1)) / 2; beyond 22 half of exp. 3 ulp.
Value f64::sinh(Arithmetic &d, Value x) {
  Value magnitude = d.abs(x);
  Value isLarge = d.is(CmpFPredicate::OGT, magnitude, 22.0);
  Value e = expm1(d, d.select(isLarge, d.constant(22.0), magnitude));
  Value mean = d.mul(d.add(e, d.div(e, d.add(e, 1.0))), 0.5);
  // exp(x / 2)^2 / 2 overflows where the result does.
  Value root = exp(d, d.mul(magnitude, 0.5));
  Value large = d.mul(d.mul(root, 0.5), root);
  return d.withSign(d.select(isLarge, large, mean), x);
}

/// h + 1 / (4 h) with h = exp(|x|) / 2, from exp(|x| / 2). 3 ulp.
Value f64::cosh(Arithmetic &d, Value x) {
  Value root = exp(d, d.mul(d.abs(x), 0.5));
  Value half = d.mul(d.mul(root, 0.5), root);
  return d.add(half, d.div(d.constant(0.25), half));
}

/// log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); beyond 2^28 log(2 |x|). 3 ulp.
Value f64::asinh(Arithmetic &d, Value x) {
  Value magnitude = d.abs(x);
  Value isLarge = d.is(CmpFPredicate::OGT, magnitude, 268435456.0);
  Value inner = d.select(isLarge, d.constant(1.0), magnitude);
  Value square = d.mul(inner, inner);
  Value root = d.add(d.sqrt(d.add(square, 1.0)), 1.0);
  Value small = log1p(d, d.add(inner, d.div(square, root)));
  Value large = d.add(log(d, magnitude), kLog2);
  return d.withSign(d.select(isLarge, large, small), x);
}

/// log1p(t + sqrt(2 t + t^2)) with t = x - 1; beyond 2^28 log(2 x). 3 ulp.
Value f64::acosh(Arithmetic &d, Value x) {
  Value isLarge = d.is(CmpFPredicate::OGT, x, 268435456.0);
  Value t = d.add(d.select(isLarge, d.constant(1.0), x), -1.0);
  Value small = log1p(d, d.add(t, d.sqrt(d.fma(t, t, d.add(t, t)))));
  Value large = d.add(log(d, x), kLog2);
  Value result = d.select(isLarge, large, small);
  return d.select(d.is(CmpFPredicate::OLT, x, 1.0), d.notANumber(), result);
}

/// log1p(2 x / (1 - x)) / 2. 3 ulp.
Value f64::atanh(Arithmetic &d, Value x) {
  Value magnitude = d.abs(x);
  Value quotient =
      d.div(d.add(magnitude, magnitude), d.sub(d.constant(1.0), magnitude));
  return d.withSign(d.mul(log1p(d, quotient), 0.5), x);
}

/// x + x p(x^2) for |x| <= 1.
static Value smallErf(Arithmetic &d, Value x) {
  Value p = d.polynomial(
      d.mul(x, x),
      {-4.222894088264442e-12, 8.703794249271535e-11, -1.216304501263035e-09,
       1.4792146609800904e-08, -1.6364614554744664e-07, 1.6462043420825595e-06,
       -1.492564746595645e-05, 0.00012055332899393882, -0.0008548327021854214,
       0.005223977625422104, -0.026866170645129736, 0.11283791670955119,
       -0.37612638903183754, 0.1283791670955126});
  return d.fma(p, x, x);
}

/// exp(-x^2) q(t) / (1 + 2 x), t = (x - 4) / (x + 4), for x >= 0; 2 minus that of
/// -x for others; 1 - erf up to 1/2. 4 ulp.
Value f64::erfc(Arithmetic &d, Value x, bool isShort) {
  Value magnitude = d.atMost(d.abs(x), 27.3);
  Value square = d.mul(magnitude, magnitude);
  Value lost = d.fma(magnitude, magnitude, d.neg(square));
  Value e = exp(d, d.neg(square), isShort);
  e = d.fma(d.neg(e), lost, e);
  Value t = d.div(d.add(magnitude, -4.0), d.add(magnitude, 4.0));
  static const double forSingle[] = {
      -0.0006419743876904249, -0.0011366108665242791, 0.005043407436460257,
      -0.016024312004446983,  0.03722190856933594,    -0.0663546621799469,
      0.09372131526470184,    -0.10103780776262283,   0.06809782981872559,
      0.015379629097878933,   -0.13962112367153168,   1.2329951524734497};
  static const double forDouble[] = {
      2.848806842814691e-10,  2.0900837404408285e-09,  1.708249828475099e-09,
      -1.6546942901893833e-08, -1.9121301132138655e-08, 1.1316845683835431e-07,
      7.701564869084133e-08,  -8.276516768540051e-07,  2.9168422351496257e-07,
      5.710707717245367e-06,  -1.122093246092041e-05,  -2.4399483115167772e-05,
      0.00015062132472024712, -0.00019925664807658147, -0.000757773217952033,
      0.005031969972979825,   -0.016197734066562927,   0.037167515537812224,
      -0.06633036581158536,   0.09373283499833662,     -0.10103906603632774,
      0.06809705425469297,    0.015379652102620081,    -0.13962111684056253,
      1.2329951186255526};
  Value q = d.polynomial(t, isShort ? ArrayRef(forSingle) : ArrayRef(forDouble));
  Value result = d.div(d.mul(e, q), d.fma(magnitude, 2.0, d.constant(1.0)));
  Value negative = d.is(CmpFPredicate::OLT, x, 0.0);
  result = d.select(negative, d.sub(d.constant(2.0), result), result);
  if (!isShort)
    result = d.select(d.is(CmpFPredicate::OLT, magnitude, 0.5),
                      d.sub(d.constant(1.0), smallErf(d, x)), result);
  return d.select(d.is(CmpFPredicate::UNO, x, x), x, result);
}

/// A polynomial in x^2 up to 1, then 1 - erfc. 2 ulp.
Value f64::erf(Arithmetic &d, Value x) {
  Value magnitude = d.abs(x);
  Value large = d.withSign(d.sub(d.constant(1.0), erfc(d, magnitude)), x);
  return d.select(d.is(CmpFPredicate::OLT, magnitude, 1.0), smallErf(d, x), large);
}

/// From the exponent, right to 3.5%; each step of Halley's method cubes the error.
Value f64::cbrt(Arithmetic &d, Value x, bool isShort) {
  Value magnitude = d.abs(x);
  Value tiny = d.is(CmpFPredicate::OLT, magnitude, 1e-290);
  Value huge = d.is(CmpFPredicate::OGT, magnitude, 1e290);
  double up = std::ldexp(1.0, 180), down = std::ldexp(1.0, -180);
  Value a = d.select(tiny, d.mul(magnitude, up), magnitude);
  a = d.select(huge, d.mul(magnitude, down), a);
  // The high word as a float, times 1/3, back to an integer.
  Value word = d.orI(d.srl(d.bits(a), 32), d.integer(0x4330000000000000));
  Value third = d.mul(d.add(d.fromBits(word), -4503599627370496.0), 1.0 / 3);
  Value rounded = d.bits(d.add(third, 4503599627370496.0));
  Value y = d.fromBits(d.shl(d.addI(rounded, d.integer(0x2a9f7893)), 32));
  for (int step = 0; step < (isShort ? 2 : 3); ++step) {
    Value cube = d.mul(d.mul(y, y), y);
    Value excess = d.div(d.sub(cube, a), d.fma(cube, 2.0, a));
    y = d.fma(d.neg(y), excess, y);
  }
  y = d.select(tiny, d.mul(y, std::ldexp(1.0, -60)), y);
  y = d.select(huge, d.mul(y, std::ldexp(1.0, 60)), y);
  Value special = d.either(d.is(CmpFPredicate::OEQ, x, 0.0),
                           d.is(CmpFPredicate::UGE, magnitude, kInfinity));
  return d.select(special, x, d.withSign(y, x));
}

/// 1 ulp.
Value f64::rsqrt(Arithmetic &d, Value x) {
  return d.div(d.constant(1.0), d.sqrt(x));
}

/// exp2(y log2 |x|) with the logarithm and the product in two parts each. 2 ulp.
Value f64::powf(Arithmetic &d, Value x, Value y) {
  Value magnitude = d.abs(x);
  Value tiny = d.is(CmpFPredicate::OLT, magnitude, 2.2250738585072014e-308);
  Value v = d.select(tiny, d.mul(magnitude, 18014398509481984.0), magnitude);
  Value reduced = d.subI(d.bits(v), d.integer(0x3fe6a09e667f3bcd));
  Value exponent = d.sra(reduced, 52);
  Value m = d.fromBits(d.subI(d.bits(v), d.shl(exponent, 52)));
  Value e = d.add(exponentAsFloat(d, exponent),
                  d.select(tiny, d.constant(-54.0), d.constant(0.0)));
  // log(m) = 2 atanh(s), s = (m - 1) / (m + 1) = s + rest.
  Value f = d.add(m, -1.0), sum = d.add(m, 1.0);
  Value sumRest = d.sub(m, d.add(sum, -1.0));
  Value s = d.div(f, sum);
  Value rest = d.fma(d.neg(s), sum, f);
  rest = d.div(d.fma(d.neg(s), sumRest, rest), sum);
  Value z = d.mul(s, s);
  SmallVector<double> series;
  for (int k = 12; k >= 1; --k)
    series.push_back(1.0 / (2 * k + 1));
  Value cubic = d.mul(d.mul(z, s), d.polynomial(z, series));
  // 2 log2(e) (s + rest + cubic), log2(e) in two parts.
  const double factor = 2.8853900817779268, factorRest = 4.0710547481862066e-17;
  Value high = d.mul(s, factor);
  Value low = d.fma(s, d.constant(factor), d.neg(high));
  low = d.fma(s, factorRest, low);
  low = d.fma(d.add(rest, cubic), factor, low);
  Value total = d.add(e, high);
  // e is 0 or larger than high.
  low = d.add(low, d.sub(high, d.sub(total, e)));
  Value rounded = d.add(total, low);
  low = d.add(d.sub(total, rounded), low);
  total = d.select(d.is(CmpFPredicate::OEQ, magnitude, 0.0),
                   d.constant(-kInfinity), rounded);
  Value infinite = d.is(CmpFPredicate::UGE, magnitude, kInfinity);
  total = d.select(infinite, magnitude, total);
  Value product = d.mul(y, total);
  Value productRest =
      d.fma(y, low, d.fma(y, total, d.neg(product)));
  Value inRange = d.is(CmpFPredicate::OLT, d.abs(product), 1e4);
  productRest = d.select(inRange, productRest, d.constant(0.0));
  Value t = d.atLeast(d.atMost(product, 1100.0), -1100.0);
  Value shifted = d.add(t, kRoundWide);
  Value fraction = d.add(d.sub(t, d.add(shifted, -kRoundWide)), productRest);
  Value p = d.add(smallExpm1(d, d.mul(fraction, kLog2)), 1.0);
  Value power = scaled(d, shifted, p);
  power = d.select(d.is(CmpFPredicate::UNO, t, t), t, power);
  return finishPower(d, x, y, power);
}
