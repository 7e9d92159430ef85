//===- Check.h - Results against the reference ------------------*- C++ -*-===//
//
// Relative Frobenius errors in double.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_CHECK_H
#define GDPA_LIB_RUNTIME_DRIVER_CHECK_H

#include "HostTensor.h"

#include <optional>

namespace gdpa::run {

struct Comparison {
  /// ||result - reference|| / ||reference||, over the elements that count;
  /// infinite where a non-finite element differs, unset where none counts.
  std::optional<double> error;
  int64_t leftOut = 0;
};

/// Compares a result with the reference's (f64, same shape).
///
/// `valid` (integers, of the result's shape or of its first dimensions alone;
/// may be null) is 0 where an element is left out. `scale` (f64, the result's
/// shape; may be null) takes the place of the reference in the denominator:
/// the sum of the absolute terms of a gradient whose terms cancel.
///
/// A non-finite element equals the same non-finite one (NaN equals NaN), where
/// the reference is first rounded to the result's type: beyond its range both
/// are infinite. Such elements count in neither norm.
Outcome compare(const HostTensor &result, const HostTensor &reference,
                const HostTensor *valid, const HostTensor *scale,
                Comparison &comparison);

/// The default tolerance of a result of type `resultType` of a kernel whose
/// tensors have type `storageType`.
double defaultTolerance(int32_t resultType, int32_t storageType, bool fast);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_CHECK_H
