//===- LowerVectors.cpp - contractions, reductions, transfers -------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorTransforms.h"
#include "mlir/Dialect/X86Vector/Transforms.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPULOWERVECTORS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct LowerVectors : gdpa_cpu::impl::GDPACPULowerVectorsBase<LowerVectors> {
  using GDPACPULowerVectorsBase::GDPACPULowerVectorsBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkVectorBits(context, vectorBits);
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    applyPatterns(func, [](RewritePatternSet &patterns) {
      vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
    });
    applyPatterns(func, [](RewritePatternSet &patterns) {
      vector::populateVectorMultiReductionLoweringPatterns(
          patterns, vector::VectorMultiReductionLowering::InnerParallel);
    });
    applyPatterns(func, [](RewritePatternSet &patterns) {
      vector::populateVectorContractLoweringPatterns(
          patterns, vector::VectorContractLowering::OuterProduct);
    });
    canonicalize(func);
    // From here on no canonicalisation: it would collect the unrolled scalars of a
    // tile into one large vector.from_elements.
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      if (vectorBits == 256)
        x86vector::avx2::populateSpecializedTransposeLoweringPatterns(
            patterns, x86vector::avx2::LoweringOptions().setTransposeOptions(
                          x86vector::avx2::TransposeLoweringOptions()
                              .lower4x8xf32()
                              .lower8x8xf32()));
      vector::populateVectorTransposeLoweringPatterns(
          patterns, vector::VectorTransposeLowering::Shuffle16x16);
      vector::populateVectorOuterProductLoweringPatterns(patterns);
      vector::populateVectorBroadcastLoweringPatterns(patterns);
    });
    applyPatterns(func, [](RewritePatternSet &patterns) {
      populateVectorToSCFConversionPatterns(
          patterns, VectorTransferToSCFOptions().enableFullUnroll());
    });
    // The left operand of a product as scalar loads, whatever its width.
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      vector::populateScalarVectorTransferLoweringPatterns(
          patterns, /*benefit=*/1, /*allowMultipleUses=*/true);
      vector::ExtractOp::getCanonicalizationPatterns(patterns, &getContext());
    });
    applyPatterns(func, [](RewritePatternSet &patterns) {
      vector::populateVectorTransferLoweringPatterns(patterns,
                                                     /*maxTransferRank=*/1);
      vector::populateVectorShapeCastLoweringPatterns(patterns);
    });
    eliminateCommonSubexpressions(func);
  }
};
} // namespace
