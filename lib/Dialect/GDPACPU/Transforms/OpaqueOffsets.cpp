//===- OpaqueOffsets.cpp - slices without value bounds --------------------===//

#include "OpaqueOffsets.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

/// Marks the casts, so that no other is taken for one.
static constexpr StringLiteral kCastAttr = "gdpa_cpu.opaque";

OpaqueOffsets::OpaqueOffsets(func::FuncOp func) : func(func) {
  llvm::DenseMap<Value, Value> casts;
  OpBuilder builder(func.getContext());
  auto hide = [&](OpOperand &operand) {
    Value value = operand.get();
    Value &cast = casts[value];
    if (!cast) {
      builder.setInsertionPointAfterValue(value);
      auto op = UnrealizedConversionCastOp::create(builder, value.getLoc(),
                                                   value.getType(), value);
      op->setAttr(kCastAttr, builder.getUnitAttr());
      cast = op.getResult(0);
    }
    operand.set(cast);
  };
  func.walk([&](OffsetSizeAndStrideOpInterface slice) {
    if (!isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(slice))
      return;
    unsigned first = slice.getOffsetSizeAndStrideStartOperandIndex();
    for (OpOperand &operand : slice->getOpOperands().drop_front(first))
      hide(operand);
  });
}

OpaqueOffsets::~OpaqueOffsets() {
  func.walk([](UnrealizedConversionCastOp cast) {
    if (!cast->hasAttr(kCastAttr))
      return;
    cast->replaceAllUsesWith(cast->getOperands());
    cast->erase();
  });
}
