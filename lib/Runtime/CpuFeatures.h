//===- CpuFeatures.h - What the processor can do ----------------*- C++ -*-===//
//
// Checks "cpu_features" of a launch description before code is run that the
// processor would stop with an illegal instruction.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_CPUFEATURES_H
#define GDPA_LIB_RUNTIME_CPUFEATURES_H

#include "Status.h"

#include <vector>

namespace gdpa::runtime {

/// GDPA_NO_DEVICE where the processor lacks one of the features (LLVM's names:
/// "avx2", "avx512bf16"); GDPA_FORMAT_ERROR for a name unknown here.
Status checkCpuFeatures(const std::vector<std::string> &features);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_CPUFEATURES_H
