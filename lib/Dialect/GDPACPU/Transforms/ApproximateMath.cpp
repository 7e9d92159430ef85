//===- ApproximateMath.cpp - expand elementary functions ------------------===//

#include "Utils.h"
#include "gdpa/Conversion/MathExpansion.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUAPPROXIMATEMATH
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct ApproximateMath : gdpa_cpu::impl::GDPACPUApproximateMathBase<ApproximateMath> {
  using GDPACPUApproximateMathBase::GDPACPUApproximateMathBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    gdpa::MathExpansionOptions options;
    if (auto precision = func->getAttrOfType<gdpa::PrecisionAttr>("precision"))
      options.fast = precision.getValue() == gdpa::Precision::Fast;
    options.x86Scalef = vectorBits == 512;
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      gdpa::populateMathExpansionPatterns(patterns, options);
    });
  }
};
} // namespace
