//===- CudaDriver.h - The CUDA driver, loaded at run time -------*- C++ -*-===//
//
// Declares the part of the driver's interface that the runtime calls. The
// library is opened with dlopen: the runtime builds and loads without CUDA.
// Names and numbers are those of the CUDA driver API's documentation.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_CUDADRIVER_H
#define GDPA_LIB_RUNTIME_CUDADRIVER_H

#include "Status.h"

#include <cstddef>
#include <cstdint>

namespace gdpa::runtime::cuda {

using Result = int;
using Device = int;
using DevicePointer = uint64_t;
using Context = struct ContextObject *;
using Module = struct ModuleObject *;
using Function = struct FunctionObject *;
using Stream = struct StreamObject *;
using Event = struct EventObject *;

/// CUdevice_attribute
enum DeviceAttribute {
  MultiprocessorCount = 16,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  MaxSharedMemoryPerBlockOptin = 97
};

/// CUfunction_attribute
enum FunctionAttribute {
  MaxDynamicSharedSizeBytes = 8,
  NonPortableClusterSizeAllowed = 14
};

/// CUjit_option
enum JitOption { ErrorLogBuffer = 5, ErrorLogBufferSizeBytes = 6 };

/// CUlaunchAttribute. The union of values is 64 bytes; the cluster's extents
/// are its first member here.
struct LaunchAttribute {
  enum Id : unsigned { ClusterDimension = 4 };
  Id id;
  uint32_t padding;
  uint32_t value[16];
};
static_assert(sizeof(LaunchAttribute) == 72);

/// CUlaunchConfig
struct LaunchConfig {
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  uint32_t attributeCount;
};

/// CUtensorMap
struct alignas(64) EncodedTensorMap {
  uint64_t words[16];
};
static_assert(sizeof(EncodedTensorMap) == 128);

/// The driver's functions.
struct Driver {
  Result (*init)(unsigned flags);
  Result (*deviceGetCount)(int *count);
  Result (*deviceGet)(Device *device, int ordinal);
  Result (*deviceGetName)(char *name, int size, Device device);
  Result (*deviceGetAttribute)(int *value, int attribute, Device device);
  Result (*contextRetain)(Context *context, Device device);
  Result (*contextRelease)(Device device);
  Result (*contextPush)(Context context);
  Result (*contextPop)(Context *context);
  Result (*contextSynchronize)();
  Result (*moduleLoad)(Module *module, const void *image, unsigned options,
                       int *names, void **values);
  Result (*moduleUnload)(Module module);
  Result (*moduleGetFunction)(Function *function, Module module,
                              const char *name);
  Result (*functionSetAttribute)(Function function, int attribute, int value);
  Result (*launch)(const LaunchConfig *config, Function function,
                   void **parameters, void **extra);
  Result (*memoryAllocate)(DevicePointer *memory, size_t bytes);
  Result (*memoryFree)(DevicePointer memory);
  Result (*memoryAllocateAsync)(DevicePointer *memory, size_t bytes,
                                Stream stream);
  Result (*memoryFreeAsync)(DevicePointer memory, Stream stream);
  Result (*copyToDevice)(DevicePointer device, const void *host, size_t bytes);
  Result (*copyToHost)(void *host, DevicePointer device, size_t bytes);
  Result (*fill)(DevicePointer memory, unsigned char value, size_t bytes,
                 Stream stream);
  Result (*eventCreate)(Event *event, unsigned flags);
  Result (*eventDestroy)(Event event);
  Result (*eventRecord)(Event event, Stream stream);
  Result (*eventSynchronize)(Event event);
  Result (*eventElapsedTime)(float *milliseconds, Event start, Event end);
  Result (*getErrorName)(Result result, const char **name);
  Result (*getErrorString)(Result result, const char **text);
  /// Since CUDA 12.4; null in older drivers.
  Result (*functionGetParameterInfo)(Function function, size_t index,
                                     size_t *offset, size_t *size);
  /// Since CUDA 12.0; null in older drivers.
  Result (*tensorMapEncode)(EncodedTensorMap *map, int type, uint32_t rank,
                            DevicePointer address, const uint64_t *sizes,
                            const uint64_t *strides, const uint32_t *box,
                            const uint32_t *steps, int interleave, int swizzle,
                            int promotion, int fill);
};

/// Opens and initialises the driver, once. GDPA_NO_DEVICE where there is none.
Status getDriver(const Driver *&driver);

/// A failure as a Status: "WHAT: CUDA_ERROR_...: ...".
Status describeFailure(const Driver &driver, Result result,
                       const std::string &what);

/// `result` as a Status. `what` is a string or a literal; a literal costs
/// nothing where all is well.
template <typename What>
Status check(const Driver &driver, Result result, const What &what) {
  if (result == 0)
    return {};
  return describeFailure(driver, result, what);
}

} // namespace gdpa::runtime::cuda

#endif // GDPA_LIB_RUNTIME_CUDADRIVER_H
