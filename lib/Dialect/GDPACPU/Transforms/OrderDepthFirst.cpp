//===- OrderDepthFirst.cpp - place what a store needs just before it ------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUORDERDEPTHFIRST
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// Whether `op` may move freely: pure vector code, x86 intrinsics included.
bool isMovable(Operation *op) {
  if (op->getNumRegions() || op->getNumResults() != 1 ||
      op->hasTrait<OpTrait::ConstantLike>() ||
      !isa<VectorType>(op->getResult(0).getType()))
    return false;
  return isMemoryEffectFree(op) || isa<LLVM::CallIntrinsicOp>(op);
}

class BlockOrder {
public:
  explicit BlockOrder(Block *block) : block(block) {}

  void run() {
    SmallVector<Operation *> stores;
    for (Operation &op : *block)
      if (isa<vector::StoreOp, vector::TransferWriteOp>(op))
        stores.push_back(&op);
    for (Operation *store : stores)
      for (Value operand : store->getOperands())
        place(operand.getDefiningOp(), store);
  }

private:
  /// Moves `op` and what it needs before `before`, unless something else uses it
  /// earlier.
  void place(Operation *op, Operation *before) {
    if (!op || op->getBlock() != block || !isMovable(op) ||
        !placed.insert(op).second)
      return;
    for (Operation *user : op->getUsers()) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (ancestor && ancestor != before && ancestor->isBeforeInBlock(before) &&
          !placed.contains(ancestor))
        return;
    }
    for (Value operand : op->getOperands())
      place(operand.getDefiningOp(), before);
    op->moveBefore(before);
  }

  Block *block;
  DenseSet<Operation *> placed;
};

struct OrderDepthFirst : gdpa_cpu::impl::GDPACPUOrderDepthFirstBase<OrderDepthFirst> {
  void runOnOperation() override {
    if (!isProgram(getOperation()))
      return;
    getOperation().walk([](Block *block) { BlockOrder(block).run(); });
  }
};
} // namespace
