//===- CudaDevice.cpp - A CUDA device and its memory ----------------------===//
//
// Opening, memory, timing.
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"
#include "LastError.h"

#include <memory>

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

static DevicePointer toDevice(const void *memory) {
  return reinterpret_cast<DevicePointer>(memory);
}

static Status openDevice(int32_t ordinal, gdpa_cuda &device) {
  if (Status status = getDriver(device.driver); status.isError())
    return status;
  const Driver &driver = *device.driver;
  int count = 0;
  if (Status status = check(driver, driver.deviceGetCount(&count),
                            "cannot count the CUDA devices");
      status.isError())
    return status;
  if (ordinal < 0 || ordinal >= count)
    return {GDPA_NO_DEVICE, "expected CUDA device " + std::to_string(ordinal) +
                                ", found " + std::to_string(count) +
                                " devices"};
  std::string what = "cannot open CUDA device " + std::to_string(ordinal);
  char name[256] = {};
  Result result = driver.deviceGet(&device.device, ordinal);
  if (result == 0)
    result = driver.deviceGetName(name, sizeof(name) - 1, device.device);
  const std::pair<DeviceAttribute, int *> attributes[] = {
      {MultiprocessorCount, &device.multiprocessors},
      {ComputeCapabilityMajor, &device.major},
      {ComputeCapabilityMinor, &device.minor},
      {MaxSharedMemoryPerBlockOptin, &device.mostSharedBytes}};
  for (const auto &[attribute, value] : attributes)
    if (result == 0)
      result = driver.deviceGetAttribute(value, attribute, device.device);
  if (result == 0)
    result = driver.contextRetain(&device.context, device.device);
  device.name = name;
  return check(driver, result, what);
}

extern "C" gdpa_status gdpa_cuda_open(int32_t ordinal, gdpa_cuda **cuda) {
  *cuda = nullptr;
  auto device = std::make_unique<gdpa_cuda>();
  Status status = openDevice(ordinal, *device);
  if (status.isError())
    return setLastError(status);
  *cuda = device.release();
  return GDPA_OK;
}

extern "C" void gdpa_cuda_close(gdpa_cuda *cuda) {
  if (!cuda)
    return;
  {
    ContextScope scope(*cuda);
    for (Event event : {cuda->start, cuda->stop})
      if (event)
        cuda->driver->eventDestroy(event);
  }
  cuda->driver->contextRelease(cuda->device);
  delete cuda;
}

extern "C" const char *gdpa_cuda_name(const gdpa_cuda *cuda) {
  return cuda->name.c_str();
}

/// Calls `function` with the context current and reports its result.
template <typename Function>
static gdpa_status inContext(gdpa_cuda *cuda, const std::string &what,
                             Function function) {
  ContextScope scope(*cuda);
  if (Status status = scope.status(); status.isError())
    return setLastError(status);
  return setLastError(check(*cuda->driver, function(*cuda->driver), what));
}

extern "C" gdpa_status gdpa_cuda_allocate(gdpa_cuda *cuda, int64_t bytes,
                                          void **memory) {
  *memory = nullptr;
  if (bytes < 0)
    return setLastError(argumentError("expected at least 0 bytes, found " +
                                      std::to_string(bytes)));
  if (bytes == 0)
    return GDPA_OK;
  return inContext(
      cuda, "cannot allocate " + std::to_string(bytes) + " bytes on the device",
      [&](const Driver &driver) {
        DevicePointer allocated = 0;
        Result result = driver.memoryAllocate(&allocated, bytes);
        *memory = reinterpret_cast<void *>(allocated);
        return result;
      });
}

extern "C" void gdpa_cuda_free(gdpa_cuda *cuda, void *memory) {
  if (memory)
    inContext(cuda, "cannot free device memory", [&](const Driver &driver) {
      return driver.memoryFree(toDevice(memory));
    });
}

extern "C" gdpa_status gdpa_cuda_fill(gdpa_cuda *cuda, void *memory,
                                      unsigned char value, int64_t bytes) {
  if (bytes == 0)
    return GDPA_OK;
  return inContext(
      cuda, "cannot fill device memory", [&](const Driver &driver) {
        return driver.fill(toDevice(memory), value, bytes, nullptr);
      });
}

extern "C" gdpa_status gdpa_cuda_upload(gdpa_cuda *cuda, void *device,
                                        const void *host, int64_t bytes) {
  if (bytes == 0)
    return GDPA_OK;
  return inContext(cuda, "cannot copy to the device",
                   [&](const Driver &driver) {
                     return driver.copyToDevice(toDevice(device), host, bytes);
                   });
}

extern "C" gdpa_status gdpa_cuda_download(gdpa_cuda *cuda, void *host,
                                          const void *device, int64_t bytes) {
  if (bytes == 0)
    return GDPA_OK;
  return inContext(cuda, "cannot copy from the device",
                   [&](const Driver &driver) {
                     return driver.copyToHost(host, toDevice(device), bytes);
                   });
}

extern "C" gdpa_status gdpa_cuda_synchronize(gdpa_cuda *cuda) {
  return inContext(cuda, "a kernel failed", [](const Driver &driver) {
    return driver.contextSynchronize();
  });
}

extern "C" gdpa_status gdpa_cuda_timer_start(gdpa_cuda *cuda) {
  return inContext(cuda, "cannot start the timer", [&](const Driver &driver) {
    Result result = 0;
    for (Event *event : {&cuda->start, &cuda->stop})
      if (!*event && result == 0)
        result = driver.eventCreate(event, 0);
    return result ? result : driver.eventRecord(cuda->start, nullptr);
  });
}

extern "C" gdpa_status gdpa_cuda_timer_stop(gdpa_cuda *cuda,
                                            double *milliseconds) {
  if (!cuda->stop)
    return setLastError(argumentError("the timer was not started"));
  return inContext(cuda, "cannot stop the timer", [&](const Driver &driver) {
    float elapsed = 0;
    Result result = driver.eventRecord(cuda->stop, nullptr);
    if (result == 0)
      result = driver.eventSynchronize(cuda->stop);
    if (result == 0)
      result = driver.eventElapsedTime(&elapsed, cuda->start, cuda->stop);
    *milliseconds = elapsed;
    return result;
  });
}
