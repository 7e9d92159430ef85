//===- BufferizableOpInterfaceImpl.cpp - bufferization of gdpa ------------===//
//
// External models for upstream's one-shot bufferization. The tensor form of an
// attention operation becomes the memref form: operands and region arguments
// turn into buffers, the regions' tensor.extract is bufferized by its own
// model.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/Transforms/BufferizableOpInterfaceImpl.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::bufferization;

namespace {

template <class Op>
struct AttentionModel
    : DstBufferizableOpInterfaceExternalModel<AttentionModel<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    // Destinations are overwritten, never read, but those that are states.
    return isa<AttentionPartialOp>(op) || !cast<Op>(op).isDpsInit(&operand);
  }

  /// An argument of a region has the buffer of the capture that it stands for.
  FailureOr<BufferLikeType>
  getBufferType(Operation *op, Value value, const BufferizationOptions &options,
                const BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return bufferization::detail::defaultGetBufferType(value, options, state,
                                                         invocationStack);
    AttentionRegion kind = getAttentionRegion(*argument.getParentRegion());
    Value capture = getCaptures(op)[argument.getArgNumber() -
                                   getFirstCaptureArgument(kind)];
    return bufferization::getBufferType(capture, options, state,
                                        invocationStack);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    SmallVector<Value> operands, results;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (isa<TensorType>(value.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        value = *buffer;
      }
      operands.push_back(value);
      if (cast<Op>(op).isDpsInit(&operand))
        results.push_back(value);
    }
    OperationState newState(op->getLoc(), op->getName(), operands, TypeRange(),
                            op->getAttrs());
    for (unsigned i = 0, e = op->getNumRegions(); i < e; ++i)
      newState.addRegion();
    Operation *newOp = rewriter.create(newState);
    for (auto [from, to] :
         llvm::zip_equal(op->getRegions(), newOp->getRegions()))
      rewriter.inlineRegionBefore(from, to, to.end());
    for (Region &region : newOp->getRegions())
      if (!region.empty())
        bufferizeArguments(region, getCaptures(newOp), rewriter);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }

private:
  static ValueRange getCaptures(Operation *op) {
    if constexpr (std::is_same_v<Op, AttentionMergeOp>)
      return {};
    else
      return cast<Op>(op).getCaptures();
  }

  static void bufferizeArguments(Region &region, ValueRange captures,
                                 RewriterBase &rewriter) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(&region.front());
    unsigned first = getFirstCaptureArgument(getAttentionRegion(region));
    for (Value capture : captures) {
      BlockArgument argument = region.getArgument(first++);
      auto tensor = dyn_cast<TensorType>(argument.getType());
      if (!tensor)
        continue;
      rewriter.modifyOpInPlace(region.getParentOp(),
                               [&] { argument.setType(capture.getType()); });
      // For users that are bufferized already this folds with their to_buffer.
      auto toTensor =
          ToTensorOp::create(rewriter, argument.getLoc(), tensor, argument);
      rewriter.replaceAllUsesExcept(argument, toTensor.getResult(), toTensor);
    }
  }
};

/// Names a capture without reading or writing it: the gradient lies elsewhere.
struct AccumulateModel
    : BufferizableOpInterface::ExternalModel<AccumulateModel, AccumulateOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto accumulate = cast<AccumulateOp>(op);
    FailureOr<Value> buffer =
        getBuffer(rewriter, accumulate.getCapture(), options, state);
    if (failed(buffer))
      return failure();
    rewriter.modifyOpInPlace(
        op, [&] { accumulate.getCaptureMutable().set(*buffer); });
    return success();
  }
};

} // namespace

void gdpa::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, GDPADialect *) {
    AttentionOp::attachInterface<AttentionModel<AttentionOp>>(*context);
    AttentionBackwardOp::attachInterface<AttentionModel<AttentionBackwardOp>>(
        *context);
    AttentionPartialOp::attachInterface<AttentionModel<AttentionPartialOp>>(
        *context);
    AttentionMergeOp::attachInterface<AttentionModel<AttentionMergeOp>>(
        *context);
    AccumulateOp::attachInterface<AccumulateModel>(*context);
    // bufferize creates operations of these.
    context->loadDialect<bufferization::BufferizationDialect,
                         memref::MemRefDialect>();
  });
}
