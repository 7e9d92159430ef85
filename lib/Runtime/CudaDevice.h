//===- CudaDevice.h - A CUDA device -----------------------------*- C++ -*-===//
//
// The struct behind gdpa_cuda.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_CUDADEVICE_H
#define GDPA_LIB_RUNTIME_CUDADEVICE_H

#include "CudaDriver.h"

struct gdpa_cuda {
  const gdpa::runtime::cuda::Driver *driver = nullptr;
  gdpa::runtime::cuda::Device device = 0;
  gdpa::runtime::cuda::Context context = nullptr;
  std::string name;
  int major = 0;
  int minor = 0;
  int multiprocessors = 0;
  int mostSharedBytes = 0;
  gdpa::runtime::cuda::Event start = nullptr;
  gdpa::runtime::cuda::Event stop = nullptr;
};

namespace gdpa::runtime::cuda {

/// Makes the device's context current while it lives.
class ContextScope {
public:
  explicit ContextScope(const gdpa_cuda &device) : driver(*device.driver) {
    result = driver.contextPush(device.context);
  }
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;
  ~ContextScope() {
    Context popped = nullptr;
    if (result == 0)
      driver.contextPop(&popped);
  }
  Status status() const {
    return check(driver, result, "cannot make the CUDA context current");
  }

private:
  const Driver &driver;
  Result result;
};

} // namespace gdpa::runtime::cuda

#endif // GDPA_LIB_RUNTIME_CUDADEVICE_H
