//===- CheckProtocol.cpp - what roles of a kernel owe each other ----------===//

#include "CheckRole.h"
#include "KernelThreads.h"
#include "RingState.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVCHECK
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kMostBoxRows = 256;  // of TMA
constexpr int64_t kRowBytes = SharedAttr::kPanel * 2;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Bytes [begin, end) of shared memory.
struct Interval {
  int64_t begin, end;
  RingOp ring;
};

LogicalResult checkBox(RingOp ring) {
  RankedTensorType block = ring.getType().getBlock();
  if (block.getRank() == 1) // a message
    return success();
  int64_t rows = block.getDimSize(0);
  if (rows > kMostBoxRows || rows % 8)
    return ring.emitError("expected a block of at most 256 rows in multiples of 8, which one "
                          "box of TMA fills, found ")
           << rows;
  int64_t panels = llvm::divideCeil(block.getDimSize(1), SharedAttr::kPanel);
  int64_t sent = panels * rows * kRowBytes, bytes = SharedAttr::getBytes(block);
  if (sent != bytes)
    return ring.emitError("expected a slot of the bytes that arrive in it, ")
           << sent << ", found " << bytes;
  return success();
}

/// Slots and barriers are aligned, disjoint and inside the kernel's shared memory.
LogicalResult checkPlaces(gpu::GPUFuncOp function) {
  SmallVector<Interval> intervals;
  auto bytes = function->getAttrOfType<IntegerAttr>(kSharedBytesAttr);
  auto walked = function.walk([&](RingOp ring) {
    if (failed(checkBox(ring)))
      return WalkResult::interrupt();
    int64_t slots = ring.getType().getSlots(), at = ring.getAt(), barriers = ring.getBarriers();
    int64_t alignment = ring.getType().getBlock().getRank() == 1 ? 16 : kTileAlignment;
    if (at % alignment || barriers % kBarrierBytes) {
      ring.emitError("expected slots at a multiple of ")
          << alignment << " bytes and barriers at one of 8, found "
          << at << " and " << barriers;
      return WalkResult::interrupt();
    }
    intervals.push_back({at, at + slots * SharedAttr::getBytes(ring.getType().getBlock()), ring});
    intervals.push_back({barriers, barriers + 2 * slots * kBarrierBytes, ring});
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  llvm::sort(intervals, [](const Interval &a, const Interval &b) { return a.begin < b.begin; });
  int64_t end = 0;
  for (Interval interval : intervals) {
    if (interval.begin < end)
      return interval.ring.emitError("expected slots and barriers of their own, found bytes ")
             << interval.begin << " to " << std::min(end, interval.end) << " in use";
    end = interval.end;
    if (bytes && end > bytes.getInt())
      return interval.ring.emitError("expected slots and barriers in the ")
             << bytes.getInt() << " bytes of the kernel's shared memory, found them up to "
             << end;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

class TurnCheck {
public:
  explicit TurnCheck(RolesOp roles) : roles(roles) {}

  LogicalResult run() {
    SmallVector<Operation *> opened, closed;
    Operation *turn = nullptr;
    roles->walk([&](Operation *op) {
      if (isa<OpenTurnsOp>(op))
        opened.push_back(op);
      else if (isa<CloseTurnsOp>(op))
        closed.push_back(op);
      else if (isa<AwaitTurnOp, PassTurnOp>(op))
        turn = op;
    });
    if (opened.empty() && closed.empty() && !turn)
      return success();
    Block &consumer = roles.getConsumer().front();
    if (opened.size() != 1 || closed.size() != 1 ||
        opened.front()->getBlock() != &consumer || closed.front()->getBlock() != &consumer)
      return roles.emitError("expected turns that the consumers open once and close once, "
                             "found them opened ")
             << opened.size() << " and closed " << closed.size() << " times there";
    open = opened.front();
    close = closed.front();
    return check(consumer);
  }

private:
  LogicalResult check(Block &block) {
    bool inTurn = false;
    for (Operation &op : block) {
      if (isa<AwaitTurnOp, PassTurnOp>(op)) {
        if (inTurn == isa<AwaitTurnOp>(op))
          return op.emitError("expected a consumer to await its turn and to pass it on in "
                              "alternation, found ")
                 << op.getName() << (inTurn ? " in a turn" : " outside of one");
        Operation *top = roles.getConsumer().findAncestorOpInRegion(op);
        if (!open->isBeforeInBlock(top) || !top->isBeforeInBlock(close))
          return op.emitError("expected turns between the one that opens them and the one "
                              "that closes them");
        inTurn = !inTurn;
      }
      if (isa<MmaAsyncOp>(op) && !inTurn)
        return op.emitError("expected products in a turn, found one outside");
      for (Region &region : op.getRegions())
        for (Block &inner : region) {
          bool any = inner.walk([](Operation *o) {
                            return isa<AwaitTurnOp, PassTurnOp, MmaAsyncOp>(o)
                                       ? WalkResult::interrupt()
                                       : WalkResult::advance();
                          }).wasInterrupted();
          if (any && inTurn)
            return op.emitError("expected a turn to be passed on in the block that awaits it, "
                                "found products inside of an operation of it");
          if (any && failed(check(inner)))
            return failure();
        }
    }
    if (inTurn)
      return block.getTerminator()->emitError("expected a consumer to await its turn and to "
                                              "pass it on in alternation, found the end of "
                                              "a block in a turn");
    return success();
  }

  RolesOp roles;
  Operation *open = nullptr, *close = nullptr;
};

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// What a role does with one ring: events, in the loops and branches around them.
struct Node {
  Operation *op;
  std::vector<Node> inner, otherwise;
  bool isEvent() const { return inner.empty() && otherwise.empty(); }
};

std::vector<Node> collect(Block &block, Value ring) {
  std::vector<Node> nodes;
  for (Operation &op : block) {
    if (isa<SendOp, ReceiveOp, PostOp, TakeOp>(op)) {
      if (llvm::is_contained(op.getOperands(), ring))
        nodes.push_back({&op, {}, {}});
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      std::vector<Node> inner = collect(*loop.getBody(), ring);
      if (!inner.empty())
        nodes.push_back({&op, std::move(inner), {}});
    } else if (auto tiles = dyn_cast<scf::WhileOp>(op)) {
      std::vector<Node> inner = collect(*tiles.getAfterBody(), ring);
      if (!inner.empty())
        nodes.push_back({&op, std::move(inner), {}});
    } else if (auto choice = dyn_cast<scf::IfOp>(op)) {
      std::vector<Node> inner = collect(*choice.thenBlock(), ring), otherwise;
      if (Block *other = choice.elseBlock())
        otherwise = collect(*other, ring);
      if (!inner.empty() || !otherwise.empty())
        nodes.push_back({&op, std::move(inner), std::move(otherwise)});
    }
  }
  return nodes;
}

/// A loop.
struct Bounds {
  Value lower, upper, step, induction;
  ArrayRef<Node> body;
};

std::optional<Bounds> getBounds(const Node &node) {
  auto loop = dyn_cast<scf::ForOp>(node.op);
  if (!loop)
    return std::nullopt;
  return Bounds{loop.getLowerBound(), loop.getUpperBound(), loop.getStep(),
                loop.getInductionVar(), node.inner};
}

/// Compares what the producer and the consumers do with a ring.
class OrderCheck {
public:
  LogicalResult check(RingOp ring, ArrayRef<Node> sent, ArrayRef<Node> received) {
    if (sent.size() != received.size())
      return fail(ring, received.empty() ? sent : received, sent.size(), received.size());
    for (auto [a, b] : llvm::zip_equal(sent, received)) {
      if (a.isEvent() || b.isEvent()) {
        if (a.isEvent() != b.isEvent())
          return fail(ring, b, "a loop or a branch of one role alone");
        continue;
      }
      auto tiles = dyn_cast<scf::WhileOp>(a.op), otherTiles = dyn_cast<scf::WhileOp>(b.op);
      if (tiles && otherTiles) {
        // The number of a tile comes first: the producer's own, the consumers' from it.
        same[tiles.getAfterArguments()[0]] = otherTiles.getAfterArguments()[0];
        if (failed(check(ring, a.inner, b.inner)))
          return failure();
        continue;
      }
      std::optional<Bounds> loop = getBounds(a), other = getBounds(b);
      if (loop && other) {
        if (!isSame(loop->lower, other->lower) || !isSame(loop->upper, other->upper) ||
            !isSame(loop->step, other->step))
          return fail(ring, b, "loops of other bounds");
        same[loop->induction] = other->induction;
        if (failed(check(ring, loop->body, other->body)))
          return failure();
        continue;
      }
      auto choice = dyn_cast<scf::IfOp>(a.op), otherChoice = dyn_cast<scf::IfOp>(b.op);
      if (!choice || !otherChoice)
        return fail(ring, b, "a loop for a branch");
      if (!isSame(choice.getCondition(), otherChoice.getCondition()))
        return fail(ring, b, "branches of other conditions");
      if (failed(check(ring, a.inner, b.inner)) || failed(check(ring, a.otherwise, b.otherwise)))
        return failure();
    }
    return success();
  }

private:
  LogicalResult fail(RingOp ring, const Node &at, const Twine &found) {
    InFlightDiagnostic error = at.op->emitError("expected the producer to send and the "
                                                "consumers to receive the same blocks of a "
                                                "ring in the same order, found ")
                               << found;
    error.attachNote(ring.getLoc()) << "the ring";
    return error;
  }
  LogicalResult fail(RingOp ring, ArrayRef<Node> at, size_t sent, size_t received) {
    return fail(ring, at.back(), Twine(sent) + " sent and " + Twine(received) +
                                     " received in one place");
  }

  /// Whether two values are computed alike.
  bool isSame(Value a, Value b) {
    if (a == b)
      return true;
    if (auto found = same.find(a); found != same.end())
      return found->second == b;
    auto left = dyn_cast<OpResult>(a), right = dyn_cast<OpResult>(b);
    if (!left || !right || left.getResultNumber() != right.getResultNumber())
      return false;
    bool equal = OperationEquivalence::isEquivalentTo(
        left.getOwner(), right.getOwner(),
        [&](Value x, Value y) { return success(isSame(x, y)); },
        [&](Value x, Value y) { same[x] = y; },
        OperationEquivalence::IgnoreLocations);
    if (equal)
      same[a] = b;
    return equal;
  }

  DenseMap<Value, Value> same; // of the producer, of the consumers
};

//===----------------------------------------------------------------------===//
// Uniformity
//===----------------------------------------------------------------------===//

/// Whether all threads compute the same value.
class Uniformity {
public:
  bool isUniform(Value value) {
    SmallVector<Value> open = {value};
    while (!open.empty()) {
      Value next = open.pop_back_val();
      if (!seen.insert(next).second)
        continue;
      Operation *op = next.getDefiningOp();
      if (auto argument = dyn_cast<BlockArgument>(next)) {
        if (auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp()))
          open.append({loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
        llvm::append_range(open, getPredecessors(argument)); // none: of the kernel
        continue;
      }
      if (isa<gpu::ThreadIdOp, gpu::LaneIdOp, gpu::SubgroupIdOp, NVVM::ThreadIdXOp,
              NVVM::LaneIdOp>(op) ||
          isa<RankedTensorType>(next.getType()))
        return false;
      open.append(op->operand_begin(), op->operand_end());
      for (Region &region : op->getRegions())
        for (Block &block : region)
          if (block.mightHaveTerminator())
            open.append(block.getTerminator()->operand_begin(),
                        block.getTerminator()->operand_end());
    }
    return true;
  }

private:
  llvm::DenseSet<Value> seen; // uniform, where no answer was false
};

LogicalResult checkUniform(RolesOp roles) {
  Uniformity uniformity;
  auto walked = roles->walk([&](Operation *op) {
    SmallVector<Value> asked;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      asked.append({loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
    else if (auto choice = dyn_cast<scf::IfOp>(op))
      asked.push_back(choice.getCondition());
    else
      return WalkResult::advance();
    bool protocol = op->walk([](Operation *inner) {
                        return isa<SendOp, ReceiveOp, ReleaseOp, FenceOp, MmaAsyncOp, WaitOp,
                                   AwaitTurnOp, PassTurnOp>(inner)
                                   ? WalkResult::interrupt()
                                   : WalkResult::advance();
                      }).wasInterrupted();
    if (!protocol ||
        llvm::all_of(asked, [&](Value value) { return uniformity.isUniform(value); }))
      return WalkResult::advance();
    op->emitError("expected bounds and conditions around the protocol to be the same in all "
                  "threads, found one that depends on the thread or on a block's elements");
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

/// Whether consumers have started products ahead of their use.
bool isRotated(RolesOp roles) {
  return roles.getConsumer()
      .walk([](ReceiveOp receive) {
        return receive.getLate() ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult checkRoles(RolesOp roles) {
  auto walked = roles.getProducer().walk([](Operation *op) {
    if (!isa<ReceiveOp, ReleaseOp, FenceOp, MmaAsyncOp, WaitOp, HoldOp>(op))
      return WalkResult::advance();
    op->emitError("expected the producer to send alone, found ") << op->getName();
    return WalkResult::interrupt();
  });
  if (walked.wasInterrupted() || failed(checkUniform(roles)) ||
      failed(checkRole(roles.getProducer())) || failed(checkRole(roles.getConsumer())) ||
      failed(TurnCheck(roles).run()))
    return failure();
  // Once products are started ahead of their use, the roles' loops can no longer be
  // compared; the pipeline checks them before that.
  if (isRotated(roles))
    return success();
  walked = roles->getParentOfType<gpu::GPUFuncOp>().walk([&](RingOp ring) {
    if (ring.getType().getBlock().getRank() == 1)
      return WalkResult::advance(); // the messages are the order of the tiles themselves
    return WalkResult(OrderCheck().check(
        ring, collect(roles.getProducer().front(), ring.getResult()),
        collect(roles.getConsumer().front(), ring.getResult())));
  });
  return failure(walked.wasInterrupted());
}

struct Check : gdpa_nv::impl::GDPANVCheckBase<Check> {
  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    SmallVector<RolesOp> all;
    function.walk([&](RolesOp roles) { all.push_back(roles); });
    markAllAnalysesPreserved();
    if (all.empty())
      return;
    if (all.size() != 1) {
      all[1].emitError("expected one gdpa_nv.roles in a kernel");
      return signalPassFailure();
    }
    if (failed(checkPlaces(function)) || failed(checkRoles(all.front())))
      signalPassFailure();
  }
};
} // namespace
