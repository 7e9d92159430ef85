//===- BuildBackward.cpp - the gradient of an attention operation ---------===//

#include "gdpa/AutoDiff/BuildBackward.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"

using namespace mlir;
using namespace mlir::gdpa;

/// A destination of the shape of `like`.
static Value emptyLike(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  return tensor::EmptyOp::create(builder, loc,
                                 tensor::getMixedSizes(builder, loc, like),
                                 type.getElementType(), type.getEncoding());
}

/// A destination of the gradient of `capture`: a scalar's is a tensor of rank
/// 0.
static Value emptyGradient(OpBuilder &builder, Location loc, Value capture) {
  if (isa<RankedTensorType>(capture.getType()))
    return emptyLike(builder, loc, capture);
  return tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>(),
                                 capture.getType());
}

static LogicalResult verifyWrt(AttentionOp op, ArrayRef<unsigned> wrt) {
  for (unsigned capture : wrt) {
    if (capture >= op.getCaptures().size())
      return op.emitOpError("expected a gradient with respect to one of ")
             << op.getCaptures().size() << " captures, found number "
             << capture;
    Type type = op.getCaptures()[capture].getType();
    if (!getFloatCaptureType(type))
      return op.emitOpError("expected a gradient with respect to a float "
                            "capture, found capture ")
             << capture << " of type " << type;
  }
  for (unsigned i = 1; i < wrt.size(); ++i)
    if (wrt[i - 1] >= wrt[i])
      return op.emitOpError("expected captures in increasing order for their "
                            "gradients, found ")
             << wrt[i - 1] << " before " << wrt[i];
  return success();
}

FailureOr<AttentionBackwardOp>
gdpa::buildBackward(OpBuilder &builder, AttentionOp op, Value dO,
                    ArrayRef<unsigned> wrt, const BackwardOptions &options) {
  if (!op.hasTensorSemantics())
    return op.emitOpError("expected tensors to differentiate, found ")
           << op.getQuery().getType();
  if (failed(verifyWrt(op, wrt)))
    return failure();
  Location loc = op.getLoc();
  // The region first, in an operation of its own: what fails leaves no trace.
  OwningOpRef<ModuleOp> holder = ModuleOp::create(loc);
  Region &joint = holder->getBodyRegion();
  joint.getBlocks().clear();
  if (failed(buildJointRegion(op, wrt, joint)))
    return failure();

  Value output, statistics;
  if (op.hasStatistics()) {
    output = options.output ? options.output : op->getResult(0);
    statistics = options.statistics ? options.statistics : op->getResult(1);
  }
  SmallVector<Value> inits;
  for (Value input : {op.getQuery(), op.getKey(), op.getValue()})
    inits.push_back(emptyLike(builder, loc, input));
  SmallVector<int64_t> wrtAttr;
  for (unsigned capture : wrt) {
    inits.push_back(emptyGradient(builder, loc, op.getCaptures()[capture]));
    wrtAttr.push_back(capture);
  }
  auto backward = AttentionBackwardOp::create(
      builder, loc, ValueRange(inits).getTypes(), op.getQuery(), op.getKey(),
      op.getValue(), dO, op.hasStatistics() ? options.dStatistics : Value(),
      output, statistics, inits[0], inits[1], inits[2],
      ArrayRef<Value>(inits).drop_front(3), op.getScale(),
      op.getCuSeqlensQuery(), op.getCuSeqlensKey(), op.getCaptures(),
      op.getOffsets(), op.getLengths(),
      op.getLayoutAttr(), op.getNormalizerAttr(),
      builder.getDenseI64ArrayAttr(wrtAttr), op.getPrecisionAttr(),
      op.getScheduleAttr());
  backward.getJoint().takeBody(joint);
  if (op.hasMask()) {
    IRMapping mapping;
    op.getMask().cloneInto(&backward.getMask(), mapping);
  }
  simplifyJointRegion(backward.getJoint());
  return backward;
}

FailureOr<AttentionBackwardOp> gdpa::buildBackward(OpBuilder &builder,
                                                   AttentionOp op, Value dO,
                                                   ArrayRef<unsigned> wrt) {
  return buildBackward(builder, op, dO, wrt, BackwardOptions());
}
