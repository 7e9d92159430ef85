//===- DistributeStore.cpp - registers to global memory -------------------===//

#include "Distribution.h"
#include "ElementPositions.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

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
    bool paired = succeeded(dims) && isa<AccAttr>(layout) &&
                  (*dims)[1] == last && buffer.getElementTypeBitWidth() == 16 &&
                  !ShapedType::isDynamic(buffer.getDimSize(last)) &&
                  buffer.getDimSize(last) % 8 == 0 &&
                  matchPattern(op.getOffsets()[last], m_Zero());
    if (paired)
      storePairs(op, value, cast<AccAttr>(layout), (*dims)[0], rewriter);
    else if (ElementPositions::isSupported(map))
      storeElements(op, value, layout, map, rewriter);
    else
      return op.emitError(
                 "expected sums and products with constants in the map "
                 "of a block, found ")
             << AffineMapAttr::get(map);
    rewriter.eraseOp(op);
    return success();
  }

  /// Rows of storage type: two neighbouring columns at once. The row's part of
  /// the address is 64 bits wide, the columns are constants.
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
    Value base = b.elementPointer(op.getDestination(), indices);
    Value size =
        memref::DimOp::create(rewriter, loc, op.getDestination(), rowDim);
    Value left = b.toI32(
        arith::SubIOp::create(rewriter, loc, size, op.getOffsets()[rowDim]));
    Value stride = b.strideI64(op.getDestination(), rowDim);
    Value firstRow = b.threadOffset(layout, 0);
    Value column = b.mul(b.threadOffset(layout, 1), bytes);
    int64_t tiles = std::min(type.getDimSize(1), buffer.getDimSize(last) / 8);
    for (int64_t m = 0; m < type.getDimSize(0); ++m)
      for (int64_t h = 0; h < 2; ++h) {
        Value row = b.add(
            firstRow, ThreadBuilder::positionOffset(layout, 0, {m, 0, h, 0}));
        auto guard = scf::IfOp::create(rewriter, loc, b.lessThan(row, left),
                                       /*withElseRegion=*/false);
        OpBuilder::InsertionGuard insertion(rewriter);
        rewriter.setInsertionPointToStart(guard.thenBlock());
        Value offset = arith::MulIOp::create(
            rewriter, loc,
            arith::MulIOp::create(rewriter, loc, b.toI64(row), stride),
            b.constantI64(bytes));
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
      Value other =
          rows ? b.bitAnd(thread.lane, 3) : b.shiftRight(thread.thread, 2);
      Value first = arith::CmpIOp::create(
          rewriter, loc, arith::CmpIPredicate::eq, other, b.constant(0));
      auto guard =
          scf::IfOp::create(rewriter, loc, first, /*withElseRegion=*/false);
      rewriter.setInsertionPointToStart(guard.thenBlock());
    }
    forEachPosition(type.getShape(), [&](ArrayRef<int64_t> position) {
      SmallVector<Value> indices;
      Value inside = positions.at(position, indices);
      OpBuilder::InsertionGuard inner(rewriter);
      if (inside) {
        auto guard =
            scf::IfOp::create(rewriter, loc, inside, /*withElseRegion=*/false);
        rewriter.setInsertionPointToStart(guard.thenBlock());
      }
      Value element = vector::ExtractOp::create(rewriter, loc, value, position);
      LLVM::StoreOp::create(rewriter, loc, element,
                            b.elementPointer(op.getDestination(), indices),
                            bytesOf(type.getElementType()));
    });
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
                          b.elementPointer(op.getMemRef(), indices),
                          bytesOf(type));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void gdpa_nv::populateStoreDistribution(RewritePatternSet &patterns,
                                        const TypeConverter &converter,
                                        const ThreadContext &thread) {
  patterns.add<DistributeStore, DistributeScalarStore>(
      converter, patterns.getContext(), thread);
}
