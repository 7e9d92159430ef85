//===- Distribution.cpp - block tensors as vectors of threads -------------===//

#include "Distribution.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

DistributionTypeConverter::DistributionTypeConverter() {
  addConversion([](Type type) -> std::optional<Type> { return type; });
  addConversion([](RankedTensorType type) -> std::optional<Type> {
    if (isa_and_nonnull<SharedAttr>(type.getEncoding()))
      return IntegerType::get(type.getContext(), 32);
    if (auto layout = dyn_cast_or_null<LayoutAttrInterface>(type.getEncoding()))
      return layout.getFragmentType(type);
    return type; // a capture as a whole, read by tensor.extract
  });
  addConversion([](CursorType type) -> Type {
    return IntegerType::get(type.getContext(), 32);
  });
  addConversion([this](PendingType type) -> Type {
    return convertType(type.getBlock());
  });
}

Value ThreadBuilder::constant(int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getI32IntegerAttr(value));
}
Value ThreadBuilder::constantI64(int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getI64IntegerAttr(value));
}
Value ThreadBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}
Value ThreadBuilder::add(Value a, int64_t b) {
  return b ? add(a, constant(b)) : a;
}
Value ThreadBuilder::mul(Value a, int64_t b) {
  return b == 1
             ? a
             : arith::MulIOp::create(builder, loc, a, constant(b)).getResult();
}
Value ThreadBuilder::shiftRight(Value a, int64_t bits) {
  return bits ? arith::ShRUIOp::create(builder, loc, a, constant(bits))
                    .getResult()
              : a;
}
Value ThreadBuilder::bitAnd(Value a, int64_t mask) {
  return arith::AndIOp::create(builder, loc, a, constant(mask));
}
Value ThreadBuilder::bitXor(Value a, Value b) {
  return arith::XOrIOp::create(builder, loc, a, b);
}
Value ThreadBuilder::lessThan(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}
Value ThreadBuilder::equal(Value a, int64_t b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a,
                               constant(b));
}
Value ThreadBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}
Value ThreadBuilder::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, loc, a, b);
}
Value ThreadBuilder::toI32(Value index) {
  return arith::IndexCastOp::create(builder, loc, builder.getI32Type(), index);
}
Value ThreadBuilder::toI64(Value index) {
  if (index.getType().isIndex())
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                      index);
  if (index.getType().isInteger(64))
    return index;
  return arith::ExtSIOp::create(builder, loc, builder.getI64Type(), index);
}

Value ThreadBuilder::expand(AffineExpr expr, Value warp, Value lane) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dim.getPosition() == 0 ? warp : lane;
  if (auto value = dyn_cast<AffineConstantExpr>(expr))
    return constant(value.getValue());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value left = expand(binary.getLHS(), warp, lane);
  auto right = dyn_cast<AffineConstantExpr>(binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return add(left, expand(binary.getRHS(), warp, lane));
  case AffineExprKind::Mul:
    return mul(left, right.getValue());
  case AffineExprKind::FloorDiv:
    assert(llvm::isPowerOf2_64(right.getValue()));
    return shiftRight(left, llvm::Log2_64(right.getValue()));
  case AffineExprKind::Mod:
    assert(llvm::isPowerOf2_64(right.getValue()));
    return bitAnd(left, right.getValue() - 1);
  default:
    llvm_unreachable("a layout of other terms");
  }
}

static AffineExpr replaceDims(AffineMap map, unsigned result,
                              ArrayRef<AffineExpr> dims) {
  return simplifyAffineExpr(map.getResult(result).replaceDims(dims),
                            map.getNumDims(), 0);
}

Value ThreadBuilder::local(Value value) {
  if (!thread.consumers)
    return value;
  return LLVM::InlineAsmOp::create(
             builder, loc, value.getType(), value, "", "=r,0", /*has_side_effects=*/true,
             /*is_align_stack=*/false, LLVM::TailCallKind::None,
             LLVM::AsmDialectAttr::get(builder.getContext(), LLVM::AsmDialect::AD_ATT),
             ArrayAttr())
      .getResult(0);
}

Value ThreadBuilder::threadOffset(LayoutAttrInterface layout, unsigned result) {
  AffineMap map = layout.getCoordinates();
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> dims(map.getNumDims(),
                               getAffineConstantExpr(0, context));
  dims[0] = getAffineDimExpr(0, context);
  dims[1] = getAffineDimExpr(1, context);
  return expand(replaceDims(map, result, dims), local(thread.warp), local(thread.lane));
}

int64_t ThreadBuilder::positionOffset(LayoutAttrInterface layout,
                                      unsigned result,
                                      ArrayRef<int64_t> position) {
  AffineMap map = layout.getCoordinates();
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> dims(2, getAffineConstantExpr(0, context));
  for (int64_t value : position)
    dims.push_back(getAffineConstantExpr(value, context));
  return cast<AffineConstantExpr>(replaceDims(map, result, dims)).getValue();
}

Value ThreadBuilder::advance(Value base, Value bytes) {
  return LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(),
                             base, ArrayRef<LLVM::GEPArg>{bytes});
}
Value ThreadBuilder::advance(Value base, int64_t bytes) {
  if (!bytes)
    return base;
  return LLVM::GEPOp::create(
      builder, loc, base.getType(), builder.getI8Type(), base,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

/// The view of a part of a buffer: its address and strides follow from the whole.
static memref::SubViewOp partOf(Value buffer) {
  auto view = buffer.getDefiningOp<memref::SubViewOp>();
  return view && view.hasUnitStride() &&
                 view.getType().getRank() == view.getSourceType().getRank()
             ? view
             : memref::SubViewOp();
}

Value ThreadBuilder::pointer(Value buffer) {
  if (memref::SubViewOp view = partOf(buffer)) {
    SmallVector<Value> indices;
    for (OpFoldResult offset : view.getMixedOffsets())
      indices.push_back(
          getConstantIntValue(offset) == 0
              ? Value()
              : getValueOrCreateConstantIndexOp(builder, loc, offset));
    Type element = view.getType().getElementType();
    Value bytes = arith::MulIOp::create(
        builder, loc, elementOffset(view.getSource(), indices),
        arith::ConstantOp::create(builder, loc,
                                  builder.getI64IntegerAttr(bytesOf(element))));
    return advance(pointer(view.getSource()), bytes);
  }
  return PointerOp::create(builder, loc,
                           LLVM::LLVMPointerType::get(builder.getContext(), 1),
                           buffer);
}
Value ThreadBuilder::sizeI64(Value buffer, int64_t dim) {
  return toI64(memref::DimOp::create(builder, loc, buffer, dim));
}
Value ThreadBuilder::strideI64(Value buffer, int64_t dim) {
  if (memref::SubViewOp view = partOf(buffer))
    return strideI64(view.getSource(), dim);
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (succeeded(type.getStridesAndOffset(strides, offset)) &&
      !ShapedType::isDynamic(strides[dim]))
    return constantI64(strides[dim]);
  if (type.getLayout().isIdentity()) { // dense: the product of the sizes behind
    Value product;
    for (int64_t i = dim + 1; i < type.getRank(); ++i) {
      Value size = sizeI64(buffer, i);
      product =
          product
              ? arith::MulIOp::create(builder, loc, product, size).getResult()
              : size;
    }
    return product;
  }
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
  return toI64(metadata.getStrides()[dim]);
}

Value ThreadBuilder::elementOffset(Value buffer, ArrayRef<Value> indices) {
  Value sum;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    if (!index || matchPattern(index, m_Zero()))
      continue;
    Value term = arith::MulIOp::create(builder, loc, toI64(index),
                                       strideI64(buffer, dim));
    sum =
        sum ? arith::AddIOp::create(builder, loc, sum, term).getResult() : term;
  }
  return sum ? sum : constantI64(0);
}
Value ThreadBuilder::elementPointer(Value buffer, ArrayRef<Value> indices) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value bytes =
      arith::MulIOp::create(builder, loc, elementOffset(buffer, indices),
                            constantI64(bytesOf(element)));
  return advance(pointer(buffer), bytes);
}

void gdpa_nv::forEachPosition(ArrayRef<int64_t> shape,
                              function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> position(shape.size(), 0);
  int64_t count = llvm::product_of(shape);
  for (int64_t i = 0; i < count; ++i) {
    visit(position);
    for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
      if (++position[dim] < shape[dim])
        break;
      position[dim] = 0;
    }
  }
}

int64_t gdpa_nv::bytesOf(Type elementType) {
  if (elementType.isIndex())
    return 8;
  return llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

Value gdpa_nv::loadElement(ThreadBuilder &builder, Value address, Type type,
                           Value inside, bool readOnly) {
  OpBuilder &b = builder.builder;
  Location loc = builder.loc;
  Type stored = type.isIndex()      ? Type(b.getI64Type())
                : type.isInteger(1) ? Type(b.getI8Type())
                                    : type;
  auto load = [&]() -> Value {
    auto op =
        LLVM::LoadOp::create(b, loc, stored, address, bytesOf(type),
                             /*isVolatile=*/false, /*isNonTemporal=*/false,
                             /*isInvariant=*/readOnly);
    return op;
  };
  Value value;
  if (inside) {
    auto guard =
        scf::IfOp::create(b, loc, stored, inside, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard insertion(b);
    b.setInsertionPointToStart(guard.thenBlock());
    scf::YieldOp::create(b, loc, load());
    b.setInsertionPointToStart(guard.elseBlock());
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(stored));
    scf::YieldOp::create(b, loc, zero);
    value = guard.getResult(0);
  } else {
    value = load();
  }
  if (type.isIndex())
    return arith::IndexCastOp::create(b, loc, type, value);
  if (type.isInteger(1))
    return arith::CmpIOp::create(
        b, loc, arith::CmpIPredicate::ne, value,
        arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0)));
  return value;
}
