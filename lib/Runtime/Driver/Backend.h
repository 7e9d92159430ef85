//===- Backend.h - Where an artefact runs -----------------------*- C++ -*-===//
//
// Memory, launch and clock of the CPU and of a CUDA device behind one
// interface.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_BACKEND_H
#define GDPA_LIB_RUNTIME_DRIVER_BACKEND_H

#include "HostTensor.h"
#include "Plan.h"

#include <memory>

namespace gdpa::run {

class Backend {
public:
  virtual ~Backend() = default;

  /// Makes the artefact ready: a CUDA one is loaded on the device.
  virtual Outcome load(LoadedArtefact &artefact) = 0;

  /// Where a kernel finds the tensor: its own memory, or a copy of it. The
  /// copy lives as long as the backend.
  virtual Outcome place(const HostTensor &tensor, bool byValue,
                        void *&address) = 0;

  /// Memory for a workspace, for the life of the backend; null for 0 bytes.
  virtual Outcome allocate(int64_t bytes, void *&address) = 0;

  /// Fills memory of place() or allocate() with 0xff: NaN in every type.
  virtual Outcome poison(void *address, int64_t bytes) = 0;

  /// Copies the tensor's contents back from `address`.
  virtual Outcome fetch(const HostTensor &tensor, const void *address) = 0;

  virtual Outcome workspaceBytes(const LoadedArtefact &artefact, int32_t entry,
                                 const gdpa_tensor *args, int64_t &bytes) = 0;

  /// Runs an entry and waits for it; the time that it took.
  virtual Outcome run(const LoadedArtefact &artefact, int32_t entry,
                      const gdpa_tensor *args, void *workspace,
                      double &milliseconds) = 0;
};

/// `threads` as for gdpa_runtime_create().
Outcome makeCpuBackend(int32_t threads, std::unique_ptr<Backend> &backend);

/// The first visible CUDA device. An artefact that is loaded must be closed
/// before the backend is destroyed.
Outcome makeCudaBackend(std::unique_ptr<Backend> &backend);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_BACKEND_H
