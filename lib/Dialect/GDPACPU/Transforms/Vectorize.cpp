//===- Vectorize.cpp - register tiles as vectors --------------------------===//

#include "OpaqueOffsets.h"
#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUVECTORIZE
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// An innermost loop, or one around nothing but an innermost loop whose result it
/// yields. Hoisting from all loops would cost much more and find nothing else.
bool mayReduce(scf::ForOp loop) {
  SmallVector<scf::ForOp> inner(loop.getBody()->getOps<scf::ForOp>());
  if (inner.empty())
    return true;
  return inner.size() == 1 && inner[0].getBody()->getOps<scf::ForOp>().empty() &&
         loop.getNumRegionIterArgs() == 1 &&
         inner[0]->getNumResults() == 1 &&
         inner[0]->getResult(0) == loop.getBody()->getTerminator()->getOperand(0);
}

struct Vectorize : gdpa_cpu::impl::GDPACPUVectorizeBase<Vectorize> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::VectorizationResult> result = linalg::vectorize(
          rewriter, op, /*inputVectorSizes=*/{}, /*inputScalableVecDims=*/{},
          /*vectorizeNDExtract=*/true, /*flatten1DDepthwiseConv=*/false,
          /*assumeDynamicDimsMatchVecSizes=*/false, /*createNamedContraction=*/true);
      if (failed(result)) {
        op.emitOpError("expected an operation that can be vectorised");
        return signalPassFailure();
      }
      rewriter.replaceOp(op, result->replacements);
    }
    canonicalize(func);
    eliminateCommonSubexpressions(func);
    SmallVector<scf::ForOp> loops; // innermost first
    func.walk([&](scf::ForOp loop) {
      if (mayReduce(loop))
        loops.push_back(loop);
    });
    {
      OpaqueOffsets opaque(func);
      for (scf::ForOp loop : loops)
        hoistLoopInvariantSubsets(rewriter, cast<LoopLikeOpInterface>(loop.getOperation()));
    }
    canonicalize(func, tensor::populateFoldTensorSubsetIntoVectorTransferPatterns);
    canonicalize(func, [](RewritePatternSet &patterns) {
      vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
    });
    eliminateCommonSubexpressions(func);
  }
};
} // namespace
