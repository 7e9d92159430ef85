//===- Instrument.cpp - watch the asynchronous protocol at run time -------===//

#include "KernelThreads.h"
#include "Watch.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVINSTRUMENT
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

constexpr int64_t kMostBytes = 227 * 1024; // shared memory of a block on sm_90

bool isShared(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa_and_nonnull<SharedAttr>(type.getEncoding());
}

class Watcher {
public:
  explicit Watcher(RolesOp roles) : roles(roles), builder(roles) {}

  void run() {
    add(roles.getLoc(), "begin");
    SmallVector<Operation *> events;
    roles->walk([&](Operation *op) { events.push_back(op); });
    for (Operation *op : events)
      watch(op);
  }

private:
  void watch(Operation *op) {
    Location loc = op->getLoc();
    builder.setInsertionPoint(op);
    if (auto send = dyn_cast<SendOp>(op)) {
      add(loc, "send", send.getRing(), send.getCursor());
    } else if (auto release = dyn_cast<ReleaseOp>(op)) {
      add(loc, "release", release.getRing(), release.getCursor());
    } else if (auto receive = dyn_cast<ReceiveOp>(op)) {
      builder.setInsertionPointAfter(op);
      add(loc, "receive", receive.getRing(), receive.getCursor());
    } else if (auto wait = dyn_cast<WaitOp>(op)) {
      builder.setInsertionPointAfter(op);
      add(loc, "wait", {}, {}, {}, wait.getInflightAttr());
    } else if (auto product = dyn_cast<MmaAsyncOp>(op)) {
      // Nothing may stand between a fence and its products.
      for (Operation *before = op->getPrevNode(); before; before = before->getPrevNode()) {
        if (isa<WaitOp>(before))
          break;
        if (isa<FenceOp>(before)) {
          builder.setInsertionPoint(before);
          break;
        }
      }
      if (isShared(product.getLhs()))
        add(loc, "read", {}, {}, product.getLhs());
      add(loc, "read", {}, {}, product.getRhs());
      add(loc, "start");
    } else if (auto convert = dyn_cast<ConvertOp>(op)) {
      if (isShared(convert.getSource()))
        add(loc, "convert", {}, {}, convert.getSource());
    }
  }

  void add(Location loc, StringRef event, Value ring = {}, Value cursor = {},
           Value block = {}, IntegerAttr inflight = {}) {
    WatchOp::create(builder, loc, builder.getStringAttr(event), ring, cursor, block,
                    inflight);
  }

  RolesOp roles;
  OpBuilder builder;
};

struct Instrument : gdpa_nv::impl::GDPANVInstrumentBase<Instrument> {
  void runOnOperation() override {
    gpu::GPUFuncOp function = getOperation();
    SmallVector<RolesOp> all;
    function.walk([&](RolesOp roles) { all.push_back(roles); });
    if (all.size() != 1)
      return;
    auto bytes = function->getAttrOfType<IntegerAttr>(kSharedBytesAttr);
    int64_t at = llvm::alignTo(bytes ? bytes.getInt() : 0, 16);
    int64_t end = at + 4 * WatchLayout(function).words();
    if (end > kMostBytes) {
      function.emitError("expected the rings and the watch to fit into ")
          << kMostBytes << " bytes of shared memory, found " << end;
      return signalPassFailure();
    }
    Builder builder(&getContext());
    function->setAttr(kWatchAttr, builder.getI64IntegerAttr(at));
    function->setAttr(kSharedBytesAttr, builder.getI64IntegerAttr(end));
    Watcher(all.front()).run();
  }
};
} // namespace
