//===- AssignScratch.cpp - place a program's buffers in its scratch -------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUASSIGNSCRATCH
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {
struct AssignScratch : gdpa_cpu::impl::GDPACPUAssignScratchBase<AssignScratch> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    SmallVector<memref::AllocOp> allocs;
    func.walk([&](memref::AllocOp op) { allocs.push_back(op); });
    Value scratch = func.getArgument(func.getNumArguments() - kNumProgramArguments);
    DataLayout layout = DataLayout::closest(func);
    OpBuilder builder(&getContext());
    int64_t bytes = 0;
    for (memref::AllocOp alloc : allocs) {
      MemRefType type = alloc.getType();
      if (!type.hasStaticShape() || !type.getLayout().isIdentity()) {
        alloc.emitOpError("expected a static, contiguous buffer, found ") << type;
        return signalPassFailure();
      }
      builder.setInsertionPoint(alloc);
      Value offset = arith::ConstantIndexOp::create(builder, alloc.getLoc(), bytes);
      Value view = memref::ViewOp::create(builder, alloc.getLoc(), type, scratch,
                                          offset, ValueRange());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
      int64_t size = type.getNumElements() *
                     static_cast<int64_t>(layout.getTypeSize(type.getElementType()));
      bytes += llvm::alignTo(size, 64);
    }
    func->setAttr(kScratchBytesAttr, builder.getI64IntegerAttr(bytes));
  }
};
} // namespace
