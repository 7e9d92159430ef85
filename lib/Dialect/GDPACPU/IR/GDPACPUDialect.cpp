//===- GDPACPUDialect.cpp - the gdpa_cpu dialect ----------------------------------===//

#include "gdpa/Dialect/GDPACPU/IR/GDPACPU.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPA/IR/SchedulePlanner.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

#include "gdpa/Dialect/GDPACPU/IR/GDPACPUDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPACPU/IR/GDPACPUAttributes.cpp.inc"

namespace {
/// Blocks of 256 stationary by 128 streamed rows keep a key block and the
/// scores in the second-level cache; a panel is one register tile wide.
bool isDouble(Operation *op) {
  if (auto forward = dyn_cast<gdpa::AttentionOp>(op))
    return forward.getStorageType().isF64();
  auto backward = dyn_cast<gdpa::AttentionBackwardOp>(op);
  return backward && backward.getStorageType().isF64();
}

struct SchedulePlanner : gdpa::SchedulePlannerInterface {
  using gdpa::SchedulePlannerInterface::SchedulePlannerInterface;

  bool handles(const gdpa::TargetDescription &target) const override {
    return target.name == "cpu";
  }

  FailureOr<Attribute>
  plan(Operation *op, const gdpa::TargetDescription &target) const override {
    ScheduleAttr given;
    if (Attribute attribute = op->getAttr("schedule")) {
      given = dyn_cast<ScheduleAttr>(attribute);
      if (!given)
        return op->emitOpError("expected a #gdpa_cpu.schedule for target \"cpu\", found ")
               << attribute;
    }
    auto pick = [&](int64_t (ScheduleAttr::*field)() const, int64_t value) {
      int64_t fixed = given ? (given.*field)() : 0;
      return fixed ? fixed : value;
    };
    // Four vectors of 512 bits, two of 256.
    bool wide = target.vectorBits >= 512;
    int64_t lanes = (wide ? 64 : 16) / (isDouble(op) ? 2 : 1);
    int64_t panel = pick(&ScheduleAttr::getPanel, lanes);
    int64_t group = pick(&ScheduleAttr::getGroup, 4);
    int64_t tile = pick(&ScheduleAttr::getTile, lanes);
    int64_t blockQ = pick(&ScheduleAttr::getBlockQ, 256);
    int64_t blockKv = pick(&ScheduleAttr::getBlockKv, 128);
    int64_t backwardQ = pick(&ScheduleAttr::getBackwardBlockQ, 128);
    int64_t backwardKv = pick(&ScheduleAttr::getBackwardBlockKv, 256);
    int64_t ranges = pick(&ScheduleAttr::getRanges, 2);
    for (int64_t value : {panel, group, tile, blockQ, blockKv, backwardQ, backwardKv, ranges})
      if (value < 1)
        return op->emitOpError("expected positive sizes in the schedule, found ") << given;
    if (blockQ % panel || backwardKv % panel)
      return op->emitOpError("expected blocks of the stationary side to be multiples of the panel of ")
             << panel << " rows, found " << blockQ << " queries and " << backwardKv << " keys";
    if (blockKv % group || backwardQ % group)
      return op->emitOpError("expected blocks of the streamed side to be multiples of the group of ")
             << group << " rows, found " << blockKv << " keys and " << backwardQ << " queries";
    FailureOr<int64_t> dot = planDot(op, target, given ? given.getDot() : 0);
    if (failed(dot))
      return failure();
    if (*dot == 2 && (group % 2 || panel % 2))
      return op->emitOpError("expected a group and a panel of an even number of rows where "
                             "products take pairs, found ")
             << group << " and " << panel;
    return Attribute(ScheduleAttr::get(op->getContext(), blockQ, blockKv, backwardQ, backwardKv,
                                       panel, group, tile, ranges, *dot));
  }

private:
  /// What the schedule's `dot` is, 0 where the storage is not bf16.
  static FailureOr<int64_t> planDot(Operation *op, const gdpa::TargetDescription &target,
                                    int64_t given) {
    if (given < 0 || given > 2)
      return op->emitOpError("expected dot = 1 or 2 in the schedule, found ") << given;
    auto facts = [](auto attention) {
      return std::pair(attention.getStorageType(), attention.getNormalizer());
    };
    auto [storage, normalizer] = isa<gdpa::AttentionOp>(op)
                                     ? facts(cast<gdpa::AttentionOp>(op))
                                     : facts(cast<gdpa::AttentionBackwardOp>(op));
    if (!storage.isBF16()) {
      if (given == 2)
        return op->emitOpError("expected bf16 storage where the schedule says dot = 2, found ")
               << storage;
      return 0;
    }
    if (given == 2 && !target.multipliesBF16)
      return op->emitOpError("expected a processor with AVX512_BF16 where the schedule says "
                             "dot = 2, found one without");
    // Weights that are normalised block by block are not made in pairs yet.
    bool pairs = normalizer == gdpa::Normalizer::None;
    if (given == 2 && !pairs)
      return op->emitOpError("expected normalizer none where the schedule says dot = 2, found ")
             << gdpa::stringifyNormalizer(normalizer);
    return given ? given : target.prefersBF16 && pairs ? 2 : 1;
  }
};
} // namespace

void GDPACPUDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "gdpa/Dialect/GDPACPU/IR/GDPACPUAttributes.cpp.inc"
      >();
  addInterfaces<SchedulePlanner>();
}

StringRef ScheduleAttr::getTargetFamily() const { return "cpu"; }

gdpa::KernelBlocks ScheduleAttr::getBlocks(gdpa::KernelKind kind) const {
  if (kind == gdpa::KernelKind::Forward)
    return {getBlockQ(), getBlockKv()};
  return {getBackwardBlockQ(), getBackwardBlockKv()};
}

bool ScheduleAttr::usesPackedBlocks() const { return true; }
int64_t ScheduleAttr::getPanelRows() const { return getPanel(); }
int64_t ScheduleAttr::getGroupRows() const { return getGroup(); }
int64_t ScheduleAttr::getColumnMultiple() const { return 16; }
bool ScheduleAttr::multipliesStorageType() const { return getDot() == 2; }
int64_t ScheduleAttr::getKeyRanges() const { return getRanges(); }
