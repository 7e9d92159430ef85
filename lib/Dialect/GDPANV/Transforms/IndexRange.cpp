//===- IndexRange.cpp - what is known of a kernel's indices ---------------===//

#include "IndexRange.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {
/// A row of a block that begins inside a buffer has a position below 2^31: blocks
/// have at most 1024 rows.
constexpr int64_t kMaxPosition = (int64_t(1) << 31) - 1;
constexpr int64_t kMaxSize = kMaxPosition - 1024;
constexpr unsigned kMaxDepth = 16;

ConstantIntRanges signedRange(int64_t low, int64_t high) {
  return ConstantIntRanges::fromSigned(APInt(64, low, true),
                                       APInt(64, high, true));
}

ConstantIntRanges rangeOf(Value index, unsigned depth) {
  unsigned width = ConstantIntRanges::getStorageBitwidth(index.getType());
  ConstantIntRanges unknown = ConstantIntRanges::maxRange(width);
  if (depth > kMaxDepth)
    return unknown;
  if (APInt constant; matchPattern(index, m_ConstantInt(&constant)))
    return ConstantIntRanges::constant(constant);
  if (!index.getType().isIndex())
    return unknown;
  for (OpOperand &use : index.getUses()) {
    bool isOffset = false;
    if (auto load = dyn_cast<gdpa_tile::LoadOp>(use.getOwner()))
      isOffset = !load.getClamp() && llvm::is_contained(load.getOffsets(), index);
    if (auto store = dyn_cast<gdpa_tile::StoreOp>(use.getOwner()))
      isOffset = llvm::is_contained(store.getOffsets(), index);
    if (auto copy = dyn_cast<CopyAsyncOp>(use.getOwner()))
      isOffset = !copy->hasAttr("clamp") &&
                 llvm::is_contained(copy.getOffsets(), index);
    if (isOffset)
      return signedRange(0, kMaxSize);
  }
  Operation *op = index.getDefiningOp();
  if (!op) {
    auto loop = dyn_cast<scf::ForOp>(index.getParentBlock()->getParentOp());
    if (!loop || index != loop.getInductionVar())
      return unknown;
    APInt low = rangeOf(loop.getLowerBound(), depth + 1).smin();
    APInt high = rangeOf(loop.getUpperBound(), depth + 1).smax();
    // Steps of one are over blocks: as many as 2^31 would need rows beyond any
    // device's memory.
    if (matchPattern(loop.getStep(), m_One()))
      high = llvm::APIntOps::smin(high, APInt(64, kMaxPosition));
    if (high.isMinSignedValue())
      return unknown;
    return ConstantIntRanges::fromSigned(low, llvm::APIntOps::smax(low, high - 1));
  }
  if (isa<memref::DimOp>(op))
    return signedRange(0, kMaxSize);
  if (isa<gpu::BlockIdOp, gpu::GridDimOp>(op))
    return signedRange(0, kMaxPosition);
  // A quotient of 32 bits made an index.
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op) &&
      op->getOperand(0).getType().isInteger(32))
    if (Operation *division = op->getOperand(0).getDefiningOp();
        isa_and_nonnull<arith::DivUIOp, arith::RemUIOp>(division))
      return signedRange(0, kMaxPosition);
  auto inferrable = dyn_cast<InferIntRangeInterface>(op);
  if (!inferrable)
    return unknown;
  SmallVector<ConstantIntRanges> operands;
  for (Value operand : op->getOperands()) {
    if (!operand.getType().isIntOrIndex())
      return unknown;
    operands.push_back(rangeOf(operand, depth + 1));
  }
  // A remainder exists only where the divisor is not zero.
  if (isa<arith::RemUIOp>(op) && !operands[0].smin().isNegative() &&
      !operands[1].smin().isNegative())
    return signedRange(0, std::max<int64_t>(operands[1].smax().getSExtValue() - 1, 0));
  ConstantIntRanges result = unknown;
  inferrable.inferResultRanges(
      operands, [&](Value value, const ConstantIntRanges &range) {
        if (value == index)
          result = range;
      });
  return result;
}
} // namespace

ConstantIntRanges gdpa_nv::getIndexRange(Value index) {
  return rangeOf(index, 0);
}
