//===- Inputs.h - The arguments that come from outside ----------*- C++ -*-===//
//
// From the command line, or, for the reference, from the kernel's own inputs.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_INPUTS_H
#define GDPA_LIB_RUNTIME_DRIVER_INPUTS_H

#include "HostTensor.h"
#include "Options.h"
#include "Plan.h"

#include <map>

namespace gdpa::run {

/// The inputs of a plan by the number of the argument, and the extents that
/// they fix.
struct Inputs {
  std::map<int32_t, HostTensor> tensors;
  Extents extents;
};

/// Checks that every name is that of an input and that no input is missing,
/// and every name of `outputs` that of a result. Errors are usage errors.
Outcome checkNames(const LoadedArtefact &artefact, const Plan &plan,
                   const Options &options);

/// Reads the files and numbers; rounds them to the arguments' types. An input
/// "dstats" that is not given is zero.
Outcome readInputs(const LoadedArtefact &artefact, const Plan &plan,
                   const std::vector<NamedValue> &values, Inputs &inputs);

/// The inputs of the reference: those of the kernel, rounded as the kernel
/// sees them, with every floating-point number as f64.
Outcome convertInputs(const LoadedArtefact &kernel, const Inputs &inputs,
                      const LoadedArtefact &reference, const Plan &plan,
                      Inputs &converted);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_INPUTS_H
