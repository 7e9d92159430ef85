//===- DistributeWatch.cpp - checks of the protocol at run time -----------===//
//
// Lane 0 of each consumer warp keeps the warp's words (Watch.h) and checks them, so
// that they need no atomics. How often a slot was filled is written by the producer
// between the waits for its two barriers; how often it was released is counted by
// all warps.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "KernelThreads.h"
#include "Watch.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kWord = 4, kChunk = 16;
/// Two elements that are NaN, as bf16 and as f16.
constexpr int32_t kPoison = 0x7fff7fff;

/// `file:line:column` of what an operation was made from.
std::string describe(Location loc) {
  std::string text = "?";
  loc->walk([&](Location inner) {
    auto place = dyn_cast<FileLineColLoc>(inner);
    if (!place)
      return WalkResult::advance();
    text = place.getFilename().str() + ":" + std::to_string(place.getLine()) + ":" +
           std::to_string(place.getColumn());
    return WalkResult::interrupt();
  });
  std::string escaped;
  for (char c : text)
    escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

class WatchEmitter {
public:
  WatchEmitter(WatchOp op, OpBuilder &builder, const ThreadContext &thread, Value cursor,
               Value block, int64_t base, const WatchLayout &layout)
      : op(op), b(builder, op.getLoc(), thread), cursor(cursor), block(block), base(base),
        layout(layout) {}

  void emit() {
    StringRef event = op.getEvent();
    if (event == "begin")
      return begin();
    if (event == "send")
      return send();
    if (event == "release") {
      onLaneZero([&] { checkRelease(); });
      return poisonReleased();
    }
    onLaneZero([&] {
      if (event == "receive")
        receive();
      else if (event == "start")
        add(word(layout.started(), b.thread.warp), 1);
      else if (event == "wait")
        wait();
      else
        read();
    });
  }

private:
  //===--------------------------------------------------------------------===//
  // Words
  //===--------------------------------------------------------------------===//

  Value word(int64_t first, Value index) {
    return b.advance(b.thread.shared, b.add(b.mul(index, kWord), base + first * kWord));
  }
  /// The word of a slot and this warp.
  Value own(int64_t first, Value slot) {
    return word(first, b.add(b.mul(slot, layout.warps), b.thread.warp));
  }
  Value load(Value address) {
    return LLVM::LoadOp::create(b.builder, b.loc, b.builder.getI32Type(), address,
                                /*alignment=*/4, /*isVolatile=*/true);
  }
  void store(Value value, Value address) {
    LLVM::StoreOp::create(b.builder, b.loc, value, address, /*alignment=*/4,
                          /*isVolatile=*/true);
  }
  Value add(Value address, int64_t amount) {
    Value next = b.add(load(address), amount);
    store(next, address);
    return next;
  }
  Value compare(arith::CmpIPredicate predicate, Value left, Value right) {
    return arith::CmpIOp::create(b.builder, b.loc, predicate, left, right);
  }

  const WatchLayout::Ring &ring() {
    return layout.rings.find(op.getRing().getDefiningOp())->second;
  }
  Value slotInRing() { return b.shiftRight(cursor, 1); }
  Value slot() { return b.add(slotInRing(), ring().first); }

  //===--------------------------------------------------------------------===//
  // Control
  //===--------------------------------------------------------------------===//

  void when(Value condition, function_ref<void()> body) {
    auto guard = scf::IfOp::create(b.builder, b.loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(b.builder);
    b.builder.setInsertionPointToStart(guard.thenBlock());
    body();
  }

  void syncWarp() { NVVM::SyncWarpOp::create(b.builder, b.loc, b.constant(-1)); }

  /// Products need a converged warp.
  void onLaneZero(function_ref<void()> body) {
    when(b.equal(b.thread.lane, 0), body);
    syncWarp();
  }

  void loop(Value from, int64_t to, int64_t step, function_ref<void(Value)> body) {
    auto made = scf::ForOp::create(b.builder, b.loc, from, b.constant(to), b.constant(step));
    OpBuilder::InsertionGuard insertion(b.builder);
    b.builder.setInsertionPointToStart(made.getBody());
    body(made.getInductionVar());
  }

  void report(Value condition, StringRef message, Value slot) {
    when(condition, [&] {
      SmallVector<Value> arguments;
      for (gpu::Dimension dimension :
           {gpu::Dimension::x, gpu::Dimension::y, gpu::Dimension::z})
        arguments.push_back(
            b.toI32(gpu::BlockIdOp::create(b.builder, b.loc, dimension)));
      arguments.push_back(b.thread.warp);
      arguments.push_back(slot);
      gpu::PrintfOp::create(b.builder, b.loc,
                            b.builder.getStringAttr(
                                "gdpa_nv.watch: " + message + " at " + describe(b.loc) +
                                ", block (%d, %d, %d), consumer warp %d, slot %d\n"),
                            arguments);
      LLVM::Trap::create(b.builder, b.loc);
    });
  }

  //===--------------------------------------------------------------------===//
  // Events
  //===--------------------------------------------------------------------===//

  /// Fills `bytes` at byte `offset` with NaNs; `first` is the thread's number among
  /// `threads`.
  void poison(Value offset, int64_t bytes, Value first, int64_t threads) {
    auto type = VectorType::get({4}, b.builder.getI32Type());
    Value nan = arith::ConstantOp::create(
        b.builder, b.loc, DenseElementsAttr::get(type, b.builder.getI32IntegerAttr(kPoison)));
    loop(b.mul(first, kChunk), bytes, threads * kChunk, [&](Value at) {
      LLVM::StoreOp::create(b.builder, b.loc, nan,
                            b.advance(b.thread.shared, b.add(offset, at)), kChunk,
                            /*isVolatile=*/true);
    });
    // TMA writes there through another proxy.
    NVVM::FenceProxyOp::create(
        b.builder, b.loc,
        NVVM::ProxyKindAttr::get(b.builder.getContext(), NVVM::ProxyKind::async_shared),
        NVVM::SharedSpaceAttr::get(b.builder.getContext(), NVVM::SharedSpace::shared_cta));
  }

  void begin() {
    int64_t threads = (b.thread.consumers + 1) * kWarpgroup;
    Value first = b.add(b.thread.thread, kWarpgroup);
    loop(first, layout.words(), threads,
         [&](Value index) { store(b.constant(0), word(0, index)); });
    for (const auto &[made, ring] : layout.rings)
      poison(b.constant(ring.at), ring.slots * ring.bytes, first, threads);
  }

  /// The slot is filled once more, when all have released it.
  void send() {
    Value barrier =
        b.advance(b.thread.shared, b.add(b.mul(slotInRing(), kBarrierBytes),
                                         ring().barriers + ring().slots * kBarrierBytes));
    constexpr int64_t suspend = 10000000; // ns, a hint
    NVVM::MBarrierTryWaitParityOp::create(
        b.builder, b.loc, barrier, b.bitXor(b.bitAnd(cursor, 1), b.constant(1)),
        b.constant(suspend));
    add(word(layout.filled(), slot()), 1);
  }

  void receive() {
    Value number = slot(), held = own(layout.held(), number);
    report(compare(arith::CmpIPredicate::ne, load(held), b.constant(0)),
           "slot received that is held", number);
    Value times = add(own(layout.received(), number), 1);
    // The n-th filling completes phase (n - 1) mod 2 of the full barrier.
    Value phase = b.bitXor(b.bitAnd(times, 1), b.constant(1));
    report(compare(arith::CmpIPredicate::ne, b.bitAnd(cursor, 1), phase),
           "slot received in the wrong phase", number);
    report(compare(arith::CmpIPredicate::ne, load(word(layout.filled(), number)), times),
           "slot received that was not filled for it", number);
    store(b.constant(1), held);
  }

  void wait() {
    Value started = load(word(layout.started(), b.thread.warp));
    Value address = word(layout.complete(), b.thread.warp), before = load(address);
    Value now = b.add(started, -int64_t(*op.getInflight()));
    store(b.select(b.lessThan(before, now), now, before), address);
  }

  /// The slot of a block by its place: whoever computed it need not have received it.
  void read() {
    Value number = b.constant(0), inside;
    for (const auto &[made, ring] : layout.rings) {
      Value offset = b.add(block, -ring.at);
      Value here = compare(arith::CmpIPredicate::ult, offset,
                           b.constant(ring.slots * ring.bytes));
      Value index = arith::DivUIOp::create(b.builder, b.loc, offset, b.constant(ring.bytes));
      number = b.select(here, b.add(index, ring.first), number);
      inside = inside ? Value(arith::OrIOp::create(b.builder, b.loc, inside, here)) : here;
    }
    if (!inside)
      return;
    Value held = compare(arith::CmpIPredicate::ne, load(own(layout.held(), number)),
                         b.constant(0));
    Value isHeld = arith::AndIOp::create(b.builder, b.loc, inside, held);
    Value isNotHeld = arith::XOrIOp::create(
        b.builder, b.loc, isHeld,
        arith::ConstantOp::create(b.builder, b.loc, b.builder.getBoolAttr(true)));
    report(isNotHeld, "slot read that is not held", number);
    // By the next product: itself, or one that takes the registers.
    store(b.add(load(word(layout.started(), b.thread.warp)), 1),
          own(layout.lastRead(), number));
  }

  void checkRelease() {
    Value number = slot(), held = own(layout.held(), number);
    report(b.equal(load(held), 0), "slot released that is not held", number);
    report(b.lessThan(load(word(layout.complete(), b.thread.warp)),
                      load(own(layout.lastRead(), number))),
           "slot released before what reads it was waited for", number);
    store(b.constant(0), held);
  }

  /// The last warp that releases a slot fills it with NaNs.
  void poisonReleased() {
    Value number = slot();
    auto counted = scf::IfOp::create(
        b.builder, b.loc, TypeRange(b.builder.getI32Type()), b.equal(b.thread.lane, 0),
        /*addThenBlock=*/true, /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard insertion(b.builder);
      b.builder.setInsertionPointToStart(counted.thenBlock());
      Value before = LLVM::AtomicRMWOp::create(
          b.builder, b.loc, LLVM::AtomicBinOp::add, word(layout.released(), number),
          b.constant(1), LLVM::AtomicOrdering::acq_rel, "block");
      scf::YieldOp::create(b.builder, b.loc, before);
      b.builder.setInsertionPointToStart(counted.elseBlock());
      scf::YieldOp::create(b.builder, b.loc, b.constant(0));
    }
    Value before = gpu::ShuffleOp::create(b.builder, b.loc, counted.getResult(0),
                                          b.constant(0), b.constant(32),
                                          gpu::ShuffleMode::IDX)
                       .getShuffleResult();
    Value rest = arith::RemUIOp::create(b.builder, b.loc, b.add(before, 1),
                                        b.constant(layout.warps));
    when(b.equal(rest, 0), [&] {
      poison(b.add(b.mul(slotInRing(), ring().bytes), ring().at), ring().bytes,
             b.thread.lane, 32);
    });
    syncWarp();
  }

  WatchOp op;
  ThreadBuilder b;
  Value cursor, block;
  int64_t base;
  const WatchLayout &layout;
};

struct DistributeWatch : DistributionPattern<WatchOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(WatchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto kernel = op->getParentOfType<gpu::GPUFuncOp>();
    auto base = kernel->getAttrOfType<IntegerAttr>(kWatchAttr);
    if (!base || !thread.consumers)
      return op.emitError("expected an asynchronous kernel with ") << kWatchAttr;
    WatchLayout layout(kernel);
    layout.warps = 4 * thread.consumers;
    WatchEmitter(op, rewriter, thread, adaptor.getCursor(), adaptor.getBlock(),
                 base.getInt(), layout)
        .emit();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void gdpa_nv::populateWatchDistribution(RewritePatternSet &patterns,
                                        const TypeConverter &converter,
                                        const ThreadContext &thread) {
  patterns.add<DistributeWatch>(converter, patterns.getContext(), thread);
}
