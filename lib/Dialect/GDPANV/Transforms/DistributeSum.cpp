//===- DistributeSum.cpp - sums of blocks into global memory --------------===//

#include "Distribution.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// A sum into global memory. Elements of distinct places are added by their
/// threads, those of a diagonal by one thread. Others meet in a hash table in shared memory, as whole multiples of
/// a power of two: such sums do not depend on the order of the threads, so that
/// repeated runs agree. An element is rounded to 2^-20 of the block's largest.
struct DistributeAccumulate : DistributionPattern<gdpa_tile::AccumulateOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(gdpa_tile::AccumulateOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttrInterface layout = getLayout(op.getValue());
    auto type = dyn_cast<VectorType>(adaptor.getValue().getType());
    if (!isa_and_nonnull<AccAttr>(layout) || !type)
      return op.emitError("expected a block of rank 2");
    if (!type.getElementType().isF32())
      return op.emitError("expected a sum in f32");
    auto scratch = op->getAttrOfType<IntegerAttr>(kScratchAttr);
    if (!op.getDistinct() && !scratch)
      return op.emitError("expected a place in shared memory: run "
                          "--gdpa-tile-stage-shared before");
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto block = cast<RankedTensorType>(op.getValue().getType());
    Value pointer = b.pointer(op.getDestination());
    if (!op.getDistinct() && isUniform(op)) {
      addUniform(b, op, adaptor.getValue(), pointer,
                 b.advance(thread.shared, scratch.getInt()));
      rewriter.eraseOp(op);
      return success();
    }
    auto placeAt = [&](ArrayRef<Value> coordinates) {
      return getPlace(b, op, coordinates);
    };
    if (getDiagonalStep(op)) {
      addDiagonals(b, op, adaptor.getValue(),
                   b.advance(thread.shared, scratch.getInt()),
                   [&](ArrayRef<Value> coordinates, Value &inside) {
                     auto [at, fits] = placeAt(coordinates);
                     inside = fits;
                     return addressOf(b, pointer, at);
                   });
      rewriter.eraseOp(op);
      return success();
    }
    SmallVector<Value> threadOffsets{b.threadOffset(layout, 0),
                                     b.threadOffset(layout, 1)};
    auto placeOf = [&](ArrayRef<int64_t> position) {
      SmallVector<Value> coordinates;
      for (auto [dim, offset] : llvm::enumerate(threadOffsets))
        coordinates.push_back(arith::IndexCastOp::create(
            rewriter, loc, rewriter.getIndexType(),
            b.add(offset,
                  ThreadBuilder::positionOffset(layout, dim, position))));
      for (Value place : adaptor.getPlaces())
        coordinates.push_back(
            vector::ExtractOp::create(rewriter, loc, place, position));
      return placeAt(coordinates);
    };
    if (op.getDistinct()) {
      forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
        auto [at, inside] = placeOf(position);
        Value element = vector::ExtractOp::create(rewriter, loc,
                                                  adaptor.getValue(), position);
        OpBuilder::InsertionGuard insertion(rewriter);
        if (inside)
          rewriter.setInsertionPointToStart(
              scf::IfOp::create(rewriter, loc, inside, false).thenBlock());
        addTo(b, pointer, at, element);
      });
      rewriter.eraseOp(op);
      return success();
    }
    Value scratchStart = b.advance(thread.shared, scratch.getInt());
    Value scale, inverse;
    std::tie(scale, inverse) = getScale(b, adaptor.getValue(), scratchStart);
    SumTable table(b, scratchStart, getSumTableSlots(block, thread.threads));
    SmallVector<SmallVector<int64_t>> positions;
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      positions.emplace_back(position);
    });
    size_t round = table.getSlots() / thread.threads;
    for (size_t first = 0; first < positions.size(); first += round) {
      table.clear();
      for (size_t i = first; i < std::min(first + round, positions.size());
           ++i) {
        auto [at, inside] = placeOf(positions[i]);
        Value element = vector::ExtractOp::create(
            rewriter, loc, adaptor.getValue(), positions[i]);
        Value scaled = math::RoundEvenOp::create(
            rewriter, loc,
            arith::MulFOp::create(rewriter, loc, element, scale));
        Value whole = arith::FPToSIOp::create(rewriter, loc,
                                              rewriter.getI32Type(), scaled);
        OpBuilder::InsertionGuard insertion(rewriter);
        if (inside)
          rewriter.setInsertionPointToStart(
              scf::IfOp::create(rewriter, loc, inside, false).thenBlock());
        table.add(at, whole);
      }
      table.flush([&](Value at, Value sum) {
        addTo(b, pointer, at,
              arith::MulFOp::create(rewriter, loc, sum, inverse));
      });
    }
    rewriter.eraseOp(op);
    return success();
  }

  /// A power of two that takes the block's largest magnitude to at most 2^20,
  /// and its inverse (NaN where an element is not finite).
  std::pair<Value, Value> getScale(ThreadBuilder &b, Value vector,
                                   Value scratch) const {
    OpBuilder &builder = b.builder;
    Location loc = b.loc;
    auto type = cast<VectorType>(vector.getType());
    Type f32 = builder.getF32Type(), i32 = builder.getI32Type();
    // Magnitudes compare as integers; NaN is the largest.
    Value largest = b.constant(0);
    auto bound = [&](Value other) {
      largest = arith::MaxSIOp::create(builder, loc, largest, other);
    };
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      Value bits = arith::BitcastOp::create(
          builder, loc, i32,
          vector::ExtractOp::create(builder, loc, vector, position));
      bound(b.bitAnd(bits, 0x7fffffff));
    });
    for (int32_t distance : {16, 8, 4, 2, 1})
      bound(gpu::ShuffleOp::create(builder, loc, largest, distance, 32,
                                   gpu::ShuffleMode::XOR)
                .getShuffleResult());
    gpu::BarrierOp::create(builder, loc); // of the block before
    {
      OpBuilder::InsertionGuard insertion(builder);
      Value first = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::eq, thread.lane, b.constant(0));
      builder.setInsertionPointToStart(
          scf::IfOp::create(builder, loc, first, false).thenBlock());
      LLVM::StoreOp::create(builder, loc, largest,
                            b.advance(scratch, b.mul(thread.warp, 4)), 4);
    }
    gpu::BarrierOp::create(builder, loc);
    for (int64_t warp = 0; warp < thread.threads / 32; ++warp)
      bound(LLVM::LoadOp::create(builder, loc, i32,
                                 b.advance(scratch, warp * 4), 4));
    // largest < 2^(exponent - 126), exponent the biased one.
    Value exponent = arith::MaxSIOp::create(
        builder, loc, b.shiftRight(largest, 23), b.constant(20));
    Value isFinite = b.lessThan(largest, b.constant(0x7f800000));
    auto powerOfTwo = [&](Value biased) -> Value {
      Value bits = arith::ShLIOp::create(builder, loc, biased, b.constant(23));
      return arith::BitcastOp::create(builder, loc, f32, bits);
    };
    auto minus = [&](Value x, Value y) -> Value {
      return arith::SubIOp::create(builder, loc, x, y);
    };
    Value inverse = powerOfTwo(minus(exponent, b.constant(19)));
    Value nan = arith::ConstantOp::create(
        builder, loc,
        builder.getFloatAttr(f32, APFloat::getQNaN(APFloat::IEEEsingle())));
    Value scale = powerOfTwo(minus(b.constant(273), exponent));
    return {scale, b.select(isFinite, inverse, nan)};
  }

  /// An open hash table in shared memory: a place (i64) and a sum (i32) for
  /// each slot.
  class SumTable {
  public:
    SumTable(ThreadBuilder &b, Value start, int64_t slots)
        : b(b), slots(slots), keys(b.advance(start, kSumTableHeader)),
          sums(b.advance(start, kSumTableHeader + slots * 8)) {}
    int64_t getSlots() const { return slots; }

    void clear() {
      barrier();
      forOwnSlots([&](Value slot) {
        LLVM::StoreOp::create(b.builder, b.loc, free(), keyAt(slot), 8);
        LLVM::StoreOp::create(b.builder, b.loc, b.constant(0), sumAt(slot), 4);
      });
      barrier();
    }

    /// Adds `value` to the sum of the place `key`.
    void add(Value key, Value value) {
      OpBuilder &builder = b.builder;
      Location loc = b.loc;
      Value low =
          arith::TruncIOp::create(builder, loc, builder.getI32Type(), key);
      auto probe = scf::WhileOp::create(builder, loc, builder.getI32Type(),
                                        b.bitAnd(low, slots - 1));
      {
        OpBuilder::InsertionGuard insertion(builder);
        Block *before = builder.createBlock(&probe.getBefore(), {},
                                            builder.getI32Type(), loc);
        Value slot = before->getArgument(0);
        auto exchange = LLVM::AtomicCmpXchgOp::create(
            builder, loc, keyAt(slot), free(), key,
            LLVM::AtomicOrdering::monotonic, LLVM::AtomicOrdering::monotonic,
            "block");
        Value found = LLVM::ExtractValueOp::create(builder, loc, exchange,
                                                   ArrayRef<int64_t>{0});
        auto differs = [&](Value other) -> Value {
          return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       found, other);
        };
        Value taken =
            arith::AndIOp::create(builder, loc, differs(free()), differs(key));
        scf::ConditionOp::create(builder, loc, taken, slot);
        Block *after = builder.createBlock(&probe.getAfter(), {},
                                           builder.getI32Type(), loc);
        scf::YieldOp::create(
            builder, loc, b.bitAnd(b.add(after->getArgument(0), 1), slots - 1));
      }
      LLVM::AtomicRMWOp::create(builder, loc, LLVM::AtomicBinOp::add,
                                sumAt(probe.getResult(0)), value,
                                LLVM::AtomicOrdering::monotonic, "block");
    }

    /// Calls `use` with every place and its sum, as f32, once.
    void flush(function_ref<void(Value, Value)> use) {
      barrier();
      forOwnSlots([&](Value slot) {
        OpBuilder &builder = b.builder;
        Value key = LLVM::LoadOp::create(builder, b.loc, builder.getI64Type(),
                                         keyAt(slot), 8);
        Value used = arith::CmpIOp::create(
            builder, b.loc, arith::CmpIPredicate::ne, key, free());
        OpBuilder::InsertionGuard insertion(builder);
        builder.setInsertionPointToStart(
            scf::IfOp::create(builder, b.loc, used, false).thenBlock());
        Value sum = LLVM::LoadOp::create(builder, b.loc, builder.getI32Type(),
                                         sumAt(slot), 4);
        use(key,
            arith::SIToFPOp::create(builder, b.loc, builder.getF32Type(), sum));
      });
    }

  private:
    Value free() { return b.constantI64(-1); }
    Value keyAt(Value slot) { return b.advance(keys, b.mul(slot, 8)); }
    Value sumAt(Value slot) { return b.advance(sums, b.mul(slot, 4)); }
    void barrier() { gpu::BarrierOp::create(b.builder, b.loc); }
    void forOwnSlots(function_ref<void(Value)> body) {
      auto loop =
          scf::ForOp::create(b.builder, b.loc, b.thread.thread,
                             b.constant(slots), b.constant(b.thread.threads));
      OpBuilder::InsertionGuard insertion(b.builder);
      b.builder.setInsertionPointToStart(loop.getBody());
      body(loop.getInductionVar());
    }

    ThreadBuilder &b;
    int64_t slots;
    Value keys, sums;
  };

  /// Whether all elements name one place.
  static bool isUniform(gdpa_tile::AccumulateOp op) {
    llvm::SmallPtrSet<Value, 8> varying;
    for (BlockArgument argument : op.getBody().getArguments())
      varying.insert(argument);
    for (Operation &inner : op.getBody().front().without_terminator())
      if (llvm::any_of(inner.getOperands(), [&](Value operand) {
            return varying.contains(operand);
          }))
        varying.insert(inner.result_begin(), inner.result_end());
    return llvm::none_of(op.getBody().front().getTerminator()->getOperands(),
                         [&](Value index) { return varying.contains(index); });
  }

  /// One sum of the whole block: in the thread, over the warp, over the warps.
  void addUniform(ThreadBuilder &b, gdpa_tile::AccumulateOp op, Value vector,
                  Value pointer, Value scratch) const {
    OpBuilder &builder = b.builder;
    Location loc = b.loc;
    auto type = cast<VectorType>(vector.getType());
    Value sum =
        arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      sum = arith::AddFOp::create(
          builder, loc, sum,
          vector::ExtractOp::create(builder, loc, vector, position));
    });
    for (int32_t distance : {16, 8, 4, 2, 1})
      sum = arith::AddFOp::create(builder, loc, sum,
                                  gpu::ShuffleOp::create(builder, loc, sum,
                                                         distance, 32,
                                                         gpu::ShuffleMode::XOR)
                                      .getShuffleResult());
    gpu::BarrierOp::create(builder, loc); // of the block before
    OpBuilder::InsertionGuard insertion(builder);
    auto ifZero = [&](Value number) {
      Value first = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::eq, number, b.constant(0));
      return scf::IfOp::create(builder, loc, first, /*withElseRegion=*/false);
    };
    scf::IfOp firstLane = ifZero(thread.lane);
    builder.setInsertionPointToStart(firstLane.thenBlock());
    LLVM::StoreOp::create(builder, loc, sum,
                          b.advance(scratch, b.mul(thread.warp, 4)), 4);
    builder.setInsertionPointAfter(firstLane);
    gpu::BarrierOp::create(builder, loc);
    builder.setInsertionPointToStart(ifZero(thread.thread).thenBlock());
    Value total;
    for (int64_t warp = 0; warp < thread.threads / 32; ++warp) {
      Value part = LLVM::LoadOp::create(builder, loc, sum.getType(),
                                        b.advance(scratch, warp * 4), 4);
      total = total
                  ? arith::AddFOp::create(builder, loc, total, part).getResult()
                  : part;
    }
    SmallVector<Value> anyElement(op.getBody().getNumArguments(),
                                  arith::ConstantIndexOp::create(builder, loc, 0));
    auto [at, inside] = getPlace(b, op, anyElement);
    if (inside)
      builder.setInsertionPointToStart(
          scf::IfOp::create(builder, loc, inside, /*withElseRegion=*/false)
              .thenBlock());
    addTo(b, pointer, at, total);
  }

  /// The place of the element at `coordinates`, with those of its places that
  /// are computed, and whether it is inside (null: always).
  static std::pair<Value, Value> getPlace(ThreadBuilder &b,
                                          gdpa_tile::AccumulateOp op,
                                          ArrayRef<Value> coordinates) {
    IRMapping mapping;
    Block &body = op.getBody().front();
    mapping.map(body.getArguments(), coordinates);
    for (Operation &inner : body.without_terminator())
      b.builder.clone(inner, mapping);
    SmallVector<Value> indices;
    Value inside;
    for (auto [dim, index] :
         llvm::enumerate(body.getTerminator()->getOperands())) {
      indices.push_back(mapping.lookupOrDefault(index));
      Value fits = arith::CmpIOp::create(
          b.builder, b.loc, arith::CmpIPredicate::ult, indices.back(),
          memref::DimOp::create(b.builder, b.loc, op.getDestination(), dim));
      inside = b.both(inside, fits);
    }
    return {b.elementOffset(op.getDestination(), indices), inside};
  }

  static Value addressOf(ThreadBuilder &b, Value pointer, Value at) {
    return b.advance(pointer, arith::MulIOp::create(b.builder, b.loc, at,
                                                    b.constantI64(4)));
  }

  static void addTo(ThreadBuilder &b, Value pointer, Value at, Value element) {
    Value address = addressOf(b, pointer, at);
    Value before = LLVM::LoadOp::create(b.builder, b.loc, element.getType(), address, 4);
    Value sum = arith::AddFOp::create(b.builder, b.loc, before, element);
    LLVM::StoreOp::create(b.builder, b.loc, sum, address, 4);
  }
};

} // namespace

int64_t gdpa_nv::getSumTableSlots(RankedTensorType block, int64_t threads) {
  // Eight elements of a thread at a time.
  int64_t elements = std::min<int64_t>(block.getNumElements(), 8 * threads);
  return llvm::PowerOf2Ceil(std::max(elements, threads));
}

int64_t gdpa_nv::getSumScratchBytes(gdpa_tile::AccumulateOp op, int64_t threads) {
  if (op.getDistinct())
    return 0;
  auto block = cast<RankedTensorType>(op.getValue().getType());
  if (getDiagonalStep(op))
    return getDiagonalSumBytes(block);
  return kSumTableHeader + 12 * getSumTableSlots(block, threads);
}

void gdpa_nv::populateSumDistribution(RewritePatternSet &patterns,
                                      const TypeConverter &converter,
                                      const ThreadContext &thread) {
  patterns.add<DistributeAccumulate>(converter, patterns.getContext(), thread);
}
