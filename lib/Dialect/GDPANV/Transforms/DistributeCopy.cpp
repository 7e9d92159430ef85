//===- DistributeCopy.cpp - global to shared memory to slices -------------===//

#include "Distribution.h"
#include "ElementPositions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kChunk = 16; // bytes of one cp.async

struct DistributeView : DistributionPattern<ViewOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(ViewOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getAt());
    return success();
  }
};

struct DistributeCopyAsync : DistributionPattern<CopyAsyncOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(CopyAsyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto block = cast<RankedTensorType>(op.getBlock());
    FailureOr<SmallVector<int64_t>> dims = getBlockDims(op.getMap());
    if (failed(dims))
      return op.emitError("expected each dimension of a shared block to run "
                          "along one dimension of its buffer, found ")
             << op.getMapAttr();
    LogicalResult done = block.getRank() == 1
                             ? copyRow(op, (*dims)[0], rewriter)
                             : copyTile(op, *dims, rewriter);
    if (succeeded(done))
      rewriter.eraseOp(op);
    return done;
  }

  /// Panels of 64 columns. Within a panel consecutive threads copy consecutive
  /// chunks of 16 bytes of a row; the rows that one thread copies are a
  /// multiple of 8 apart, so that its xor is one constant.
  LogicalResult copyTile(CopyAsyncOp op, ArrayRef<int64_t> dims,
                         ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto block = cast<RankedTensorType>(op.getBlock());
    auto type = cast<MemRefType>(op.getSource().getType());
    int64_t last = type.getRank() - 1, rowDim = dims[0];
    int64_t rows = block.getDimSize(0), columns = type.getDimSize(last);
    if (dims[1] != last || ShapedType::isDynamic(columns) || columns % 8)
      return op.emitError("expected a buffer whose last dimension is static "
                          "and a multiple of 8 columns, found ")
             << type;
    if (!matchPattern(op.getOffsets()[last], m_Zero()))
      return op.emitError("expected a shared block to begin at column 0");
    constexpr int64_t panel = SharedAttr::kPanel, perChunk = 8;
    int64_t panels = llvm::divideCeil(block.getDimSize(1), panel);
    Value source = b.pointer(op.getSource());
    Value left = rowsLeft(b, op, rowDim);
    Value stride = arith::MulIOp::create(
        rewriter, loc, b.strideI64(op.getSource(), rowDim), b.constantI64(2));
    Value destination = b.advance(thread.shared, op.getAt());
    for (int64_t first = 0; first < panels;) {
      // Panels with the same number of chunks share their rows' addresses.
      auto chunksOf = [&](int64_t p) {
        return std::min<int64_t>(
            panel / perChunk, llvm::PowerOf2Ceil(llvm::divideCeil(
                                  block.getDimSize(1) - p * panel, perChunk)));
      };
      int64_t chunks = chunksOf(first), end = first + 1;
      while (end < panels && chunksOf(end) == chunks)
        ++end;
      int64_t step = thread.threads / chunks;
      Value chunk = b.bitAnd(thread.thread, chunks - 1);
      Value row = b.shiftRight(thread.thread, llvm::Log2_64(chunks));
      Value swizzled = b.bitXor(chunk, b.bitAnd(row, 7));
      Value target = b.advance(
          destination, b.add(b.mul(row, panel * 2), b.mul(swizzled, kChunk)));
      Value from = b.advance(
          source,
          arith::AddIOp::create(
              rewriter, loc,
              arith::MulIOp::create(rewriter, loc, b.toI64(row), stride),
              b.toI64(b.mul(chunk, kChunk))));
      // 64-bit, and what a loop changes last: the sum of the others leaves it.
      for (auto [dim, offset] : llvm::enumerate(op.getOffsets())) {
        if (static_cast<int64_t>(dim) == last || matchPattern(offset, m_Zero()))
          continue;
        Value bytes = arith::MulIOp::create(
            rewriter, loc, b.strideI64(op.getSource(), dim), b.constantI64(2));
        from = b.advance(from, arith::MulIOp::create(rewriter, loc,
                                                     b.toI64(offset), bytes));
      }
      for (int64_t r = 0; r < rows; r += step) {
        if (r)
          from = b.advance(from, arith::MulIOp::create(rewriter, loc, stride,
                                                       b.constantI64(step)));
        OpBuilder::InsertionGuard insertion(rewriter);
        if (r + step > rows) { // the last rows are fewer than the threads'
          auto guard = scf::IfOp::create(
              rewriter, loc, b.lessThan(row, b.constant(rows - r)),
              /*withElseRegion=*/false);
          rewriter.setInsertionPointToStart(guard.thenBlock());
        }
        Value inside = b.lessThan(b.add(row, r), left);
        for (int64_t p = first; p < end; ++p) {
          Value covered = inside;
          // Chunks past the buffer's columns are zero.
          if (p * panel + chunks * perChunk > columns)
            covered = arith::AndIOp::create(
                rewriter, loc, covered,
                b.lessThan(chunk,
                           b.constant((columns - p * panel) / perChunk)));
          Value bytes = b.select(covered, b.constant(kChunk), b.constant(0));
          NVVM::CpAsyncOp::create(rewriter, loc,
                                  b.advance(target, (p * rows + r) * panel * 2),
                                  b.advance(from, p * panel * 2), kChunk,
                                  NVVM::LoadCacheModifierKind::CG, bytes);
        }
      }
      first = end;
    }
    return success();
  }

  /// A row of 4-byte elements, one for each thread.
  LogicalResult copyRow(CopyAsyncOp op, int64_t dim,
                        ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto block = cast<RankedTensorType>(op.getBlock());
    int64_t count = block.getDimSize(0);
    if (block.getElementTypeBitWidth() != 32 || count > thread.threads)
      return op.emitError("expected a row of 4-byte elements, at most one for "
                          "each thread");
    auto guard = scf::IfOp::create(rewriter, loc,
                                   b.lessThan(thread.thread, b.constant(count)),
                                   /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(rewriter);
    rewriter.setInsertionPointToStart(guard.thenBlock());
    SmallVector<Value> indices;
    Value inside = op.getActive();
    for (auto [number, offset] : llvm::enumerate(op.getOffsets())) {
      Value index = offset;
      if (static_cast<int64_t>(number) == dim)
        index = arith::AddIOp::create(
            rewriter, loc, index,
            arith::IndexCastOp::create(rewriter, loc, rewriter.getIndexType(),
                                       thread.thread));
      inside = b.both(inside, boundIndex(b, op.getSource(), number,
                                         op->hasAttr("clamp"), index));
      indices.push_back(index);
    }
    Value bytes =
        inside ? b.select(inside, b.constant(4), b.constant(0)) : b.constant(4);
    Value target = b.advance(b.advance(thread.shared, op.getAt()),
                             b.mul(thread.thread, 4));
    NVVM::CpAsyncOp::create(rewriter, loc, target,
                            b.elementPointer(op.getSource(), indices), 4,
                            NVVM::LoadCacheModifierKind::CA, bytes);
    return success();
  }

  /// Rows of the buffer from the block's first on, as i32; none where the copy
  /// is not active. The grid's other positions are inside by construction.
  static Value rowsLeft(ThreadBuilder &b, CopyAsyncOp op, int64_t rowDim) {
    Value size =
        memref::DimOp::create(b.builder, b.loc, op.getSource(), rowDim);
    Value left = b.toI32(
        arith::SubIOp::create(b.builder, b.loc, size, op.getOffsets()[rowDim]));
    if (op.getActive())
      left = b.select(op.getActive(), left, b.constant(0));
    return left;
  }
};

/// shared -> lhs with ldmatrix stands with the products; here shared -> slice.
struct DistributeSharedSlice : DistributionPattern<ConvertOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(ConvertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto slice = dyn_cast_or_null<SliceAttr>(getLayout(op.getResult()));
    if (!slice || !isa<SharedAttr>(getLayout(op.getSource())))
      return rewriter.notifyMatchFailure(op, "no slice of shared memory");
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    VectorType type = fragmentOf(op.getType());
    int64_t bytes = bytesOf(type.getElementType());
    Value base = b.advance(b.advance(thread.shared, adaptor.getSource()),
                           b.mul(b.threadOffset(slice, 0), bytes));
    Value result =
        arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
    auto pair = VectorType::get({2}, type.getElementType());
    for (int64_t i = 0; i < type.getDimSize(0); ++i) {
      int64_t at = ThreadBuilder::positionOffset(slice, 0, {i, 0}) * bytes;
      if (slice.getDim() == 1) { // two neighbouring columns
        Value value = LLVM::LoadOp::create(rewriter, loc, pair,
                                           b.advance(base, at), 2 * bytes);
        result = vector::InsertOp::create(rewriter, loc, value, result,
                                          ArrayRef<int64_t>{i});
        continue;
      }
      for (int64_t h = 0; h < 2; ++h) {
        int64_t row = ThreadBuilder::positionOffset(slice, 0, {i, h}) * bytes;
        Value value = LLVM::LoadOp::create(rewriter, loc, type.getElementType(),
                                           b.advance(base, row), bytes);
        result = vector::InsertOp::create(rewriter, loc, value, result,
                                          ArrayRef<int64_t>{i, h});
      }
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void gdpa_nv::populateCopyDistribution(RewritePatternSet &patterns,
                                       const TypeConverter &converter,
                                       const ThreadContext &thread) {
  patterns.add<DistributeView, DistributeCopyAsync, DistributeSharedSlice>(
      converter, patterns.getContext(), thread);
}
