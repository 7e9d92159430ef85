//===- Report.h - What gdpa-run prints --------------------------*- C++ -*-===//
//
// One JSON object a line for each result.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_REPORT_H
#define GDPA_LIB_RUNTIME_DRIVER_REPORT_H

#include "Check.h"
#include "Session.h"

namespace gdpa::run {

/// What a check found about one result.
struct CheckedResult {
  Comparison comparison;
  double tolerance = 0;

  bool passed() const {
    return comparison.error && *comparison.error <= tolerance;
  }
};

/// The line for a result, without the newline. `checked` may be null;
/// `repeats` is shown where it is more than 1.
std::string formatResult(const Result &result, int64_t repeats,
                         const CheckedResult *checked);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_REPORT_H
