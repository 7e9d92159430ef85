//===- DistributeLoad.cpp - global memory to registers --------------------===//

#include "Distribution.h"
#include "ElementPositions.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

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
      return op.emitError(
                 "expected sums and products with constants in the map "
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
      Value value = loadElement(b, b.elementPointer(op.getSource(), indices),
                                stored, inside);
      if (stored != type.getElementType())
        value =
            arith::ExtFOp::create(rewriter, loc, type.getElementType(), value);
      elements.push_back(value);
    });
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, elements);
    return success();
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
    rewriter.replaceOp(op,
                       loadElement(b, b.elementPointer(op.getMemRef(), indices),
                                   op.getType(), {}));
    return success();
  }
};

} // namespace

void gdpa_nv::populateLoadDistribution(RewritePatternSet &patterns,
                                       const TypeConverter &converter,
                                       const ThreadContext &thread) {
  patterns.add<DistributeLoad, DistributeScalarLoad>(
      converter, patterns.getContext(), thread);
}
