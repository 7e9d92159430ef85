//===- CaptureRules.cpp - derivatives of reads of captures ----------------===//

#include "RuleModel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// An element of a capture: the cotangent goes to the capture's gradient.
template <typename Op>
struct ReadModel : DifferentiableOpInterface::ExternalModel<ReadModel<Op>, Op> {
  LogicalResult buildVJP(Operation *op, VJPBuilder &vjp) const {
    Value source = op->getOperand(0);
    if (!isa<BlockArgument>(source))
      return op->emitOpError(
                 "expected to read a capture, found the result of '")
             << source.getDefiningOp()->getName() << "'";
    vjp.accumulate(source, cast<Op>(op).getIndices(), vjp.getCotangent());
    return success();
  }
};

} // namespace

void gdpa::registerCaptureRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExtractOp::attachInterface<ReadModel<tensor::ExtractOp>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, memref::MemRefDialect *) {
    memref::LoadOp::attachInterface<ReadModel<memref::LoadOp>>(*context);
  });
}
