//===- CpuBackend.cpp - Runs artefacts on the processor -------------------===//
//
// Kernels work on the host tensors themselves.
//
//===----------------------------------------------------------------------===//

#include "Backend.h"

#include <chrono>
#include <cstring>

using namespace gdpa::run;

namespace {
class CpuBackend : public Backend {
public:
  explicit CpuBackend(gdpa_runtime *runtime) : runtime(runtime) {}
  ~CpuBackend() override { gdpa_runtime_destroy(runtime); }

  Outcome load(LoadedArtefact &) override { return {}; }

  Outcome place(const HostTensor &tensor, bool, void *&address) override {
    address = tensor.data();
    return {};
  }

  Outcome allocate(int64_t bytes, void *&address) override {
    address = nullptr;
    if (bytes == 0)
      return {};
    workspaces.emplace_back();
    // Of bytes, aligned as a workspace must be.
    Outcome outcome = HostTensor::allocate(GDPA_I8, {bytes}, workspaces.back());
    address = workspaces.back().data();
    return outcome;
  }

  Outcome poison(void *address, int64_t bytes) override {
    if (bytes > 0)
      std::memset(address, 0xff, static_cast<size_t>(bytes));
    return {};
  }

  Outcome fetch(const HostTensor &, const void *) override { return {}; }

  Outcome workspaceBytes(const LoadedArtefact &artefact, int32_t entry,
                         const gdpa_tensor *args, int64_t &bytes) override {
    return fromRuntime(
        gdpa_entry_workspace(artefact.get(), entry, args, &bytes));
  }

  Outcome run(const LoadedArtefact &artefact, int32_t entry,
              const gdpa_tensor *args, void *workspace,
              double &milliseconds) override {
    auto start = std::chrono::steady_clock::now();
    gdpa_status status =
        gdpa_entry_run(artefact.get(), entry, args, workspace, runtime);
    std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    milliseconds = elapsed.count();
    return fromRuntime(status);
  }

private:
  gdpa_runtime *runtime;
  std::vector<HostTensor> workspaces;
};
} // namespace

Outcome gdpa::run::makeCpuBackend(int32_t threads,
                                  std::unique_ptr<Backend> &backend) {
  gdpa_runtime *runtime = gdpa_runtime_create(threads);
  if (!runtime)
    return inputError(gdpa_last_error());
  backend = std::make_unique<CpuBackend>(runtime);
  return {};
}
