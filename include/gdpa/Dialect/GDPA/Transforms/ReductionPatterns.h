//===- ReductionPatterns.h - smaller programs for gdpa-reduce ---*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_REDUCTIONPATTERNS_H
#define GDPA_DIALECT_GDPA_TRANSFORMS_REDUCTIONPATTERNS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::gdpa {

/// Teaches the reducer (--reduction-tree) what makes an attention smaller: no
/// mask, no vjp region, and one of its operands in the place of an operation of
/// a region.
void registerReductionPatterns(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_REDUCTIONPATTERNS_H
