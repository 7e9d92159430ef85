//===- PingPong.cpp - consumers take turns at the tensor cores ------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVPINGPONG
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {
struct PingPong : gdpa_nv::impl::GDPANVPingPongBase<PingPong> {
  void runOnOperation() override {
    getOperation().walk([](RolesOp roles) {
      if (roles.getConsumers() < 2)
        return;
      OpBuilder builder(roles.getContext());
      // A fence begins a group of products; its last one ends it.
      roles.getConsumer().walk([&](FenceOp fence) {
        Operation *last = nullptr;
        for (Operation *op = fence->getNextNode(); op && !isa<WaitOp, FenceOp>(op);
             op = op->getNextNode())
          if (isa<MmaAsyncOp>(op))
            last = op;
        if (!last)
          return;
        builder.setInsertionPoint(fence);
        AwaitTurnOp::create(builder, fence.getLoc());
        builder.setInsertionPointAfter(last);
        PassTurnOp::create(builder, fence.getLoc());
      });
      Block &consumer = roles.getConsumer().front();
      builder.setInsertionPointToStart(&consumer);
      OpenTurnsOp::create(builder, roles.getLoc());
      builder.setInsertionPoint(consumer.getTerminator());
      CloseTurnsOp::create(builder, roles.getLoc());
    });
  }
};
} // namespace
