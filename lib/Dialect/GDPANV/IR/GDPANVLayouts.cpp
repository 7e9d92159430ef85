//===- GDPANVLayouts.cpp - where the elements of a block lie --------------===//
//
// The layouts acc, lhs, slice and shared: fragment types, coordinates, and
// what each can be converted to.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

#include "gdpa/Dialect/GDPANV/IR/GDPANVInterfaces.cpp.inc"

LayoutAttrInterface gdpa_nv::getLayout(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? dyn_cast_or_null<LayoutAttrInterface>(type.getEncoding())
              : LayoutAttrInterface();
}

RankedTensorType gdpa_nv::withLayout(Type type, Attribute layout) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                               layout);
}

/// The parameters of a layout over warps and tiles of rows.
static LogicalResult verifyTiles(int64_t warps, int64_t tiles,
                                 function_ref<InFlightDiagnostic()> emitError) {
  if (warps < 1 || warps > 32)
    return emitError() << "expected 1 to 32 warps, found " << warps;
  if (tiles < 1 || tiles > 1 << 16)
    return emitError() << "expected 1 to 65536 tiles, found " << tiles;
  return success();
}

/// A block of `rank` dimensions of static size; rows, where there are two,
/// stacked over tiles of 16 rows a warp; columns a multiple of `columns`.
static LogicalResult
verifyBlock(ArrayRef<int64_t> shape, int64_t rank, int64_t rows,
            int64_t columns, function_ref<InFlightDiagnostic()> emitError) {
  if (static_cast<int64_t>(shape.size()) != rank ||
      llvm::any_of(shape, ShapedType::isDynamic))
    return emitError() << "expected a block of rank " << rank
                       << " and static shape, found rank " << shape.size();
  if (rows && shape[0] != rows)
    return emitError() << "expected " << rows << " rows, found " << shape[0];
  if (columns && shape.back() % columns)
    return emitError() << "expected a multiple of " << columns
                       << " columns, found " << shape.back();
  if (llvm::is_contained(shape, 0))
    return emitError() << "expected extents of at least 1, found 0";
  return success();
}

//===----------------------------------------------------------------------===//
// acc
//===----------------------------------------------------------------------===//

VectorType AccAttr::getFragmentType(RankedTensorType block) const {
  return VectorType::get({getTiles(), block.getDimSize(1) / 8, 2, 2},
                         block.getElementType());
}

AffineMap AccAttr::getCoordinates() const {
  SmallVector<AffineExpr> d(6); // warp, lane, m, n, h, p
  bindDimsList(getContext(), MutableArrayRef(d));
  return AffineMap::get(6, 0,
                        {d[2] * (16 * getWarps()) + d[0] * 16 + d[4] * 8 +
                             d[1].floorDiv(4),
                         d[3] * 8 + (d[1] % 4) * 2 + d[5]},
                        getContext());
}

LayoutConversion AccAttr::getConversionTo(Attribute target) const {
  if (target == Attribute(*this))
    return LayoutConversion::Same;
  if (auto lhs = dyn_cast<LhsAttr>(target);
      lhs && lhs.getWarps() == getWarps() && lhs.getTiles() == getTiles())
    return LayoutConversion::Reshape;
  return LayoutConversion::None;
}

LogicalResult
AccAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                        function_ref<InFlightDiagnostic()> emitError) const {
  if (failed(verifyTiles(getWarps(), getTiles(), emitError)))
    return failure();
  return verifyBlock(shape, 2, 16 * getWarps() * getTiles(), 8, emitError);
}

//===----------------------------------------------------------------------===//
// lhs
//===----------------------------------------------------------------------===//

VectorType LhsAttr::getFragmentType(RankedTensorType block) const {
  return VectorType::get({getTiles(), block.getDimSize(1) / 16, 4, 2},
                         block.getElementType());
}

AffineMap LhsAttr::getCoordinates() const {
  SmallVector<AffineExpr> d(6); // warp, lane, m, k, q, p
  bindDimsList(getContext(), MutableArrayRef(d));
  return AffineMap::get(
      6, 0,
      {d[2] * (16 * getWarps()) + d[0] * 16 + (d[4] % 2) * 8 +
           d[1].floorDiv(4),
       d[3] * 16 + d[4].floorDiv(2) * 8 + (d[1] % 4) * 2 + d[5]},
      getContext());
}

LayoutConversion LhsAttr::getConversionTo(Attribute target) const {
  return target == Attribute(*this) ? LayoutConversion::Same
                                    : LayoutConversion::None;
}

LogicalResult
LhsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                        function_ref<InFlightDiagnostic()> emitError) const {
  if (failed(verifyTiles(getWarps(), getTiles(), emitError)))
    return failure();
  return verifyBlock(shape, 2, 16 * getWarps() * getTiles(), 16, emitError);
}

//===----------------------------------------------------------------------===//
// slice
//===----------------------------------------------------------------------===//

LogicalResult SliceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t dim, int64_t warps, int64_t tiles) {
  if (dim != 0 && dim != 1)
    return emitError() << "expected dim 0 (rows) or 1 (columns), found " << dim;
  return verifyTiles(warps, tiles, emitError);
}

VectorType SliceAttr::getFragmentType(RankedTensorType block) const {
  int64_t count = getDim() == 0 ? getTiles() : block.getDimSize(0) / 8;
  return VectorType::get({count, 2}, block.getElementType());
}

AffineMap SliceAttr::getCoordinates() const {
  SmallVector<AffineExpr> d(4); // warp, lane, m | n, h | p
  bindDimsList(getContext(), MutableArrayRef(d));
  AffineExpr position = getDim() == 0
                            ? d[2] * (16 * getWarps()) + d[0] * 16 + d[3] * 8 +
                                  d[1].floorDiv(4)
                            : d[2] * 8 + (d[1] % 4) * 2 + d[3];
  return AffineMap::get(4, 0, {position}, getContext());
}

LayoutConversion SliceAttr::getConversionTo(Attribute target) const {
  return target == Attribute(*this) ? LayoutConversion::Same
                                    : LayoutConversion::None;
}

LogicalResult
SliceAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                          function_ref<InFlightDiagnostic()> emitError) const {
  return verifyBlock(shape, 1, getDim() == 0 ? 16 * getWarps() * getTiles() : 0,
                     getDim() == 0 ? 0 : 8, emitError);
}

//===----------------------------------------------------------------------===//
// shared
//===----------------------------------------------------------------------===//

int64_t SharedAttr::getBytes(RankedTensorType block) {
  int64_t element = llvm::divideCeil(block.getElementTypeBitWidth(), 8);
  if (block.getRank() == 1)
    return llvm::alignTo(block.getDimSize(0) * element, 16);
  return llvm::alignTo(llvm::divideCeil(block.getDimSize(1), kPanel) *
                           block.getDimSize(0) * kPanel * element,
                       1024);
}

VectorType SharedAttr::getFragmentType(RankedTensorType) const { return {}; }
AffineMap SharedAttr::getCoordinates() const { return {}; }

LayoutConversion SharedAttr::getConversionTo(Attribute target) const {
  if (target == Attribute(*this))
    return LayoutConversion::Same;
  if (isa<LhsAttr>(target))
    return LayoutConversion::LoadMatrix;
  return isa<SliceAttr>(target) ? LayoutConversion::Load
                                : LayoutConversion::None;
}

LogicalResult
SharedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                           function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() == 1)
    return verifyBlock(shape, 1, 0, 0, emitError);
  if (!elementType.isIntOrFloat() || elementType.getIntOrFloatBitWidth() != 16)
    return emitError() << "expected 2-byte elements in a shared block of rank "
                          "2, found "
                       << elementType;
  return verifyBlock(shape, 2, 0, 16, emitError);
}
