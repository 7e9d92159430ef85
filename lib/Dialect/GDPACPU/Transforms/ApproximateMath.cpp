//===- ApproximateMath.cpp - expand elementary functions ------------------===//

#include "Utils.h"
#include "gdpa/Conversion/MathExpansion.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUAPPROXIMATEMATH
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// The bf16 nearest to an f32, as f32: integer arithmetic on 32-bit lanes. Narrow
/// lanes in between would cost shuffles.
struct RoundToBF16 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    auto narrow = op.getIn().getDefiningOp<arith::TruncFOp>();
    auto type = dyn_cast<VectorType>(op.getType());
    if (!narrow || !type || !type.getElementType().isF32() ||
        narrow.getIn().getType() != type ||
        !getElementTypeOrSelf(narrow.getType()).isBF16())
      return failure();
    Location loc = op.getLoc();
    auto integers = type.clone(rewriter.getI32Type());
    auto constant = [&](uint32_t value) -> Value {
      return arith::ConstantOp::create(
          rewriter, loc,
          DenseElementsAttr::get(integers, rewriter.getI32IntegerAttr(value)));
    };
    Value x = narrow.getIn();
    Value bits = arith::BitcastOp::create(rewriter, loc, integers, x);
    // Ties go to even: half of the last place less one, plus that place's bit.
    Value place = arith::ShRUIOp::create(rewriter, loc, bits, constant(16));
    place = arith::AndIOp::create(rewriter, loc, place, constant(1));
    Value sum = arith::AddIOp::create(rewriter, loc, bits, constant(0x7fff));
    sum = arith::AddIOp::create(rewriter, loc, sum, place);
    sum = arith::AndIOp::create(rewriter, loc, sum, constant(0xffff0000));
    Value rounded = arith::BitcastOp::create(rewriter, loc, type, sum);
    // A NaN's payload must not carry into the exponent.
    Value isNaN = arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, x, x);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNaN, x, rounded);
    return success();
  }
};

/// Rounds 16 lanes by the processor's instruction.
struct RoundByInstruction : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || !type.getElementType().isBF16() || type.getRank() != 1 ||
        type.getNumElements() != 16 ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return failure();
    rewriter.replaceOpWithNewOp<x86vector::CvtPackedF32ToBF16Op>(op, type,
                                                                 op.getIn());
    return success();
  }
};

/// Whether LLVM has instructions, or short sequences of them, for `op` on x86.
bool isNative(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
             math::FloorOp, math::FmaOp, math::RoundOp, math::RoundEvenOp,
             math::SqrtOp, math::TruncOp, math::CtPopOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp>(op);
}

struct ApproximateMath : gdpa_cpu::impl::GDPACPUApproximateMathBase<ApproximateMath> {
  using GDPACPUApproximateMathBase::GDPACPUApproximateMathBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkVectorBits(context, vectorBits);
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    gdpa::MathExpansionOptions options;
    if (auto precision = func->getAttrOfType<gdpa::PrecisionAttr>("precision"))
      options.fast = precision.getValue() == gdpa::Precision::Fast;
    options.x86Scalef = vectorBits == 512;
    options.filter = [](Operation *op) { return !isNative(op); };
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      gdpa::populateMathExpansionPatterns(patterns, options);
      auto schedule = func->getAttrOfType<ScheduleAttr>("schedule");
      if (schedule && schedule.multipliesStorageType())
        patterns.add<RoundByInstruction>(&getContext());
      else
        patterns.add<RoundToBF16>(&getContext());
      math::populateExpansionPatterns(patterns, {"fpowi"});
    });
    // Anything else would be a call of the C library for each element.
    WalkResult result = func.walk([](Operation *op) {
      if (op->getDialect() &&
          op->getDialect()->getNamespace() == math::MathDialect::getDialectNamespace() &&
          !isNative(op)) {
        op->emitOpError("expected a function that can be computed on vectors, found ")
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
