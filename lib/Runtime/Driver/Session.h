//===- Session.h - Runs a plan ----------------------------------*- C++ -*-===//
//
// Outputs and workspaces are poisoned with NaN before every run that counts,
// so that an element that a kernel forgets shows.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_SESSION_H
#define GDPA_LIB_RUNTIME_DRIVER_SESSION_H

#include "Backend.h"
#include "Inputs.h"

#include <optional>

namespace gdpa::run {

struct Timing {
  double median = 0;
  double minimum = 0;
  double maximum = 0;
  int64_t runs = 0;
};

struct Result {
  std::string name;
  std::string entry;
  HostTensor tensor;
  int64_t workspaceBytes = 0;
  /// Whether all repeats gave the same bits.
  bool identical = true;
  std::optional<Timing> timing;
};

struct SessionOptions {
  int64_t repeats = 1;
  bool time = false;
};

/// Runs the plan's entries; one result for each argument that they write.
Outcome runPlan(const LoadedArtefact &artefact, const Plan &plan,
                const Inputs &inputs, Backend &backend,
                const SessionOptions &options, std::vector<Result> &results);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_SESSION_H
