//===- MathExpansion.cpp - elementary functions as arithmetic -------------===//
//
// The patterns; the functions themselves stand in the files beside. A bound that
// stands at a function is the largest error found over all f32 inputs, in units
// in the last place of the exact result.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::expansion;

namespace {

/// Whether `op` is to be expanded here.
bool admits(Operation *op, const MathExpansionOptions &options) {
  return !options.filter || options.filter(op);
}

/// `type` with f32 for f16 and bf16; null where nothing is known of its elements.
Type widened(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF32() || element.isF64())
    return type;
  if (!element.isF16() && !element.isBF16())
    return {};
  Type single = Float32Type::get(type.getContext());
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(single);
  return single;
}

Value convert(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (getElementTypeOrSelf(type).getIntOrFloatBitWidth() >
      getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth())
    return arith::ExtFOp::create(builder, loc, type, value);
  return arith::TruncFOp::create(builder, loc, type, value);
}

/// Rewrites an operation with a member function of Arithmetic on f32, with a
/// function of f64 on f64.
template <class Op, auto single, auto wide>
struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern<Op>(context), options(options) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!admits(op, options))
      return failure();
    Location loc = op.getLoc();
    Type type = widened(op.getType());
    if (!type)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(convert(rewriter, loc, operand, type));
    Arithmetic arithmetic(rewriter, loc, type, options);
    bool isDouble = getElementTypeOrSelf(type).isF64();
    Value result;
    if constexpr (Op::template hasTrait<OpTrait::OneOperand>())
      result = isDouble ? evaluate(wide, arithmetic, operands[0])
                        : (arithmetic.*single)(operands[0]);
    else
      result = isDouble ? wide(arithmetic, operands[0], operands[1])
                        : (arithmetic.*single)(operands[0], operands[1]);
    rewriter.replaceOp(op, convert(rewriter, loc, result, op.getType()));
    return success();
  }

  static Value evaluate(Value (*function)(Arithmetic &, Value), Arithmetic &a,
                        Value x) {
    return function(a, x);
  }
  static Value evaluate(Value (*function)(Arithmetic &, Value, bool),
                        Arithmetic &a, Value x) {
    return function(a, x, /*isShort=*/false);
  }
  MathExpansionOptions options;
};

/// sin, cos and sincos of one value have their reduction and their polynomials in
/// common: the first one expands all of its block.
template <class Op> struct ExpandAngle : OpRewritePattern<Op> {
  ExpandAngle(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern<Op>(context), options(options) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!admits(op, options))
      return failure();
    Location loc = op.getLoc();
    Value x = op->getOperand(0);
    Type type = widened(x.getType());
    if (!type)
      return failure();
    SmallVector<Operation *> all;
    Operation *first = op;
    for (Operation *user : x.getUsers())
      if (isa<math::SinOp, math::CosOp, math::SincosOp>(user) &&
          user->getBlock() == op->getBlock() && admits(user, options)) {
        all.push_back(user);
        if (user->isBeforeInBlock(first))
          first = user;
      }
    rewriter.setInsertionPoint(first);
    Arithmetic arithmetic(rewriter, loc, type, options);
    Value wide = convert(rewriter, loc, x, type);
    auto [sine, cosine] = getElementTypeOrSelf(type).isF64()
                              ? f64::sineAndCosine(arithmetic, wide)
                              : arithmetic.sineAndCosine(wide);
    sine = convert(rewriter, loc, sine, x.getType());
    cosine = convert(rewriter, loc, cosine, x.getType());
    for (Operation *user : all) {
      if (isa<math::SinOp>(user))
        rewriter.replaceOp(user, sine);
      else if (isa<math::CosOp>(user))
        rewriter.replaceOp(user, cosine);
      else
        rewriter.replaceOp(user, {sine, cosine});
    }
    return success();
  }
  MathExpansionOptions options;
};

/// Whether a result below 2^-125 cannot be told from 0: it is only added to
/// constants that are much larger.
bool isOnlyAddedToConstants(Value value) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto add = dyn_cast<arith::AddFOp>(user);
    if (!add)
      return false;
    Value other = add.getLhs() == value ? add.getRhs() : add.getLhs();
    APFloat number(0.0f);
    return matchPattern(other, m_ConstantFloat(&number)) &&
           std::fabs(number.convertToDouble()) > 1e-25;
  });
}

/// exp, more cheaply in 1 + exp(x) and where its argument is never positive.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  ExpandExp(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern(context, /*benefit=*/2), options(options) {}
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!admits(op, options) || !getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Arithmetic arithmetic(rewriter, op.getLoc(), op.getType(), options);
    if (op->hasAttr(gdpa::kNonPositiveAttr)) {
      rewriter.replaceOp(op, arithmetic.expNonPositive(op.getOperand()));
      return success();
    }
    if (!isOnlyAddedToConstants(op))
      return failure();
    rewriter.replaceOp(op, arithmetic.expNormal(op.getOperand()));
    return success();
  }
  MathExpansionOptions options;
};

/// min(max(x, low), high), NaN where x is.
struct ExpandClamp : OpRewritePattern<math::ClampFOp> {
  ExpandClamp(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern(context), options(options) {}
  LogicalResult matchAndRewrite(math::ClampFOp op,
                                PatternRewriter &rewriter) const override {
    if (!admits(op, options))
      return failure();
    Value low = arith::MaximumFOp::create(rewriter, op.getLoc(), op.getValue(),
                                          op.getMin());
    rewriter.replaceOpWithNewOp<arith::MinimumFOp>(op, low, op.getMax());
    return success();
  }
  MathExpansionOptions options;
};

struct SplitSincos : OpRewritePattern<math::SincosOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getOperand();
    Value sine = math::SinOp::create(rewriter, op.getLoc(), x, op.getFastmath());
    Value cosine =
        math::CosOp::create(rewriter, op.getLoc(), x, op.getFastmath());
    rewriter.replaceOp(op, {sine, cosine});
    return success();
  }
};

} // namespace

void gdpa::populateSingleResultPatterns(RewritePatternSet &patterns) {
  patterns.add<SplitSincos>(patterns.getContext());
  populateExtendedIntegerPatterns(patterns, {});
}

void gdpa::populateMathExpansionPatterns(RewritePatternSet &patterns,
                                         const MathExpansionOptions &options) {
  patterns.add<Expand<math::ExpOp, &Arithmetic::exp, &f64::exp>,
               Expand<math::Exp2Op, &Arithmetic::exp2, &f64::exp2>,
               Expand<math::ExpM1Op, &Arithmetic::expm1, &f64::expm1>,
               Expand<math::LogOp, &Arithmetic::log, &f64::log>,
               Expand<math::Log2Op, &Arithmetic::log2, &f64::log2>,
               Expand<math::Log10Op, &Arithmetic::log10, &f64::log10>,
               Expand<math::Log1pOp, &Arithmetic::log1p, &f64::log1p>,
               Expand<math::TanhOp, &Arithmetic::tanh, &f64::tanh>,
               Expand<math::SinhOp, &Arithmetic::sinh, &f64::sinh>,
               Expand<math::CoshOp, &Arithmetic::cosh, &f64::cosh>,
               Expand<math::AsinhOp, &Arithmetic::asinh, &f64::asinh>,
               Expand<math::AcoshOp, &Arithmetic::acosh, &f64::acosh>,
               Expand<math::AtanhOp, &Arithmetic::atanh, &f64::atanh>,
               Expand<math::ErfOp, &Arithmetic::erf, &f64::erf>,
               Expand<math::ErfcOp, &Arithmetic::erfc, &f64::erfc>,
               Expand<math::TanOp, &Arithmetic::tan, &f64::tan>,
               Expand<math::AsinOp, &Arithmetic::asin, &f64::asin>,
               Expand<math::AcosOp, &Arithmetic::acos, &f64::acos>,
               Expand<math::AtanOp, &Arithmetic::atan, &f64::atan>,
               Expand<math::Atan2Op, &Arithmetic::atan2, &f64::atan2>,
               Expand<math::CbrtOp, &Arithmetic::cbrt, &f64::cbrt>,
               Expand<math::RsqrtOp, &Arithmetic::rsqrt, &f64::rsqrt>,
               Expand<math::PowFOp, &Arithmetic::powf, &f64::powf>,
               Expand<arith::RemFOp, &Arithmetic::remainder, &f64::remainder>,
               ExpandAngle<math::SinOp>, ExpandAngle<math::CosOp>,
               ExpandAngle<math::SincosOp>, ExpandClamp, ExpandExp>(
      patterns.getContext(), options);
  populateIntegerExpansionPatterns(patterns, options);
}
