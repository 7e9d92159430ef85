//===- MathRules.cpp - derivatives of math operations ---------------------===//
//
// Where a derivative can be had from the result, it is: one elementary function
// less for every score.
//
//===----------------------------------------------------------------------===//

#include "RuleModel.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa;
using arith::CmpFPredicate;
using namespace llvm::numbers;

//===----------------------------------------------------------------------===//
// Exponentials and logarithms
//===----------------------------------------------------------------------===//

/// -|x| and -x^2 are never positive: their exponential does not overflow.
static bool isNeverPositive(Value exponent) {
  auto negation = exponent.getDefiningOp<arith::NegFOp>();
  if (!negation)
    return false;
  auto square = negation.getOperand().getDefiningOp<arith::MulFOp>();
  return negation.getOperand().getDefiningOp<math::AbsFOp>() ||
         (square && square.getLhs() == square.getRhs());
}

/// exp(x) where it did not overflow, else the largest number: what multiplies
/// it is zero there more often than not (1 / (1 + exp(-x)),
/// tanh(log1p(exp(x)))), and zero times infinity would spoil a gradient that is
/// zero. NaN stays.
static Scalar boundOverflow(VJPBuilder &vjp, Scalar exponential) {
  if (isNeverPositive(vjp.getOp()->getOperand(0)))
    return exponential;
  APFloat largest =
      APFloat::getLargest(exponential.getType().getFloatSemantics());
  Scalar bound(vjp.getBuilder(), vjp.getLoc(),
               arith::ConstantOp::create(
                   vjp.getBuilder(), vjp.getLoc(),
                   FloatAttr::get(exponential.getType(), largest)));
  return vjp.select(exponential.compare(CmpFPredicate::OGT, bound), bound,
                    exponential);
}

static void rule(math::ExpOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() * boundOverflow(vjp, vjp.getResult()));
}
static void rule(math::Exp2Op, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() *
                          (ln2 * boundOverflow(vjp, vjp.getResult())));
}
static void rule(math::ExpM1Op, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() *
                          boundOverflow(vjp, 1.0 + vjp.getResult()));
}
static void rule(math::LogOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() / vjp.getOperand(0));
}
static void rule(math::Log2Op, VJPBuilder &vjp) {
  vjp.addCotangent(0, log2e * vjp.getCotangent() / vjp.getOperand(0));
}
static void rule(math::Log10Op, VJPBuilder &vjp) {
  vjp.addCotangent(0, log10e * vjp.getCotangent() / vjp.getOperand(0));
}
static void rule(math::Log1pOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() / (1.0 + vjp.getOperand(0)));
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

static void rule(math::SqrtOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, 0.5 * vjp.getCotangent() / vjp.getResult());
}
static void rule(math::RsqrtOp, VJPBuilder &vjp) {
  Scalar y = vjp.getResult();
  vjp.addCotangent(0, vjp.getCotangent() * (-0.5 * (y * y * y)));
}
static void rule(math::CbrtOp, VJPBuilder &vjp) {
  Scalar y = vjp.getResult();
  vjp.addCotangent(0, vjp.getCotangent() / (3.0 * (y * y)));
}

static void rule(math::PowFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  Scalar base = vjp.getOperand(0), exponent = vjp.getOperand(1);
  // d/dx x^c = c x^(c-1); x^0 is constant, at x = 0 too, where 0 * x^-1 is NaN.
  if (std::optional<double> c = exponent.getConstant()) {
    if (*c == 1.0)
      vjp.addCotangent(0, ct);
    else if (*c == 2.0)
      vjp.addCotangent(0, ct * (2.0 * base));
    else if (*c == 3.0)
      vjp.addCotangent(0, ct * (3.0 * (base * base)));
    else if (*c != 0.0)
      vjp.addCotangent(
          0, ct * (*c * base.apply<math::PowFOp>(base.constant(*c - 1.0))));
  } else {
    Value isCurved = exponent.compare(CmpFPredicate::UNE, 0.0);
    vjp.addCotangentIf(
        0, isCurved,
        ct * (exponent * base.apply<math::PowFOp>(exponent - 1.0)));
  }
  // d/dc x^c = x^c log x, whose limit at x = 0, c > 0 is 0.
  if (!vjp.isWanted(vjp.getOp()->getOperand(1)))
    return;
  Scalar y = vjp.getResult();
  vjp.addCotangentIf(1, y.compare(CmpFPredicate::UNE, 0.0),
                     ct * (y * base.apply<math::LogOp>()));
}

static void rule(math::FPowIOp op, VJPBuilder &vjp) {
  OpBuilder &builder = vjp.getBuilder();
  Scalar ct = vjp.getCotangent(), base = vjp.getOperand(0);
  Type intType = op.getRhs().getType();
  Value one = arith::ConstantOp::create(builder, vjp.getLoc(),
                                        builder.getIntegerAttr(intType, 1));
  Value zero = arith::ConstantOp::create(builder, vjp.getLoc(),
                                         builder.getIntegerAttr(intType, 0));
  Value lowered =
      arith::SubIOp::create(builder, vjp.getLoc(), op.getRhs(), one);
  Scalar power(builder, vjp.getLoc(),
               math::FPowIOp::create(builder, vjp.getLoc(), base, lowered));
  Scalar factor(builder, vjp.getLoc(),
                arith::SIToFPOp::create(builder, vjp.getLoc(), base.getType(),
                                        op.getRhs()));
  Value isCurved = arith::CmpIOp::create(
      builder, vjp.getLoc(), arith::CmpIPredicate::ne, op.getRhs(), zero);
  vjp.addCotangentIf(0, isCurved, ct * (factor * power));
}

//===----------------------------------------------------------------------===//
// Trigonometric and hyperbolic functions
//===----------------------------------------------------------------------===//

static void rule(math::SinOp, VJPBuilder &vjp) {
  vjp.addCotangent(0,
                   vjp.getCotangent() * vjp.getOperand(0).apply<math::CosOp>());
}
static void rule(math::CosOp, VJPBuilder &vjp) {
  vjp.addCotangent(
      0, -(vjp.getCotangent() * vjp.getOperand(0).apply<math::SinOp>()));
}
static void rule(math::SincosOp, VJPBuilder &vjp) {
  if (Scalar ct = vjp.getCotangent(0))
    vjp.addCotangent(0, ct * vjp.getResult(1));
  if (Scalar ct = vjp.getCotangent(1))
    vjp.addCotangent(0, -(ct * vjp.getResult(0)));
}
static void rule(math::TanOp, VJPBuilder &vjp) {
  Scalar y = vjp.getResult();
  vjp.addCotangent(0, vjp.getCotangent() * (1.0 + y * y));
}
// (1 - x)(1 + x) does not cancel near 1 as 1 - x*x does.
static Scalar oneMinusSquare(Scalar x) { return (1.0 - x) * (1.0 + x); }

static void rule(math::AsinOp, VJPBuilder &vjp) {
  Scalar root = oneMinusSquare(vjp.getOperand(0)).apply<math::SqrtOp>();
  vjp.addCotangent(0, vjp.getCotangent() / root);
}
static void rule(math::AcosOp, VJPBuilder &vjp) {
  Scalar root = oneMinusSquare(vjp.getOperand(0)).apply<math::SqrtOp>();
  vjp.addCotangent(0, -(vjp.getCotangent() / root));
}
static void rule(math::AtanOp, VJPBuilder &vjp) {
  Scalar x = vjp.getOperand(0);
  vjp.addCotangent(0, vjp.getCotangent() / (1.0 + x * x));
}
static void rule(math::Atan2Op, VJPBuilder &vjp) {
  Scalar y = vjp.getOperand(0), x = vjp.getOperand(1);
  Scalar scaled = vjp.getCotangent() / (x * x + y * y);
  vjp.addCotangent(0, scaled * x);
  vjp.addCotangent(1, -(scaled * y));
}
static void rule(math::SinhOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() *
                          vjp.getOperand(0).apply<math::CoshOp>());
}
static void rule(math::CoshOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() *
                          vjp.getOperand(0).apply<math::SinhOp>());
}
static void rule(math::TanhOp, VJPBuilder &vjp) {
  Scalar y = vjp.getResult();
  vjp.addCotangent(0, vjp.getCotangent() * (1.0 - y * y));
}
static void rule(math::AsinhOp, VJPBuilder &vjp) {
  Scalar x = vjp.getOperand(0);
  vjp.addCotangent(0, vjp.getCotangent() / (1.0 + x * x).apply<math::SqrtOp>());
}
static void rule(math::AcoshOp, VJPBuilder &vjp) {
  Scalar x = vjp.getOperand(0);
  Scalar root = ((x - 1.0) * (x + 1.0)).apply<math::SqrtOp>();
  vjp.addCotangent(0, vjp.getCotangent() / root);
}
static void rule(math::AtanhOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() / oneMinusSquare(vjp.getOperand(0)));
}

//===----------------------------------------------------------------------===//
// Error function
//===----------------------------------------------------------------------===//

/// 2 / sqrt(pi) exp(-x^2)
static Scalar gaussian(Scalar x) {
  return 2.0 * inv_sqrtpi * (-(x * x)).apply<math::ExpOp>();
}
static void rule(math::ErfOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent() * gaussian(vjp.getOperand(0)));
}
static void rule(math::ErfcOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, -(vjp.getCotangent() * gaussian(vjp.getOperand(0))));
}

//===----------------------------------------------------------------------===//
// Signs, bounds, fused products
//===----------------------------------------------------------------------===//

static void rule(math::AbsFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent(), x = vjp.getOperand(0);
  Value isNegative = x.compare(CmpFPredicate::OLT, 0.0);
  vjp.addCotangentIf(0, x.compare(CmpFPredicate::UNE, 0.0),
                     vjp.select(isNegative, -ct, ct));
}

// |magnitude| with a sign: at 0 as absf.
static void rule(math::CopySignOp, VJPBuilder &vjp) {
  Scalar magnitude = vjp.getOperand(0), sign = vjp.getOperand(1);
  Scalar one = magnitude.constant(1.0);
  Scalar factor = one.apply<math::CopySignOp>(magnitude) *
                  one.apply<math::CopySignOp>(sign);
  vjp.addCotangentIf(0, magnitude.compare(CmpFPredicate::UNE, 0.0),
                     vjp.getCotangent() * factor);
}

// On the closed interval the value passes; outside, the bound that holds.
static void rule(math::ClampFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  Scalar x = vjp.getOperand(0), low = vjp.getOperand(1),
         high = vjp.getOperand(2);
  vjp.addCotangentIf(
      0,
      {x.compare(CmpFPredicate::UGE, low), x.compare(CmpFPredicate::ULE, high)},
      ct);
  vjp.addCotangentIf(1, x.compare(CmpFPredicate::OLT, low), ct);
  vjp.addCotangentIf(2, x.compare(CmpFPredicate::OGT, high), ct);
}

static void rule(math::FmaOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  vjp.addCotangent(0, ct * vjp.getOperand(1));
  vjp.addCotangent(1, ct * vjp.getOperand(0));
  vjp.addCotangent(2, ct);
}

template <typename... Ops> static void attach(MLIRContext *context) {
  (Ops::template attachInterface<RuleModel<Ops, &rule>>(*context), ...);
}

void gdpa::registerMathRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attach<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp, math::Log2Op,
           math::Log10Op, math::Log1pOp, math::SqrtOp, math::RsqrtOp,
           math::CbrtOp, math::PowFOp, math::FPowIOp, math::SinOp, math::CosOp,
           math::SincosOp, math::TanOp, math::AsinOp, math::AcosOp,
           math::AtanOp, math::Atan2Op, math::SinhOp, math::CoshOp,
           math::TanhOp, math::AsinhOp, math::AcoshOp, math::AtanhOp,
           math::ErfOp, math::ErfcOp, math::AbsFOp, math::CopySignOp,
           math::ClampFOp, math::FmaOp>(context);
    attachZeroRules<math::FloorOp, math::CeilOp, math::RoundOp,
                    math::RoundEvenOp, math::TruncOp, math::IsFiniteOp,
                    math::IsInfOp, math::IsNaNOp, math::IsNormalOp>(context);
  });
}
