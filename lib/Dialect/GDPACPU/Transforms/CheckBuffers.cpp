//===- CheckBuffers.cpp - no copy and no allocation in a program ----------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUCHECKBUFFERS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct CheckBuffers : gdpa_cpu::impl::GDPACPUCheckBuffersBase<CheckBuffers> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    WalkResult result = func.walk([&](Operation *op) {
      if (isa<memref::CopyOp, linalg::CopyOp>(op)) {
        op->emitOpError("expected no copy in a block program, found one of ")
            << op->getOperand(0).getType();
        return WalkResult::interrupt();
      }
      if (isa<memref::AllocOp, memref::AllocaOp>(op)) {
        op->emitOpError("expected no allocation in a block program, found one of ")
            << op->getResult(0).getType();
        return WalkResult::interrupt();
      }
      for (Value value : op->getResults())
        if (isa<TensorType>(value.getType())) {
          op->emitOpError("expected no tensor after bufferization, found ")
              << value.getType();
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
