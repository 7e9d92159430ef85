//===- GDPAToReference.cpp - attention as scalar f64 loops ----------------===//

#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "EntryBuilder.h"
#include "gdpa/Dialect/GDPA/IR/AttentionPosition.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_CONVERTGDPATOREFERENCEPASS
#include "gdpa/Conversion/GDPAToReference/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::reference;

namespace {
struct ConvertGDPAToReferencePass
    : gdpa::impl::ConvertGDPAToReferencePassBase<ConvertGDPAToReferencePass> {
  using Base =
      gdpa::impl::ConvertGDPAToReferencePassBase<ConvertGDPAToReferencePass>;
  using Base::Base;

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      SmallVector<AttentionOp> found;
      Operation *part = nullptr;
      function.walk([&](Operation *op) {
        if (auto attention = dyn_cast<AttentionOp>(op))
          found.push_back(attention);
        else if (isa<AttentionPartialOp, AttentionMergeOp>(op))
          part = op;
      });
      if (part) {
        part->emitOpError("expected a whole gdpa.attention for the reference "
                          "target");
        return signalPassFailure();
      }
      if (found.empty())
        continue;
      if (found.size() > 1) {
        InFlightDiagnostic error = function.emitError(
            "expected one gdpa.attention in a function, found ");
        error << found.size();
        error.attachNote(found[1].getLoc()) << "the second one is here";
        return signalPassFailure();
      }
      AttentionOp op = found.front();
      if (!op.hasTensorSemantics()) {
        op.emitOpError("expected tensors, found memrefs: the reference target "
                       "starts from the tensor form");
        return signalPassFailure();
      }
      inlinePosition(op);
      EntryBuilder builder(function, op);
      if (failed(builder.collect()) || failed(builder.buildForward()) ||
          (gradients && failed(builder.buildBackward())))
        return signalPassFailure();
      function.erase();
    }
  }
};
} // namespace
