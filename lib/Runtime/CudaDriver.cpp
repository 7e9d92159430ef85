//===- CudaDriver.cpp - The CUDA driver, loaded at run time ---------------===//
//
// Looks the functions up under the names that the driver exports.
//
//===----------------------------------------------------------------------===//

#include "CudaDriver.h"

#include <dlfcn.h>

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

static constexpr const char *libraryName = "libcuda.so.1";

namespace {
/// Looks functions up; remembers the first one that is missing.
struct SymbolLoader {
  void *library;
  std::string missing;

  template <typename T> void load(T &function, const char *name) {
    loadOptional(function, name);
    if (!function && missing.empty())
      missing = name;
  }
  template <typename T> void loadOptional(T &function, const char *name) {
    function = reinterpret_cast<T>(dlsym(library, name));
  }
};
} // namespace

static Status loadDriver(Driver &driver) {
  void *library = dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return {GDPA_NO_DEVICE,
            "no CUDA driver on this machine: " + std::string(dlerror())};
  SymbolLoader symbols{library, ""};
  symbols.load(driver.init, "cuInit");
  symbols.load(driver.deviceGetCount, "cuDeviceGetCount");
  symbols.load(driver.deviceGet, "cuDeviceGet");
  symbols.load(driver.deviceGetName, "cuDeviceGetName");
  symbols.load(driver.deviceGetAttribute, "cuDeviceGetAttribute");
  symbols.load(driver.contextRetain, "cuDevicePrimaryCtxRetain");
  symbols.load(driver.contextRelease, "cuDevicePrimaryCtxRelease_v2");
  symbols.load(driver.contextPush, "cuCtxPushCurrent_v2");
  symbols.load(driver.contextPop, "cuCtxPopCurrent_v2");
  symbols.load(driver.contextSynchronize, "cuCtxSynchronize");
  symbols.load(driver.moduleLoad, "cuModuleLoadDataEx");
  symbols.load(driver.moduleUnload, "cuModuleUnload");
  symbols.load(driver.moduleGetFunction, "cuModuleGetFunction");
  symbols.load(driver.functionSetAttribute, "cuFuncSetAttribute");
  symbols.load(driver.launch, "cuLaunchKernelEx");
  symbols.load(driver.memoryAllocate, "cuMemAlloc_v2");
  symbols.load(driver.memoryFree, "cuMemFree_v2");
  symbols.load(driver.memoryAllocateAsync, "cuMemAllocAsync");
  symbols.load(driver.memoryFreeAsync, "cuMemFreeAsync");
  symbols.load(driver.copyToDevice, "cuMemcpyHtoD_v2");
  symbols.load(driver.copyToHost, "cuMemcpyDtoH_v2");
  symbols.load(driver.fill, "cuMemsetD8Async");
  symbols.load(driver.eventCreate, "cuEventCreate");
  symbols.load(driver.eventDestroy, "cuEventDestroy_v2");
  symbols.load(driver.eventRecord, "cuEventRecord");
  symbols.load(driver.eventSynchronize, "cuEventSynchronize");
  symbols.load(driver.eventElapsedTime, "cuEventElapsedTime");
  symbols.load(driver.getErrorName, "cuGetErrorName");
  symbols.load(driver.getErrorString, "cuGetErrorString");
  symbols.loadOptional(driver.functionGetParameterInfo, "cuFuncGetParamInfo");
  symbols.loadOptional(driver.tensorMapEncode, "cuTensorMapEncodeTiled");
  if (!symbols.missing.empty())
    return {GDPA_NO_DEVICE, std::string("expected a CUDA driver of 11.8 or "
                                        "later, found a ") +
                                libraryName + " without " + symbols.missing};
  if (Result result = driver.init(0)) {
    Status status = check(driver, result, "no usable CUDA device");
    return {GDPA_NO_DEVICE, status.message()};
  }
  return {};
}

Status cuda::getDriver(const Driver *&driver) {
  static Driver loaded = {};
  static const Status status = loadDriver(loaded);
  driver = &loaded;
  return status;
}

Status cuda::describeFailure(const Driver &driver, Result result,
                             const std::string &what) {
  const char *name = nullptr;
  const char *text = nullptr;
  if (driver.getErrorName(result, &name) != 0 || !name)
    name = "unknown CUDA error";
  if (driver.getErrorString(result, &text) != 0 || !text)
    text = "no description";
  constexpr Result outOfMemory = 2;
  return {result == outOfMemory ? GDPA_OUT_OF_MEMORY : GDPA_DRIVER_ERROR,
          what + ": " + name + " (" + std::to_string(result) + "): " + text};
}
