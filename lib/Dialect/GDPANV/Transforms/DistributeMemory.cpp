//===- DistributeMemory.cpp - blocks in global and shared memory ----------===//

#include "Distribution.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kChunk = 16; // bytes of one cp.async

/// Where the dimensions of a block lie in its buffer: position d of the block is
/// added to the offset of dimension `dims[d]`.
FailureOr<SmallVector<int64_t>> getBlockDims(AffineMap map) {
  SmallVector<int64_t> dims(map.getNumDims(), -1);
  for (auto [number, expr] : llvm::enumerate(map.getResults())) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr);
        constant && constant.getValue() == 0)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || dims[dim.getPosition()] != -1)
      return failure();
    dims[dim.getPosition()] = number;
  }
  if (llvm::is_contained(dims, -1))
    return failure();
  return dims;
}

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
    LogicalResult done = block.getRank() == 1 ? copyRow(op, (*dims)[0], rewriter)
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
    // 64-bit once: the block's first row of this batch and head.
    SmallVector<Value> indices(op.getOffsets());
    indices[last] = {};
    Value source = bytePointer(b, op.getSource(), indices);
    Value left = rowsLeft(b, op, rowDim);
    Value stride = arith::MulIOp::create(
        rewriter, loc, b.strideI64(op.getSource(), rowDim), constantI64(b, 2));
    Value destination = b.advance(thread.shared, op.getAt());
    for (int64_t first = 0; first < panels;) {
      // Panels with the same number of chunks share their rows' addresses.
      auto chunksOf = [&](int64_t p) {
        return std::min<int64_t>(panel / perChunk,
                                 llvm::PowerOf2Ceil(llvm::divideCeil(
                                     block.getDimSize(1) - p * panel, perChunk)));
      };
      int64_t chunks = chunksOf(first), end = first + 1;
      while (end < panels && chunksOf(end) == chunks)
        ++end;
      int64_t step = thread.threads / chunks;
      Value chunk = b.bitAnd(thread.thread, chunks - 1);
      Value row = b.shiftRight(thread.thread, llvm::Log2_64(chunks));
      OpBuilder::InsertionGuard insertion(rewriter);
      if (rows % step) {
        if (rows > step)
          return op.emitError("expected rows that divide over the threads, found ")
                 << rows << " rows for " << step << " at a time";
        auto guard = scf::IfOp::create(rewriter, loc,
                                       b.lessThan(row, b.constant(rows)),
                                       /*withElseRegion=*/false);
        rewriter.setInsertionPointToStart(guard.thenBlock());
      }
      Value swizzled = b.bitXor(chunk, b.bitAnd(row, 7));
      Value target = b.advance(destination, b.add(b.mul(row, panel * 2),
                                                  b.mul(swizzled, kChunk)));
      Value from = b.advance(
          source, arith::AddIOp::create(
                      rewriter, loc,
                      arith::MulIOp::create(rewriter, loc, b.toI64(row), stride),
                      b.toI64(b.mul(chunk, kChunk))));
      for (int64_t r = 0; r < rows; r += step) {
        if (r)
          from = b.advance(from, arith::MulIOp::create(rewriter, loc, stride,
                                                       constantI64(b, step)));
        Value inside = b.lessThan(b.add(row, r), left);
        for (int64_t p = first; p < end; ++p) {
          Value covered = inside;
          // Chunks past the buffer's columns are zero.
          if (p * panel + chunks * perChunk > columns)
            covered = arith::AndIOp::create(
                rewriter, loc, covered,
                b.lessThan(chunk, b.constant((columns - p * panel) / perChunk)));
          Value bytes = b.select(covered, b.constant(kChunk), b.constant(0));
          NVVM::CpAsyncOp::create(
              rewriter, loc, b.advance(target, (p * rows + r) * panel * 2),
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
    Value inside = positionsOf(b, op.getSource(), op.getOffsets(),
                               op->hasAttr("clamp"), dim, thread.thread, indices);
    if (op.getActive())
      inside = inside ? arith::AndIOp::create(rewriter, loc, inside, op.getActive())
                            .getResult()
                      : Value(op.getActive());
    Value bytes = inside ? b.select(inside, b.constant(4), b.constant(0))
                         : b.constant(4);
    Value target = b.advance(b.advance(thread.shared, op.getAt()),
                             b.mul(thread.thread, 4));
    NVVM::CpAsyncOp::create(rewriter, loc, target,
                            bytePointer(b, op.getSource(), indices), 4,
                            NVVM::LoadCacheModifierKind::CA, bytes);
    return success();
  }

  /// Rows of the buffer from the block's first on, as i32; none where the copy is
  /// not active. The grid's other positions are inside by construction.
  static Value rowsLeft(ThreadBuilder &b, CopyAsyncOp op, int64_t rowDim) {
    Value size = memref::DimOp::create(b.builder, b.loc, op.getSource(), rowDim);
    Value left = b.toI32(arith::SubIOp::create(b.builder, b.loc, size,
                                               op.getOffsets()[rowDim]));
    if (op.getActive())
      left = b.select(op.getActive(), left, b.constant(0));
    return left;
  }

public:
  static Value constantI64(ThreadBuilder &b, int64_t value) {
    return arith::ConstantOp::create(b.builder, b.loc,
                                     b.builder.getI64IntegerAttr(value));
  }

  static Value bytePointer(ThreadBuilder &b, Value buffer,
                           ArrayRef<Value> indices) {
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    Value bytes = arith::MulIOp::create(b.builder, b.loc,
                                        b.elementOffset(buffer, indices),
                                        constantI64(b, bytesOf(element)));
    return b.advance(b.pointer(buffer), bytes);
  }

  /// The indices of the element at `offsets` plus `position` (i32) along `dim`,
  /// and whether all of them are inside; with `clamp` they are moved inside and
  /// only an empty buffer has no element.
  static Value positionsOf(ThreadBuilder &b, Value buffer, ValueRange offsets,
                           bool clamp, int64_t dim, Value position,
                           SmallVector<Value> &indices) {
    OpBuilder &builder = b.builder;
    Location loc = b.loc;
    Value inside;
    auto both = [&](Value condition) {
      inside = inside ? arith::AndIOp::create(builder, loc, inside, condition)
                            .getResult()
                      : condition;
    };
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    for (auto [number, offset] : llvm::enumerate(offsets)) {
      Value index = offset;
      if (static_cast<int64_t>(number) == dim)
        index = arith::AddIOp::create(
            builder, loc, index,
            arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                       position));
      Value size = memref::DimOp::create(builder, loc, buffer, number);
      if (clamp) {
        Value one = arith::ConstantIndexOp::create(builder, loc, 1);
        Value top = arith::SubIOp::create(builder, loc, size, one);
        index = arith::MaxSIOp::create(
            builder, loc, arith::MinSIOp::create(builder, loc, index, top), zero);
        both(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, size,
                                   zero));
      } else {
        both(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index,
                                   size));
      }
      indices.push_back(index);
    }
    return inside;
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
    Value result = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
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

/// The positions of a fragment's elements in a buffer, one affine map of
/// (thread's coordinates, constant) for each of the buffer's dimensions.
class ElementPositions {
public:
  ElementPositions(ThreadBuilder &b, LayoutAttrInterface layout, AffineMap map,
                   Value buffer, ValueRange offsets, bool clamp)
      : b(b), layout(layout), map(map), buffer(buffer), offsets(offsets),
        clamp(clamp) {
    for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
      threadOffsets.push_back(b.threadOffset(layout, dim));
  }

  /// Indices of the element at `position`; returns whether they are inside, null
  /// where that is always so.
  Value at(ArrayRef<int64_t> position, SmallVector<Value> &indices) {
    OpBuilder &builder = b.builder;
    Location loc = b.loc;
    SmallVector<Value> coordinates;
    for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
      coordinates.push_back(
          b.add(threadOffsets[dim],
                ThreadBuilder::positionOffset(layout, dim, position)));
    Value inside;
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    auto both = [&](Value condition) {
      inside = inside ? arith::AndIOp::create(builder, loc, inside, condition)
                            .getResult()
                      : condition;
    };
    for (auto [number, expr] : llvm::enumerate(map.getResults())) {
      Value index = offsets[number];
      auto constant = dyn_cast<AffineConstantExpr>(expr);
      if (!constant || constant.getValue() != 0) {
        Value part = arith::IndexCastOp::create(
            builder, loc, builder.getIndexType(), expand(expr, coordinates));
        index = arith::AddIOp::create(builder, loc, index, part);
      }
      Value size = memref::DimOp::create(builder, loc, buffer, number);
      if (clamp) {
        Value one = arith::ConstantIndexOp::create(builder, loc, 1);
        Value top = arith::SubIOp::create(builder, loc, size, one);
        index = arith::MaxSIOp::create(
            builder, loc, arith::MinSIOp::create(builder, loc, index, top), zero);
        both(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, size,
                                   zero));
      } else {
        both(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index,
                                   size));
      }
      indices.push_back(index);
    }
    return inside;
  }

  /// Only affine maps of sums and products with constants reach this.
  static bool isSupported(AffineMap map) {
    bool supported = true;
    for (AffineExpr expr : map.getResults())
      expr.walk([&](AffineExpr part) {
        supported &= part.getKind() == AffineExprKind::Add ||
                     part.getKind() == AffineExprKind::Mul ||
                     part.getKind() == AffineExprKind::Constant ||
                     part.getKind() == AffineExprKind::DimId;
      });
    return supported;
  }

private:
  Value expand(AffineExpr expr, ArrayRef<Value> coordinates) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return coordinates[dim.getPosition()];
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return b.constant(constant.getValue());
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value left = expand(binary.getLHS(), coordinates);
    if (expr.getKind() == AffineExprKind::Add)
      return b.add(left, expand(binary.getRHS(), coordinates));
    return b.mul(left, cast<AffineConstantExpr>(binary.getRHS()).getValue());
  }

  ThreadBuilder &b;
  LayoutAttrInterface layout;
  AffineMap map;
  Value buffer;
  ValueRange offsets;
  bool clamp;
  SmallVector<Value> threadOffsets;
};

/// A block that goes straight from global memory to registers, element by
/// element: captures and partial sums.
struct DistributeLoad : DistributionPattern<gdpa_tile::LoadOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(gdpa_tile::LoadOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttrInterface layout = getLayout(op.getResult());
    VectorType type = fragmentOf(op.getType());
    if (!layout || !type)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    AffineMap map = op.getCoordinateMap();
    if (!ElementPositions::isSupported(map))
      return op.emitError("expected sums and products with constants in the map "
                          "of a block, found ")
             << AffineMapAttr::get(map);
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    Type stored = cast<MemRefType>(op.getSource().getType()).getElementType();
    ElementPositions positions(b, layout, map, op.getSource(), op.getOffsets(),
                               op.getClamp());
    SmallVector<Value> elements;
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      SmallVector<Value> indices;
      Value inside = positions.at(position, indices);
      // A later kernel may read what an earlier one wrote, this one does not.
      Value value = loadElement(
          b, DistributeCopyAsync::bytePointer(b, op.getSource(), indices), stored,
          inside);
      if (stored != type.getElementType())
        value = arith::ExtFOp::create(rewriter, loc, type.getElementType(), value);
      elements.push_back(value);
    });
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, elements);
    return success();
  }
};

struct DistributeStore : DistributionPattern<gdpa_tile::StoreOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(gdpa_tile::StoreOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttrInterface layout = getLayout(op.getValue());
    auto type = dyn_cast<VectorType>(adaptor.getValue().getType());
    if (!layout || !type)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    Location loc = op.getLoc();
    auto buffer = cast<MemRefType>(op.getDestination().getType());
    Value value = adaptor.getValue();
    if (type.getElementType() != buffer.getElementType()) {
      type = VectorType::get(type.getShape(), buffer.getElementType());
      value = arith::TruncFOp::create(rewriter, loc, type, value);
    }
    AffineMap map = op.getCoordinateMap();
    FailureOr<SmallVector<int64_t>> dims = getBlockDims(map);
    int64_t last = buffer.getRank() - 1;
    bool paired = succeeded(dims) && isa<AccAttr>(layout) && (*dims)[1] == last &&
                  buffer.getElementTypeBitWidth() == 16 &&
                  !ShapedType::isDynamic(buffer.getDimSize(last)) &&
                  buffer.getDimSize(last) % 8 == 0 &&
                  matchPattern(op.getOffsets()[last], m_Zero());
    if (paired)
      storePairs(op, value, cast<AccAttr>(layout), (*dims)[0], rewriter);
    else if (ElementPositions::isSupported(map))
      storeElements(op, value, layout, map, rewriter);
    else
      return op.emitError("expected sums and products with constants in the map "
                          "of a block, found ")
             << AffineMapAttr::get(map);
    rewriter.eraseOp(op);
    return success();
  }

  /// Rows of storage type: two neighbouring columns at once. The row's part of the
  /// address is 64 bits wide, the columns are constants.
  void storePairs(gdpa_tile::StoreOp op, Value value, AccAttr layout,
                  int64_t rowDim, ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto type = cast<VectorType>(value.getType());
    auto buffer = cast<MemRefType>(op.getDestination().getType());
    int64_t bytes = bytesOf(buffer.getElementType());
    int64_t last = buffer.getRank() - 1;
    SmallVector<Value> indices(op.getOffsets());
    indices[last] = {};
    Value base = DistributeCopyAsync::bytePointer(b, op.getDestination(), indices);
    Value size = memref::DimOp::create(rewriter, loc, op.getDestination(), rowDim);
    Value left = b.toI32(
        arith::SubIOp::create(rewriter, loc, size, op.getOffsets()[rowDim]));
    Value stride = b.strideI64(op.getDestination(), rowDim);
    Value firstRow = b.threadOffset(layout, 0);
    Value column = b.mul(b.threadOffset(layout, 1), bytes);
    int64_t tiles = std::min(type.getDimSize(1), buffer.getDimSize(last) / 8);
    for (int64_t m = 0; m < type.getDimSize(0); ++m)
      for (int64_t h = 0; h < 2; ++h) {
        Value row = b.add(firstRow, ThreadBuilder::positionOffset(
                                        layout, 0, {m, 0, h, 0}));
        auto guard = scf::IfOp::create(rewriter, loc, b.lessThan(row, left),
                                       /*withElseRegion=*/false);
        OpBuilder::InsertionGuard insertion(rewriter);
        rewriter.setInsertionPointToStart(guard.thenBlock());
        Value offset = arith::MulIOp::create(
            rewriter, loc, arith::MulIOp::create(rewriter, loc, b.toI64(row), stride),
            DistributeCopyAsync::constantI64(b, bytes));
        Value address = b.advance(b.advance(base, offset), column);
        for (int64_t n = 0; n < tiles; ++n) {
          Value pair = vector::ExtractOp::create(rewriter, loc, value,
                                                 ArrayRef<int64_t>{m, n, h});
          LLVM::StoreOp::create(rewriter, loc, pair,
                                b.advance(address, n * 8 * bytes), 2 * bytes);
        }
      }
  }

  void storeElements(gdpa_tile::StoreOp op, Value value,
                     LayoutAttrInterface layout, AffineMap map,
                     ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto type = cast<VectorType>(value.getType());
    ElementPositions positions(b, layout, map, op.getDestination(),
                               op.getOffsets(), /*clamp=*/false);
    OpBuilder::InsertionGuard insertion(rewriter);
    if (isa<SliceAttr>(layout)) {
      // Four lanes of a warp hold the same rows, eight the same columns, and
      // every warp holds all columns: one of them writes.
      bool rows = cast<SliceAttr>(layout).getDim() == 0;
      Value other = rows ? b.bitAnd(thread.lane, 3)
                         : b.shiftRight(thread.thread, 2);
      Value first = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq,
                                          other, b.constant(0));
      auto guard = scf::IfOp::create(rewriter, loc, first, /*withElseRegion=*/false);
      rewriter.setInsertionPointToStart(guard.thenBlock());
    }
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      SmallVector<Value> indices;
      Value inside = positions.at(position, indices);
      OpBuilder::InsertionGuard inner(rewriter);
      if (inside) {
        auto guard = scf::IfOp::create(rewriter, loc, inside, /*withElseRegion=*/false);
        rewriter.setInsertionPointToStart(guard.thenBlock());
      }
      Value element = vector::ExtractOp::create(rewriter, loc, value, position);
      LLVM::StoreOp::create(
          rewriter, loc, element,
          DistributeCopyAsync::bytePointer(b, op.getDestination(), indices),
          bytesOf(type.getElementType()));
    });
  }
};

/// A sum into global memory. Elements of distinct places are added by their
/// threads. Others meet in a hash table in shared memory, as whole multiples of a
/// power of two: such sums do not depend on the order of the threads, so that
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
    SmallVector<Value> threadOffsets{b.threadOffset(layout, 0),
                                     b.threadOffset(layout, 1)};
    /// The place of the element at `position`, and whether it is inside.
    auto placeOf = [&](ArrayRef<int64_t> position) {
      IRMapping mapping;
      Block &body = op.getBody().front();
      for (auto [dim, argument] : llvm::enumerate(body.getArguments()))
        mapping.map(argument,
                    arith::IndexCastOp::create(
                        rewriter, loc, rewriter.getIndexType(),
                        b.add(threadOffsets[dim],
                              ThreadBuilder::positionOffset(layout, dim,
                                                            position))));
      for (Operation &inner : body.without_terminator())
        rewriter.clone(inner, mapping);
      SmallVector<Value> indices;
      Value inside;
      for (auto [dim, index] :
           llvm::enumerate(body.getTerminator()->getOperands())) {
        indices.push_back(mapping.lookupOrDefault(index));
        Value fits = arith::CmpIOp::create(
            rewriter, loc, arith::CmpIPredicate::ult, indices.back(),
            memref::DimOp::create(rewriter, loc, op.getDestination(), dim));
        inside = inside ? arith::AndIOp::create(rewriter, loc, inside, fits)
                              .getResult()
                        : fits;
      }
      return std::pair(b.elementOffset(op.getDestination(), indices), inside);
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
    auto [scale, inverse] = getScale(b, adaptor.getValue(), scratchStart);
    SumTable table(b, scratchStart, getSumTableSlots(block, thread.threads));
    SmallVector<SmallVector<int64_t>> positions;
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      positions.emplace_back(position);
    });
    size_t round = table.getSlots() / thread.threads;
    for (size_t first = 0; first < positions.size(); first += round) {
      table.clear();
      for (size_t i = first; i < std::min(first + round, positions.size()); ++i) {
        auto [at, inside] = placeOf(positions[i]);
        Value element = vector::ExtractOp::create(
            rewriter, loc, adaptor.getValue(), positions[i]);
        Value scaled = math::RoundEvenOp::create(
            rewriter, loc, arith::MulFOp::create(rewriter, loc, element, scale));
        Value whole = arith::FPToSIOp::create(rewriter, loc,
                                              rewriter.getI32Type(), scaled);
        OpBuilder::InsertionGuard insertion(rewriter);
        if (inside)
          rewriter.setInsertionPointToStart(
              scf::IfOp::create(rewriter, loc, inside, false).thenBlock());
        table.add(at, whole);
      }
      table.flush([&](Value at, Value sum) {
        addTo(b, pointer, at, arith::MulFOp::create(rewriter, loc, sum, inverse));
      });
    }
    rewriter.eraseOp(op);
    return success();
  }

  /// A power of two that takes the block's largest magnitude to at most 2^20, and
  /// its inverse (NaN where an element is not finite).
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
      Value first = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                          thread.lane, b.constant(0));
      builder.setInsertionPointToStart(
          scf::IfOp::create(builder, loc, first, false).thenBlock());
      LLVM::StoreOp::create(builder, loc, largest,
                            b.advance(scratch, b.mul(thread.warp, 4)), 4);
    }
    gpu::BarrierOp::create(builder, loc);
    for (int64_t warp = 0; warp < thread.threads / 32; ++warp)
      bound(LLVM::LoadOp::create(builder, loc, i32, b.advance(scratch, warp * 4), 4));
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

  /// An open hash table in shared memory: a place (i64) and a sum (i32) for each
  /// slot.
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
      Value low = arith::TruncIOp::create(builder, loc, builder.getI32Type(), key);
      auto probe = scf::WhileOp::create(builder, loc, builder.getI32Type(),
                                        b.bitAnd(low, slots - 1));
      {
        OpBuilder::InsertionGuard insertion(builder);
        Block *before = builder.createBlock(&probe.getBefore(), {},
                                            builder.getI32Type(), loc);
        Value slot = before->getArgument(0);
        auto exchange = LLVM::AtomicCmpXchgOp::create(
            builder, loc, keyAt(slot), free(), key, LLVM::AtomicOrdering::monotonic,
            LLVM::AtomicOrdering::monotonic, "block");
        Value found = LLVM::ExtractValueOp::create(builder, loc, exchange,
                                                   ArrayRef<int64_t>{0});
        auto differs = [&](Value other) -> Value {
          return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, found,
                                       other);
        };
        Value taken = arith::AndIOp::create(builder, loc, differs(free()),
                                            differs(key));
        scf::ConditionOp::create(builder, loc, taken, slot);
        Block *after = builder.createBlock(&probe.getAfter(), {},
                                           builder.getI32Type(), loc);
        scf::YieldOp::create(builder, loc,
                             b.bitAnd(b.add(after->getArgument(0), 1), slots - 1));
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
        Value used = arith::CmpIOp::create(builder, b.loc, arith::CmpIPredicate::ne,
                                           key, free());
        OpBuilder::InsertionGuard insertion(builder);
        builder.setInsertionPointToStart(
            scf::IfOp::create(builder, b.loc, used, false).thenBlock());
        Value sum = LLVM::LoadOp::create(builder, b.loc, builder.getI32Type(),
                                         sumAt(slot), 4);
        use(key, arith::SIToFPOp::create(builder, b.loc, builder.getF32Type(), sum));
      });
    }

  private:
    Value free() { return DistributeCopyAsync::constantI64(b, -1); }
    Value keyAt(Value slot) { return b.advance(keys, b.mul(slot, 8)); }
    Value sumAt(Value slot) { return b.advance(sums, b.mul(slot, 4)); }
    void barrier() { gpu::BarrierOp::create(b.builder, b.loc); }
    void forOwnSlots(function_ref<void(Value)> body) {
      auto loop = scf::ForOp::create(b.builder, b.loc, b.thread.thread,
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
      if (llvm::any_of(inner.getOperands(),
                       [&](Value operand) { return varying.contains(operand); }))
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
    Value sum = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      sum = arith::AddFOp::create(
          builder, loc, sum,
          vector::ExtractOp::create(builder, loc, vector, position));
    });
    for (int32_t distance : {16, 8, 4, 2, 1})
      sum = arith::AddFOp::create(
          builder, loc, sum,
          gpu::ShuffleOp::create(builder, loc, sum, distance, 32,
                                 gpu::ShuffleMode::XOR)
              .getShuffleResult());
    gpu::BarrierOp::create(builder, loc); // of the block before
    OpBuilder::InsertionGuard insertion(builder);
    auto ifZero = [&](Value number) {
      Value first = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                          number, b.constant(0));
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
      total = total ? arith::AddFOp::create(builder, loc, total, part).getResult()
                    : part;
    }
    IRMapping mapping;
    Block &body = op.getBody().front();
    for (BlockArgument argument : body.getArguments())
      mapping.map(argument, arith::ConstantIndexOp::create(builder, loc, 0));
    for (Operation &inner : body.without_terminator())
      builder.clone(inner, mapping);
    SmallVector<Value> indices;
    Value inside;
    for (auto [dim, index] : llvm::enumerate(body.getTerminator()->getOperands())) {
      indices.push_back(mapping.lookupOrDefault(index));
      Value fits = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::ult, indices.back(),
          memref::DimOp::create(builder, loc, op.getDestination(), dim));
      inside = inside ? arith::AndIOp::create(builder, loc, inside, fits).getResult()
                      : fits;
    }
    if (inside)
      builder.setInsertionPointToStart(
          scf::IfOp::create(builder, loc, inside, /*withElseRegion=*/false)
              .thenBlock());
    addTo(b, pointer, b.elementOffset(op.getDestination(), indices), total);
  }

  static void addTo(ThreadBuilder &b, Value pointer, Value at, Value element) {
    Value address = b.advance(
        pointer, arith::MulIOp::create(b.builder, b.loc, at,
                                       DistributeCopyAsync::constantI64(b, 4)));
    Value before = LLVM::LoadOp::create(b.builder, b.loc, element.getType(), address, 4);
    Value sum = arith::AddFOp::create(b.builder, b.loc, before, element);
    LLVM::StoreOp::create(b.builder, b.loc, sum, address, 4);
  }
};

/// A scalar of a capture, read before the blocks.
struct DistributeScalarLoad : DistributionPattern<memref::LoadOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(memref::LoadOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ThreadBuilder b(rewriter, op.getLoc(), thread);
    SmallVector<Value> indices(op.getIndices());
    rewriter.replaceOp(
        op, loadElement(b,
                        DistributeCopyAsync::bytePointer(b, op.getMemRef(), indices),
                        op.getType(), {}));
    return success();
  }
};

/// A scalar is written by one thread.
struct DistributeScalarStore : DistributionPattern<memref::StoreOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(memref::StoreOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    Type type = op.getValueToStore().getType();
    if (!type.isIntOrFloat() || type.isInteger(1))
      return op.emitError("expected a number to store, found ") << type;
    Value first = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq,
                                        thread.thread, b.constant(0));
    OpBuilder::InsertionGuard insertion(rewriter);
    rewriter.setInsertionPointToStart(
        scf::IfOp::create(rewriter, loc, first, false).thenBlock());
    SmallVector<Value> indices(op.getIndices());
    LLVM::StoreOp::create(rewriter, loc, op.getValueToStore(),
                          DistributeCopyAsync::bytePointer(b, op.getMemRef(), indices),
                          bytesOf(type));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

int64_t gdpa_nv::getSumTableSlots(RankedTensorType block, int64_t threads) {
  // Eight elements of a thread at a time.
  int64_t elements = std::min<int64_t>(block.getNumElements(), 8 * threads);
  return llvm::PowerOf2Ceil(std::max(elements, threads));
}

void gdpa_nv::populateMemoryDistribution(RewritePatternSet &patterns,
                                         const TypeConverter &converter,
                                         const ThreadContext &thread) {
  patterns.add<DistributeView, DistributeCopyAsync, DistributeSharedSlice,
               DistributeLoad, DistributeStore, DistributeAccumulate,
               DistributeScalarLoad, DistributeScalarStore>(
      converter, patterns.getContext(), thread);
}
