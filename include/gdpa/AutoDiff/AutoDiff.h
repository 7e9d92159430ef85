//===- AutoDiff.h - differentiation of activation regions -------*- C++ -*-===//
//
// Registers the derivative rules of upstream operations. A rule for another
// project's operation is an external model of DifferentiableOpInterface that
// the project registers itself.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_AUTODIFF_AUTODIFF_H
#define GDPA_AUTODIFF_AUTODIFF_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::gdpa {

/// Rules for arith, math, scf, and for reads of captures (tensor.extract,
/// memref.load).
void registerDifferentiableOpModels(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_AUTODIFF_AUTODIFF_H
