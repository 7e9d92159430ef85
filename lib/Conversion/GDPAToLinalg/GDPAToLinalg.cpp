//===- GDPAToLinalg.cpp - the unfused decomposition -----------------------===//
//
// External models of upstream's AggregatedOpInterface, and the pass that
// decomposes every operation of gdpa through it.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToLinalg/GDPAToLinalg.h"
#include "Decomposition.h"
#include "gdpa/Conversion/FlattenRegion.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPATOLINALGPASS
#include "gdpa/Conversion/GDPAToLinalg/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

template <class Op> static LogicalResult checkSupported(Op op) {
  if (!op.hasTensorSemantics())
    return op.emitOpError("expected tensors for the decomposition into linalg, "
                          "found memrefs");
  return success();
}

static FailureOr<SmallVector<Value>> decompose(OpBuilder &builder,
                                               AttentionOp op) {
  if (op.isJagged())
    return decomposeJagged(builder, op);
  return Decomposition(builder, op).forward(op);
}

static FailureOr<SmallVector<Value>> decompose(OpBuilder &builder,
                                               AttentionPartialOp op) {
  return Decomposition(builder, op).partial(op);
}

static FailureOr<SmallVector<Value>> decompose(OpBuilder &builder,
                                               AttentionMergeOp op) {
  return decomposeMerge(builder, op);
}

static FailureOr<SmallVector<Value>> decompose(OpBuilder &builder,
                                               AttentionBackwardOp op) {
  // What is accumulated below control flow is a term like any other once there
  // is none; on a copy, for nobody asked for that.
  AttentionBackwardOp copy = op;
  if (!op.getWrt().empty()) {
    copy = cast<AttentionBackwardOp>(builder.clone(*op));
    if (failed(flattenRegion(copy.getJoint()))) {
      copy.erase();
      return failure();
    }
  }
  SmallVector<Value> results =
      op.isJagged() ? decomposeJagged(builder, copy)
                    : Decomposition(builder, copy).backward(copy);
  if (copy != op)
    copy.erase();
  return results;
}

namespace {

template <class Op>
struct AggregatedModel
    : linalg::AggregatedOpInterface::ExternalModel<AggregatedModel<Op>, Op> {
  FailureOr<SmallVector<Value>> decomposeOperation(Operation *op,
                                                   OpBuilder &builder) const {
    auto attention = cast<Op>(op);
    if (failed(checkSupported(attention)))
      return failure();
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(op);
    return decompose(builder, attention);
  }
};

struct GDPAToLinalgPass : gdpa::impl::GDPAToLinalgPassBase<GDPAToLinalgPass> {
  void runOnOperation() override {
    SmallVector<Operation *> operations;
    getOperation()->walk([&](Operation *op) {
      if (isa<AttentionOp, AttentionBackwardOp, AttentionPartialOp,
              AttentionMergeOp>(op))
        operations.push_back(op);
    });
    for (Operation *op : operations) {
      IRRewriter rewriter(op);
      FailureOr<SmallVector<Value>> results =
          cast<linalg::AggregatedOpInterface>(op).decomposeOperation(rewriter);
      if (failed(results))
        return signalPassFailure();
      rewriter.replaceOp(op, *results);
    }
  }
};
} // namespace

void gdpa::registerAggregatedOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, GDPADialect *) {
    AttentionOp::attachInterface<AggregatedModel<AttentionOp>>(*context);
    AttentionBackwardOp::attachInterface<AggregatedModel<AttentionBackwardOp>>(
        *context);
    AttentionPartialOp::attachInterface<AggregatedModel<AttentionPartialOp>>(
        *context);
    AttentionMergeOp::attachInterface<AggregatedModel<AttentionMergeOp>>(
        *context);
    // Decompositions are made of operations of these.
    context->loadDialect<arith::ArithDialect, linalg::LinalgDialect,
                         math::MathDialect, scf::SCFDialect,
                         tensor::TensorDialect>();
  });
}
