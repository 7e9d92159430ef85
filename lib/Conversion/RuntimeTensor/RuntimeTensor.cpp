//===- RuntimeTensor.cpp - the runtime's tensors as memrefs ---------------===//

#include "gdpa/Conversion/RuntimeTensor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {
/// Fields of gdpa_tensor, as in gdpa_runtime.h.
enum : int32_t { kData, kDtype, kRank, kShape, kStrides };
} // namespace

std::optional<int32_t> gdpa::getRuntimeType(Type type) {
  if (type.isF64())
    return 0;
  if (type.isF32())
    return 1;
  if (type.isBF16())
    return 2;
  if (type.isF16())
    return 3;
  if (type.isInteger(1))
    return 4;
  if (type.isInteger(8))
    return 5;
  if (type.isInteger(16))
    return 6;
  if (type.isInteger(32))
    return 7;
  if (type.isInteger(64) || type.isIndex())
    return 8;
  return std::nullopt;
}

bool gdpa::isRuntimeArgument(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!getRuntimeType(memref ? memref.getElementType() : type))
    return false;
  return !memref || (memref.getRank() <= kMaxRuntimeRank && memref.isStrided());
}

Value gdpa::buildMemRef(OpBuilder &builder, Location loc, MemRefType type,
                        Value data, ArrayRef<Value> sizes,
                        ArrayRef<Value> strides) {
  MLIRContext *context = builder.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = builder.getI64Type();
  SmallVector<Type> fields{pointer, pointer, i64};
  if (type.getRank() > 0)
    fields.append(2, LLVM::LLVMArrayType::get(i64, type.getRank()));
  Value descriptor = LLVM::PoisonOp::create(
      builder, loc, LLVM::LLVMStructType::getLiteral(context, fields));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  insert(data, 0);
  insert(data, 1);
  insert(
      LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(0)),
      2);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    insert(sizes[dim], {3, dim});
    insert(strides[dim], {4, dim});
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

RuntimeTensorReader::RuntimeTensorReader(OpBuilder &builder, Location loc,
                                         Value tensors)
    : builder(builder), loc(loc), tensors(tensors) {
  MLIRContext *context = builder.getContext();
  pointer = LLVM::LLVMPointerType::get(context);
  Type i32 = builder.getI32Type();
  Type extents =
      LLVM::LLVMArrayType::get(builder.getI64Type(), kMaxRuntimeRank);
  tensorType = LLVM::LLVMStructType::getLiteral(
      context, {pointer, i32, i32, extents, extents});
}

Value RuntimeTensorReader::field(unsigned number, int32_t field, Type type,
                                 int32_t dim) {
  SmallVector<LLVM::GEPArg> path{static_cast<int32_t>(number), field};
  if (dim >= 0)
    path.push_back(dim);
  Value address =
      LLVM::GEPOp::create(builder, loc, pointer, tensorType, tensors, path);
  return LLVM::LoadOp::create(builder, loc, type, address);
}

Value RuntimeTensorReader::fits(unsigned number, Type type) {
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto memref = dyn_cast<MemRefType>(type);
  auto equals = [&](Value found, int64_t expected) -> Value {
    Value constant = arith::ConstantIntOp::create(
        builder, loc, expected, found.getType().getIntOrFloatBitWidth());
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, found,
                                 constant);
  };
  Value result = equals(field(number, kDtype, i32),
                        *getRuntimeType(getElementTypeOrSelf(type)));
  auto require = [&](Value condition) {
    result = arith::AndIOp::create(builder, loc, result, condition);
  };
  require(equals(field(number, kRank, i32), memref ? memref.getRank() : 0));
  if (!memref)
    return result;
  for (int64_t dim = 0; dim < memref.getRank(); ++dim)
    if (!memref.isDynamicDim(dim))
      require(equals(field(number, kShape, i64, dim), memref.getDimSize(dim)));
  Value isEmpty = arith::ConstantIntOp::create(builder, loc, 0, 1);
  for (int64_t dim = 0; dim < memref.getRank(); ++dim)
    isEmpty = arith::OrIOp::create(builder, loc, isEmpty,
                                   equals(field(number, kShape, i64, dim), 0));
  auto [strides, offset] = memref.getStridesAndOffset();
  for (auto [dim, stride] : llvm::enumerate(strides)) {
    if (ShapedType::isDynamic(stride))
      continue;
    Value isOne = equals(field(number, kShape, i64, dim), 1);
    Value isUnused = arith::OrIOp::create(builder, loc, isEmpty, isOne);
    Value isRight = equals(field(number, kStrides, i64, dim), stride);
    require(arith::OrIOp::create(builder, loc, isUnused, isRight));
  }
  return result;
}

Value RuntimeTensorReader::read(unsigned number, Type type) {
  Type i64 = builder.getI64Type();
  Value data = field(number, kData, pointer);
  auto memref = dyn_cast<MemRefType>(type);
  if (memref) {
    SmallVector<Value> sizes, strides;
    for (int64_t dim = 0; dim < memref.getRank(); ++dim) {
      sizes.push_back(field(number, kShape, i64, dim));
      strides.push_back(field(number, kStrides, i64, dim));
    }
    return buildMemRef(builder, loc, memref, data, sizes, strides);
  }
  // The index type travels as i64, i1 as a byte.
  Type stored = type.isIndex()      ? i64
                : type.isInteger(1) ? builder.getI8Type()
                                    : type;
  Value value = LLVM::LoadOp::create(builder, loc, stored, data);
  if (type.isIndex())
    return arith::IndexCastOp::create(builder, loc, type, value);
  if (type.isInteger(1))
    return arith::TruncIOp::create(builder, loc, type, value);
  return value;
}
