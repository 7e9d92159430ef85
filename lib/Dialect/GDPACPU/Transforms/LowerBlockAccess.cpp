//===- LowerBlockAccess.cpp - loads and stores of blocks as buffer code ---===//

#include "BlockLowering.h"
#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPULOWERBLOCKACCESS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

/// Whether a destination serves only score products that are fused into the
/// activation and never stored.
static bool isScore(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (getRole(user) == "score")
      return isOnlyForActivations(user->getResult(0));
    auto fill = dyn_cast<linalg::FillOp>(user);
    return fill && isScore(fill.getResult(0));
  });
}

/// The `scf.if` of which a branch yields what is written to this destination, and
/// the number of that result; null if there is none.
static std::pair<Operation *, int64_t> yieldedAt(OpOperand &use) {
  auto user = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
  auto choice = dyn_cast<scf::IfOp>(use.getOwner()->getParentOp());
  Operation *source = use.get().getDefiningOp();
  if (!user || !choice || !user.isDpsInit(&use) || choice->isAncestor(source))
    return {};
  OpResult result = user.getTiedOpResult(&use);
  for (OpOperand &yielded : user->getBlock()->getTerminator()->getOpOperands())
    if (yielded.get() == result)
      return {choice, yielded.getOperandNumber()};
  // A score is filled first.
  if (isa<linalg::FillOp>(user) && result.hasOneUse())
    for (OpOperand &next : result.getUses())
      if (auto product = dyn_cast<linalg::ContractOp>(next.getOwner()))
        for (OpOperand &yielded :
             product->getBlock()->getTerminator()->getOpOperands())
          if (yielded.get() == product->getResult(0))
            return {choice, yielded.getOperandNumber()};
  return {};
}

LogicalResult BlockLowering::lower(tensor::EmptyOp empty) {
  b.setLoc(empty.getLoc());
  auto type = cast<RankedTensorType>(empty.getType());
  // One buffer for each use: a destination that two operations share would be
  // copied. The two versions of an operation, of which one runs, share theirs: what
  // follows may write to it.
  for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
    Operation *user = use.getOwner();
    if (isa<linalg::FillOp>(user) && isScore(user->getResult(0)))
      continue;
    if (getRole(user) == "score" && isOnlyForActivations(user->getResult(0)))
      continue;
    std::pair<Operation *, int64_t> version = yieldedAt(use);
    Value tensor = version.first ? versions.lookup(version) : Value();
    if (!tensor || tensor.getType() != type) {
      b.setInsertionPoint(version.first ? version.first : user);
      FailureOr<Value> buffer = allocate(empty, type, empty.getDynamicSizes());
      if (failed(buffer))
        return failure();
      tensor =
          asTensor(*buffer, type, blockSizes(type, empty.getDynamicSizes()));
      if (version.first)
        versions[version] = tensor;
    }
    use.set(tensor);
  }
  if (empty->use_empty())
    empty.erase();
  return success();
}

/// Gives each use of a filled block a fill, and so a buffer, of its own, where it
/// is used: two accumulators may start from one value, one of them in each turn
/// of a loop.
static void separateFills(func::FuncOp func) {
  SmallVector<linalg::FillOp> fills;
  func.walk([&](linalg::FillOp fill) {
    if (!isScore(fill.getResult(0)) && !fill.getResult(0).hasOneUse())
      fills.push_back(fill);
  });
  for (linalg::FillOp fill : fills) {
    for (OpOperand &use : llvm::make_early_inc_range(fill.getResult(0).getUses()))
      use.set(OpBuilder(use.getOwner()).clone(*fill)->getResult(0));
    fill.erase();
  }
}

/// Where the versions of an operation, one of which runs, read a score, each gets
/// a product of its own: it is fused into the one, and is the other where that does
/// nothing but yield it.
static void repeatScores(func::FuncOp func) {
  SmallVector<linalg::ContractOp> scores;
  func.walk([&](linalg::ContractOp op) {
    if (getRole(op) == "score")
      scores.push_back(op);
  });
  for (linalg::ContractOp score : scores) {
    for (OpOperand &use : llvm::make_early_inc_range(score.getResult(0).getUses())) {
      Operation *user = use.getOwner();
      if (user->getBlock() == score->getBlock())
        continue;
      OpBuilder builder(user);
      IRMapping mapping;
      for (Value init : score.getOutputs())
        if (auto fill = init.getDefiningOp<linalg::FillOp>())
          builder.clone(*fill, mapping);
      use.set(builder.clone(*score, mapping)->getResult(0));
    }
    if (score->use_empty()) {
      auto fill = score.getOutputs()[0].getDefiningOp<linalg::FillOp>();
      score.erase();
      if (fill && fill->use_empty())
        fill.erase();
    }
  }
}

LogicalResult BlockLowering::run() {
  repeatScores(func);
  separateFills(func);
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<gdpa_tile::LoadOp, gdpa_tile::StoreOp, gdpa_tile::AccumulateOp,
            tensor::EmptyOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case<gdpa_tile::LoadOp, gdpa_tile::StoreOp, gdpa_tile::AccumulateOp,
                  tensor::EmptyOp>([&](auto typed) { return lower(typed); });
    if (failed(result))
      return failure();
  }
  return success();
}

namespace {
struct LowerBlockAccess : gdpa_cpu::impl::GDPACPULowerBlockAccessBase<LowerBlockAccess> {
  using GDPACPULowerBlockAccessBase::GDPACPULowerBlockAccessBase;

  LogicalResult initialize(MLIRContext *context) override {
    return checkVectorBits(context, vectorBits);
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    if (failed(BlockLowering(func, vectorBits).run()))
      return signalPassFailure();
    canonicalize(func);
    eliminateCommonSubexpressions(func);
  }
};
} // namespace
