//===- AllocateWorkspace.cpp - workspaces from the heap -------------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUALLOCATEWORKSPACE
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;

/// The last operation of the block of `buffer` that needs it or a view of it. A
/// view is any buffer that an operation makes from one.
static Operation *findLastUser(Value buffer) {
  Block *block = buffer.getParentBlock();
  Operation *last = buffer.getDefiningOp();
  SetVector<Value> views;
  views.insert(buffer);
  for (unsigned next = 0; next < views.size(); ++next)
    for (Operation *user : views[next].getUsers()) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (ancestor && last->isBeforeInBlock(ancestor))
        last = ancestor;
      for (Value result : user->getResults())
        if (isa<BaseMemRefType>(result.getType()))
          views.insert(result);
    }
  return last;
}

namespace {
struct AllocateWorkspace
    : gdpa_cpu::impl::GDPACPUAllocateWorkspaceBase<AllocateWorkspace> {
  void runOnOperation() override {
    SmallVector<gdpa_tile::WorkspaceOp> workspaces;
    getOperation().walk([&](gdpa_tile::WorkspaceOp op) {
      // One that must be cleared is the runtime's.
      if (!op.getZero())
        workspaces.push_back(op);
    });
    for (gdpa_tile::WorkspaceOp op : workspaces) {
      OpBuilder builder(op);
      auto buffer = memref::AllocOp::create(
          builder, op.getLoc(), cast<MemRefType>(op.getType()),
          op.getDynamicSizes(), builder.getI64IntegerAttr(64));
      op.getResult().replaceAllUsesWith(buffer);
      op.erase();
    }
    SmallVector<memref::AllocOp> buffers;
    getOperation().walk([&](memref::AllocOp op) {
      // What a task of a parallel loop needs becomes its scratch memory.
      if (!op->getParentOfType<scf::ForallOp>() &&
          llvm::none_of(op->getUsers(), llvm::IsaPred<memref::DeallocOp>))
        buffers.push_back(op);
    });
    for (memref::AllocOp op : buffers) {
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(findLastUser(op));
      memref::DeallocOp::create(builder, op.getLoc(), op);
    }
  }
};
} // namespace
