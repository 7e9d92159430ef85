//===- Watch.h - the state of a kernel's watch ------------------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_WATCH_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_WATCH_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::gdpa_nv {

/// Attribute of an instrumented kernel: byte offset of the watch's words in shared memory.
constexpr llvm::StringLiteral kWatchAttr = "gdpa_nv.watch";

/// Words of 32 bits: for each slot how often it was filled and released; for each
/// consumer warp how many products it started and knows to be complete; for each
/// slot and warp whether it is held, how often it was received, and the number of
/// the last product that reads it. All zero at the start.
struct WatchLayout {
  struct Ring {
    int64_t at, bytes, barriers, slots;
    int64_t first; // number of its first slot
  };

  explicit WatchLayout(gpu::GPUFuncOp kernel) {
    kernel.walk([&](RingOp op) {
      RingType type = op.getType();
      rings[op] = {int64_t(op.getAt()), SharedAttr::getBytes(type.getBlock()),
                   int64_t(op.getBarriers()), type.getSlots(), slots};
      slots += type.getSlots();
    });
    kernel.walk([&](RolesOp op) { warps = 4 * op.getConsumers(); });
  }

  int64_t filled() const { return 0; }
  int64_t released() const { return slots; }
  int64_t started() const { return 2 * slots; }
  int64_t complete() const { return started() + warps; }
  int64_t held() const { return complete() + warps; }
  int64_t received() const { return held() + slots * warps; }
  int64_t lastRead() const { return received() + slots * warps; }
  int64_t words() const { return lastRead() + slots * warps; }

  llvm::MapVector<Operation *, Ring> rings;
  int64_t slots = 0, warps = 0;
};

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_WATCH_H
