//===- Bufferize.cpp - bufferize block tensors in place -------------------===//

#include "OpaqueOffsets.h"
#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUBUFFERIZE
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct Bufferize : gdpa_cpu::impl::GDPACPUBufferizeBase<Bufferize> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    bufferization::OneShotBufferizationOptions options;
    options.memCpyFn = [](OpBuilder &builder, Location loc, Value from, Value to) {
      memref::CopyOp::create(builder, loc, from, to);
      return success();
    };
    bufferization::BufferizationState state;
    {
      OpaqueOffsets opaque(func);
      if (failed(bufferization::runOneShotBufferize(func, options, state)))
        return signalPassFailure();
    }
    canonicalize(func);
    eliminateCommonSubexpressions(func);
    // What was inserted in place is now a copy of a view to itself.
    applyPatterns(func, [](RewritePatternSet &patterns) {
      memref::CopyOp::getCanonicalizationPatterns(patterns, patterns.getContext());
    });
  }
};
} // namespace
