//===- ApproximateMath.cpp - elementary functions without libdevice -------===//

#include "gdpa/Conversion/MathExpansion.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVAPPROXIMATEMATH
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;

namespace {

/// Emits f32 arithmetic on values of one type, scalar or vector.
class MathBuilder {
public:
  MathBuilder(PatternRewriter &rewriter, Operation *op)
      : rewriter(rewriter), loc(op->getLoc()), type(op->getResult(0).getType()) {}

  Value constant(double value) {
    TypedAttr scalar = rewriter.getFloatAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(
          rewriter, loc, DenseElementsAttr::get(vector, Attribute(scalar)));
    return arith::ConstantOp::create(rewriter, loc, scalar);
  }
  Value add(Value a, Value b) { return arith::AddFOp::create(rewriter, loc, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(rewriter, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(rewriter, loc, a, b); }
  Value div(Value a, Value b) { return arith::DivFOp::create(rewriter, loc, a, b, fast); }
  Value fma(Value a, Value b, Value c) { return math::FmaOp::create(rewriter, loc, a, b, c); }
  Value abs(Value a) { return math::AbsFOp::create(rewriter, loc, a); }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(rewriter, loc, predicate, a, b);
  }
  Value select(Value c, Value a, Value b) {
    return arith::SelectOp::create(rewriter, loc, c, a, b);
  }
  Value exp2(Value a) { return math::Exp2Op::create(rewriter, loc, a, fast); }
  Value log2(Value a) { return math::Log2Op::create(rewriter, loc, a, fast); }
  /// c[0] + c[1] x + ...
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = constant(coefficients.back());
    for (double c : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, constant(c));
    return sum;
  }

  static constexpr arith::FastMathFlags fast = arith::FastMathFlags::afn;
  PatternRewriter &rewriter;
  Location loc;
  Type type;
};

constexpr double kLog2E = 1.4426950408889634, kLn2 = 0.6931471805599453,
                 kLog10Of2 = 0.3010299956639812;

template <class Op> struct FastPattern : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const final {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "only f32");
    MathBuilder b(rewriter, op);
    Value value = expand(op, b);
    if (!value)
      return failure();
    rewriter.replaceOp(op, value);
    return success();
  }
  virtual Value expand(Op op, MathBuilder &b) const = 0;
};

struct FastExp : FastPattern<math::ExpOp> {
  using FastPattern::FastPattern;
  Value expand(math::ExpOp op, MathBuilder &b) const final {
    return b.exp2(b.mul(op.getOperand(), b.constant(kLog2E)));
  }
};

/// exp(x) - 1 loses all digits near 0: a polynomial there.
struct FastExpM1 : FastPattern<math::ExpM1Op> {
  using FastPattern::FastPattern;
  Value expand(math::ExpM1Op op, MathBuilder &b) const final {
    Value x = op.getOperand();
    Value far = b.sub(b.exp2(b.mul(x, b.constant(kLog2E))), b.constant(1));
    Value near = b.mul(
        x, b.polynomial(x, {1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720}));
    Value isNear = b.compare(arith::CmpFPredicate::OLT, b.abs(x), b.constant(0.5));
    return b.select(isNear, near, far);
  }
};

template <class Op> struct FastLog : FastPattern<Op> {
  using FastPattern<Op>::FastPattern;
  Value expand(Op op, MathBuilder &b) const final {
    Value log2 = b.log2(op.getOperand());
    return b.mul(log2, b.constant(std::is_same_v<Op, math::LogOp> ? kLn2
                                                                  : kLog10Of2));
  }
};

/// log(u) * x / (u - 1) with u = 1 + x undoes the rounding of u.
struct FastLog1p : FastPattern<math::Log1pOp> {
  using FastPattern::FastPattern;
  Value expand(math::Log1pOp op, MathBuilder &b) const final {
    Value x = op.getOperand(), one = b.constant(1);
    // Below 2^-4 lg2.approx is only absolutely exact.
    Value near = b.mul(
        x, b.polynomial(x, {1.0, -1.0 / 2, 1.0 / 3, -1.0 / 4, 1.0 / 5, -1.0 / 6}));
    Value far = b.mul(b.log2(b.add(one, x)), b.constant(kLn2));
    Value isNear =
        b.compare(arith::CmpFPredicate::OLT, b.abs(x), b.constant(0.0625));
    return b.select(isNear, near, far);
  }
};

/// x * q(x^2), fitted to the least relative error on [0, 2.875], where erf reaches
/// 1 - 4.8e-5; constant beyond. Relative error at most 1.2e-4 over all f32.
struct FastErf : FastPattern<math::ErfOp> {
  using FastPattern::FastPattern;
  Value expand(math::ErfOp op, MathBuilder &b) const final {
    Value low = b.constant(-2.875), high = b.constant(2.875);
    Value x = arith::MaximumFOp::create(
        b.rewriter, b.loc,
        arith::MinimumFOp::create(b.rewriter, b.loc, op.getOperand(), high), low);
    Value q = b.polynomial(
        b.mul(x, x),
        {1.1282994299652367, -0.37500091270074265, 0.11002966195257992,
         -0.024033741253160316, 0.0037241181244178465, -0.00037999207071524963,
         2.2531475943672608e-05, -5.818646247046644e-07});
    return b.mul(x, q);
  }
};

/// 1 + exp(-x) of `value`: x, else null.
Value matchLogisticDivisor(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  for (auto [one, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                            std::pair(sum.getRhs(), sum.getLhs())}) {
    auto exp = other.getDefiningOp<math::ExpOp>();
    if (!exp || !matchPattern(one, m_OneFloat()))
      continue;
    if (auto negated = exp.getOperand().getDefiningOp<arith::NegFOp>())
      return negated.getOperand();
  }
  return {};
}

/// exp(-x) of `value`, perhaps bounded from above so that it stays finite: x.
Value matchNegatedExp(Value value) {
  if (auto select = value.getDefiningOp<arith::SelectOp>()) {
    auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
    bool isBound = compare && compare.getLhs() == select.getFalseValue() &&
                   compare.getRhs() == select.getTrueValue() &&
                   (compare.getPredicate() == arith::CmpFPredicate::OGT ||
                    compare.getPredicate() == arith::CmpFPredicate::UGT);
    if (!isBound)
      return {};
    value = select.getFalseValue();
  }
  auto exp = value.getDefiningOp<math::ExpOp>();
  auto negated = exp ? exp.getOperand().getDefiningOp<arith::NegFOp>()
                     : arith::NegFOp();
  return negated ? negated.getOperand() : Value();
}

/// 1 / (1 + exp(-x)) = 1/2 + tanh(x/2)/2: one hardware function in place of two and
/// a division. The error is absolute, 2^-12; for large negative x the result is
/// below it, so that the relative error is not bounded.
struct FastLogistic : FastPattern<arith::DivFOp> {
  using FastPattern::FastPattern;
  Value expand(arith::DivFOp op, MathBuilder &b) const final {
    Value x = matchLogisticDivisor(op.getRhs());
    if (!x)
      return {};
    Value half = b.constant(0.5);
    Value t = math::TanhOp::create(b.rewriter, b.loc, b.mul(x, half),
                                   MathBuilder::fast);
    Value logistic = b.fma(t, half, half);
    if (matchPattern(op.getLhs(), m_OneFloat()))
      return logistic;
    return b.mul(op.getLhs(), logistic);
  }
};

/// exp(-x) times a product that has 1 / (1 + exp(-x)) as a factor: that factor
/// becomes 1 / (1 + exp(x)), which derivatives of the logistic function want. It
/// must run before FastLogistic has rewritten the division.
struct FastLogisticComplement : FastPattern<arith::MulFOp> {
  using FastPattern::FastPattern;
  Value expand(arith::MulFOp op, MathBuilder &b) const final {
    for (auto [product, exponential] :
         {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())})
      if (Value x = matchNegatedExp(exponential))
        if (Value result = complement(product, x, b))
          return result;
    return {};
  }

  static Value complement(Value product, Value x, MathBuilder &b,
                          unsigned depth = 0) {
    if (auto quotient = product.getDefiningOp<arith::DivFOp>();
        quotient && matchLogisticDivisor(quotient.getRhs()) == x) {
      Value half = b.constant(0.5);
      Value t = math::TanhOp::create(b.rewriter, b.loc, b.mul(x, half),
                                     MathBuilder::fast);
      Value other = b.fma(t, b.constant(-0.5), half);
      if (matchPattern(quotient.getLhs(), m_OneFloat()))
        return other;
      return b.mul(quotient.getLhs(), other);
    }
    auto factors = product.getDefiningOp<arith::MulFOp>();
    if (!factors || depth == 3)
      return {};
    if (Value right = complement(factors.getRhs(), x, b, depth + 1))
      return b.mul(factors.getLhs(), right);
    if (Value left = complement(factors.getLhs(), x, b, depth + 1))
      return b.mul(left, factors.getRhs());
    return {};
  }
};

/// Sine and cosine of the hardware are accurate in [-pi, pi].
template <class Op> struct FastTrigonometric : FastPattern<Op> {
  using FastPattern<Op>::FastPattern;
  Value expand(Op op, MathBuilder &b) const final {
    if (op.getFastmath() == MathBuilder::fast)
      return {};
    Value x = op.getOperand();
    Value turns = math::RoundEvenOp::create(
        b.rewriter, b.loc, b.mul(x, b.constant(0.15915494309189535)));
    // 2 pi in two parts.
    Value reduced = b.fma(turns, b.constant(-6.2831854820251465), x);
    reduced = b.fma(turns, b.constant(1.7484555314695172e-07), reduced);
    return Op::create(b.rewriter, b.loc, reduced, MathBuilder::fast);
  }
};

/// Their quotient.
struct FastTan : FastPattern<math::TanOp> {
  using FastPattern::FastPattern;
  Value expand(math::TanOp op, MathBuilder &b) const final {
    Value x = op.getOperand();
    return b.div(math::SinOp::create(b.rewriter, b.loc, x),
                 math::CosOp::create(b.rewriter, b.loc, x));
  }
};

struct FastRsqrt : FastPattern<math::RsqrtOp> {
  using FastPattern::FastPattern;
  Value expand(math::RsqrtOp op, MathBuilder &b) const final {
    if (op.getFastmath() == MathBuilder::fast)
      return {};
    return math::RsqrtOp::create(b.rewriter, b.loc, op.getOperand(),
                                 MathBuilder::fast);
  }
};

/// |x|^y through exp2 and log2; small whole constants by multiplication.
struct FastPow : FastPattern<math::PowFOp> {
  using FastPattern::FastPattern;
  Value expand(math::PowFOp op, MathBuilder &b) const final {
    Value x = op.getLhs(), y = op.getRhs();
    if (APFloat exponent(0.0f); matchPattern(y, m_ConstantFloat(&exponent))) {
      float value = exponent.convertToFloat();
      if (value == 0.5f)
        return math::SqrtOp::create(b.rewriter, b.loc, x, MathBuilder::fast);
      if (value == std::floor(value) && value >= 1 && value <= 8) {
        Value power;
        for (int bits = static_cast<int>(value); bits; bits >>= 1) {
          if (bits & 1)
            power = power ? b.mul(power, x) : x;
          x = b.mul(x, x);
        }
        return power;
      }
    }
    using P = arith::CmpFPredicate;
    Value zero = b.constant(0), one = b.constant(1);
    Value power = b.exp2(b.mul(y, b.log2(b.abs(x))));
    Value whole = math::FloorOp::create(b.rewriter, b.loc, y);
    Value half = b.mul(y, b.constant(0.5));
    Value isWhole = b.compare(P::OEQ, whole, y);
    Value isEven = b.compare(
        P::OEQ, math::FloorOp::create(b.rewriter, b.loc, half), half);
    Value negative = b.select(
        isWhole,
        b.select(isEven, power, arith::NegFOp::create(b.rewriter, b.loc, power)),
        b.constant(std::numeric_limits<double>::quiet_NaN()));
    Value result = b.select(b.compare(P::OLT, x, zero), negative, power);
    result = b.select(b.compare(P::OEQ, x, one), one, result);
    return b.select(b.compare(P::OEQ, y, zero), one, result);
  }
};

/// Marks what the hardware approximates directly, and sums that may take a product
/// without rounding it.
void markApproximations(Operation *root) {
  root->walk([](Operation *op) {
    auto flags = dyn_cast<arith::ArithFastMathInterface>(op);
    if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op))
      op->setAttr(flags.getFastMathAttrName(),
                  arith::FastMathFlagsAttr::get(
                      op->getContext(), flags.getFastMathFlagsAttr().getValue() |
                                            arith::FastMathFlags::contract));
    if (!flags || !isa<arith::DivFOp, math::TanhOp, math::Exp2Op, math::Log2Op,
                       math::SqrtOp>(op))
      return;
    if (!getElementTypeOrSelf(op->getResult(0).getType()).isF32())
      return;
    auto wanted = arith::FastMathFlags::afn;
    if (isa<arith::DivFOp>(op))
      wanted = wanted | arith::FastMathFlags::arcp;
    op->setAttr(flags.getFastMathAttrName(),
                arith::FastMathFlagsAttr::get(
                    op->getContext(),
                    flags.getFastMathFlagsAttr().getValue() | wanted));
  });
}

/// Whether PTX has an instruction, or LLVM a short sequence of them, for `op`.
bool isNative(Operation *op, bool fast) {
  if (isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
          math::CtPopOp, math::FloorOp, math::FmaOp, math::RoundOp,
          math::RoundEvenOp, math::SqrtOp, math::TruncOp>(op))
    return true;
  return fast && getElementTypeOrSelf(op->getResult(0).getType()).isF32() &&
         isa<math::TanhOp, math::Exp2Op, math::Log2Op, math::RsqrtOp,
             math::SinOp, math::CosOp>(op);
}

struct ApproximateMath
    : gdpa_nv::impl::GDPANVApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    auto precision = function->getAttrOfType<gdpa::PrecisionAttr>("precision");
    bool fast = !precision || precision.getValue() == gdpa::Precision::Fast;
    MLIRContext *context = &getContext();
    if (fast) { // before the divisions that it looks for are rewritten
      RewritePatternSet complements(context);
      complements.add<FastLogisticComplement>(context);
      if (failed(applyPatternsGreedily(function, std::move(complements))))
        return signalPassFailure();
    }
    RewritePatternSet patterns(context);
    if (fast) {
      patterns.add<FastLogistic>(context, /*benefit=*/3);
      patterns.add<FastExp, FastExpM1, FastLog<math::LogOp>, FastLog<math::Log10Op>,
                   FastLog1p, FastErf, FastTrigonometric<math::SinOp>,
                   FastTrigonometric<math::CosOp>, FastTan, FastPow>(context,
                                                            /*benefit=*/2);
    }
    // The rest as arithmetic; what the hardware computes exactly stays.
    gdpa::MathExpansionOptions expansion;
    expansion.fast = fast;
    expansion.filter = [fast](Operation *op) {
      return !isNative(op, fast);
    };
    gdpa::populateMathExpansionPatterns(patterns, expansion);
    math::populateExpansionPatterns(patterns, {"fpowi"});
    if (failed(applyPatternsGreedily(function, std::move(patterns))))
      return signalPassFailure();
    if (fast)
      markApproximations(function);
    // Anything else would be a call of libdevice.
    WalkResult result = function.walk([&](Operation *op) {
      if (isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
          !isNative(op, fast)) {
        op->emitOpError("expected a function that can be computed without "
                        "libdevice, found ")
            << op->getName() << " on " << op->getResult(0).getType();
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
