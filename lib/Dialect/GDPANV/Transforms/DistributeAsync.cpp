//===- DistributeAsync.cpp - roles, rings and turns -----------------------===//
//
// A cursor is one i32: twice the slot, plus how often the ring was passed
// (mod 2), which is the parity that its full barrier completes next.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "KernelThreads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// Time that one try_wait may suspend the thread, in ns, as a hint.
constexpr int64_t kSuspend = 10000000;

/// A ring in shared memory, by the operation that made it.
struct RingPlace {
  explicit RingPlace(Value ring)
      : RingPlace(ring.getDefiningOp<RingOp>()) {}
  explicit RingPlace(RingOp op)
      : type(op.getType()), at(op.getAt()), barriers(op.getBarriers()),
        bytes(SharedAttr::getBytes(type.getBlock())) {}

  Value slot(ThreadBuilder &b, Value cursor) const { return b.shiftRight(cursor, 1); }
  Value phase(ThreadBuilder &b, Value cursor) const { return b.bitAnd(cursor, 1); }
  /// Byte offset of the cursor's block.
  Value block(ThreadBuilder &b, Value cursor) const {
    if (type.getSlots() == 1)
      return b.constant(at);
    return b.add(b.mul(slot(b, cursor), bytes), at);
  }
  Value full(ThreadBuilder &b, Value cursor) const {
    return barrier(b, cursor, barriers);
  }
  Value empty(ThreadBuilder &b, Value cursor) const {
    return barrier(b, cursor, barriers + type.getSlots() * kBarrierBytes);
  }

  RingType type;
  int64_t at, barriers, bytes;

private:
  Value barrier(ThreadBuilder &b, Value cursor, int64_t at) const {
    Value base = b.advance(b.thread.shared, at);
    if (type.getSlots() == 1)
      return base;
    return b.advance(base, b.mul(slot(b, cursor), kBarrierBytes));
  }
};

void waitFor(ThreadBuilder &b, Value barrier, Value phase) {
  NVVM::MBarrierTryWaitParityOp::create(b.builder, b.loc, barrier, phase,
                                        b.constant(kSuspend));
}

/// Tests a barrier once, then waits. The assembler moves the first test into the
/// code before it; one that returns at once does no harm there.
void testThenWait(ThreadBuilder &b, Value barrier, Value phase) {
  Value address =
      LLVM::PtrToIntOp::create(b.builder, b.loc, b.builder.getI32Type(), barrier);
  Value done =
      LLVM::InlineAsmOp::create(
          b.builder, b.loc, b.builder.getI32Type(), ValueRange{address, phase},
          "{ .reg .pred p; mbarrier.test_wait.parity.shared.b64 p, [$1], $2; selp.u32 $0, 1, 0, p; }",
          "=r,r,r", /*has_side_effects=*/true, /*is_align_stack=*/false,
          LLVM::TailCallKind::None,
          LLVM::AsmDialectAttr::get(b.builder.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr())
          .getResult(0);
  auto guard = scf::IfOp::create(b.builder, b.loc, b.equal(done, 0), false);
  OpBuilder::InsertionGuard insertion(b.builder);
  b.builder.setInsertionPointToStart(guard.thenBlock());
  waitFor(b, barrier, phase);
}

struct DistributeCursor : DistributionPattern<CursorOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(CursorOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, ThreadBuilder(rewriter, op.getLoc(), thread).constant(0));
    return success();
  }
};

struct DistributeAdvance : DistributionPattern<AdvanceOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(AdvanceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), thread);
    int64_t slots = op.getRing().getType().getSlots();
    Value cursor = adaptor.getCursor(), one = b.constant(1);
    if (slots == 1) {
      rewriter.replaceOp(op, b.bitXor(cursor, one));
      return success();
    }
    Value next = b.add(cursor, 2);
    Value inside = b.lessThan(next, b.constant(2 * slots));
    Value wrapped = b.bitXor(b.add(next, -2 * slots), one);
    rewriter.replaceOp(op, b.select(inside, next, wrapped));
    return success();
  }
};

struct DistributeSend : DistributionPattern<SendOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(SendOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    RingPlace ring(op.getRing());
    auto argument = dyn_cast<BlockArgument>(op.getSource());
    if (!argument || argument.getOwner()->getParentOp() !=
                         op->getParentOfType<gpu::GPUFuncOp>())
      return op.emitError("expected an argument of the kernel as the source of "
                          "a copy by TMA");
    RankedTensorType block = ring.type.getBlock();
    constexpr int64_t panel = SharedAttr::kPanel;
    int64_t rows = block.getDimSize(0);
    if (rows > 256)
      return op.emitError("expected a block of at most 256 rows, found ") << rows;
    Value cursor = adaptor.getCursor();
    waitFor(b, ring.empty(b, cursor), b.bitXor(ring.phase(b, cursor), b.constant(1)));
    Value full = ring.full(b, cursor);
    int64_t panels = llvm::divideCeil(block.getDimSize(1), panel);
    NVVM::MBarrierArriveExpectTxOp::create(
        rewriter, loc, Type(), full, b.constant(panels * rows * panel * 2),
        NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
    Value map = TensorMapOp::create(rewriter, loc,
                                    LLVM::LLVMPointerType::get(rewriter.getContext()),
                                    op.getSource(), rows, panel);
    // Innermost first.
    SmallVector<Value> coordinates;
    for (Value offset : llvm::reverse(op.getOffsets()))
      coordinates.push_back(b.toI32(offset));
    Value first = coordinates[0];
    Value target = b.advance(thread.shared, ring.block(b, cursor));
    for (int64_t p = 0; p < panels; ++p) {
      coordinates[0] = b.add(first, p * panel);
      NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
          rewriter, loc, b.advance(target, p * rows * panel * 2), map, coordinates, full,
          ValueRange(), Value(), Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/true,
          NVVM::CTAGroupKindAttr(), Value());
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct DistributeReceive : DistributionPattern<ReceiveOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(ReceiveOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), thread);
    RingPlace ring(op.getRing());
    Value cursor = adaptor.getCursor(), full = ring.full(b, cursor);
    Value phase = ring.phase(b, cursor);
    if (op.getLate())
      testThenWait(b, full, phase);
    else
      waitFor(b, full, phase);
    rewriter.replaceOp(op, ring.block(b, cursor));
    return success();
  }
};

void release(ThreadBuilder &b, Value empty) {
  NVVM::InlinePtxOp::create(b.builder, b.loc, TypeRange(), ValueRange{empty}, ValueRange(),
                            "mbarrier.arrive.shared.b64 _, [$0];", b.equal(b.thread.lane, 0));
}

struct DistributeDraw : DistributionPattern<DrawOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(DrawOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), thread);
    rewriter.replaceOpWithNewOp<LLVM::AtomicRMWOp>(
        op, LLVM::AtomicBinOp::add, b.pointer(op.getCounter()), b.constant(1),
        LLVM::AtomicOrdering::monotonic);
    return success();
  }
};

struct DistributePost : DistributionPattern<PostOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(PostOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    RingPlace ring(op.getRing());
    Value cursor = adaptor.getCursor();
    waitFor(b, ring.empty(b, cursor), b.bitXor(ring.phase(b, cursor), b.constant(1)));
    LLVM::StoreOp::create(rewriter, loc, op.getValue(),
                          b.advance(thread.shared, ring.block(b, cursor)), 4);
    NVVM::InlinePtxOp::create(rewriter, loc, TypeRange(), ValueRange{ring.full(b, cursor)},
                              ValueRange(), "mbarrier.arrive.shared.b64 _, [$0];", Value());
    rewriter.eraseOp(op);
    return success();
  }
};

struct DistributeTake : DistributionPattern<TakeOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(TakeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    RingPlace ring(op.getRing());
    Value cursor = adaptor.getCursor();
    waitFor(b, ring.full(b, cursor), ring.phase(b, cursor));
    Value number =
        LLVM::LoadOp::create(rewriter, loc, rewriter.getI32Type(),
                             b.advance(thread.shared, ring.block(b, cursor)), 4);
    // The same for the whole warp, which the assembler sees by this alone.
    number = gpu::ShuffleOp::create(rewriter, loc, number, b.constant(0), b.constant(32),
                                    gpu::ShuffleMode::IDX)
                 .getShuffleResult();
    release(b, ring.empty(b, cursor));
    rewriter.replaceOp(op, number);
    return success();
  }
};

struct DistributeRelease : DistributionPattern<ReleaseOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(ReleaseOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), thread);
    release(b, RingPlace(op.getRing()).empty(b, adaptor.getCursor()));
    rewriter.eraseOp(op);
    return success();
  }
};

struct DistributeRoles : DistributionPattern<RolesOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(RolesOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    if (static_cast<int64_t>(op.getConsumers()) != thread.consumers)
      return op.emitError("expected the consumers of the kernel's schedule, ")
             << thread.consumers << ", found " << op.getConsumers();
    ThreadBuilder b(rewriter, loc, thread);
    setUpBarriers(b, op);
    Value isProducer = b.lessThan(thread.warp, b.constant(0));
    auto choice = scf::IfOp::create(rewriter, loc, isProducer, /*withElseRegion=*/true);
    auto setRegisters = [&](int64_t registers, NVVM::SetMaxRegisterAction action) {
      NVVM::SetMaxRegisterOp::create(rewriter, loc, rewriter.getI32IntegerAttr(registers),
                                     NVVM::SetMaxRegisterActionAttr::get(
                                         rewriter.getContext(), action));
    };
    auto take = [&](Region &region, Block *target) {
      rewriter.eraseOp(region.front().getTerminator());
      rewriter.inlineBlockBefore(&region.front(), target->getTerminator());
    };
    rewriter.setInsertionPoint(choice.thenBlock()->getTerminator());
    setRegisters(op.getProducerRegisters(), NVVM::SetMaxRegisterAction::decrease);
    auto warp = scf::IfOp::create(rewriter, loc, b.equal(thread.warp, -kWarpgroup / 32),
                                  /*withElseRegion=*/false);
    rewriter.setInsertionPoint(warp.thenBlock()->getTerminator());
    Value elected = NVVM::ElectSyncOp::create(rewriter, loc, rewriter.getI1Type(), Value());
    auto one = scf::IfOp::create(rewriter, loc, elected, /*withElseRegion=*/false);
    take(op.getProducer(), one.thenBlock());
    rewriter.setInsertionPoint(choice.elseBlock()->getTerminator());
    setRegisters(op.getConsumerRegisters(), NVVM::SetMaxRegisterAction::increase);
    take(op.getConsumer(), choice.elseBlock());
    rewriter.eraseOp(op);
    return success();
  }

  /// A full barrier completes with one arrival and its bytes, an empty one with
  /// one arrival of each consumer warp.
  void setUpBarriers(ThreadBuilder &b, RolesOp op) const {
    OpBuilder &builder = b.builder;
    auto guard = scf::IfOp::create(builder, b.loc, b.equal(thread.thread, -kWarpgroup),
                                   /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard insertion(builder);
      builder.setInsertionPointToStart(guard.thenBlock());
      op->getParentOfType<gpu::GPUFuncOp>().walk([&](RingOp ring) {
        int64_t slots = ring.getType().getSlots();
        for (int64_t i = 0; i < 2 * slots; ++i)
          NVVM::MBarrierInitOp::create(
              builder, b.loc,
              b.advance(thread.shared, int64_t(ring.getBarriers() + i * kBarrierBytes)),
              b.constant(i < slots ? 1 : 4 * thread.consumers), Value());
      });
      NVVM::FenceMbarrierInitOp::create(builder, b.loc);
    }
    gpu::BarrierOp::create(builder, b.loc);
  }
};

/// Turns: a named barrier for each consumer, 1 to `consumers`, which that consumer
/// awaits and the one before it arrives at.
struct Turns {
  Turns(ThreadBuilder &b)
      : b(b), consumer(b.add(b.shiftRight(b.thread.warp, 2), 1)),
        last(b.equal(consumer, b.thread.consumers)) {}
  void await(Value barrier) {
    NVVM::BarrierOp::create(b.builder, b.loc, TypeRange(), barrier, b.constant(2 * kWarpgroup),
                            NVVM::BarrierReductionAttr(), Value());
  }
  void arrive(Value barrier) {
    NVVM::BarrierArriveOp::create(b.builder, b.loc, barrier, b.constant(2 * kWarpgroup));
  }
  ThreadBuilder &b;
  Value consumer, last;
};

template <class Op> struct DistributeTurn : DistributionPattern<Op> {
  using DistributionPattern<Op>::DistributionPattern;
  LogicalResult
  matchAndRewrite(Op op, typename Op::Adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), this->thread);
    Turns turns(b);
    OpBuilder::InsertionGuard insertion(rewriter);
    auto only = [&](Value condition) {
      auto guard = scf::IfOp::create(rewriter, op.getLoc(), condition, false);
      rewriter.setInsertionPointToStart(guard.thenBlock());
    };
    if constexpr (std::is_same_v<Op, AwaitTurnOp>) {
      turns.await(turns.consumer);
    } else if constexpr (std::is_same_v<Op, PassTurnOp>) {
      turns.arrive(b.select(turns.last, b.constant(1), b.add(turns.consumer, 1)));
    } else if constexpr (std::is_same_v<Op, OpenTurnsOp>) {
      only(turns.last);
      turns.arrive(b.constant(1));
    } else {
      only(b.equal(turns.consumer, 1));
      turns.await(b.constant(1));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void gdpa_nv::populateAsyncDistribution(RewritePatternSet &patterns,
                                        const TypeConverter &converter,
                                        const ThreadContext &thread) {
  patterns.add<DistributeCursor, DistributeAdvance, DistributeSend, DistributeReceive,
               DistributeRelease, DistributeDraw, DistributePost, DistributeTake, DistributeRoles, DistributeTurn<AwaitTurnOp>,
               DistributeTurn<PassTurnOp>, DistributeTurn<OpenTurnsOp>,
               DistributeTurn<CloseTurnsOp>>(converter, patterns.getContext(), thread);
}
