//===- CudaBackend.cpp - Runs artefacts on a CUDA device ------------------===//
//
// Tensors are copied to the device and results back.
//
//===----------------------------------------------------------------------===//

#include "Backend.h"

using namespace gdpa::run;

namespace {
class CudaBackend : public Backend {
public:
  explicit CudaBackend(gdpa_cuda *cuda) : cuda(cuda) {}
  ~CudaBackend() override {
    for (void *address : allocated)
      gdpa_cuda_free(cuda, address);
    gdpa_cuda_close(cuda);
  }

  Outcome load(LoadedArtefact &artefact) override {
    return fromRuntime(gdpa_cuda_load(artefact.get(), cuda));
  }

  Outcome place(const HostTensor &tensor, bool byValue,
                void *&address) override {
    if (byValue) {
      address = tensor.data();
      return {};
    }
    if (Outcome outcome = allocate(tensor.bytes(), address); outcome.failed())
      return outcome;
    return fromRuntime(
        gdpa_cuda_upload(cuda, address, tensor.data(), tensor.bytes()));
  }

  Outcome allocate(int64_t bytes, void *&address) override {
    Outcome outcome = fromRuntime(gdpa_cuda_allocate(cuda, bytes, &address));
    if (address)
      allocated.push_back(address);
    return outcome;
  }

  Outcome poison(void *address, int64_t bytes) override {
    return fromRuntime(gdpa_cuda_fill(cuda, address, 0xff, bytes));
  }

  Outcome fetch(const HostTensor &tensor, const void *address) override {
    return fromRuntime(
        gdpa_cuda_download(cuda, tensor.data(), address, tensor.bytes()));
  }

  Outcome workspaceBytes(const LoadedArtefact &artefact, int32_t entry,
                         const gdpa_tensor *args, int64_t &bytes) override {
    return fromRuntime(
        gdpa_cuda_workspace(artefact.get(), entry, cuda, args, &bytes));
  }

  Outcome run(const LoadedArtefact &artefact, int32_t entry,
              const gdpa_tensor *args, void *workspace,
              double &milliseconds) override {
    gdpa_status status = gdpa_cuda_timer_start(cuda);
    if (status == GDPA_OK)
      status = gdpa_cuda_run(artefact.get(), entry, cuda, args, workspace,
                             /*stream=*/nullptr);
    if (status == GDPA_OK)
      status = gdpa_cuda_timer_stop(cuda, &milliseconds);
    if (status == GDPA_OK)
      status = gdpa_cuda_synchronize(cuda);
    return fromRuntime(status);
  }

private:
  gdpa_cuda *cuda;
  std::vector<void *> allocated;
};
} // namespace

Outcome gdpa::run::makeCudaBackend(std::unique_ptr<Backend> &backend) {
  gdpa_cuda *cuda = nullptr;
  if (Outcome outcome = fromRuntime(gdpa_cuda_open(0, &cuda)); outcome.failed())
    return outcome;
  backend = std::make_unique<CudaBackend>(cuda);
  return {};
}
