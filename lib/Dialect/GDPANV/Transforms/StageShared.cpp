//===- StageShared.cpp - shared blocks through a ring of buffers ----------===//
//
// cp.async copies run `stages - 1` iterations ahead of their use. One barrier an
// iteration does two things: it publishes the slot that was waited for, and it
// says that every warp has left the slot that is filled next.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "KernelThreads.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPATILESTAGESHARED
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {


Value constantI32(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getI32IntegerAttr(value));
}

bool isShared(gdpa_tile::LoadOp load) {
  return isa_and_nonnull<SharedAttr>(getLayout(load.getResult()));
}

/// Shared memory of one kernel, given out in order.
class SharedMemory {
public:
  int64_t allocate(int64_t bytes) {
    int64_t at = llvm::alignTo(used, kTileAlignment);
    used = at + bytes;
    return at;
  }
  int64_t getBytes() const { return used; }

private:
  int64_t used = 0;
};

/// The blocks that one loop loads, and their places inside a slot. They may stand
/// under a condition: where it does not hold, nothing is read.
class Ring {
public:
  Ring(scf::ForOp loop, SmallVector<gdpa_tile::LoadOp> loads, int64_t stages,
       SharedMemory &memory)
      : loop(loop), loads(std::move(loads)), stages(stages),
        builder(loop.getContext()), loc(loop.getLoc()) {
    int64_t bytes = 0;
    for (gdpa_tile::LoadOp load : this->loads) {
      bool block = load.getType().getRank() == 2;
      bytes = llvm::alignTo(bytes, block ? kTileAlignment : 16);
      places.push_back(bytes);
      bytes += SharedAttr::getBytes(load.getType());
    }
    slotBytes = llvm::alignTo(bytes, kTileAlignment);
    base = memory.allocate(slotBytes * stages);
  }

  /// The copies of the first iterations; `addOnce` starts those of the blocks
  /// that the loop only reads, so that they join the first group.
  LogicalResult run(function_ref<void(OpBuilder &)> addOnce,
                    function_ref<void(OpBuilder &)> replaceOnce) {
    if (failed(collectOffsets()))
      return failure();
    builder.setInsertionPoint(loop);
    addOnce(builder);
    for (int64_t stage = 0; stage < stages - 1; ++stage) {
      Value steps = arith::ConstantIndexOp::create(builder, loc, stage);
      Value j = arith::AddIOp::create(
          builder, loc, loop.getLowerBound(),
          arith::MulIOp::create(builder, loc, steps, loop.getStep()));
      start(j, constantI32(builder, loc, base + stage * slotBytes));
    }
    // What the loop only reads may be needed before it: fragments are read once.
    wait();
    replaceOnce(builder);
    rewriteLoop();
    return success();
  }

private:
  /// The operations that compute the offsets from the induction variable.
  LogicalResult collectOffsets() {
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.filter = [&](Operation *op) { return loop->isProperAncestor(op); };
    options.inclusive = true;
    options.omitBlockArguments = true;
    for (gdpa_tile::LoadOp load : loads) {
      if (load->getParentOp() != loads.front()->getParentOp())
        return load.emitError("expected all shared blocks of a loop to be loaded "
                              "under the same condition");
      SmallVector<Value> needed(load.getOffsets());
      if (auto choice = dyn_cast<scf::IfOp>(load->getParentOp()))
        needed.push_back(condition = choice.getCondition());
      for (Value value : needed)
        if (failed(getBackwardSlice(value, &slice, options)))
          return load.emitError("expected offsets that can be traced to the "
                                "loop's induction variable");
    }
    for (Operation *op : slice) {
      bool fromInduction = llvm::all_of(op->getOperands(), [&](Value operand) {
        auto argument = dyn_cast<BlockArgument>(operand);
        return !argument || argument.getOwner() != loop.getBody() ||
               argument == loop.getInductionVar();
      });
      // Reads of captures: nothing is written to them.
      bool isPure = isMemoryEffectFree(op) || isa<memref::LoadOp>(op);
      if (!isPure || op->getNumRegions() || !fromInduction)
        return op->emitError("expected the offsets of a block that is loaded "
                             "in a loop to be pure functions of its induction "
                             "variable");
    }
    offsets = llvm::to_vector(slice);
    // What stands under the condition follows what stands before it.
    llvm::sort(offsets, [&](Operation *a, Operation *b) {
      if (a->getBlock() == b->getBlock())
        return a->isBeforeInBlock(b);
      return a->getBlock() == loop.getBody();
    });
    return success();
  }

  /// Starts the copies of the iteration at `j` into the slot at `slot`. Past the
  /// loop's end they write zeros and read nothing: their offsets may be anything.
  void start(Value j, Value slot) {
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), j);
    for (Operation *op : offsets)
      builder.clone(*op, mapping);
    Value active =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, j,
                              loop.getUpperBound());
    if (condition)
      active = arith::AndIOp::create(builder, loc, active,
                                     mapping.lookupOrDefault(condition));
    for (auto [load, place] : llvm::zip(loads, places)) {
      SmallVector<Value> mapped;
      for (Value offset : load.getOffsets())
        mapped.push_back(mapping.lookupOrDefault(offset));
      Value at = slot;
      if (place)
        at = arith::AddIOp::create(builder, loc, slot,
                                   constantI32(builder, loc, place));
      auto copy = CopyAsyncOp::create(builder, load.getLoc(), load.getSource(),
                                      mapped, load.getCoordinateMap(), at,
                                      active, load.getType());
      if (load.getClamp())
        copy->setAttr("clamp", builder.getUnitAttr());
    }
    NVVM::CpAsyncCommitGroupOp::create(builder, loc);
  }

  /// Until the oldest slot has arrived, for all warps.
  void wait() {
    NVVM::CpAsyncWaitGroupOp::create(
        builder, loc, builder.getI32IntegerAttr(std::max<int64_t>(stages - 2, 0)));
    gpu::BarrierOp::create(builder, loc);
  }

  void rewriteLoop() {
    IRRewriter rewriter(builder);
    rewriter.setInsertionPoint(loop);
    Value first = constantI32(rewriter, loc, base);
    int64_t end = base + stages * slotBytes;
    // The offset of a slot `ahead` slots after `slot`, which wraps around.
    auto after = [&](OpBuilder &b, Value slot, int64_t ahead) -> Value {
      if (ahead % stages == 0)
        return slot;
      Value next = arith::AddIOp::create(
          b, loc, slot, constantI32(b, loc, ahead * slotBytes));
      Value past = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                         next, constantI32(b, loc, end));
      Value wrapped = arith::AddIOp::create(
          b, loc, slot, constantI32(b, loc, (ahead - stages) * slotBytes));
      return arith::SelectOp::create(b, loc, past, wrapped, next);
    };
    auto replaced = loop.replaceWithAdditionalYields(
        rewriter, ValueRange{first}, /*replaceInitOperandUsesInLoop=*/false,
        [&](OpBuilder &b, Location, ArrayRef<BlockArgument> slot) {
          return SmallVector<Value>{after(b, slot[0], 1)};
        });
    loop = cast<scf::ForOp>(replaced->getOperation());
    Value slot = loop.getRegionIterArgs().back();
    builder.setInsertionPointToStart(loop.getBody());
    wait();
    Value ahead = arith::ConstantIndexOp::create(builder, loc, stages - 1);
    Value next = arith::AddIOp::create(
        builder, loc, loop.getInductionVar(),
        arith::MulIOp::create(builder, loc, ahead, loop.getStep()));
    start(next, after(builder, slot, stages - 1));
    for (auto [load, place] : llvm::zip(loads, places)) {
      Value at = slot;
      if (place)
        at = arith::AddIOp::create(builder, loc, slot,
                                   constantI32(builder, loc, place));
      Value view = ViewOp::create(builder, load.getLoc(), load.getType(), at);
      load.getResult().replaceAllUsesWith(view);
    }
    for (gdpa_tile::LoadOp load : loads)
      load.erase();
  }

  scf::ForOp loop;
  SmallVector<gdpa_tile::LoadOp> loads;
  int64_t stages, slotBytes, base;
  OpBuilder builder;
  Location loc;
  SmallVector<int64_t> places;
  SmallVector<Operation *> offsets;
  Value condition; // under which the loads stand, if any
};

struct StageShared : gdpa_nv::impl::GDPATileStageSharedBase<StageShared> {
  using GDPATileStageSharedBase::GDPATileStageSharedBase;

  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    if (getConsumers(function)) // its blocks pass through rings
      return;
    FailureOr<int64_t> threads = getKernelThreads(function);
    if (failed(threads))
      return signalPassFailure();
    int64_t slots = stages;
    if (auto schedule = function->getAttrOfType<ScheduleAttr>("schedule");
        schedule && !slots)
      slots = schedule.getStages();
    if (!slots)
      slots = 2;
    if (slots < 2) {
      function.emitError("expected a ring of at least 2 stages, found ")
          << slots;
      return signalPassFailure();
    }
    SmallVector<gdpa_tile::LoadOp> once;
    llvm::MapVector<scf::ForOp, SmallVector<gdpa_tile::LoadOp>> rings;
    WalkResult walked = function.walk([&](gdpa_tile::LoadOp load) {
      if (!isShared(load))
        return WalkResult::advance();
      Operation *around = load->getParentOp();
      if (isa<scf::IfOp>(around) && isa<scf::ForOp>(around->getParentOp()))
        around = around->getParentOp();
      auto loop = dyn_cast<scf::ForOp>(around);
      if (!loop && around != function) {
        load.emitError("expected a shared block to be loaded in a loop or in "
                       "the body of the kernel");
        return WalkResult::interrupt();
      }
      if (loop && loop->getParentOp() != function) {
        load.emitError("expected a loop of a kernel's body around a shared "
                       "block, found nested loops");
        return WalkResult::interrupt();
      }
      if (loop)
        rings[loop].push_back(load);
      else
        once.push_back(load);
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return signalPassFailure();

    SharedMemory memory;
    SmallVector<int64_t> places;
    for (gdpa_tile::LoadOp load : once)
      places.push_back(memory.allocate(SharedAttr::getBytes(load.getType())));
    auto addOnce = [&](OpBuilder &builder) {
      for (auto [load, place] : llvm::zip(once, places))
        CopyAsyncOp::create(builder, load.getLoc(), load.getSource(),
                            load.getOffsets(), load.getCoordinateMap(),
                            constantI32(builder, load.getLoc(), place), Value(),
                            load.getType());
    };
    auto replaceOnce = [&](OpBuilder &builder) {
      for (auto [load, place] : llvm::zip(once, places)) {
        Value view = ViewOp::create(builder, load.getLoc(), load.getType(),
                                    constantI32(builder, load.getLoc(), place));
        load.getResult().replaceAllUsesWith(view);
        load.erase();
      }
      once.clear();
    };
    if (rings.empty() && !once.empty()) {
      Operation *last = once.back();
      OpBuilder builder(last->getContext());
      builder.setInsertionPointAfter(last);
      addOnce(builder);
      NVVM::CpAsyncCommitGroupOp::create(builder, last->getLoc());
      NVVM::CpAsyncWaitGroupOp::create(builder, last->getLoc(),
                                       builder.getI32IntegerAttr(0));
      gpu::BarrierOp::create(builder, last->getLoc());
      replaceOnce(builder);
    }
    for (auto &ring : rings) {
      scf::ForOp loop = ring.first;
      // Conversions that read fragments once stand before the loop; they follow
      // the wait.
      SmallVector<ConvertOp> early;
      for (gdpa_tile::LoadOp load : once)
        for (Operation *user : load.getResult().getUsers())
          if (auto convert = dyn_cast<ConvertOp>(user);
              convert && convert->getBlock() == loop->getBlock())
            early.push_back(convert);
      Ring staging(loop, ring.second, slots, memory);
      if (failed(staging.run(addOnce, [&](OpBuilder &builder) {
            replaceOnce(builder);
            for (ConvertOp convert : early)
              convert->moveBefore(loop);
          })))
        return signalPassFailure();
    }
    // Sums whose elements may meet in one place need a table.
    function.walk([&](gdpa_tile::AccumulateOp op) {
      if (int64_t bytes = getSumScratchBytes(op, *threads))
        op->setAttr(kScratchAttr,
                    OpBuilder(op).getI32IntegerAttr(memory.allocate(bytes)));
    });
    function->setAttr(kSharedBytesAttr,
                      OpBuilder(function).getI64IntegerAttr(memory.getBytes()));
  }
};
} // namespace
