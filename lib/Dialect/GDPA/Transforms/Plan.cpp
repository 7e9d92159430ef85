//===- Plan.cpp - choose the schedule of each attention operation ---------===//

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPA/IR/SchedulePlanner.h"
#include "gdpa/Dialect/GDPA/Transforms/Passes.h"

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPAPLAN
#include "gdpa/Dialect/GDPA/Transforms/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;

namespace {
struct Plan : gdpa::impl::GDPAPlanBase<Plan> {
  using GDPAPlanBase::GDPAPlanBase;

  void runOnOperation() override {
    gdpa::TargetDescription description;
    description.name = target;
    description.vectorBits = vectorBits;
    description.multipliesBF16 = multipliesBF16 || prefersBF16;
    description.prefersBF16 = prefersBF16;
    const gdpa::SchedulePlannerInterface *planner = nullptr;
    for (Dialect *dialect : getContext().getLoadedDialects())
      if (auto *candidate =
              dialect->getRegisteredInterface<gdpa::SchedulePlannerInterface>())
        if (candidate->handles(description))
          planner = candidate;
    WalkResult result = getOperation()->walk([&](Operation *op) {
      if (!isa<gdpa::AttentionOp, gdpa::AttentionBackwardOp>(op))
        return WalkResult::advance();
      if (!planner) {
        op->emitError("expected a target with a schedule planner, found \"")
            << target << "\"";
        return WalkResult::interrupt();
      }
      FailureOr<Attribute> schedule = planner->plan(op, description);
      if (failed(schedule))
        return WalkResult::interrupt();
      op->setAttr("schedule", *schedule);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
