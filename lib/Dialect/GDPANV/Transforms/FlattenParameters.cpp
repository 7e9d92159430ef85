//===- FlattenParameters.cpp - pointers, sizes and strides for buffers ----===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVFLATTENPARAMETERS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// Collects the new parameters of a kernel while the uses of its buffers are
/// replaced.
class ParameterList {
public:
  ParameterList(gpu::GPUFuncOp function)
      : function(function), loc(function.getLoc()),
        body(function.getBody().front()), builder(function.getContext()) {
    builder.setInsertionPointToStart(&body);
    function.walk([&](TensorMapOp op) { maps.push_back(op); });
  }

  LogicalResult run() {
    for (TensorMapOp op : maps) {
      auto buffer = dyn_cast<BlockArgument>(op.getSource());
      if (!buffer || buffer.getOwner() != &body)
        return op.emitError("expected an argument of the kernel as the buffer of a "
                            "tensor map");
    }
    unsigned count = body.getNumArguments();
    for (unsigned number = 0; number < count; ++number) {
      BlockArgument argument = body.getArgument(number);
      Type type = argument.getType();
      if (isa<MemRefType>(type)) {
        if (failed(flatten(argument)))
          return failure();
        continue;
      }
      if (!type.isIntOrIndexOrFloat())
        return function.emitError("expected buffers and scalars as arguments "
                                  "of a kernel, found ")
               << type;
      argument.replaceAllUsesWith(type.isIndex() ? addIndex() : add(type));
    }
    addTensorMaps();
    llvm::BitVector old(body.getNumArguments());
    old.set(0, count);
    body.eraseArguments(old);
    function.removeArgAttrsAttr();
    SmallVector<Type> types(body.getArgumentTypes());
    function.setFunctionType(builder.getFunctionType(types, {}));
    unsigned firstMap = types.size() - maps.size();
    for (auto [number, type] : llvm::enumerate(types))
      if (number < firstMap && isa<LLVM::LLVMPointerType>(type))
        function.setArgAttr(number, LLVM::LLVMDialect::getNoAliasAttrName(),
                            builder.getUnitAttr());
    return success();
  }

private:
  Value add(Type type) { return body.addArgument(type, loc); }
  Value addIndex() {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      add(builder.getI64Type()));
  }

  /// One parameter for each buffer and box; they come last.
  void addTensorMaps() {
    SmallVector<Attribute> described;
    for (TensorMapOp op : maps) {
      auto buffer = cast<BlockArgument>(op.getSource());
      DictionaryAttr map = builder.getDictionaryAttr(
          {builder.getNamedAttr("argument",
                                builder.getI64IntegerAttr(buffer.getArgNumber())),
           builder.getNamedAttr("rows", op.getRowsAttr()),
           builder.getNamedAttr("columns", op.getColumnsAttr()),
           builder.getNamedAttr("swizzle", builder.getI64IntegerAttr(128))});
      described.push_back(map);
    }
    SmallVector<TensorMapOp> all(maps);
    SmallVector<Attribute> unique;
    SmallVector<Value> parameters;
    SmallVector<TensorMapOp> kept;
    for (auto [op, map] : llvm::zip(all, described)) {
      auto found = llvm::find(unique, map);
      unsigned number = found - unique.begin();
      if (found == unique.end()) {
        unique.push_back(map);
        parameters.push_back(add(op.getType()));
        kept.push_back(op);
      }
      op.replaceAllUsesWith(parameters[number]);
    }
    for (TensorMapOp op : all)
      op.erase();
    maps.resize(kept.size());
    if (!unique.empty())
      function->setAttr(kTensorMapsAttr, builder.getArrayAttr(unique));
  }

  LogicalResult flatten(BlockArgument argument) {
    auto type = cast<MemRefType>(argument.getType());
    Value pointer = add(LLVM::LLVMPointerType::get(builder.getContext(), 1));
    SmallVector<Value> sizes, strides(type.getRank());
    for (int64_t size : type.getShape())
      sizes.push_back(ShapedType::isDynamic(size)
                          ? addIndex()
                          : arith::ConstantIndexOp::create(builder, loc, size)
                                .getResult());
    if (auto layout = dyn_cast<StridedLayoutAttr>(type.getLayout()))
      for (auto [dim, stride] : llvm::enumerate(layout.getStrides()))
        if (ShapedType::isDynamic(stride))
          strides[dim] = addIndex();
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      auto metadata = dyn_cast<memref::ExtractStridedMetadataOp>(user);
      auto dim = dyn_cast<memref::DimOp>(user);
      if (isa<TensorMapOp>(user))
        continue;
      if (auto op = dyn_cast<PointerOp>(user)) {
        op.replaceAllUsesWith(pointer);
      } else if (dim && dim.getConstantIndex()) {
        dim.replaceAllUsesWith(sizes[*dim.getConstantIndex()]);
      } else if (metadata && metadata.getBaseBuffer().use_empty() &&
                 metadata.getOffset().use_empty()) {
        for (int64_t i = 0; i < type.getRank(); ++i) {
          metadata.getSizes()[i].replaceAllUsesWith(sizes[i]);
          if (strides[i])
            metadata.getStrides()[i].replaceAllUsesWith(strides[i]);
        }
        if (!metadata->use_empty())
          return user->emitError("expected dynamic strides of a strided layout "
                                 "to be all that is used of a buffer's strides");
      } else {
        return user->emitError("expected the pointer, sizes and strides of a "
                               "kernel's buffer to be all that is used of it");
      }
      user->erase();
    }
    return success();
  }

  gpu::GPUFuncOp function;
  Location loc;
  Block &body;
  OpBuilder builder;
  SmallVector<TensorMapOp> maps;
};

struct FlattenParameters
    : gdpa_nv::impl::GDPANVFlattenParametersBase<FlattenParameters> {
  void runOnOperation() override {
    if (failed(ParameterList(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
