//===- SchedulePlanner.h - how a target chooses schedules -------*- C++ -*-===//
//
// The dialect of a target implements this interface, so that --gdpa-plan does
// not know the targets.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_SCHEDULEPLANNER_H
#define GDPA_DIALECT_GDPA_IR_SCHEDULEPLANNER_H

#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/Operation.h"

namespace mlir::gdpa {

/// What the plan knows of the machine.
struct TargetDescription {
  /// "cpu", "sm_80", "sm_90a", ...
  StringRef name;
  /// Width of the CPU's vector registers in bits.
  int64_t vectorBits = 256;
  /// Whether the CPU multiplies pairs of bf16 (AVX512_BF16), and whether that is
  /// faster there than to multiply them as f32.
  bool multipliesBF16 = false, prefersBF16 = false;
};

class SchedulePlannerInterface
    : public DialectInterface::Base<SchedulePlannerInterface> {
public:
  SchedulePlannerInterface(Dialect *dialect) : Base(dialect) {}

  /// Whether this dialect's schedules are those of `target`.
  virtual bool handles(const TargetDescription &target) const = 0;

  /// The complete schedule of an attention operation (forward or backward);
  /// what `op`'s own schedule fixes is kept. Emits an error and fails where
  /// that schedule belongs to another target or cannot be realised.
  virtual FailureOr<Attribute> plan(Operation *op,
                                    const TargetDescription &target) const = 0;
};

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_IR_SCHEDULEPLANNER_H
