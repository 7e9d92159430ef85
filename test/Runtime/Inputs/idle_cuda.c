//===- idle_cuda.c - A libcuda.so.1 that does nothing ---------------------===//
//
// Takes every image and every launch, executes none, and answers at once: what
// is left of a launch is the runtime's own share. Memory has addresses but
// cannot be read.
//
//===----------------------------------------------------------------------===//

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int thing;

#define IGNORE(NAME)                                                           \
  int NAME() { return 0; }
#define HAND_OUT(NAME)                                                         \
  int NAME(void **handle) {                                                    \
    *handle = &thing;                                                          \
    return 0;                                                                  \
  }
#define ALLOCATE(NAME)                                                         \
  int NAME(uint64_t *memory, size_t bytes) {                                   \
    static uint64_t next = 1 << 20;                                            \
    *memory = next;                                                            \
    next += (bytes + 511) / 256 * 256;                                         \
    return 0;                                                                  \
  }

IGNORE(cuInit)
IGNORE(cuDevicePrimaryCtxRelease_v2)
IGNORE(cuCtxPushCurrent_v2)
IGNORE(cuCtxSynchronize)
IGNORE(cuModuleUnload)
IGNORE(cuFuncSetAttribute)
IGNORE(cuLaunchKernelEx)
IGNORE(cuMemFree_v2)
IGNORE(cuMemFreeAsync)
IGNORE(cuMemcpyHtoD_v2)
IGNORE(cuMemcpyDtoH_v2)
IGNORE(cuMemsetD8Async)
IGNORE(cuEventDestroy_v2)
IGNORE(cuEventRecord)
IGNORE(cuEventSynchronize)
IGNORE(cuEventElapsedTime)
IGNORE(cuTensorMapEncodeTiled)
HAND_OUT(cuDevicePrimaryCtxRetain)
HAND_OUT(cuCtxPopCurrent_v2)
HAND_OUT(cuModuleLoadDataEx)
HAND_OUT(cuModuleGetFunction)
HAND_OUT(cuEventCreate)
HAND_OUT(cuGetErrorName)
HAND_OUT(cuGetErrorString)
ALLOCATE(cuMemAlloc_v2)
ALLOCATE(cuMemAllocAsync)

int cuDeviceGetCount(int *count) {
  *count = 1;
  return 0;
}
int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char *name, int size) {
  snprintf(name, (size_t)size, "idle");
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute) {
  // Compute capability 9.0, 132 multiprocessors, 227 KB of shared memory.
  *value = attribute == 75   ? 9
           : attribute == 76 ? 0
           : attribute == 16 ? 132
                             : 232448;
  return 0;
}
