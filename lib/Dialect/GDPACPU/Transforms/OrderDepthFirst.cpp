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

/// Orders one block.
class BlockOrder {
public:
  explicit BlockOrder(Block *block) : block(block) {}

  void run() {
    SmallVector<Operation *> stores;
    for (Operation &op : *block)
      if (isa<vector::StoreOp, vector::TransferWriteOp>(op))
        stores.push_back(&op);
    for (Operation *store : stores)
      placeOperands(store);
  }

private:
  /// Adds `op` and what it needs to `order`, operands first.
  void collect(Operation *op) {
    if (!op || op->getBlock() != block || placed.contains(op) || !isMovable(op) ||
        !tree.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      collect(operand.getDefiningOp());
    order.push_back(op);
  }

  /// Moves everything that only `store` needs from here on to just before it.
  void placeOperands(Operation *store) {
    tree.clear();
    order.clear();
    for (Value operand : store->getOperands())
      collect(operand.getDefiningOp());
    // What something else uses before the store stays where it is; users come
    // after their operands in `order`.
    for (Operation *op : llvm::reverse(order))
      for (Operation *user : op->getUsers()) {
        Operation *ancestor = block->findAncestorOpInBlock(*user);
        if (ancestor && ancestor != store && !tree.contains(ancestor) &&
            ancestor->isBeforeInBlock(store)) {
          tree.erase(op);
          break;
        }
      }
    for (Operation *op : order) {
      placed.insert(op);
      if (tree.contains(op))
        op->moveBefore(store);
    }
  }

  Block *block;
  DenseSet<Operation *> placed, tree;
  SmallVector<Operation *> order;
};

struct OrderDepthFirst : gdpa_cpu::impl::GDPACPUOrderDepthFirstBase<OrderDepthFirst> {
  void runOnOperation() override {
    if (!isProgram(getOperation()))
      return;
    getOperation().walk([](Block *block) { BlockOrder(block).run(); });
  }
};
} // namespace
