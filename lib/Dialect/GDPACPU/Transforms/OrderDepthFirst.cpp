//===- OrderDepthFirst.cpp - place what a store needs just before it ------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/MapVector.h"

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
  BlockOrder(Block *block, int64_t interleave)
      : block(block), interleave(interleave) {}

  void run() {
    SmallVector<Operation *> stores;
    for (Operation &op : *block)
      if (isa<vector::StoreOp, vector::TransferWriteOp>(op))
        stores.push_back(&op);
    if (stores.empty())
      return;
    gather(stores);
    ArrayRef<Operation *> rest = stores;
    while (!rest.empty()) {
      size_t count = std::min<size_t>(interleave, rest.size());
      place(rest.take_front(count));
      rest = rest.drop_front(count);
    }
  }

private:
  /// The buffer of scratch memory that `value` is a part of, or null.
  static Operation *bufferOf(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (isa<memref::ViewOp>(op))
        return op;
      if (!isa<memref::SubViewOp, memref::CastOp, memref::CollapseShapeOp,
               memref::ExpandShapeOp>(op))
        return nullptr;
      value = op->getOperand(0);
    }
    return nullptr;
  }
  static Value memoryOf(Operation *op) {
    if (auto store = dyn_cast<vector::StoreOp>(op))
      return store.getBase();
    if (auto write = dyn_cast<vector::TransferWriteOp>(op))
      return write.getBase();
    if (auto load = dyn_cast<vector::LoadOp>(op))
      return load.getBase();
    if (auto load = dyn_cast<memref::LoadOp>(op))
      return load.getMemRef();
    return Value();
  }

  /// Where a tile has several results, the stores of all results of one vector
  /// follow one another: they need the same intermediate values. Nothing is done
  /// where something between the stores might touch what they write.
  void gather(SmallVectorImpl<Operation *> &stores) {
    llvm::MapVector<Operation *, SmallVector<Operation *>> byBuffer;
    for (Operation *store : stores) {
      Operation *buffer = bufferOf(memoryOf(store));
      if (!buffer)
        return;
      byBuffer[buffer].push_back(store);
    }
    if (byBuffer.size() < 2 || stores.size() == byBuffer.size())
      return;
    Operation *last = stores.back();
    for (Operation *op = stores.front(); op != last; op = op->getNextNode()) {
      if (isMemoryEffectFree(op) || isa<LLVM::CallIntrinsicOp>(op) ||
          llvm::is_contained(stores, op))
        continue;
      Value memory = memoryOf(op);
      if (!memory || !isa<vector::LoadOp, memref::LoadOp>(op))
        return;
      Operation *buffer = bufferOf(memory);
      if (!buffer || byBuffer.count(buffer))
        return;
    }
    size_t count = byBuffer.begin()->second.size();
    if (llvm::all_of(byBuffer,
                     [&](auto &entry) { return entry.second.size() == count; })) {
      stores.clear();
      for (size_t at = 0; at < count; ++at)
        for (auto &[buffer, group] : byBuffer)
          stores.push_back(group[at]);
    } else {
      sortByComputation(stores);
    }
    Operation *end = last->getNextNode();
    for (Operation *store : stores)
      store->moveBefore(end);
  }

  /// Brings stores together that share a computation: a pair of vectors stored at
  /// once in one buffer and one by one in another.
  void sortByComputation(SmallVectorImpl<Operation *> &stores) {
    DenseMap<Operation *, unsigned> owner;
    llvm::IntEqClasses classes(stores.size());
    for (auto [number, store] : llvm::enumerate(stores)) {
      SmallVector<Operation *> work{store};
      DenseSet<Operation *> seen;
      while (!work.empty()) {
        for (Value operand : work.pop_back_val()->getOperands()) {
          Operation *op = operand.getDefiningOp();
          if (!op || op->getBlock() != block || !isMovable(op) ||
              !seen.insert(op).second)
            continue;
          // What only rearranges is shared by vectors that have nothing else in
          // common.
          bool computes = OpTrait::hasElementwiseMappableTraits(op) ||
                          isa<LLVM::CallIntrinsicOp>(op);
          if (computes) {
            auto [found, isNew] = owner.try_emplace(op, number);
            if (!isNew) {
              classes.join(found->second, number);
              continue;
            }
          }
          work.push_back(op);
        }
      }
    }
    classes.compress();
    SmallVector<SmallVector<Operation *>> groups(classes.getNumClasses());
    for (auto [number, store] : llvm::enumerate(stores))
      groups[classes[number]].push_back(store);
    stores.clear();
    for (ArrayRef<Operation *> group : groups)
      llvm::append_range(stores, group);
  }

  /// Adds `op` and what it needs to `order`, operands first.
  void collect(Operation *op, SmallVectorImpl<Operation *> &order) {
    if (!op || op->getBlock() != block || placed.contains(op) || !isMovable(op) ||
        !tree.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      collect(operand.getDefiningOp(), order);
    order.push_back(op);
  }

  /// Moves what only these stores need from here on to just before the first of
  /// them, the computations of the stores in turns: one alone would wait for its
  /// own results.
  void place(ArrayRef<Operation *> stores) {
    tree.clear();
    SmallVector<SmallVector<Operation *>> orders;
    for (Operation *store : stores) {
      SmallVector<Operation *> &order = orders.emplace_back();
      for (Value operand : store->getOperands())
        collect(operand.getDefiningOp(), order);
    }
    Operation *first = stores.front();
    if (stores.size() > 1 && dependsOnLater(orders, first)) {
      for (size_t at = 0; at < stores.size(); ++at)
        place(stores.slice(at, 1));
      return;
    }
    // What something else uses before the stores stays where it is; users come
    // after their operands in each list.
    bool changed = true;
    while (changed) {
      changed = false;
      for (ArrayRef<Operation *> order : orders)
        for (Operation *op : llvm::reverse(order))
          if (tree.contains(op) && isUsedBefore(op, first)) {
            tree.erase(op);
            changed = true;
          }
    }
    SmallVector<size_t> next(orders.size(), 0);
    DenseSet<Operation *> done;
    for (bool more = true; more;) {
      more = false;
      for (auto [order, at] : llvm::zip(orders, next)) {
        if (at == order.size())
          continue;
        more = true;
        Operation *op = order[at];
        // An operand may stand in another list, further down.
        if (llvm::any_of(op->getOperands(), [&](Value operand) {
              Operation *source = operand.getDefiningOp();
              return source && tree.contains(source) && !done.contains(source);
            }))
          continue;
        done.insert(op);
        placed.insert(op);
        ++at;
        if (tree.contains(op))
          op->moveBefore(first);
      }
    }
  }

  /// Whether something that stays where it is, a load perhaps, lies behind the
  /// place to which its users would move.
  bool dependsOnLater(ArrayRef<SmallVector<Operation *>> orders, Operation *place) {
    for (ArrayRef<Operation *> order : orders)
      for (Operation *op : order)
        for (Value operand : op->getOperands()) {
          Operation *source = operand.getDefiningOp();
          if (source && source->getBlock() == block && !tree.contains(source) &&
              place->isBeforeInBlock(source))
            return true;
        }
    return false;
  }

  bool isUsedBefore(Operation *op, Operation *store) {
    return llvm::any_of(op->getUsers(), [&](Operation *user) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      return ancestor && !tree.contains(ancestor) &&
             ancestor->isBeforeInBlock(store);
    });
  }

  Block *block;
  int64_t interleave;
  DenseSet<Operation *> placed, tree;
};

struct OrderDepthFirst : gdpa_cpu::impl::GDPACPUOrderDepthFirstBase<OrderDepthFirst> {
  using GDPACPUOrderDepthFirstBase::GDPACPUOrderDepthFirstBase;

  void runOnOperation() override {
    if (!isProgram(getOperation()))
      return;
    getOperation().walk([&](Block *block) { BlockOrder(block, interleave).run(); });
  }
};
} // namespace
