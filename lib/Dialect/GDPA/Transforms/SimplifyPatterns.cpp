//===- SimplifyPatterns.cpp - rewrites that change rounding ---------------===//

#include "SimplifyPatterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace {

std::optional<double> getConstant(Value value) {
  APFloat number(0.0);
  if (!value || !matchPattern(value, m_ConstantFloat(&number)))
    return std::nullopt;
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

bool isConstant(Value value, double number) { return getConstant(value) == number; }

Value makeConstant(OpBuilder &builder, Location loc, Type type, double value) {
  return arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, value));
}

/// Finite in f32 and no denormal, so that products with it lose nothing.
bool isModerate(double value) {
  return std::fabs(value) > 1e-30 && std::fabs(value) < 1e30;
}

/// The other operand of a commutative operation with a constant one.
std::pair<Value, std::optional<double>> splitConstant(Operation *op) {
  for (unsigned index : {0u, 1u})
    if (std::optional<double> constant = getConstant(op->getOperand(index)))
      return {op->getOperand(1 - index), constant};
  return {Value(), std::nullopt};
}

bool isNeverNegative(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<math::ExpOp, math::Exp2Op, math::AbsFOp, math::SqrtOp>(op))
    return true;
  auto product = dyn_cast_or_null<arith::MulFOp>(op);
  return product && product.getLhs() == product.getRhs();
}

/// Whether `value` is at least 1e-30, or NaN: a positive constant plus what is never
/// negative.
bool isAboveDenormals(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  auto [other, constant] = splitConstant(sum);
  return constant && *constant > 1e-30 && isNeverNegative(other);
}

//===----------------------------------------------------------------------===//
// Constant factors
//===----------------------------------------------------------------------===//

/// x as y * c: a product with a constant, or a negation.
std::pair<Value, std::optional<double>> asScaled(Value value) {
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    auto [other, constant] = splitConstant(product);
    if (constant && isModerate(*constant))
      return {other, constant};
  }
  return {Value(), std::nullopt};
}

/// (x * c) * d = x * (c d), (x * c) * y = (x * y) * c, where x * c has no other use.
struct GatherFactors : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    for (unsigned index : {0u, 1u}) {
      Value self = op->getOperand(index), other = op->getOperand(1 - index);
      auto [inner, factor] = asScaled(self);
      if (!inner || op.getLhs() == op.getRhs())
        continue;
      if (std::optional<double> constant = getConstant(other)) {
        double product = *factor * *constant;
        if (!isModerate(product))
          continue;
        rewriter.replaceOpWithNewOp<arith::MulFOp>(
            op, inner, makeConstant(rewriter, loc, op.getType(), product));
        return success();
      }
      if (!self.hasOneUse())
        continue;
      Value product = arith::MulFOp::create(rewriter, loc, inner, other);
      rewriter.replaceOpWithNewOp<arith::MulFOp>(
          op, product, makeConstant(rewriter, loc, op.getType(), *factor));
      return success();
    }
    return failure();
  }
};

/// x / c = x * (1 / c).
struct DivideByConstant : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> divisor = getConstant(op.getRhs());
    if (!divisor || !isModerate(*divisor) || getConstant(op.getLhs()))
      return failure();
    rewriter.replaceOpWithNewOp<arith::MulFOp>(
        op, op.getLhs(),
        makeConstant(rewriter, op.getLoc(), op.getType(), 1 / *divisor));
    return success();
  }
};

/// -(x * c) = x * -c.
struct NegateScaled : OpRewritePattern<arith::NegFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::NegFOp op,
                                PatternRewriter &rewriter) const override {
    auto [inner, factor] = asScaled(op.getOperand());
    if (!inner || !op.getOperand().hasOneUse())
      return failure();
    rewriter.replaceOpWithNewOp<arith::MulFOp>(
        op, inner, makeConstant(rewriter, op.getLoc(), op.getType(), -*factor));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

Value makePower(PatternRewriter &rewriter, Location loc, Value base, int64_t exponent) {
  Value power, square = base;
  for (uint64_t bits = std::abs(exponent); bits; bits >>= 1) {
    if (bits & 1)
      power = power ? Value(arith::MulFOp::create(rewriter, loc, power, square)) : square;
    if (bits > 1)
      square = arith::MulFOp::create(rewriter, loc, square, square);
  }
  if (exponent < 0)
    power = arith::DivFOp::create(
        rewriter, loc, makeConstant(rewriter, loc, base.getType(), 1), power);
  return power;
}

/// x^n for whole n from -4 to 8, 0 left to folding.
template <typename Op> struct PowerToProduct : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    int64_t exponent = 0;
    if constexpr (std::is_same_v<Op, math::PowFOp>) {
      std::optional<double> constant = getConstant(op.getRhs());
      if (!constant || *constant != std::floor(*constant) || std::fabs(*constant) > 8)
        return failure();
      exponent = *constant;
    } else {
      APInt constant;
      if (!matchPattern(op.getRhs(), m_ConstantInt(&constant)) ||
          constant.getSignificantBits() > 8)
        return failure();
      exponent = constant.getSExtValue();
    }
    if (exponent == 0 || exponent < -4 || exponent > 8)
      return failure();
    rewriter.replaceOp(op, makePower(rewriter, op.getLoc(), op.getLhs(), exponent));
    return success();
  }
};

/// (x * s) * s = x * s^2, where s^2 is there already.
struct GatherSquare : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned index : {0u, 1u}) {
      auto inner = op->getOperand(index).getDefiningOp<arith::MulFOp>();
      Value s = op->getOperand(1 - index);
      if (!inner || !inner->hasOneUse() || inner.getLhs() == inner.getRhs())
        continue;
      Value x = inner.getLhs() == s   ? inner.getRhs()
                : inner.getRhs() == s ? inner.getLhs()
                                      : Value();
      if (!x)
        continue;
      for (Operation *user : s.getUsers())
        if (auto square = dyn_cast<arith::MulFOp>(user);
            square && square.getLhs() == s && square.getRhs() == s &&
            square->getBlock() == op->getBlock() && square->isBeforeInBlock(op)) {
          rewriter.replaceOpWithNewOp<arith::MulFOp>(op, x, square);
          return success();
        }
    }
    return failure();
  }
};

/// (a + c x) + d x = a + (c + d) x.
struct GatherSummands : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    for (unsigned index : {0u, 1u}) {
      auto inner = op->getOperand(index).getDefiningOp<arith::AddFOp>();
      if (!inner || !inner->hasOneUse() || inner.getLhs() == inner.getRhs())
        continue;
      auto [x, factor] = split(op->getOperand(1 - index));
      for (unsigned position : {0u, 1u}) {
        auto [base, other] = split(inner->getOperand(position));
        if (base != x || !isModerate(factor + other))
          continue;
        Value scaled = arith::MulFOp::create(
            rewriter, loc, x,
            makeConstant(rewriter, loc, x.getType(), factor + other));
        rewriter.replaceOpWithNewOp<arith::AddFOp>(
            op, inner->getOperand(1 - position), scaled);
        return success();
      }
    }
    return failure();
  }
  static std::pair<Value, double> split(Value value) {
    auto [base, factor] = asScaled(value);
    return base ? std::pair(base, *factor) : std::pair(value, 1.0);
  }
};

//===----------------------------------------------------------------------===//
// Quotients and logistic functions
//===----------------------------------------------------------------------===//

/// How many quotients have the divisor.
int64_t countDivisions(Value divisor) {
  return llvm::count_if(divisor.getUsers(), [&](Operation *user) {
    auto quotient = dyn_cast<arith::DivFOp>(user);
    return quotient && quotient.getRhs() == divisor && !quotient->use_empty();
  });
}

/// x / d and y / d = x * (1 / d) and y * (1 / d).
struct ShareDivision : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    Value divisor = op.getRhs();
    if (isConstant(op.getLhs(), 1) || !isAboveDenormals(divisor))
      return failure();
    Operation *first = op;
    int count = 0;
    for (Operation *user : divisor.getUsers()) {
      auto quotient = dyn_cast<arith::DivFOp>(user);
      if (!quotient || quotient.getRhs() != divisor || quotient->use_empty() ||
          quotient->getBlock() != op->getBlock())
        continue;
      ++count;
      if (quotient->isBeforeInBlock(first))
        first = quotient;
    }
    if (count < 2)
      return failure();
    Location loc = op.getLoc();
    Value reciprocal;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(first);
      for (Operation *user : divisor.getUsers())
        if (auto quotient = dyn_cast<arith::DivFOp>(user);
            quotient && quotient.getRhs() == divisor &&
            quotient->getBlock() == op->getBlock() &&
            isConstant(quotient.getLhs(), 1) && quotient->isBeforeInBlock(op))
          reciprocal = quotient;
      if (!reciprocal)
        reciprocal = arith::DivFOp::create(
            rewriter, loc, makeConstant(rewriter, loc, op.getType(), 1), divisor);
    }
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, op.getLhs(), reciprocal);
    return success();
  }
};

/// `value` or what it bounds: select(e > largest, largest, e).
Value withoutBound(Value value) {
  auto select = value.getDefiningOp<arith::SelectOp>();
  auto compare = select ? select.getCondition().getDefiningOp<arith::CmpFOp>()
                        : arith::CmpFOp();
  if (compare && compare.getLhs() == select.getFalseValue() &&
      compare.getRhs() == select.getTrueValue() &&
      (compare.getPredicate() == arith::CmpFPredicate::OGT ||
       compare.getPredicate() == arith::CmpFPredicate::UGT))
    return select.getFalseValue();
  return value;
}

/// Whether d = 1 + e.
bool isOnePlus(Value d, Value e) {
  auto sum = d.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  auto [other, constant] = splitConstant(sum);
  return constant == 1.0 && other == e;
}

/// e times a product with 1 / (1 + e) as a factor, e = exp(x): that factor with e is
/// 1 - 1 / (1 + e). The absolute error is an ulp of 1; e needs no bound.
struct ComplementLogistic : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned index : {0u, 1u}) {
      Value e = withoutBound(op->getOperand(index));
      if (!e.getDefiningOp<math::ExpOp>())
        continue;
      if (Value result = complement(op->getOperand(1 - index), e, rewriter, 0)) {
        rewriter.replaceOp(op, result);
        return success();
      }
    }
    return failure();
  }

  static Value complement(Value product, Value e, PatternRewriter &rewriter,
                          unsigned depth) {
    Location loc = product.getLoc();
    if (auto quotient = product.getDefiningOp<arith::DivFOp>();
        quotient && isOnePlus(quotient.getRhs(), e)) {
      Value one = makeConstant(rewriter, loc, product.getType(), 1);
      Value logistic = quotient;
      if (!isConstant(quotient.getLhs(), 1))
        logistic = arith::DivFOp::create(rewriter, loc, one, quotient.getRhs());
      Value rest = arith::SubFOp::create(rewriter, loc, one, logistic);
      if (isConstant(quotient.getLhs(), 1))
        return rest;
      return arith::MulFOp::create(rewriter, loc, quotient.getLhs(), rest);
    }
    auto factors = product.getDefiningOp<arith::MulFOp>();
    if (!factors || depth == 4)
      return {};
    for (unsigned index : {1u, 0u})
      if (Value part = complement(factors->getOperand(index), e, rewriter, depth + 1))
        return arith::MulFOp::create(rewriter, loc, factors->getOperand(1 - index),
                                     part);
    return {};
  }
};

/// x * (1 / d) = x / d, where 1 / d has no other use.
struct MultiplyReciprocal : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    for (unsigned index : {0u, 1u}) {
      auto quotient = op->getOperand(index).getDefiningOp<arith::DivFOp>();
      if (!quotient || !quotient->hasOneUse() || !isConstant(quotient.getLhs(), 1) ||
          op.getLhs() == op.getRhs() || countDivisions(quotient.getRhs()) > 1)
        continue;
      rewriter.replaceOpWithNewOp<arith::DivFOp>(op, op->getOperand(1 - index),
                                                 quotient.getRhs());
      return success();
    }
    return failure();
  }
};

/// How the users of t = tanh(u) see it; null entries where it is used otherwise.
struct TanhUses {
  SmallVector<Operation *> onePlus, oneMinus, oneMinusSquare, squares;
  bool isComplete = true;

  static TanhUses of(Value t) {
    TanhUses uses;
    for (Operation *user : t.getUsers()) {
      if (isa<arith::AddFOp>(user) && splitConstant(user).second == 1.0) {
        uses.onePlus.push_back(user);
      } else if (isa<arith::SubFOp>(user) && user->getOperand(1) == t &&
                 isConstant(user->getOperand(0), 1)) {
        uses.oneMinus.push_back(user);
      } else if (isa<arith::MulFOp>(user) && user->getOperand(0) == t &&
                 user->getOperand(1) == t) {
        if (llvm::is_contained(uses.squares, user))
          continue;
        uses.squares.push_back(user);
        for (Operation *outer : user->getUsers()) {
          if (isa<arith::SubFOp>(outer) && isConstant(outer->getOperand(0), 1) &&
              outer->getOperand(1) == user->getResult(0))
            uses.oneMinusSquare.push_back(outer);
          else
            uses.isComplete = false;
        }
      } else {
        uses.isComplete = false;
      }
    }
    return uses;
  }
};

/// tanh(u) = 2 l - 1 with l = 1 / (1 + exp(-2 u)), where only 1 + t, 1 - t and
/// 1 - t^2 are wanted: 2 l, 2 (1 - l), 4 l (1 - l). Their absolute error stays an
/// ulp of 1.
struct TanhToLogistic : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    TanhUses uses = TanhUses::of(op);
    if (!uses.isComplete || uses.onePlus.empty() + uses.oneMinus.empty() == 2)
      return failure();
    Location loc = op.getLoc();
    Type type = op.getType();
    auto constant = [&](double value) { return makeConstant(rewriter, loc, type, value); };
    Value twice = arith::MulFOp::create(rewriter, loc, op.getOperand(), constant(-2));
    Value e = math::ExpOp::create(rewriter, loc, twice);
    Value d = arith::AddFOp::create(rewriter, loc, e, constant(1));
    Value logistic = arith::DivFOp::create(rewriter, loc, constant(1), d);
    Value rest = arith::SubFOp::create(rewriter, loc, constant(1), logistic);
    auto scaled = [&](Value value, double factor) -> Value {
      return arith::MulFOp::create(rewriter, loc, value, constant(factor));
    };
    for (Operation *user : uses.onePlus)
      rewriter.replaceOp(user, scaled(logistic, 2));
    for (Operation *user : uses.oneMinus)
      rewriter.replaceOp(user, scaled(rest, 2));
    if (!uses.oneMinusSquare.empty()) {
      Value both = arith::MulFOp::create(rewriter, loc, logistic, rest);
      for (Operation *user : uses.oneMinusSquare)
        rewriter.replaceOp(user, scaled(both, 4));
    }
    for (Operation *user : uses.squares)
      rewriter.eraseOp(user);
    rewriter.eraseOp(op);
    return success();
  }
};

/// tanh(log1p(e)) = n / (n + 2) with n = e (e + 2), e >= 0; 1 - t^2 = 4 r (1 - r)
/// with r = 1 / (n + 2). n is bounded: infinity over infinity is NaN.
struct TanhOfLog1p : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    auto logarithm = op.getOperand().getDefiningOp<math::Log1pOp>();
    if (!logarithm || !isNeverNegative(logarithm.getOperand()))
      return failure();
    Location loc = op.getLoc();
    Type type = op.getType();
    auto constant = [&](double value) { return makeConstant(rewriter, loc, type, value); };
    Value e = logarithm.getOperand(), two = constant(2), bound = constant(1e20);
    Value n = arith::MulFOp::create(
        rewriter, loc, e, arith::AddFOp::create(rewriter, loc, e, two));
    Value isLarge = arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OGT, n,
                                          bound);
    n = arith::SelectOp::create(rewriter, loc, isLarge, bound, n);
    Value r = arith::DivFOp::create(rewriter, loc, constant(1),
                                    arith::AddFOp::create(rewriter, loc, n, two));
    TanhUses uses = TanhUses::of(op);
    if (!uses.oneMinusSquare.empty()) {
      Value rest = arith::SubFOp::create(rewriter, loc, constant(1), r);
      Value both = arith::MulFOp::create(rewriter, loc, r, rest);
      both = arith::MulFOp::create(rewriter, loc, both, constant(4));
      for (Operation *user : uses.oneMinusSquare)
        rewriter.replaceOp(user, both);
    }
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, n, r);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Multiply-adds
//===----------------------------------------------------------------------===//

/// a * b + c, a * b - c, c - a * b.
template <typename Op> struct FormFMA : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!type.isF32() && !type.isF64())
      return failure();
    Location loc = op.getLoc();
    for (unsigned index : {0u, 1u}) {
      auto product = op->getOperand(index).template getDefiningOp<arith::MulFOp>();
      if (!product || !product->hasOneUse())
        continue;
      Value a = product.getLhs(), b = product.getRhs(), c = op->getOperand(1 - index);
      if (std::is_same_v<Op, arith::SubFOp>) {
        Value &negated = index == 0 ? c : a;
        negated = arith::NegFOp::create(rewriter, loc, negated);
      }
      rewriter.replaceOpWithNewOp<math::FmaOp>(op, a, b, c);
      return success();
    }
    return failure();
  }
};

} // namespace

void gdpa::populateSimplifyPatterns(RewritePatternSet &patterns, bool hardwareTanh) {
  MLIRContext *context = patterns.getContext();
  patterns.add<ComplementLogistic, TanhOfLog1p>(context, /*benefit=*/3);
  patterns.add<GatherFactors, GatherSquare, GatherSummands, DivideByConstant,
               PowerToProduct<math::PowFOp>, PowerToProduct<math::FPowIOp>,
               ShareDivision, MultiplyReciprocal>(context);
  // Where the hardware has tanh, 1 / (1 + exp(-x)) is found by the negation.
  if (!hardwareTanh)
    patterns.add<TanhToLogistic, NegateScaled>(context);
}

void gdpa::populateFMAPatterns(RewritePatternSet &patterns) {
  patterns.add<FormFMA<arith::AddFOp>, FormFMA<arith::SubFOp>>(patterns.getContext());
}
