//===- UnrollVectors.cpp - elementwise operations on native vectors -------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUUNROLLVECTORS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct UnrollVectors : gdpa_cpu::impl::GDPACPUUnrollVectorsBase<UnrollVectors> {
  using GDPACPUUnrollVectorsBase::GDPACPUUnrollVectorsBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkVectorBits(context, vectorBits);
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    vector::UnrollVectorOptions options;
    options.setNativeShapeFn(
        [bits = int64_t(vectorBits)](Operation *op) -> std::optional<SmallVector<int64_t>> {
          VectorType type;
          if (OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1)
            type = dyn_cast<VectorType>(op->getResult(0).getType());
          else if (auto write = dyn_cast<vector::TransferWriteOp>(op))
            type = write.getVectorType();
          else if (auto gather = dyn_cast<vector::GatherOp>(op))
            type = gather.getVectorType();
          if (!type || type.getRank() < 1)
            return std::nullopt;
          int64_t lanes = bits / (type.getElementType().isF64() ? 64 : 32);
          SmallVector<int64_t> shape(type.getRank(), 1);
          shape.back() = std::min<int64_t>(type.getShape().back(), lanes);
          return shape;
        });
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      vector::populateVectorUnrollPatterns(patterns, options);
    });
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
      vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
    });
  }
};
} // namespace
