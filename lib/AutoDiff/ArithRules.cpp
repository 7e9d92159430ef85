//===- ArithRules.cpp - derivatives of arith operations -------------------===//

#include "RuleModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::gdpa;
using arith::CmpFPredicate;

static void rule(arith::AddFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  vjp.addCotangent(0, ct);
  vjp.addCotangent(1, ct);
}

static void rule(arith::SubFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  vjp.addCotangent(0, ct);
  vjp.addCotangent(1, -ct);
}

static void rule(arith::MulFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  vjp.addCotangent(0, ct * vjp.getOperand(1));
  vjp.addCotangent(1, ct * vjp.getOperand(0));
}

static void rule(arith::DivFOp, VJPBuilder &vjp) {
  Scalar dividend = vjp.getCotangent() / vjp.getOperand(1);
  vjp.addCotangent(0, dividend);
  vjp.addCotangent(1, -(dividend * vjp.getResult()));
}

static void rule(arith::NegFOp, VJPBuilder &vjp) {
  vjp.addCotangent(0, -vjp.getCotangent());
}

// a - trunc(a / b) * b
static void rule(arith::RemFOp, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  Scalar quotient = vjp.getOperand(0) / vjp.getOperand(1);
  vjp.addCotangent(0, ct);
  vjp.addCotangent(1, -(ct * quotient.apply<math::TruncOp>()));
}

/// The greater operand takes the cotangent (the smaller one for a minimum); at
/// a tie each takes half. `isNumber`: a NaN operand loses; otherwise it reaches
/// the result, so the cotangent reaches both.
static void extremumRule(VJPBuilder &vjp, bool isMaximum, bool isNumber) {
  Scalar ct = vjp.getCotangent();
  Scalar operands[] = {vjp.getOperand(0), vjp.getOperand(1)};
  Value tie = operands[0].compare(CmpFPredicate::OEQ, operands[1]);
  Scalar share = vjp.select(tie, 0.5 * ct, ct);
  for (unsigned index : {0u, 1u}) {
    Scalar self = operands[index], other = operands[1 - index];
    Value wins;
    if (!isNumber) {
      wins = self.compare(isMaximum ? CmpFPredicate::UGE : CmpFPredicate::ULE,
                          other);
    } else {
      wins = self.compare(isMaximum ? CmpFPredicate::OGE : CmpFPredicate::OLE,
                          other);
      std::optional<double> constant = other.getConstant();
      if (!constant || std::isnan(*constant))
        wins = arith::OrIOp::create(vjp.getBuilder(), vjp.getLoc(), wins,
                                    other.compare(CmpFPredicate::UNO, other));
    }
    vjp.addCotangentIf(index, wins, share);
  }
}

static void rule(arith::MaximumFOp, VJPBuilder &vjp) {
  extremumRule(vjp, /*isMaximum=*/true, /*isNumber=*/false);
}
static void rule(arith::MinimumFOp, VJPBuilder &vjp) {
  extremumRule(vjp, /*isMaximum=*/false, /*isNumber=*/false);
}
static void rule(arith::MaxNumFOp, VJPBuilder &vjp) {
  extremumRule(vjp, /*isMaximum=*/true, /*isNumber=*/true);
}
static void rule(arith::MinNumFOp, VJPBuilder &vjp) {
  extremumRule(vjp, /*isMaximum=*/false, /*isNumber=*/true);
}

static void rule(arith::SelectOp op, VJPBuilder &vjp) {
  Scalar ct = vjp.getCotangent();
  vjp.addCotangentIf(1, op.getCondition(), ct);
  vjp.addCotangentUnless(2, op.getCondition(), ct);
}

/// Conversions have derivative 1; only the cotangent's type may change.
static void conversionRule(Value in, VJPBuilder &vjp) {
  vjp.addCotangent(0, vjp.getCotangent().convert(
                          getCotangentType(cast<FloatType>(in.getType()))));
}
static void rule(arith::ExtFOp op, VJPBuilder &vjp) {
  conversionRule(op.getIn(), vjp);
}
static void rule(arith::TruncFOp op, VJPBuilder &vjp) {
  conversionRule(op.getIn(), vjp);
}

template <typename... Ops> static void attach(MLIRContext *context) {
  (Ops::template attachInterface<RuleModel<Ops, &rule>>(*context), ...);
}

void gdpa::registerArithRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attach<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
           arith::NegFOp, arith::RemFOp, arith::MaximumFOp, arith::MinimumFOp,
           arith::MaxNumFOp, arith::MinNumFOp, arith::SelectOp, arith::ExtFOp,
           arith::TruncFOp>(context);
    // arith.bitcast has no rule: a bit pattern has no derivative.
    attachZeroRules<arith::CmpFOp, arith::FPToSIOp, arith::FPToUIOp>(context);
  });
}
