//===- ElementPositions.cpp - where a block's elements lie in a buffer ----===//

#include "ElementPositions.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

FailureOr<SmallVector<int64_t>> gdpa_nv::getBlockDims(AffineMap map) {
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

Value gdpa_nv::boundIndex(ThreadBuilder &b, Value buffer, int64_t dim,
                          bool clamp, Value &index) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  Value size = memref::DimOp::create(builder, loc, buffer, dim);
  if (!clamp)
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index,
                                 size);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value top = arith::SubIOp::create(builder, loc, size, one);
  index = arith::MaxSIOp::create(
      builder, loc, arith::MinSIOp::create(builder, loc, index, top), zero);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, size,
                               zero);
}

ElementPositions::ElementPositions(ThreadBuilder &b, LayoutAttrInterface layout,
                                   AffineMap map, Value buffer,
                                   ValueRange offsets, bool clamp)
    : b(b), layout(layout), map(map), buffer(buffer), offsets(offsets),
      clamp(clamp) {
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    threadOffsets.push_back(b.threadOffset(layout, dim));
}

Value ElementPositions::at(ArrayRef<int64_t> position,
                           SmallVector<Value> &indices) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  SmallVector<Value> coordinates;
  for (unsigned dim = 0; dim < map.getNumDims(); ++dim)
    coordinates.push_back(
        b.add(threadOffsets[dim],
              ThreadBuilder::positionOffset(layout, dim, position)));
  Value inside;
  for (auto [number, expr] : llvm::enumerate(map.getResults())) {
    Value index = offsets[number];
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (!constant || constant.getValue() != 0)
      index = arith::AddIOp::create(
          builder, loc, index,
          arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                     expand(expr, coordinates)));
    inside = b.both(inside, boundIndex(b, buffer, number, clamp, index));
    indices.push_back(index);
  }
  return inside;
}

bool ElementPositions::isSupported(AffineMap map) {
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

Value ElementPositions::expand(AffineExpr expr, ArrayRef<Value> coordinates) {
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
