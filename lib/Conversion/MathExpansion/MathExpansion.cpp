//===- MathExpansion.cpp - elementary functions as arithmetic -------------===//

#include "gdpa/Conversion/MathExpansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Arithmetic on values of one shape, short to write.
class Arithmetic {
public:
  Arithmetic(PatternRewriter &rewriter, Location loc, Type type,
             const MathExpansionOptions &options)
      : b(loc, rewriter), type(type), options(options) {}

  /// `type` with another element type.
  Type like(Type element) const {
    if (auto vector = dyn_cast<VectorType>(type))
      return vector.clone(element);
    return element;
  }
  Value constant(double value) {
    Type element = getElementTypeOrSelf(type);
    return splat(type, b.getFloatAttr(element, value));
  }
  Value integer(int64_t value) {
    return splat(like(b.getI32Type()), b.getI32IntegerAttr(value));
  }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, x, y, z).getResult();
  }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y).getResult(); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y).getResult(); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y).getResult(); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y).getResult(); }
  Value neg(Value x) { return arith::NegFOp::create(b, x).getResult(); }
  Value addI(Value x, Value y) { return arith::AddIOp::create(b, x, y).getResult(); }
  Value subI(Value x, Value y) { return arith::SubIOp::create(b, x, y).getResult(); }
  Value shl(Value x, int64_t bits) {
    return arith::ShLIOp::create(b, x, integer(bits)).getResult();
  }
  Value sra(Value x, int64_t bits) {
    return arith::ShRSIOp::create(b, x, integer(bits)).getResult();
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y).getResult();
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y).getResult();
  }
  /// min and max that return x where x is NaN.
  Value atMost(Value x, Value limit) {
    return select(compare(arith::CmpFPredicate::OGT, x, limit), limit, x);
  }
  Value atLeast(Value x, Value limit) {
    return select(compare(arith::CmpFPredicate::OLT, x, limit), limit, x);
  }
  Value bits(Value x) {
    return arith::BitcastOp::create(b, like(b.getI32Type()), x).getResult();
  }
  Value fromBits(Value x) {
    return arith::BitcastOp::create(b, like(b.getF32Type()), x).getResult();
  }
  /// Horner's rule; the coefficient of the highest power comes first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = constant(coefficients.front());
    for (double coefficient : coefficients.drop_front())
      sum = fma(sum, x, constant(coefficient));
    return sum;
  }

  Value exp(Value x);

private:
  Value splat(Type splatType, TypedAttr value) {
    if (auto vector = dyn_cast<VectorType>(splatType))
      return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, value))
          .getResult();
    return arith::ConstantOp::create(b, value).getResult();
  }

  ImplicitLocOpBuilder b;
  Type type;
  const MathExpansionOptions &options;
};

/// exp(x) = 2^n exp(r), n = round(x log2 e), |r| <= log(2)/2: 1.1 ulp.
/// The power of two is applied in two halves, so that denormal results are
/// rounded once and the largest ones do not overflow early.
Value Arithmetic::exp(Value x) {
  // Beyond these the result is infinite or rounds to zero.
  x = atLeast(atMost(x, constant(89.0)), constant(-104.0));
  Value magic = constant(12582912.0); // 1.5 * 2^23: the sum's low bits are n
  Value shifted = fma(x, constant(1.4426950408889634), magic);
  Value n = sub(shifted, magic);
  // log(2) in two parts; the first has few enough bits that n * part is exact.
  Value r = fma(n, constant(-0.693145751953125), x);
  r = fma(n, constant(-1.42860677e-06), r);
  Value p = polynomial(r, {0.0013814602280035615, 0.008368715643882751,
                           0.04166838899254799, 0.1666652113199234,
                           0.4999999403953552, 1.0, 1.0});
  Value nBits = shl(bits(shifted), 23);
  Value half = shl(sra(bits(shifted), 1), 23);
  Value scaled = fromBits(addI(bits(p), half));
  Value rest = fromBits(addI(subI(nBits, half), integer(0x3f800000)));
  return mul(scaled, rest);
}

/// Rewrites `Op` on f32 with a member function of Arithmetic.
template <class Op, Value (Arithmetic::*expand)(Value)>
struct Expand : OpRewritePattern<Op> {
  Expand(MLIRContext *context, const MathExpansionOptions &options)
      : OpRewritePattern<Op>(context), options(options) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (options.filter && !options.filter(op))
      return failure();
    Type type = op.getType();
    Type element = getElementTypeOrSelf(type);
    if (!element.isF32())
      return failure();
    Arithmetic arithmetic(rewriter, op.getLoc(), type, options);
    rewriter.replaceOp(op, (arithmetic.*expand)(op.getOperand()));
    return success();
  }
  MathExpansionOptions options;
};

} // namespace

void gdpa::populateMathExpansionPatterns(RewritePatternSet &patterns,
                                         const MathExpansionOptions &options) {
  patterns.add<Expand<math::ExpOp, &Arithmetic::exp>>(patterns.getContext(),
                                                      options);
}
