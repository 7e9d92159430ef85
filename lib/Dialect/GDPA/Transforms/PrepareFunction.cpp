//===- PrepareFunction.cpp - any function of tensors as an entry ----------===//

#include "gdpa/Dialect/GDPA/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPAPREPAREFUNCTION
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;

/// A buffer for an argument or a result: one piece where its shape is static,
/// which the entry checks, else of any strides but the last.
static MemRefType getBufferType(RankedTensorType type) {
  if (type.hasStaticShape() || type.getRank() == 0)
    return MemRefType::get(type.getShape(), type.getElementType());
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, strides));
}

static LogicalResult prepare(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a function of one block");
  Block &body = function.getBody().front();
  auto isBufferizable = [](Type type) {
    return !isa<TensorType>(type) || isa<RankedTensorType>(type);
  };
  for (Type type : function.getArgumentTypes())
    if (!isBufferizable(type))
      return function.emitError("expected ranked tensors, found ") << type;
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  for (Type type : terminator.getOperandTypes())
    if (!isa<RankedTensorType>(type))
      return terminator.emitError("expected an entry to return ranked tensors, "
                                  "found ")
             << type;
  OpBuilder builder(function.getContext());
  builder.setInsertionPointToStart(&body);
  for (BlockArgument argument : body.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(getBufferType(type));
    auto tensor = bufferization::ToTensorOp::create(
        builder, argument.getLoc(), type, argument, /*restrict=*/true,
        /*writable=*/false);
    argument.replaceAllUsesExcept(tensor, tensor);
  }
  builder.setInsertionPoint(terminator);
  for (Value result : terminator.getOperands()) {
    BlockArgument destination = body.addArgument(
        getBufferType(cast<RankedTensorType>(result.getType())),
        result.getLoc());
    bufferization::MaterializeInDestinationOp::create(
        builder, result.getLoc(), /*result=*/Type(), result, destination,
        /*restrict=*/true, /*writable=*/true);
  }
  func::ReturnOp::create(builder, terminator.getLoc());
  terminator.erase();
  function.setFunctionType(
      builder.getFunctionType(body.getArgumentTypes(), {}));
  function.removeResAttrsAttr();
  function.removeArgAttrsAttr();
  return success();
}

namespace {
struct PrepareFunction : gdpa::impl::GDPAPrepareFunctionBase<PrepareFunction> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal() &&
          failed(prepare(function)))
        return signalPassFailure();
  }
};
} // namespace
