//===- EmitCEntry.cpp - the C interface of an entry -----------------------===//
//
// Builds memref descriptors from the runtime's tensors, field by field; the
// conversions of memrefs to LLVM later meet the same descriptors, so that the
// casts between them vanish.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_EMITCENTRYPASS
#include "gdpa/Conversion/GDPAToReference/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Fields of gdpa_tensor and the number of dimensions it has room for, as in
/// gdpa_runtime.h.
enum : int32_t { kData, kDtype, kRank, kShape, kStrides };
constexpr unsigned kMaxRank = 6;

/// Reads the tensors that the runtime hands to an entry.
class TensorReader {
public:
  TensorReader(OpBuilder &builder, Location loc, Value tensors)
      : builder(builder), loc(loc), tensors(tensors) {
    MLIRContext *context = builder.getContext();
    pointer = LLVM::LLVMPointerType::get(context);
    Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
    Type extents = LLVM::LLVMArrayType::get(i64, kMaxRank);
    tensorType = LLVM::LLVMStructType::getLiteral(
        context, {pointer, i32, i32, extents, extents});
  }

  /// Whether tensor `number` can be what `type` says.
  Value fits(unsigned number, Type type);
  /// Tensor `number` as a value of `type`.
  Value read(unsigned number, Type type);

private:
  Value field(unsigned number, int32_t field, Type type, int32_t dim = -1) {
    SmallVector<LLVM::GEPArg> path{static_cast<int32_t>(number), field};
    if (dim >= 0)
      path.push_back(dim);
    Value address =
        LLVM::GEPOp::create(builder, loc, pointer, tensorType, tensors, path);
    return LLVM::LoadOp::create(builder, loc, type, address);
  }

  OpBuilder &builder;
  Location loc;
  Value tensors;
  Type pointer, tensorType;
};

} // namespace

/// The runtime's number of an element type, -1 where it has none.
static int32_t dtypeOf(Type type) {
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
  return -1;
}

Value TensorReader::fits(unsigned number, Type type) {
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  auto memref = dyn_cast<MemRefType>(type);
  auto equals = [&](Value found, int64_t expected) -> Value {
    Value constant = arith::ConstantIntOp::create(
        builder, loc, expected, found.getType().getIntOrFloatBitWidth());
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, found,
                                 constant);
  };
  Value result =
      equals(field(number, kDtype, i32), dtypeOf(getElementTypeOrSelf(type)));
  auto require = [&](Value condition) {
    result = arith::AndIOp::create(builder, loc, result, condition);
  };
  require(equals(field(number, kRank, i32), memref ? memref.getRank() : 0));
  if (!memref)
    return result;
  for (int64_t dim = 0; dim < memref.getRank(); ++dim)
    if (!memref.isDynamicDim(dim))
      require(equals(field(number, kShape, i64, dim), memref.getDimSize(dim)));
  // Strides of an empty tensor mean nothing, nor does that of a dimension of
  // one element.
  Value isEmpty = arith::ConstantIntOp::create(builder, loc, 0, 1);
  for (int64_t dim = 0; dim < memref.getRank(); ++dim)
    isEmpty = arith::OrIOp::create(builder, loc, isEmpty,
                                   equals(field(number, kShape, i64, dim), 0));
  if (auto layout = dyn_cast<StridedLayoutAttr>(memref.getLayout()))
    for (auto [dim, stride] : llvm::enumerate(layout.getStrides())) {
      if (ShapedType::isDynamic(stride))
        continue;
      Value isOne = equals(field(number, kShape, i64, dim), 1);
      Value isUnused = arith::OrIOp::create(builder, loc, isEmpty, isOne);
      Value fits = equals(field(number, kStrides, i64, dim), stride);
      require(arith::OrIOp::create(builder, loc, isUnused, fits));
    }
  return result;
}

Value TensorReader::read(unsigned number, Type type) {
  MLIRContext *context = builder.getContext();
  Type i64 = builder.getI64Type();
  Value data = field(number, kData, pointer);
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref) {
    Type stored = type.isIndex() ? i64 : type;
    Value value = LLVM::LoadOp::create(builder, loc, stored, data);
    if (type.isIndex())
      value = arith::IndexCastOp::create(builder, loc, type, value);
    return value;
  }
  int64_t rank = memref.getRank();
  SmallVector<Type> fields{pointer, pointer, i64};
  if (rank > 0)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  Type descriptorType = LLVM::LLVMStructType::getLiteral(context, fields);
  Value descriptor = LLVM::PoisonOp::create(builder, loc, descriptorType);
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  insert(data, 0);
  insert(data, 1);
  insert(
      LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(0)),
      2);
  for (int64_t dim = 0; dim < rank; ++dim) {
    insert(field(number, kShape, i64, dim), {3, dim});
    insert(field(number, kStrides, i64, dim), {4, dim});
  }
  return UnrealizedConversionCastOp::create(builder, loc, memref, descriptor)
      .getResult(0);
}

static void emitEntry(func::FuncOp function) {
  Location loc = function.getLoc();
  MLIRContext *context = function.getContext();
  OpBuilder builder(function);
  std::string name = function.getSymName().str();
  function.setSymName(name + ".body");
  function.setPrivate();
  function->removeAttr("gdpa.entry");
  function->removeAttr("gdpa.layout");
  // What the launch description has said already, LLVM has no use for.
  SmallVector<DictionaryAttr> none(function.getNumArguments(),
                                   builder.getDictionaryAttr({}));
  function.setAllArgAttrs(none);

  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i32 = builder.getI32Type();
  auto entry = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType({pointer, pointer, pointer}, i32));
  builder.setInsertionPointToStart(entry.addEntryBlock());
  TensorReader reader(builder, loc, entry.getArgument(0));
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 32);
  };
  Value status = constant(0);
  ArrayRef<Type> types = function.getArgumentTypes();
  // Backwards, so that the first misfit is the one reported.
  for (unsigned i = types.size(); i-- > 0;)
    status = arith::SelectOp::create(builder, loc, reader.fits(i, types[i]),
                                     status, constant(i + 1));
  Value isFine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       status, constant(0));
  scf::IfOp::create(builder, loc, isFine, [&](OpBuilder &b, Location loc) {
    SmallVector<Value> arguments;
    for (auto [i, type] : llvm::enumerate(types))
      arguments.push_back(reader.read(i, type));
    func::CallOp::create(b, loc, function, arguments);
    scf::YieldOp::create(b, loc);
  });
  func::ReturnOp::create(builder, loc, status);
}

namespace {
struct EmitCEntryPass : gdpa::impl::EmitCEntryPassBase<EmitCEntryPass> {
  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!function->hasAttr("gdpa.entry")) {
        hide(function);
        continue;
      }
      if (function.getNumResults() != 0 || function.isExternal()) {
        function.emitError("expected an entry with a body and without results: "
                           "an entry writes to its arguments");
        return signalPassFailure();
      }
      for (Type type : function.getArgumentTypes()) {
        auto memref = dyn_cast<MemRefType>(type);
        if (dtypeOf(getElementTypeOrSelf(type)) < 0 ||
            (memref && memref.getRank() > int64_t(kMaxRank))) {
          function.emitError("expected arguments of the runtime's element "
                             "types and of at most ")
              << kMaxRank << " dimensions, found " << type;
          return signalPassFailure();
        }
      }
      emitEntry(function);
      hide(function);
    }
  }

private:
  /// Keeps a helper's symbol inside the object.
  static void hide(func::FuncOp function) {
    if (function.isPrivate() && !function.isExternal())
      function->setAttr("llvm.linkage",
                        LLVM::LinkageAttr::get(function.getContext(),
                                               LLVM::Linkage::Internal));
  }
};
} // namespace
