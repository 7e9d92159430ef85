//===- SingleTrigonometric.cpp - angles of f32 ----------------------------===//

#include "Arithmetic.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa::expansion;

/// r and n of x = n pi/2 + r, |r| <= pi/4; n modulo 4 counts. Up to 2^15 pi/2 is
/// subtracted in three parts; beyond, x 2/pi modulo 4 comes from an integer
/// product with the right bits of 2/pi. `isWide`: r in f64, good to 2^-50.
std::pair<Value, Value> Arithmetic::reduceAngle(Value x, bool isWide) {
  Value magnitude = abs(x);
  Value shifted = fma(x, 0.6366197723675814, kRound);
  Value n = sub(shifted, constant(kRound));
  Value r = fma(n, -1.5707963705062866, x);
  r = fma(n, 4.371138828673793e-08, r);
  r = fma(n, 1.715124510005882e-15, r);
  Arithmetic angles = isWide ? wide() : *this;
  if (isWide) {
    Value count = extend(n, angles.type);
    r = angles.fma(count, -1.5707963267948966, extend(x, angles.type));
    r = angles.fma(count, -6.123233995736766e-17, r);
  }
  Value quadrant = bits(shifted);

  Value isLarge = is(CmpFPredicate::OGT, magnitude, 51471.0);
  Value any = isLarge;
  // Row by row: every target lowers that.
  while (isa<VectorType>(any.getType()) &&
         cast<VectorType>(any.getType()).getRank() > 1) {
    Value part;
    for (int64_t row = 0; row < cast<VectorType>(any.getType()).getDimSize(0);
         ++row) {
      Value next = vector::ExtractOp::create(b, any, row);
      part = part ? either(part, next) : next;
    }
    any = part;
  }
  if (isa<VectorType>(any.getType()))
    any = vector::ReductionOp::create(b, vector::CombiningKind::OR, any);
  auto choice =
      scf::IfOp::create(b, TypeRange{angles.type, integerType}, any, /*withElseRegion=*/true);
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
    Value large = isWide ? angle : wide.narrow(angle, type);
    Value largeQuadrant =
        arith::TruncIOp::create(b, integerType, quadrant64);
    // The sign of x turns both around.
    Value isNegative = is(CmpIPredicate::slt, bits(x), integer(0));
    large = select(isNegative, neg(large), large);
    largeQuadrant = select(isNegative, subI(integer(0), largeQuadrant), largeQuadrant);
    scf::YieldOp::create(b, ValueRange{select(isLarge, large, r),
                                       select(isLarge, largeQuadrant, quadrant)});
  }
  return {choice.getResult(0), choice.getResult(1)};
}

/// Both cost little more than one. 1.6 ulp, for every f32.
std::pair<Value, Value> Arithmetic::sineAndCosine(Value x) {
  auto [r, quadrant] = reduceAngle(x);
  Value square = mul(r, r);
  Value s = fma(mul(polynomial(square, {2.718308678595349e-06, -0.0001983933470910415,
                                        0.008333329111337662, -0.1666666716337204}),
                    square),
                r, r);
  Value c = polynomial(square, {2.443842458887957e-05, -0.001388736767694354,
                                0.04166664555668831, -0.5, 1.0});
  Value infinite = is(CmpFPredicate::UGE, abs(x), kInfinity); // or NaN
  auto inQuadrant = [&](Value n) {
    Value odd = is(CmpIPredicate::ne, andI(n, integer(1)), integer(0));
    Value result = select(odd, c, s);
    Value negative = is(CmpIPredicate::ne, andI(n, integer(2)), integer(0));
    return select(infinite, sub(x, x), select(negative, neg(result), result));
  };
  Value sine = inQuadrant(quadrant);
  // -0 stays.
  return {select(is(CmpFPredicate::OEQ, x, 0.0), x, sine),
          inQuadrant(addI(quadrant, integer(1)))};
}

/// tan r or -1 / tan r, in f64: 0.51 ulp.
Value Arithmetic::tan(Value x) {
  auto [r, quadrant] = reduceAngle(x, /*isWide=*/true);
  Arithmetic d = wide();
  Value square = d.mul(r, r);
  Value p = d.polynomial(square, {0.004376925062388182, 8.852212340570986e-05,
                                  0.010836340487003326, 0.021282101050019264,
                                  0.05405991151928902, 0.13332663476467133,
                                  0.33333349227905273});
  Value tangent = d.fma(d.mul(square, r), p, r);
  Value odd = is(CmpIPredicate::ne, andI(quadrant, integer(1)), integer(0));
  tangent = d.div(d.select(odd, d.constant(-1.0), tangent),
                  d.select(odd, tangent, d.constant(1.0)));
  Value result = narrow(tangent, type);
  result = select(is(CmpFPredicate::OEQ, x, 0.0), x, result);
  return select(is(CmpFPredicate::UGE, abs(x), kInfinity), sub(x, x), result);
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
