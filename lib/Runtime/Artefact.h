//===- Artefact.h - A loaded artefact ---------------------------*- C++ -*-===//
//
// The struct behind gdpa_artefact.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_ARTEFACT_H
#define GDPA_LIB_RUNTIME_ARTEFACT_H

#include "CudaDriver.h"
#include "Description.h"
#include "TensorMap.h"

#include <atomic>
#include <memory>
#include <mutex>

struct gdpa_artefact {
  gdpa::runtime::Description description;
  /// CUDA: the contents of the code file.
  std::string code;

  /// CPU: the shared library and the function of each entry.
  void *library = nullptr;
  std::vector<gdpa_cpu_entry> functions;

  /// CUDA: the device that the code is loaded on, and the function of each
  /// kernel of each entry. `loading` is held while they are set, `device` last:
  /// who finds it set may read the others.
  std::mutex loading;
  std::atomic<gdpa_cuda *> device = nullptr;
  gdpa::runtime::cuda::Module module = nullptr;
  std::vector<std::vector<gdpa::runtime::cuda::Function>> kernels;
  /// Where a kernel takes tensor maps: those of earlier launches, and the
  /// device memory that stands in for empty tensors.
  std::unique_ptr<gdpa::runtime::TensorMapCache> tensorMaps;
  gdpa::runtime::cuda::DevicePointer zeros = 0;
};

namespace gdpa::runtime {

/// Loads the shared library `path` and looks the entries' symbols up.
Status loadCpuCode(gdpa_artefact &artefact, const std::string &path);
void unloadCpuCode(gdpa_artefact &artefact);

/// Loads the code on the device unless it is loaded there.
Status loadCudaCode(gdpa_artefact &artefact, gdpa_cuda &device);
void unloadCudaCode(gdpa_artefact &artefact);

/// The entry numbered `entry`, or an error that says there is none.
Status findEntry(const gdpa_artefact *artefact, int32_t entry,
                 const Entry *&found);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_ARTEFACT_H
