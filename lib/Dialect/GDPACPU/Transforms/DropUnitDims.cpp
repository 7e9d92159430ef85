//===- DropUnitDims.cpp - drop the unit dimensions of tiled operations ----===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPUDROPUNITDIMS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// All unit dimensions, except the last reduction where no other is left.
SmallVector<unsigned> dimsToDrop(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  SmallVector<int64_t> ranges = linalgOp.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = linalgOp.getIteratorTypesArray();
  SmallVector<unsigned> parallel, reductions;
  bool otherReduction = false;
  for (unsigned dim = 0; dim < ranges.size(); ++dim) {
    bool reduction = iterators[dim] == utils::IteratorType::reduction;
    if (ranges[dim] == 1)
      (reduction ? reductions : parallel).push_back(dim);
    else
      otherReduction |= reduction;
  }
  if (!reductions.empty() && !otherReduction && isa<linalg::ContractOp>(op))
    reductions.pop_back();
  parallel.append(reductions);
  return parallel;
}

struct DropUnitDims : gdpa_cpu::impl::GDPACPUDropUnitDimsBase<DropUnitDims> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](linalg::LinalgOp op) {
      if (!op.hasDynamicShape())
        ops.push_back(op);
    });
    linalg::ControlDropUnitDims control;
    control.rankReductionStrategy =
        linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
    control.controlFn = dimsToDrop;
    auto buildContract = [](Location loc, OpBuilder &builder, IndexingMapOpInterface,
                            ArrayRef<Value> operands, ArrayRef<AffineMap> maps,
                            const llvm::SmallDenseSet<unsigned> &) {
      auto op = linalg::ContractOp::create(
          builder, loc, TypeRange{operands[2].getType()}, operands.take_front(2),
          operands.drop_front(2), builder.getAffineMapArrayAttr(maps));
      return cast<IndexingMapOpInterface>(op.getOperation());
    };
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      SmallVector<NamedAttribute> attributes(op->getDiscardableAttrs());
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::DropUnitDimsResult> result = failure();
      if (isa<linalg::ContractOp>(op)) {
        result = linalg::dropUnitDims(
            rewriter, cast<IndexingMapOpInterface>(op.getOperation()), buildContract,
            control);
      } else {
        auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
        if (!generic) {
          FailureOr<linalg::GenericOp> generalized =
              linalg::generalizeNamedOp(rewriter, op);
          if (failed(generalized))
            continue;
          generic = *generalized;
          for (NamedAttribute attribute : attributes)
            generic->setDiscardableAttr(attribute.getName(), attribute.getValue());
        }
        rewriter.setInsertionPoint(generic);
        result = linalg::dropUnitDims(rewriter, generic, control);
        op = cast<linalg::LinalgOp>(generic.getOperation());
      }
      if (failed(result))
        continue; // nothing to drop
      for (NamedAttribute attribute : attributes)
        result->resultOp->setDiscardableAttr(attribute.getName(), attribute.getValue());
      rewriter.replaceOp(op, result->replacements);
    }
    canonicalize(func);
    eliminateCommonSubexpressions(func);
  }
};
} // namespace
