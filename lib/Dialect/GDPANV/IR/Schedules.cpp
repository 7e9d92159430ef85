//===- Schedules.cpp - default schedules of NVIDIA kernels ----------------===//

#include "gdpa/Dialect/GDPANV/IR/Schedules.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

RegionCost gdpa_nv::getRegionCost(Operation *attention) {
  RegionCost cost;
  for (Region &region : attention->getRegions()) {
    if (region.empty())
      continue;
    // s, ct before b, h, i, j, nq, nk: the last index arguments but the captures.
    SmallVector<Value> positions;
    unsigned floats = 0;
    while (floats < region.getNumArguments() &&
           isa<FloatType>(region.getArgument(floats).getType()))
      ++floats;
    llvm::SmallPtrSet<Value, 16> varying; // with i or j
    for (unsigned number : {floats + 2, floats + 3})
      if (number < region.getNumArguments()) {
        varying.insert(region.getArgument(number));
        cost.usesPositions |= !region.getArgument(number).use_empty();
      }
    region.walk([&](Operation *op) {
      bool varies = llvm::any_of(op->getOperands(), [&](Value operand) {
        return varying.contains(operand);
      });
      if (varies)
        varying.insert(op->result_begin(), op->result_end());
      if (isa<tensor::ExtractOp, memref::LoadOp>(op) && varies)
        cost.gathers = true;
      if (isa<math::MathDialect>(op->getDialect()))
        cost.operations += 4;
      else if (!op->hasTrait<OpTrait::ConstantLike>())
        cost.operations += 1;
    });
  }
  return cost;
}

ScheduleAttr gdpa_nv::getDefaultSchedule(MLIRContext *context, int64_t headDim,
                                         int64_t valueDim, bool backward,
                                         const RegionCost &cost) {
  int64_t depth = std::max(headDim, valueDim);
  bool deep = depth > 128;
  return ScheduleAttr::get(
      context, /*block_q=*/deep ? 64 : 128, /*block_kv=*/deep ? 32 : 64,
      /*dkv_block_q=*/deep ? 32 : 64, /*dkv_block_kv=*/64, /*dq_block_q=*/64,
      /*dq_block_kv=*/deep ? 32 : 64, /*warps=*/4, /*stages=*/2,
      /*register_lhs=*/64);
}
