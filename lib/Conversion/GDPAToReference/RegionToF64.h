//===- RegionToF64.h - scalar regions in double precision -------*- C++ -*-===//
//
// Turns a region of an attention operation into a private function in which
// every float type is f64.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOREFERENCE_REGIONTOF64_H
#define GDPA_LIB_CONVERSION_GDPATOREFERENCE_REGIONTOF64_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::gdpa::reference {

/// The f64 counterpart of a type of the program: floats become f64, tensors
/// and memrefs become memrefs of any strides, everything else stays.
Type convertType(Type type);

/// The same for a tensor of rows (query, key, value, output, their gradients):
/// the elements of a row lie side by side, as in kernels.
MemRefType convertRowsType(Type type);

/// What the function does besides computing the region's results.
enum class RegionMode {
  /// Nothing: (arguments...) -> results.
  Plain,
  /// (arguments..., delta: f64, probe: memref<7xindex>, value: memref<f64>) ->
  /// results.
  /// Every value read from a capture has a running number, counted in probe[0].
  /// To the value whose number is probe[1] `delta` is added; its capture is
  /// written to probe[2], its indices to probe[3...], the value read to
  /// `value`.
  Probe,
  /// (arguments..., for each float capture: gradient, absolute) -> results.
  /// `gdpa.accumulate` adds to the two memrefs.
  Accumulate
};

/// Numbers of the fields of a probe.
enum : int64_t {
  kCounter = 0,
  kTarget = 1,
  kCapture = 2,
  kIndices = 3,
  kProbeSize = 7
};

/// Builds a private function called `name` from `region`, whose captures start
/// at block argument `firstCapture`. Fails with an error at an operation that
/// has no meaning in f64 (a bitcast between floats and integers).
FailureOr<func::FuncOp> buildRegionFunction(OpBuilder &builder, StringRef name,
                                            Region &region,
                                            unsigned firstCapture,
                                            RegionMode mode);

} // namespace mlir::gdpa::reference

#endif // GDPA_LIB_CONVERSION_GDPATOREFERENCE_REGIONTOF64_H
