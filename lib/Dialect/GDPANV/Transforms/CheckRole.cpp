//===- CheckRole.cpp - the asynchronous protocol of one role --------------===//
//
// One walk over a role in the order of execution, with the products in flight, the
// slots that are held and the position of every ring. A loop's body is walked once:
// what it holds at its end must be what it held at its start, renamed.
//
//===----------------------------------------------------------------------===//

#include "CheckRole.h"
#include "RingState.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// The reads of one received block: products, and conversions to registers.
struct Reads {
  SmallVector<MmaAsyncOp> products;
  SmallVector<ConvertOp> conversions;
};

bool isProtocol(Operation *op) {
  return isa<SendOp, ReceiveOp, ReleaseOp, FenceOp, MmaAsyncOp, WaitOp, AdvanceOp,
             PostOp, TakeOp>(op);
}

bool contains(Operation *op, function_ref<bool(Operation *)> matches) {
  return op
      ->walk([&](Operation *inner) {
        return inner != op && matches(inner) ? WalkResult::interrupt()
                                             : WalkResult::advance();
      })
      .wasInterrupted();
}

bool isInRegisters(Value lhs) {
  return isa<LhsAttr>(cast<RankedTensorType>(lhs.getType()).getEncoding());
}

bool isShared(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa_and_nonnull<SharedAttr>(type.getEncoding());
}

class RoleCheck {
public:
  explicit RoleCheck(Region &role) : role(role) {}

  LogicalResult run() {
    if (failed(checkBlock(role.front())))
      return failure();
    for (const HeldSlot &slot : state.held)
      return slot.receive->emitError("expected each received slot to be released once "
                                     "on every path, found none of this one");
    for (auto [fence, operand] : registerOperands)
      if (failed(checkDefinition(fence, operand)))
        return failure();
    return success();
  }

private:
  LogicalResult checkBlock(Block &block) {
    for (Operation &op : block) {
      bool before = !inFlight.empty();
      if (failed(check(&op)))
        return failure();
      // The results of a wait for all are there when nothing is in flight.
      if (before && !inFlight.empty())
        duringFlight.insert(&op);
    }
    // A product is named by a wait of its block, which ends it: nothing is in flight at
    // a loop's back-edge, a branch's end or the role's end.
    assert(inFlight.empty() && "expected a wait for each product in its block");
    return success();
  }

  LogicalResult check(Operation *op) {
    if (auto fence = dyn_cast<FenceOp>(op))
      return checkFence(fence);
    if (auto product = dyn_cast<MmaAsyncOp>(op))
      return checkProduct(product);
    if (auto wait = dyn_cast<WaitOp>(op))
      return checkWait(wait);
    if (auto advance = dyn_cast<AdvanceOp>(op))
      return checkAdvance(advance);
    if (auto send = dyn_cast<SendOp>(op))
      return take(op, send.getRing(), send.getCursor());
    if (auto post = dyn_cast<PostOp>(op))
      return take(op, post.getRing(), post.getCursor());
    if (auto number = dyn_cast<TakeOp>(op)) // releases its slot itself
      return take(op, number.getRing(), number.getCursor());
    if (auto receive = dyn_cast<ReceiveOp>(op)) {
      if (failed(take(op, receive.getRing(), receive.getCursor())))
        return failure();
      state.held.push_back({receive.getRing(), receive.getCursor(), receive.getResult(), op});
      return success();
    }
    if (auto release = dyn_cast<ReleaseOp>(op))
      return checkRelease(release);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return checkLoop(loop);
    if (auto choice = dyn_cast<scf::IfOp>(op))
      return checkChoice(choice);
    if (auto loop = dyn_cast<scf::WhileOp>(op))
      return checkTiles(loop);
    if (op->getNumRegions() && contains(op, isProtocol))
      return op->emitError("expected the asynchronous protocol in scf.for, scf.while "
                           "and scf.if alone, found ")
             << op->getName();
    if (!op->hasTrait<OpTrait::IsTerminator>())
      for (Value operand : op->getOperands())
        if (isShared(operand)) {
          if (failed(findSlot(op, operand)))
            return failure();
          if (auto convert = dyn_cast<ConvertOp>(op))
            reads[operand].conversions.push_back(convert);
        }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Products
  //===--------------------------------------------------------------------===//

  LogicalResult checkFence(FenceOp op) {
    if (!inFlight.empty())
      return op.emitError("expected nothing in flight at a fence, found ")
             << inFlight.size() << " products";
    fence = op;
    for (Value value : op.getValues())
      registerOperands.push_back({op, value});
    return success();
  }

  LogicalResult checkProduct(MmaAsyncOp op) {
    if (!fence || fence->getBlock() != op->getBlock())
      return op.emitError("expected a gdpa_nv.fence before each group of products, found "
                          "none since the last wait");
    auto isFenced = [&](Value value) { return value.getDefiningOp() == fence; };
    if (op.getAccumulator() && !isFenced(op.getAccumulator()))
      return op.emitError("expected the accumulator to be a result of the group's fence");
    if (isInRegisters(op.getLhs())) {
      // What stands outside of the block stays in its registers.
      Operation *made = op.getLhs().getDefiningOp();
      bool isEarlier = made && made->getBlock() == op->getBlock() &&
                       made->isBeforeInBlock(fence) && !duringFlight.contains(made) &&
                       isa<ConvertOp>(made);
      if (!isFenced(op.getLhs()) && op.getLhs().getParentBlock() == op->getBlock() &&
          !isEarlier)
        return op.emitError("expected a left operand in registers to be a result of the "
                            "group's fence, found one defined in the same block");
    } else if (failed(addRead(op, op.getLhs()))) {
      return failure();
    }
    if (failed(addRead(op, op.getRhs())))
      return failure();
    inFlight.push_back(op);
    return success();
  }

  LogicalResult addRead(MmaAsyncOp op, Value block) {
    if (failed(findSlot(op, block)))
      return failure();
    reads[block].products.push_back(op);
    return success();
  }

  LogicalResult checkWait(WaitOp op) {
    int64_t left = std::min<int64_t>(op.getInflight(), inFlight.size());
    auto firstLeft = inFlight.end() - left;
    for (Value pending : op.getPending()) {
      auto product = pending.getDefiningOp<MmaAsyncOp>();
      if (product && std::find(firstLeft, inFlight.end(), product) != inFlight.end())
        return addNote(op.emitError("expected the products that it names to be complete, "
                                    "found one that is among the ")
                           << left << " youngest, which may be in flight",
                       product, "the product");
      if (product && isInRegisters(product.getLhs()) &&
          product.getLhs().getParentBlock() == op->getBlock() &&
          !product.getLhs().getDefiningOp<ConvertOp>() &&
          !llvm::is_contained(op.getKept(), product.getLhs()))
        return op.emitError("expected the wait to keep the product's left operand, whose "
                            "registers are read until then");
    }
    for (MmaAsyncOp product : llvm::make_range(inFlight.begin(), firstLeft))
      completed.insert(product);
    inFlight.erase(inFlight.begin(), firstLeft);
    fence = nullptr;
    return success();
  }

  /// Registers of products are written while nothing is in flight: the operands of a
  /// fence are computed then, in this step of a loop or the one before.
  LogicalResult checkDefinition(FenceOp fence, Value operand) {
    SmallVector<Value> open = {operand};
    llvm::DenseSet<Value> seen;
    while (!open.empty()) {
      Value value = open.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      if (auto argument = dyn_cast<BlockArgument>(value)) {
        llvm::append_range(open, getPredecessors(argument));
        continue;
      }
      auto result = cast<OpResult>(value);
      Operation *op = result.getOwner();
      unsigned number = result.getResultNumber();
      if (auto tiles = dyn_cast<scf::WhileOp>(op)) {
        open.push_back(tiles.getConditionOp().getArgs()[number]);
      } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
        open.push_back(loop.getInitArgs()[number]);
        open.push_back(loop.getYieldedValues()[number]);
      } else if (auto choice = dyn_cast<scf::IfOp>(op)) {
        for (Region *region : {&choice.getThenRegion(), &choice.getElseRegion()})
          if (!region->empty())
            open.push_back(region->front().getTerminator()->getOperand(number));
      } else if (duringFlight.contains(op)) {
        return addNote(op->emitError("expected operands of products in registers to be "
                                     "computed while nothing is in flight"),
                       fence, "the fence of the products");
      } else if (auto convert = dyn_cast<ConvertOp>(op)) {
        open.push_back(convert.getSource()); // the same registers
      }
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Slots
  //===--------------------------------------------------------------------===//

  LogicalResult findSlot(Operation *op, Value block) {
    if (llvm::any_of(state.held, [&](const HeldSlot &slot) { return slot.block == block; }))
      return success();
    if (block.getDefiningOp() && !block.getDefiningOp<ReceiveOp>() &&
        !isa<scf::ForOp, scf::IfOp>(block.getDefiningOp()))
      return op->emitError("expected a received block, found the result of ")
             << block.getDefiningOp()->getName();
    return op->emitError("expected a block whose slot is held, found one that was "
                         "released or carried past its release");
  }

  LogicalResult checkAdvance(AdvanceOp op) {
    auto found = state.positions.find(op.getRing());
    if (found != state.positions.end() && found->second.cursor.has(op.getCursor()) &&
        found->second.taken)
      found->second = {op.getResult(), false};
    return success();
  }

  /// Sends to or receives from the slot at `cursor`, which must be the next.
  LogicalResult take(Operation *op, Value ring, Value cursor) {
    auto found = state.positions.find(ring);
    bool isNext = found == state.positions.end()
                      ? static_cast<bool>(cursor.getDefiningOp<CursorOp>())
                      : found->second.cursor.has(cursor) && !found->second.taken;
    if (!isNext)
      return op->emitError("expected the cursor of a ring to advance by one for each slot, "
                           "found one that is not the next");
    state.positions[ring] = {cursor, true};
    return success();
  }

  LogicalResult checkRelease(ReleaseOp op) {
    auto slot = llvm::find_if(state.held, [&](const HeldSlot &slot) {
      return slot.ring == op.getRing() && slot.cursor.has(op.getCursor());
    });
    if (slot == state.held.end())
      return op.emitError("expected a slot that was received and not released, found none "
                          "at this cursor");
    const Reads &own = reads[slot->block];
    for (MmaAsyncOp product : own.products)
      if (!completed.contains(product))
        return addNote(op.emitError("expected every product that reads the slot to be "
                                    "waited for before its release, found one in flight"),
                       product, "the product");
    for (ConvertOp convert : own.conversions)
      if (!isConsumed(convert))
        return addNote(op.emitError("expected what was read from the slot into registers to "
                                    "be consumed by a product that was waited for before its "
                                    "release"),
                       convert, "the conversion");
    state.held.erase(slot);
    return success();
  }

  /// Whether a product that reads the registers of a conversion was waited for, or
  /// nothing reads them.
  bool isConsumed(ConvertOp convert) {
    SmallVector<Value> open = {convert.getResult()};
    llvm::DenseSet<Value> seen;
    bool isRead = false;
    while (!open.empty()) {
      Value value = open.pop_back_val();
      if (!seen.insert(value).second)
        continue;
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (auto product = dyn_cast<MmaAsyncOp>(user)) {
          if (completed.contains(product))
            return true;
        } else if (isa<linalg::ContractOp>(user)) {
          return true; // not started yet: it is complete where it stands
        } else if (auto fence = dyn_cast<FenceOp>(user)) {
          open.push_back(fence.getResults()[use.getOperandNumber()]);
        } else if (auto loop = dyn_cast<scf::ForOp>(user)) {
          if (BlockArgument argument = loop.getTiedLoopRegionIterArg(&use))
            open.push_back(argument);
        } else if (auto tiles = dyn_cast<scf::WhileOp>(user)) {
          open.push_back(tiles.getBeforeArguments()[use.getOperandNumber()]);
        } else if (auto condition = dyn_cast<scf::ConditionOp>(user)) {
          if (unsigned number = use.getOperandNumber()) {
            auto around = cast<scf::WhileOp>(condition->getParentOp());
            open.push_back(around.getAfterArguments()[number - 1]);
            open.push_back(around.getResult(number - 1));
          }
        } else if (auto again = dyn_cast<scf::WhileOp>(user->getParentOp());
                   again && isa<scf::YieldOp>(user)) {
          open.push_back(again.getBeforeArguments()[use.getOperandNumber()]);
        } else if (isa<WaitOp>(user)) {
          open.push_back(user->getResult(use.getOperandNumber()));
        } else if (isa<scf::YieldOp>(user)) {
          open.push_back(user->getParentOp()->getResult(use.getOperandNumber()));
        }
        isRead = true;
      }
    }
    return !isRead;
  }

  //===--------------------------------------------------------------------===//
  // Loops and branches
  //===--------------------------------------------------------------------===//

  /// The reads of blocks that go on under another name.
  void renameReads(ValueRange from, ValueRange to) {
    for (auto [before, after] : llvm::zip(from, to))
      if (isShared(before)) {
        Reads moved = reads.lookup(before);
        reads[after].products.append(moved.products);
        reads[after].conversions.append(moved.conversions);
      }
  }

  /// Rings that the role comes to inside `op` for the first time start there.
  void addRings(Operation *op) {
    auto add = [&](Operation *user, Value ring) {
      if (state.positions.contains(ring))
        return;
      Value start = findStart(op, user->getOperand(user->getNumOperands() - 1));
      if (start)
        state.positions[ring] = {start, false};
    };
    op->walk([&](Operation *inner) {
      if (auto send = dyn_cast<SendOp>(inner))
        add(inner, send.getRing());
      else if (auto receive = dyn_cast<ReceiveOp>(inner))
        add(inner, receive.getRing());
      else if (auto post = dyn_cast<PostOp>(inner))
        add(inner, post.getRing());
      else if (auto number = dyn_cast<TakeOp>(inner))
        add(inner, number.getRing());
    });
  }

  LogicalResult checkEntry(Operation *op) {
    if (inFlight.empty())
      return success();
    if (isa<LoopLikeOpInterface>(op))
      return op->emitError("expected nothing in flight at a loop's back-edge, found ")
             << inFlight.size() << " products";
    if (contains(op, [](Operation *inner) { return isa<FenceOp, MmaAsyncOp, WaitOp>(inner); }))
      return op->emitError("expected nothing in flight at a branch with products, found ")
             << inFlight.size();
    return success();
  }

  LogicalResult checkLoop(scf::ForOp loop) {
    if (failed(checkEntry(loop)))
      return failure();
    if (!contains(loop, isProtocol))
      return success();
    addRings(loop);
    RingState outside = state;
    state = outside.rename(loop.getInitArgs(), loop.getRegionIterArgs());
    RingState atStart = state;
    renameReads(loop.getInitArgs(), loop.getRegionIterArgs());
    fence = nullptr;
    if (failed(checkBlock(*loop.getBody())))
      return failure();
    Operation *yield = loop.getBody()->getTerminator();
    if (failed(expectSame(yield, state.rename(yield->getOperands(), loop.getRegionIterArgs()),
                          atStart, "the loop's back-edge")))
      return failure();
    renameReads(loop.getInitArgs(), loop.getResults());
    renameReads(yield->getOperands(), loop.getResults());
    state = outside.rename(loop.getInitArgs(), loop.getResults());
    fence = nullptr;
    return success();
  }

  /// A loop over tiles: what its first region holds at its end, it holds at its start after the
  /// second region. Where a branch on the loop's own condition ends the work, what the
  /// other branch holds is what remains after the loop.
  LogicalResult checkTiles(scf::WhileOp loop) {
    if (failed(checkEntry(loop)))
      return failure();
    if (!contains(loop, isProtocol))
      return success();
    addRings(loop);
    Block &before = *loop.getBeforeBody(), &body = *loop.getAfterBody();
    scf::ConditionOp condition = loop.getConditionOp();
    state = state.rename(loop.getInits(), before.getArguments());
    RingState atStart = state;
    renameReads(loop.getInits(), before.getArguments());
    Value outer = std::exchange(ending, condition.getCondition());
    std::optional<RingState> outerEnd = std::exchange(atEnd, std::nullopt);
    fence = nullptr;
    if (failed(checkBlock(before)))
      return failure();
    RingState done = atEnd ? *atEnd : state;
    ending = outer;
    atEnd = outerEnd;
    renameReads(condition.getArgs(), body.getArguments());
    state = state.rename(condition.getArgs(), body.getArguments());
    fence = nullptr;
    if (failed(checkBlock(body)))
      return failure();
    Operation *yield = body.getTerminator();
    if (failed(expectSame(yield, state.rename(yield->getOperands(), before.getArguments()),
                          atStart, "the loop's back-edge")))
      return failure();
    renameReads(condition.getArgs(), loop.getResults());
    state = done.rename(condition.getArgs(), loop.getResults());
    fence = nullptr;
    return success();
  }

  LogicalResult checkChoice(scf::IfOp choice) {
    if (failed(checkEntry(choice)))
      return failure();
    if (!inFlight.empty())
      choice->walk([&](Operation *inner) { duringFlight.insert(inner); });
    if (!contains(choice, isProtocol))
      return success();
    addRings(choice);
    RingState before = state;
    FenceOp outer = fence;
    RingState ends[2];
    Region *regions[] = {&choice.getThenRegion(), &choice.getElseRegion()};
    Operation *end = choice;
    for (auto [region, after] : llvm::zip(regions, ends)) {
      state = before;
      if (!region->empty()) {
        SmallVector<MmaAsyncOp> outside;
        std::swap(outside, inFlight); // none of them is touched inside
        if (failed(checkBlock(region->front())))
          return failure();
        std::swap(outside, inFlight);
        end = region->front().getTerminator();
        renameReads(end->getOperands(), choice.getResults());
        state = state.rename(end->getOperands(), choice.getResults());
      }
      after = state;
    }
    fence = inFlight.empty() ? FenceOp() : outer;
    state = ends[0];
    if (choice.getCondition() == ending) {
      atEnd = ends[1];
      return success();
    }
    return expectSame(end, ends[1], ends[0], "the branch's end");
  }

  Region &role;
  RingState state;
  /// The condition that the loop over tiles goes on, and the state where it does not.
  Value ending;
  std::optional<RingState> atEnd;
  FenceOp fence; // of the group that products join
  SmallVector<MmaAsyncOp> inFlight;
  llvm::DenseSet<Operation *> completed, duringFlight;
  SmallVector<std::pair<FenceOp, Value>> registerOperands;
  DenseMap<Value, Reads> reads;
};

} // namespace

LogicalResult gdpa_nv::checkRole(Region &role) { return RoleCheck(role).run(); }
