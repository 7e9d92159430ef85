//===- GDPANVDialect.cpp - the gdpa_nv dialect ----------------------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPA/IR/SchedulePlanner.h"
#include "gdpa/Dialect/GDPANV/IR/Schedules.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

#include "gdpa/Dialect/GDPANV/IR/GDPANVDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.cpp.inc"

namespace {
struct SchedulePlanner : gdpa::SchedulePlannerInterface {
  using gdpa::SchedulePlannerInterface::SchedulePlannerInterface;

  bool handles(const gdpa::TargetDescription &target) const override {
    return target.name.starts_with("sm_");
  }

  FailureOr<Attribute>
  plan(Operation *op, const gdpa::TargetDescription &target) const override {
    ScheduleAttr given;
    if (Attribute attribute = op->getAttr("schedule")) {
      given = dyn_cast<ScheduleAttr>(attribute);
      if (!given)
        return op->emitOpError("expected a #gdpa_nv.schedule for target \"")
               << target.name << "\", found " << attribute;
    }
    auto depth = [&](unsigned operand) {
      return cast<ShapedType>(op->getOperand(operand).getType()).getShape().back();
    };
    ScheduleAttr fallback =
        getDefaultSchedule(op->getContext(), depth(0), depth(2),
                           isa<gdpa::AttentionBackwardOp>(op), getRegionCost(op));
    // A schedule that gives blocks and no consumers asks for the portable kernel.
    if ((!given || given.getConsumers() ||
         (!given.getBlockQ() && !given.getBlockKv() && !given.getWarps())) &&
        target.name == "sm_90a")
      fallback = getAsynchronousSchedule(op, fallback);
    if (given && given.getConsumers() && !fallback.getConsumers())
      return op->emitOpError("expected no consumers in the schedule of this "
                             "operation for target \"")
             << target.name << "\", found " << given;
    auto pick = [&](int64_t (ScheduleAttr::*field)() const) {
      int64_t fixed = given ? (given.*field)() : 0;
      return fixed ? fixed : (fallback.*field)();
    };
    int64_t values[] = {
        pick(&ScheduleAttr::getBlockQ),    pick(&ScheduleAttr::getBlockKv),
        pick(&ScheduleAttr::getDkvBlockQ), pick(&ScheduleAttr::getDkvBlockKv),
        pick(&ScheduleAttr::getDqBlockQ),  pick(&ScheduleAttr::getDqBlockKv),
        pick(&ScheduleAttr::getWarps),     pick(&ScheduleAttr::getStages),
        pick(&ScheduleAttr::getRegisterLhs)};
    for (int64_t value : values)
      if (value < 1)
        return op->emitOpError("expected positive sizes in the schedule, found ") << given;
    int64_t consumers = pick(&ScheduleAttr::getConsumers);
    if (consumers && (consumers > 3 || values[0] != 64 * consumers))
      return op->emitOpError("expected 1 to 3 consumers and 64 rows of queries for "
                             "each, found ")
             << consumers << " and " << values[0];
    return Attribute(ScheduleAttr::get(op->getContext(), values[0], values[1], values[2],
                                       values[3], values[4], values[5], values[6], values[7],
                                       values[8], consumers));
  }
};
} // namespace

void GDPANVDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "gdpa/Dialect/GDPANV/IR/GDPANVOps.cpp.inc"
      >();
  registerTypes();
  addInterfaces<SchedulePlanner>();
}

StringRef ScheduleAttr::getTargetFamily() const { return "nvidia"; }

gdpa::KernelBlocks ScheduleAttr::getBlocks(gdpa::KernelKind kind) const {
  switch (kind) {
  case gdpa::KernelKind::Forward:
    return {getBlockQ(), getBlockKv()};
  case gdpa::KernelKind::KeyStationary:
    return {getDkvBlockQ(), getDkvBlockKv()};
  case gdpa::KernelKind::QueryStationary:
    return {getDqBlockQ(), getDqBlockKv()};
  }
  llvm_unreachable("unknown kind of kernel");
}

bool ScheduleAttr::usesPackedBlocks() const { return false; }
int64_t ScheduleAttr::getPanelRows() const { return 0; }
int64_t ScheduleAttr::getGroupRows() const { return 0; }
int64_t ScheduleAttr::getColumnMultiple() const { return 16; }
bool ScheduleAttr::multipliesStorageType() const { return true; }
int64_t ScheduleAttr::getKeyRanges() const { return 0; }
