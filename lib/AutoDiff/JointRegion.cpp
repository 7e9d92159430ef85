//===- JointRegion.cpp - an activation and its derivative -----------------===//

#include "ReverseSweep.h"
#include "RuleModel.h"
#include "gdpa/AutoDiff/BuildBackward.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::gdpa;

/// Erases what nobody uses, so that the sweep asks for no derivative of it.
static void eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (isOpTriviallyDead(&op)) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        eraseDeadOps(nested);
  }
}

/// Unrolls the loops that are differentiated, as far as their bounds are
/// constant: after that every intermediate value has a name that the reverse
/// can use.
static LogicalResult unrollLoops(Block &block, const Activity &activity) {
  SmallVector<scf::ForOp> loops;
  block.walk([&](scf::ForOp loop) {
    if (activity.isUsedBy(loop))
      loops.push_back(loop);
  });
  for (scf::ForOp loop : loops) { // inner ones first
    std::optional<APInt> count = loop.getStaticTripCount();
    if (count && count->ule(kMaxUnrolledIterations) &&
        failed(loopUnrollFull(loop)))
      return loop.emitError("expected a loop that can be unrolled");
  }
  return success();
}

/// Positions of the arguments of joint and activation regions.
enum : unsigned { kScore = 0, kCotangent = 1 };

static void cloneBody(Block &source, OpBuilder &builder, IRMapping &mapping) {
  for (Operation &op : source.without_terminator())
    builder.clone(op, mapping);
}

/// Inlines the vjp region that the user wrote; returns ds.
static Value inlineUserVJP(AttentionOp op, ArrayRef<unsigned> wrt, Block &block,
                           OpBuilder &builder) {
  IRMapping mapping;
  mapping.map(op.getVjp().getArguments(), block.getArguments());
  Operation *last = builder.getInsertionPoint()->getPrevNode();
  cloneBody(op.getVjp().front(), builder, mapping);
  // A gradient that nobody asked for has no destination.
  unsigned firstCapture = getFirstCaptureArgument(AttentionRegion::Joint);
  SmallVector<AccumulateOp> unwanted;
  auto begin = last ? std::next(last->getIterator()) : block.begin();
  for (Operation &nested : llvm::make_range(begin, block.end()))
    nested.walk([&](AccumulateOp accumulate) {
      auto capture = dyn_cast<BlockArgument>(accumulate.getCapture());
      if (!capture || capture.getOwner() != &block ||
          capture.getArgNumber() < firstCapture ||
          !llvm::is_contained(wrt, capture.getArgNumber() - firstCapture))
        unwanted.push_back(accumulate);
    });
  for (AccumulateOp accumulate : unwanted)
    accumulate.erase();
  return mapping.lookupOrDefault(
      op.getVjp().front().getTerminator()->getOperand(0));
}

/// Differentiates what `block` computes; returns ds.
static FailureOr<Value> differentiate(ArrayRef<unsigned> wrt, Block &block,
                                      Value z, OpBuilder &builder) {
  Location loc = z.getLoc();
  Value s = block.getArgument(kScore), ct = block.getArgument(kCotangent);
  ValueRange captures = block.getArguments().drop_front(
      getFirstCaptureArgument(AttentionRegion::Joint));
  auto findActivity = [&] {
    Activity activity;
    activity.addRoot(s);
    for (unsigned capture : wrt)
      activity.addRoot(captures[capture]);
    activity.propagate(block);
    return activity;
  };
  eraseDeadOps(block);
  if (failed(unrollLoops(block, findActivity())))
    return failure();
  // Unrolling may have replaced z.
  z = block.getTerminator()->getOperand(0);
  eraseDeadOps(block);

  Activity activity = findActivity();
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  ReverseSweep sweep(builder, activity);
  sweep.add(z, {ct, Predicate()});
  if (failed(sweep.run(ops)))
    return failure();

  for (unsigned capture : wrt)
    if (isa<FloatType>(captures[capture].getType()))
      if (Value gradient = sweep.takeMasked(captures[capture]))
        accumulateGradient(builder, loc, gradient, captures[capture],
                           ValueRange());
  if (Value ds = sweep.takeMasked(s))
    return ds;
  return Value(arith::ConstantOp::create(builder, loc,
                                         builder.getZeroAttr(s.getType())));
}

LogicalResult gdpa::buildJointRegion(AttentionOp op, ArrayRef<unsigned> wrt,
                                     Region &joint) {
  assert(joint.empty() && "expected an empty region");
  Block &activation = op.getActivation().front();
  Block &block = joint.emplaceBlock();
  IRMapping mapping;
  for (BlockArgument argument : activation.getArguments()) {
    mapping.map(argument,
                block.addArgument(argument.getType(), argument.getLoc()));
    if (argument.getArgNumber() == kScore)
      block.addArgument(argument.getType(), argument.getLoc()); // ct
  }
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  cloneBody(activation, builder, mapping);
  Operation *source = activation.getTerminator();
  Value z = mapping.lookupOrDefault(source->getOperand(0));
  // The terminator holds z while the block is worked on.
  auto yield = YieldOp::create(builder, source->getLoc(), z);
  builder.setInsertionPoint(yield);
  FailureOr<Value> ds = op.hasVjp() ? inlineUserVJP(op, wrt, block, builder)
                                    : differentiate(wrt, block, z, builder);
  if (failed(ds)) {
    joint.dropAllReferences();
    joint.getBlocks().clear();
    return failure();
  }
  yield.getValuesMutable().append(*ds);
  return success();
}
