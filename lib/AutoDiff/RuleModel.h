//===- RuleModel.h - derivative rules as functions --------------*- C++ -*-===//
//
// A rule is a function rule(Op, VJPBuilder &); RuleModel makes it the external
// model of its operation.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_AUTODIFF_RULEMODEL_H
#define GDPA_LIB_AUTODIFF_RULEMODEL_H

#include "gdpa/AutoDiff/VJPBuilder.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa {

template <typename Op, void (*rule)(Op, VJPBuilder &)>
struct RuleModel
    : DifferentiableOpInterface::ExternalModel<RuleModel<Op, rule>, Op> {
  LogicalResult buildVJP(Operation *op, VJPBuilder &vjp) const {
    rule(cast<Op>(op), vjp);
    return success();
  }
};

/// Piecewise constant: the derivative is zero wherever it exists.
template <typename Op> void zeroRule(Op, VJPBuilder &) {}

template <typename... Ops> void attachZeroRules(MLIRContext *context) {
  (Ops::template attachInterface<RuleModel<Ops, &zeroRule<Ops>>>(*context),
   ...);
}

/// A loop of more iterations is not differentiated: its unrolled body would be
/// evaluated for every score.
constexpr int64_t kMaxUnrolledIterations = 256;

// One per dialect, each in a file of its own.
void registerArithRules(DialectRegistry &registry);
void registerMathRules(DialectRegistry &registry);
void registerSCFRules(DialectRegistry &registry);
void registerCaptureRules(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_LIB_AUTODIFF_RULEMODEL_H
