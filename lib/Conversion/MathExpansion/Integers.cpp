//===- Integers.cpp - integer operations without instructions of their own ===//

#include "Arithmetic.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Integer arithmetic on values of one type.
class Integers {
public:
  Integers(OpBuilder &builder, Location loc, Type type)
      : b(loc, builder), type(type) {}

  unsigned width() const {
    Type element = getElementTypeOrSelf(type);
    return element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  }
  Value constant(const APInt &value) {
    auto attribute = b.getIntegerAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(
          b, DenseElementsAttr::get(vector, Attribute(attribute)));
    return arith::ConstantOp::create(b, attribute);
  }
  Value constant(int64_t value) {
    return constant(APInt(width(), value, /*isSigned=*/true));
  }
  template <typename Op> Value apply(Value x, Value y) {
    return Op::create(b, x, y).getResult();
  }
  Value shiftLeft(Value x, int64_t n) {
    return apply<arith::ShLIOp>(x, constant(n));
  }
  Value shiftRight(Value x, int64_t n) {
    return apply<arith::ShRUIOp>(x, constant(n));
  }
  Value is(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, predicate, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Type like(Type element) const {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? Type(vector.clone(element)) : element;
  }

  ImplicitLocOpBuilder b;
  Type type;
};

template <typename Op> struct Expansion : OpRewritePattern<Op> {
  Expansion(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern<Op>(context), options(options) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const final {
    if (options.filter && !options.filter(op))
      return failure();
    rewrite(op, rewriter);
    return success();
  }
  virtual void rewrite(Op op, PatternRewriter &rewriter) const = 0;
  MathExpansionOptions options;
};

/// The carry is set where the sum is smaller than a term.
struct ExpandAddExtended : Expansion<arith::AddUIExtendedOp> {
  using Expansion::Expansion;
  void rewrite(arith::AddUIExtendedOp op, PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getSum().getType());
    Value sum = a.apply<arith::AddIOp>(op.getLhs(), op.getRhs());
    Value carry = a.is(arith::CmpIPredicate::ult, sum, op.getLhs());
    rewriter.replaceOp(op, {sum, carry});
  }
};

/// Both halves of the unsigned product from products of halves.
std::pair<Value, Value> multiply(Integers &a, Value x, Value y) {
  int64_t half = a.width() / 2;
  Value mask = a.constant(APInt::getLowBitsSet(a.width(), half));
  auto low = [&](Value v) { return a.apply<arith::AndIOp>(v, mask); };
  auto times = [&](Value u, Value v) { return a.apply<arith::MulIOp>(u, v); };
  auto plus = [&](Value u, Value v) { return a.apply<arith::AddIOp>(u, v); };
  Value x0 = low(x), x1 = a.shiftRight(x, half);
  Value y0 = low(y), y1 = a.shiftRight(y, half);
  Value middle = plus(times(x1, y0), a.shiftRight(times(x0, y0), half));
  Value other = plus(times(x0, y1), low(middle));
  Value high = plus(times(x1, y1), plus(a.shiftRight(middle, half),
                                        a.shiftRight(other, half)));
  return {times(x, y), high};
}

struct ExpandMulUnsigned : Expansion<arith::MulUIExtendedOp> {
  using Expansion::Expansion;
  void rewrite(arith::MulUIExtendedOp op, PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getLow().getType());
    auto [low, high] = multiply(a, op.getLhs(), op.getRhs());
    rewriter.replaceOp(op, {low, high});
  }
};

/// A negative factor stands for 2^width less: the other one goes off the high half.
struct ExpandMulSigned : Expansion<arith::MulSIExtendedOp> {
  using Expansion::Expansion;
  void rewrite(arith::MulSIExtendedOp op, PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getLow().getType());
    Value x = op.getLhs(), y = op.getRhs(), zero = a.constant(0);
    auto [low, high] = multiply(a, x, y);
    for (auto [factor, other] : {std::pair(x, y), std::pair(y, x)}) {
      Value negative = a.is(arith::CmpIPredicate::slt, factor, zero);
      high = a.apply<arith::SubIOp>(high, a.select(negative, other, zero));
    }
    rewriter.replaceOp(op, {low, high});
  }
};

/// The number of ones below the lowest one.
struct ExpandTrailingZeros : Expansion<math::CountTrailingZerosOp> {
  using Expansion::Expansion;
  void rewrite(math::CountTrailingZerosOp op,
               PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getType());
    Value x = op.getOperand(), ones = a.constant(-1);
    Value below = a.apply<arith::AndIOp>(a.apply<arith::XOrIOp>(x, ones),
                                         a.apply<arith::AddIOp>(x, ones));
    rewriter.replaceOpWithNewOp<math::CtPopOp>(op, below);
  }
};

/// The width less the number of ones once every bit below the highest one is set.
struct ExpandLeadingZeros : Expansion<math::CountLeadingZerosOp> {
  using Expansion::Expansion;
  void rewrite(math::CountLeadingZerosOp op,
               PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getType());
    Value x = op.getOperand();
    for (unsigned n = 1; n < a.width(); n *= 2)
      x = a.apply<arith::OrIOp>(x, a.shiftRight(x, n));
    Value ones = math::CtPopOp::create(a.b, x);
    rewriter.replaceOpWithNewOp<arith::SubIOp>(op, a.constant(a.width()), ones);
  }
};

/// By squaring. A negative exponent leaves 1 / base: zero, unless the base is 1 or
/// -1 (or 0, where it has no meaning).
struct ExpandIntegerPower : Expansion<math::IPowIOp> {
  using Expansion::Expansion;
  void rewrite(math::IPowIOp op, PatternRewriter &rewriter) const final {
    Integers a(rewriter, op.getLoc(), op.getType());
    Value base = op.getLhs(), exponent = op.getRhs();
    Value zero = a.constant(0), one = a.constant(1), power = one;
    for (unsigned bit = 0; bit < a.width(); ++bit) {
      Value isSet = a.apply<arith::AndIOp>(a.shiftRight(exponent, bit), one);
      Value factor = a.select(a.is(arith::CmpIPredicate::ne, isSet, zero), base, one);
      power = a.apply<arith::MulIOp>(power, factor);
      if (bit + 1 < a.width())
        base = a.apply<arith::MulIOp>(base, base);
    }
    // 1^n and (-1)^n come out right for negative n, too: n modulo 2^width.
    Value isUnit = a.apply<arith::OrIOp>(
        a.is(arith::CmpIPredicate::eq, op.getLhs(), one),
        a.is(arith::CmpIPredicate::eq, op.getLhs(), a.constant(-1)));
    Value vanishes = arith::AndIOp::create(
        a.b, a.is(arith::CmpIPredicate::slt, exponent, zero),
        a.is(arith::CmpIPredicate::ne, a.select(isUnit, one, zero), one));
    rewriter.replaceOp(op, a.select(vanishes, zero, power));
  }
};

/// Comparisons of the magnitude.
template <typename Op> struct ExpandClassification : Expansion<Op> {
  using Expansion<Op>::Expansion;
  void rewrite(Op op, PatternRewriter &rewriter) const final {
    Location loc = op.getLoc();
    Value x = op.getOperand();
    Type type = x.getType();
    auto element = cast<FloatType>(getElementTypeOrSelf(type));
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    auto constant = [&](const APFloat &value) -> Value {
      TypedAttr attribute = FloatAttr::get(element, value);
      if (auto vector = dyn_cast<VectorType>(type))
        attribute = DenseElementsAttr::get(vector, Attribute(attribute));
      return arith::ConstantOp::create(rewriter, loc, attribute);
    };
    auto is = [&](arith::CmpFPredicate predicate, Value value,
                  const APFloat &other) -> Value {
      return arith::CmpFOp::create(rewriter, loc, predicate, value,
                                   constant(other));
    };
    Value magnitude = math::AbsFOp::create(rewriter, loc, x);
    APFloat infinity = APFloat::getInf(semantics);
    Value result;
    if constexpr (std::is_same_v<Op, math::IsNaNOp>)
      result = arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, x, x);
    else if constexpr (std::is_same_v<Op, math::IsInfOp>)
      result = is(arith::CmpFPredicate::OEQ, magnitude, infinity);
    else
      result = is(arith::CmpFPredicate::OLT, magnitude, infinity);
    if constexpr (std::is_same_v<Op, math::IsNormalOp>)
      result = arith::AndIOp::create(
          rewriter, loc, result,
          is(arith::CmpFPredicate::OGE, magnitude,
             APFloat::getSmallestNormalized(semantics)));
    rewriter.replaceOp(op, result);
  }
};

} // namespace

void gdpa::populateExtendedIntegerPatterns(RewritePatternSet &patterns,
                                           const MathExpansionOptions &options) {
  patterns.add<ExpandAddExtended, ExpandMulUnsigned, ExpandMulSigned>(
      patterns.getContext(), options);
}

void gdpa::populateIntegerExpansionPatterns(RewritePatternSet &patterns,
                                            const MathExpansionOptions &options) {
  populateExtendedIntegerPatterns(patterns, options);
  patterns.add<ExpandTrailingZeros, ExpandLeadingZeros, ExpandIntegerPower,
               ExpandClassification<math::IsNaNOp>,
               ExpandClassification<math::IsInfOp>,
               ExpandClassification<math::IsFiniteOp>,
               ExpandClassification<math::IsNormalOp>>(patterns.getContext(),
                                                       options);
}
