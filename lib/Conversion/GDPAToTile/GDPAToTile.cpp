//===- GDPAToTile.cpp - attention operations become block programs --------===//

#include "Kernels.h"
#include "gdpa/Conversion/GDPAToTile/Passes.h"
#include "gdpa/Dialect/GDPA/IR/AttentionPosition.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_CONVERTGDPATOTILE
#include "gdpa/Conversion/GDPAToTile/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;

/// What this conversion does not lower, by name.
template <class Op> static LogicalResult checkLowered(Op op) {
  if (op.hasTensorSemantics())
    return op.emitOpError("expected an operation on buffers: bufferize first");
  Type storage = op.getStorageType();
  auto schedule = op.getScheduleAttr();
  if (storage.isF64() && schedule && schedule.multipliesStorageType())
    return op.emitOpError("is not lowered on this target: expected storage "
                          "bf16 or f16, found f64");
  if (!op.getSchedule())
    return op.emitOpError("expected a schedule: run --gdpa-plan first");
  for (auto [name, operand] :
       {std::pair<StringRef, Value>{"query", op.getQuery()},
        {"value", op.getValue()}}) {
    int64_t depth = cast<ShapedType>(operand.getType()).getShape().back();
    if (ShapedType::isDynamic(depth) || depth < 8 || depth > 256 || depth % 8)
      return op.emitOpError("is not lowered: expected a static head dim of 8 to 256 in "
                            "steps of 8 of the ")
             << name << ", found " << operand.getType();
  }
  return success();
}

/// Where storage is multiplied as it lies, the elements of a row are adjacent.
template <class Op> static LogicalResult checkStrides(Op op) {
  if (!op.getScheduleAttr().multipliesStorageType())
    return success();
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    gdpa::Role role = getOperandRole(op, operand.getOperandNumber()).role;
    if (!type || type.getRank() == 0 || role == gdpa::Role::Capture)
      continue;
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(type.getStridesAndOffset(strides, offset)) ||
        strides.back() != 1)
      return op.emitOpError("is not lowered on this target: expected buffers "
                            "with a last stride of 1, found ")
             << type;
  }
  return success();
}

namespace {
struct ConvertGDPAToTile
    : gdpa::impl::ConvertGDPAToTileBase<ConvertGDPAToTile> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isa<gdpa::AttentionOp, gdpa::AttentionBackwardOp,
              gdpa::AttentionPartialOp, gdpa::AttentionMergeOp>(op))
        operations.push_back(op);
    });
    SymbolTable symbols(getOperation());
    llvm::SmallSetVector<Operation *, 4> hosts;
    for (Operation *op : operations) {
      if (isa<gdpa::AttentionPartialOp, gdpa::AttentionMergeOp>(op)) {
        op->emitOpError("is not lowered to block programs: decompose it with "
                        "--gdpa-to-linalg");
        return signalPassFailure();
      }
      auto function = op->getParentOfType<FunctionOpInterface>();
      std::string base = function ? function.getName().str() : "attention";
      if (function)
        hosts.insert(function);
      if (auto forward = dyn_cast<gdpa::AttentionOp>(op)) {
        if (failed(checkLowered(forward)) || failed(checkStrides(forward)))
          return signalPassFailure();
        gdpa::inlinePosition(forward);
        gdpa_tile::normalizeLayout(forward, forward.getLayout());
        gdpa_tile::readBooleansAsBytes(forward);
        if (failed(gdpa_tile::lowerForward(
                forward, unique(symbols, base + "_forward"))))
          return signalPassFailure();
        continue;
      }
      auto backward = cast<gdpa::AttentionBackwardOp>(op);
      if (failed(checkLowered(backward)) || failed(checkStrides(backward)))
        return signalPassFailure();
      gdpa::inlinePosition(backward);
      gdpa_tile::normalizeLayout(backward, backward.getLayout());
      gdpa_tile::readBooleansAsBytes(backward);
      if (failed(gdpa_tile::lowerBackward(
              backward, unique(symbols, base + "_backward"))))
        return signalPassFailure();
    }
    for (Operation *host : hosts)
      if (failed(lowerSums(cast<FunctionOpInterface>(host), symbols)))
        return signalPassFailure();
  }

  /// Sums of results that stand beside an attention operation, and the buffers
  /// in which these lie until then.
  LogicalResult lowerSums(FunctionOpInterface host, SymbolTable &symbols) {
    SmallVector<linalg::AddOp> sums;
    host.walk([&](linalg::AddOp op) { sums.push_back(op); });
    for (linalg::AddOp op : sums)
      if (failed(gdpa_tile::lowerSum(
              op, unique(symbols, host.getName().str() + "_sum"))))
        return failure();
    SmallVector<memref::AllocOp> buffers;
    host.walk([&](memref::AllocOp op) { buffers.push_back(op); });
    for (memref::AllocOp op : buffers) {
      OpBuilder builder(op);
      op.replaceAllUsesWith(
          gdpa_tile::WorkspaceOp::create(builder, op.getLoc(), op.getType(),
                                         op.getDynamicSizes(), /*zero=*/false)
              .getResult());
      op.erase();
    }
    return success();
  }

  /// A name that no symbol of the module has or begins with.
  std::string unique(SymbolTable &symbols, std::string name) {
    auto taken = [&] {
      for (Operation &op : *getOperation().getBody())
        if (auto symbol = dyn_cast<SymbolOpInterface>(op))
          if (symbol.getName().starts_with(name))
            return true;
      return false;
    };
    while (taken())
      name += "_";
    return name;
  }
};
} // namespace
