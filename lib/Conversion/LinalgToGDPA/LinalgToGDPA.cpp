//===- LinalgToGDPA.cpp - attention found in linalg -----------------------===//
//
// An attempt starts at every sum of products, once with either factor as v. It
// only reads; what it finds is then written at once.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/LinalgToGDPA/LinalgToGDPA.h"
#include "Match.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPARAISE
#include "gdpa/Conversion/LinalgToGDPA/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::raising;

/// Attempts until no index has to be cut any more.
static constexpr unsigned kMaxCuts = 64;

namespace {
/// An attempt owns what its match points to.
struct Attempt {
  ExpressionPool pool;
  Coordinates coordinates;
  std::optional<Match> match;
  Obstacle obstacle;
};
} // namespace

static void attempt(Attempt &attempt, SumOfProducts second,
                    const GDPARaiseOptions &options) {
  for (unsigned side : {1, 0}) {
    auto value = dyn_cast<BlockArgument>(
        stripExtensions(second.product->getOperand(side)));
    if (!value || value.getOwner() != second.op.getBlock() ||
        value == second.accumulator)
      continue;
    Value weights = second.product->getOperand(1 - side);
    for (unsigned round = 0; round < kMaxCuts; ++round) {
      attempt.pool = ExpressionPool();
      Obstacle obstacle;
      attempt.match = matchAttention(second, weights, value, attempt.pool,
                                     attempt.coordinates, options, obstacle);
      if (attempt.coordinates.tookCut())
        continue;
      if (attempt.match)
        return;
      if (obstacle.op && !attempt.obstacle.op)
        attempt.obstacle = obstacle;
      break;
    }
    attempt.match.reset();
  }
}

/// Sizes of what goes away, from what stays.
static void replaceSizes(RewriterBase &rewriter, Operation *op) {
  for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
    auto dim = dyn_cast<tensor::DimOp>(user);
    std::optional<int64_t> position =
        dim ? dim.getConstantIndex() : std::nullopt;
    if (!position)
      continue;
    rewriter.setInsertionPoint(dim);
    auto result = cast<OpResult>(dim.getSource());
    FailureOr<OpFoldResult> size =
        reifyDimOfResult(rewriter, op, result.getResultNumber(), *position);
    if (succeeded(size))
      rewriter.replaceOp(
          dim, getValueOrCreateConstantIndexOp(rewriter, dim.getLoc(), *size));
  }
}

/// Erases `op` if nothing uses it, and then what only it used.
static void eraseDead(RewriterBase &rewriter, Operation *op) {
  SetVector<Operation *> worklist;
  worklist.insert(op);
  while (!worklist.empty()) {
    Operation *dead = worklist.pop_back_val();
    if (!isOpTriviallyDead(dead))
      continue;
    for (Value operand : dead->getOperands())
      if (Operation *next = operand.getDefiningOp())
        worklist.insert(next);
    rewriter.eraseOp(dead);
  }
}

FailureOr<AttentionOp> gdpa::raiseAttention(RewriterBase &rewriter,
                                            linalg::LinalgOp second,
                                            const GDPARaiseOptions &options) {
  std::optional<SumOfProducts> sum;
  if (second.hasPureTensorSemantics())
    sum = SumOfProducts::match(second);
  if (!sum)
    return failure();
  Attempt found;
  attempt(found, *sum, options);
  if (!found.match) {
    if (found.obstacle.op)
      remark::missed(
          second.getLoc(),
          remark::RemarkOpts::name("attention").category("gdpa-raise"))
          << remark::reason("'{0}' {1}",
                            found.obstacle.op->getName().getStringRef(),
                            found.obstacle.reason);
    return failure();
  }
  Match &match = *found.match;
  Operation *last = match.result.getDefiningOp();
  AttentionOp attention = emitAttention(rewriter, match, found.coordinates);
  for (Operation *op : llvm::reverse(match.replaced))
    replaceSizes(rewriter, op);
  eraseDead(rewriter, last);
  remark::passed(attention.getLoc(),
                 remark::RemarkOpts::name("attention").category("gdpa-raise"))
      << "raised to gdpa.attention";
  return attention;
}

namespace {
/// Remembers what is gone.
struct ErasedOperations : RewriterBase::Listener {
  void notifyOperationErased(Operation *op) override { erased.insert(op); }
  llvm::SmallPtrSet<Operation *, 16> erased;
};

struct Raise : gdpa::impl::GDPARaiseBase<Raise> {
  using GDPARaiseBase::GDPARaiseBase;

  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> products;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && SumOfProducts::match(op))
        products.push_back(op);
    });
    ErasedOperations listener;
    IRRewriter rewriter(&getContext(), &listener);
    GDPARaiseOptions options;
    options.maxDepth = maxDepth;
    options.unbatched = unbatched;
    // The last ones first: the first product of an attention could pass for
    // the second product of its q's projection.
    for (linalg::LinalgOp op : llvm::reverse(products))
      if (!listener.erased.contains(op.getOperation()))
        (void)raiseAttention(rewriter, op, options);
  }
};
} // namespace
