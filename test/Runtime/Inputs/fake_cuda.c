//===- fake_cuda.c - A libcuda.so.1 without a GPU -------------------------===//
//
// Device memory is host memory, and the kernels, fake_scale and fake_boxes, are
// C functions: the CUDA path of the runtime is tested where there is no GPU.
// Launches run at once; a stream that is captured records them for a graph.
// The environment sets what the device claims to be: FAKE_CUDA_DEVICES,
// FAKE_CUDA_CAPABILITY ("90"), and FAKE_CUDA_FAIL names a function that fails.
//
//===----------------------------------------------------------------------===//

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  InvalidValue = 1,
  OutOfMemory = 2,
  NotFound = 500,
  CaptureUnsupported = 900,
  Failure = 999
};

#define CHECK_FAIL(NAME)                                                       \
  if (fails(NAME))                                                             \
  return Failure

static int fails(const char *name) {
  const char *failing = getenv("FAKE_CUDA_FAIL");
  return failing && strcmp(failing, name) == 0;
}

static int number(const char *variable, int otherwise) {
  const char *text = getenv(variable);
  return text ? atoi(text) : otherwise;
}

int cuInit(unsigned flags) {
  (void)flags;
  CHECK_FAIL("cuInit");
  return 0;
}
int cuDeviceGetCount(int *count) {
  *count = number("FAKE_CUDA_DEVICES", 1);
  return 0;
}
int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char *name, int size, int device) {
  (void)device;
  snprintf(name, (size_t)size, "Fake GPU");
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  (void)device;
  int capability = number("FAKE_CUDA_CAPABILITY", 80);
  switch (attribute) {
  case 16:
    *value = 5;
    return 0;
  case 75:
    *value = capability / 10;
    return 0;
  case 76:
    *value = capability % 10;
    return 0;
  case 97:
    *value = 100000;
    return 0;
  }
  return InvalidValue;
}
// Contexts that the thread has pushed.
static _Thread_local int depth = 0;
// What handles point to.
static char thing;
int cuDevicePrimaryCtxRetain(void **context, int device) {
  (void)device;
  *context = &thing;
  return 0;
}
int cuCtxSetCurrent(void *context) {
  return context == &thing ? 0 : InvalidValue;
}
int cuDevicePrimaryCtxRelease_v2(int device) {
  (void)device;
  // Contexts that were pushed have been popped.
  if (depth != 0)
    abort();
  return 0;
}
int cuCtxPushCurrent_v2(void *context) {
  if (context != &thing)
    return InvalidValue;
  ++depth;
  return 0;
}
int cuCtxPopCurrent_v2(void **context) {
  *context = &thing;
  --depth;
  return 0;
}
int cuCtxSynchronize(void) {
  CHECK_FAIL("cuCtxSynchronize");
  return depth > 0 ? 0 : InvalidValue;
}
int cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                       int *options, void **values) {
  // The image is text that ends in a zero byte.
  if (strncmp((const char *)image, "fake ptx", 8) != 0) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        strcpy((char *)values[i], "line 1: syntax error");
    return 218;
  }
  *module = &thing;
  return 0;
}
int cuModuleUnload(void *module) { return module == &thing ? 0 : InvalidValue; }
// Stands for fake_boxes; &thing for fake_scale.
static char boxes;
int cuModuleGetFunction(void **function, void *module, const char *name) {
  (void)module;
  *function = strcmp(name, "fake_boxes") == 0 ? &boxes : &thing;
  return *function == &boxes || strcmp(name, "fake_scale") == 0 ? 0 : NotFound;
}
static int sharedBytes = -1;
int cuFuncSetAttribute(void *function, int attribute, int value) {
  (void)function;
  if (attribute == 8)
    sharedBytes = value;
  return 0;
}
static const size_t scaleSizes[] = {8, 8, 4, 8, 4, 8, 4};
static const size_t boxesSizes[] = {128, 8};
int cuFuncGetParamInfo(void *function, size_t index, size_t *offset,
                       size_t *size) {
  *offset = 0;
  if (index >= (function == &boxes ? 2 : 7))
    return InvalidValue;
  *size = (function == &boxes ? boxesSizes : scaleSizes)[index];
  return 0;
}

struct config {
  unsigned grid[3], block[3], sharedBytes;
  void *stream, *attributes;
  unsigned attributeCount;
};

// What the fake keeps in the 128 bytes of a tensor map.
struct map {
  uint64_t address, sizes[5], strides[4];
  uint16_t box[5], rank, elementBytes;
};
typedef char mapFits[sizeof(struct map) <= 128 ? 1 : -1];

// Refuses what the driver refuses. FAKE_CUDA_MAPS counts the calls in a file.
int cuTensorMapEncodeTiled(struct map *map, int type, uint32_t rank,
                           uint64_t address, const uint64_t *sizes,
                           const uint64_t *strides, const uint32_t *box,
                           const uint32_t *steps, int interleave, int swizzle,
                           int promotion, int fill) {
  CHECK_FAIL("cuTensorMapEncodeTiled");
  int elementBytes = type == 7 ? 4 : type == 6 || type == 9 ? 2 : 0;
  if ((uintptr_t)map % 64 != 0 || !elementBytes || rank < 1 || rank > 5 ||
      !address || address % 16 != 0 || interleave != 0 || promotion != 3 ||
      fill != 0 || (swizzle != 0 && swizzle != 3) ||
      box[0] * elementBytes % 16 != 0 ||
      (swizzle == 3 && box[0] * elementBytes > 128))
    return InvalidValue;
  memset(map, 0, 128);
  map->address = address;
  map->rank = (uint16_t)rank;
  map->elementBytes = (uint16_t)elementBytes;
  for (uint32_t i = 0; i < rank; ++i) {
    if (sizes[i] < 1 || sizes[i] > (uint64_t)1 << 32 || box[i] < 1 ||
        box[i] > 256 || steps[i] != 1)
      return InvalidValue;
    map->sizes[i] = sizes[i];
    map->box[i] = (uint16_t)box[i];
    if (i + 1 == rank)
      break;
    if (strides[i] % 16 != 0 || strides[i] >= (uint64_t)1 << 40)
      return InvalidValue;
    map->strides[i] = strides[i];
  }
  const char *counter = getenv("FAKE_CUDA_MAPS");
  FILE *file = counter ? fopen(counter, "a") : NULL;
  if (file) {
    fputs("encoded\n", file);
    fclose(file);
  }
  return 0;
}

// o[block][r][c] = q at (c, r, block), zero past its extents, for one box.
static int fakeBoxes(unsigned blocks, void **parameters) {
  const struct map *map = parameters[0];
  char *o = *(char **)parameters[1];
  if (map->rank != 3 || map->box[2] != 1)
    return InvalidValue;
  for (uint64_t h = 0; h < blocks; ++h)
    for (uint64_t r = 0; r < map->box[1]; ++r)
      for (uint64_t c = 0; c < map->box[0]; ++c, o += map->elementBytes) {
        memset(o, 0, map->elementBytes);
        if (h < map->sizes[2] && r < map->sizes[1] && c < map->sizes[0])
          memcpy(o,
                 (const char *)(uintptr_t)map->address + h * map->strides[1] +
                     r * map->strides[0] + c * map->elementBytes,
                 map->elementBytes);
      }
  return 0;
}

// o[i] = scale * q[i]; checks that everything else arrived, too.
static int fakeScale(const struct config *config, void **parameters) {
  const float *q = *(const float **)parameters[0];
  float *o = *(float **)parameters[1];
  float scale = *(const float *)parameters[2];
  int64_t n = *(const int64_t *)parameters[3];
  int32_t stride = *(const int32_t *)parameters[4];
  char *sums = *(char **)parameters[5];
  int32_t last = *(const int32_t *)parameters[6];
  if (stride != 1 || last != n - 1 || sharedBytes != 1024 ||
      config->sharedBytes != 1024 || config->block[0] != 128 ||
      config->grid[0] != (n + 127) / 128 || config->grid[1] != 1 ||
      config->attributeCount != 0)
    return InvalidValue;
  // The workspace: a float for each of the 5 multiprocessors, cleared.
  for (int i = 0; i < 20; ++i) {
    if (sums[i] != 0)
      return InvalidValue;
    sums[i] = 1;
  }
  for (int64_t i = 0; i < n; ++i)
    o[i] = scale * q[i];
  return 0;
}

static int execute(const struct config *config, void *function,
                   void **parameters) {
  return function == &boxes ? fakeBoxes(config->grid[0], parameters)
                            : fakeScale(config, parameters);
}

// What a captured stream records: a launch, the clearing of memory, or memory
// that lives as long as the graph.
struct operation {
  enum { Launch, Fill, Memory } kind;
  struct config config;
  void *function;
  char values[8][128];
  uint64_t memory;
  size_t bytes;
  unsigned char value;
};
struct graph {
  int count;
  struct operation operations[8];
};
struct stream {
  struct graph *captured;
};
// Streams that are being captured: what would wait for the device is refused.
static _Atomic int captures;
#define CHECK_CAPTURE()                                                        \
  if (captures > 0)                                                            \
  return CaptureUnsupported

static struct operation *record(struct stream *stream) {
  if (!stream || !stream->captured)
    return NULL;
  if (stream->captured->count == 8)
    abort();
  return &stream->captured->operations[stream->captured->count++];
}

int cuStreamCreate(struct stream **stream, unsigned flags) {
  (void)flags;
  *stream = calloc(1, sizeof(struct stream));
  return 0;
}
int cuStreamSynchronize(void *stream) {
  (void)stream;
  CHECK_CAPTURE();
  return 0;
}
int cuStreamBeginCapture_v2(struct stream *stream, int mode) {
  (void)mode;
  if (!stream || stream->captured)
    return CaptureUnsupported;
  stream->captured = calloc(1, sizeof(struct graph));
  ++captures;
  return 0;
}
int cuStreamEndCapture(struct stream *stream, struct graph **graph) {
  *graph = stream->captured;
  stream->captured = NULL;
  --captures;
  return 0;
}
// The one handle is the graph and what can be launched of it.
int cuGraphInstantiateWithFlags(struct graph **ready, struct graph *graph,
                                uint64_t flags) {
  (void)flags;
  *ready = graph;
  return 0;
}
int cuGraphDestroy(void *graph) {
  (void)graph;
  return 0;
}
int cuGraphExecDestroy(struct graph *graph) {
  for (int i = 0; i < graph->count; ++i)
    if (graph->operations[i].kind == Memory)
      free((void *)(uintptr_t)graph->operations[i].memory);
  free(graph);
  return 0;
}
int cuGraphLaunch(struct graph *graph, void *stream) {
  (void)stream;
  int result = 0;
  for (int i = 0; i < graph->count && result == 0; ++i) {
    struct operation *operation = &graph->operations[i];
    void *parameters[8];
    for (int n = 0; n < 8; ++n)
      parameters[n] = operation->values[n];
    if (operation->kind == Launch)
      result = execute(&operation->config, operation->function, parameters);
    else
      memset((void *)(uintptr_t)operation->memory, operation->value,
             operation->bytes);
  }
  return result;
}

int cuLaunchKernelEx(const struct config *config, void *function,
                     void **parameters, void **extra) {
  (void)extra;
  CHECK_FAIL("cuLaunchKernelEx");
  if (depth < 1)
    return InvalidValue;
  struct operation *operation = record(config->stream);
  if (!operation)
    return execute(config, function, parameters);
  operation->kind = Launch;
  operation->config = *config;
  operation->function = function;
  const size_t *sizes = function == &boxes ? boxesSizes : scaleSizes;
  for (int i = 0; i < (function == &boxes ? 2 : 7); ++i)
    memcpy(operation->values[i], parameters[i], sizes[i]);
  return 0;
}
int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
  CHECK_FAIL("cuMemAlloc");
  CHECK_CAPTURE();
  *memory = (uint64_t)(uintptr_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
  return *memory ? 0 : OutOfMemory;
}
int cuMemFree_v2(uint64_t memory) {
  CHECK_CAPTURE();
  free((void *)(uintptr_t)memory);
  return 0;
}
int cuMemAllocAsync(uint64_t *memory, size_t bytes, struct stream *stream) {
  CHECK_FAIL("cuMemAlloc");
  *memory = (uint64_t)(uintptr_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
  struct operation *operation = record(stream);
  if (operation) {
    operation->kind = Memory;
    operation->memory = *memory;
    operation->bytes = bytes;
    // Whatever an earlier replay left there.
    operation->value = 0xa5;
  }
  return *memory ? 0 : OutOfMemory;
}
int cuMemFreeAsync(uint64_t memory, struct stream *stream) {
  if (!stream || !stream->captured)
    free((void *)(uintptr_t)memory);
  return 0;
}
int cuMemcpyHtoD_v2(uint64_t device, const void *host, size_t bytes) {
  CHECK_CAPTURE();
  memcpy((void *)(uintptr_t)device, host, bytes);
  return 0;
}
int cuMemcpyDtoH_v2(void *host, uint64_t device, size_t bytes) {
  CHECK_CAPTURE();
  memcpy(host, (const void *)(uintptr_t)device, bytes);
  return 0;
}
int cuMemsetD8Async(uint64_t memory, unsigned char value, size_t bytes,
                    struct stream *stream) {
  struct operation *operation = record(stream);
  if (operation) {
    operation->kind = Fill;
    operation->memory = memory;
    operation->bytes = bytes;
    operation->value = value;
    return 0;
  }
  memset((void *)(uintptr_t)memory, value, bytes);
  return 0;
}
int cuEventCreate(void **event, unsigned flags) {
  (void)flags;
  *event = &thing;
  return 0;
}
int cuEventDestroy_v2(void *event) {
  (void)event;
  return 0;
}
int cuEventRecord(void *event, void *stream) {
  (void)event;
  (void)stream;
  return 0;
}
int cuEventSynchronize(void *event) {
  (void)event;
  return 0;
}
int cuEventElapsedTime(float *milliseconds, void *start, void *end) {
  (void)start;
  (void)end;
  *milliseconds = 1.5f;
  return 0;
}
int cuGetErrorName(int error, const char **name) {
  *name = error == Failure ? "CUDA_ERROR_UNKNOWN" : "CUDA_ERROR_FAKE";
  return 0;
}
int cuGetErrorString(int error, const char **text) {
  (void)error;
  *text = "the fake driver failed";
  return 0;
}
