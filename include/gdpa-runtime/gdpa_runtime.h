//===- gdpa_runtime.h - C interface of the GDPA runtime ---------*- C -*-===//
//
// Loads a compiled attention kernel (an "artefact": a code file and the JSON
// launch description beside it) and runs it on the CPU or on a CUDA device.
// Knows no compiler: it needs neither LLVM nor, at build time, CUDA.
//
// Every function that can fail returns a gdpa_status (or a null pointer) and
// leaves a message for gdpa_last_error() of the calling thread.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_RUNTIME_GDPA_RUNTIME_H
#define GDPA_RUNTIME_GDPA_RUNTIME_H

#include <stdint.h>

#if defined(__GNUC__)
#define GDPA_API __attribute__((visibility("default")))
#else
#define GDPA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

//===----------------------------------------------------------------------===//
// Binary interface shared with generated code
//===----------------------------------------------------------------------===//

/// The largest rank of a tensor argument.
#define GDPA_MAX_RANK 6

/// Element types. The index type of MLIR is GDPA_I64; GDPA_I1 takes a byte an
/// element.
enum gdpa_dtype {
  GDPA_F64 = 0,
  GDPA_F32 = 1,
  GDPA_BF16 = 2,
  GDPA_F16 = 3,
  GDPA_I1 = 4,
  GDPA_I8 = 5,
  GDPA_I16 = 6,
  GDPA_I32 = 7,
  GDPA_I64 = 8
};

/// A tensor, or a scalar where rank is 0 (`data` points to its value).
/// `strides` are in elements. The memory belongs to the caller.
typedef struct gdpa_tensor {
  void *data;
  int32_t dtype;
  int32_t rank;
  int64_t shape[GDPA_MAX_RANK];
  int64_t strides[GDPA_MAX_RANK];
} gdpa_tensor;

/// A piece of a parallel loop: the iterations [begin, end). `scratch` belongs
/// to the executing thread, is aligned to 64 bytes and holds what an earlier
/// piece left there.
typedef void (*gdpa_task)(void *context, int64_t begin, int64_t end,
                          void *scratch);

/// How a CPU kernel reaches threads. A host with its own thread pool fills the
/// struct itself; gdpa_runtime_create() makes the default one.
typedef struct gdpa_runtime {
  /// Passed back to parallel_for.
  void *self;
  /// Splits [0, count) into consecutive pieces, calls `task` once for each of
  /// them, on any thread, and returns when all are done. Every call of `task`
  /// gets a scratch of at least `scratch_bytes` bytes of its thread.
  void (*parallel_for)(void *self, int64_t count, int64_t scratch_bytes,
                       gdpa_task task, void *context);
} gdpa_runtime;

/// The symbol behind an entry of a CPU artefact. `args` are in the order of
/// the entry's "arguments"; returns 0 when all is well.
typedef int32_t (*gdpa_cpu_entry)(const gdpa_tensor *args, void *workspace,
                                  const gdpa_runtime *runtime);

//===----------------------------------------------------------------------===//
// Errors and types
//===----------------------------------------------------------------------===//

typedef enum gdpa_status {
  GDPA_OK = 0,
  /// An argument of the call does not fit the entry.
  GDPA_INVALID_ARGUMENT = 1,
  /// A file is missing or cannot be read.
  GDPA_FILE_ERROR = 2,
  /// A launch description or a code file is malformed.
  GDPA_FORMAT_ERROR = 3,
  /// The machine lacks the device or the processor that the code is for.
  GDPA_NO_DEVICE = 4,
  GDPA_OUT_OF_MEMORY = 5,
  /// The CUDA driver reported an error.
  GDPA_DRIVER_ERROR = 6,
  /// A CPU entry returned something else than 0.
  GDPA_KERNEL_ERROR = 7
} gdpa_status;

/// The message of the last failure on this thread; "" before the first one.
/// Valid until the next failing call of this thread.
GDPA_API const char *gdpa_last_error(void);

/// Bytes of an element; 0 for a number that is no gdpa_dtype.
GDPA_API int64_t gdpa_dtype_size(int32_t dtype);

/// The type's name as a launch description spells it ("bf16"); "?" for a
/// number that is no gdpa_dtype.
GDPA_API const char *gdpa_dtype_name(int32_t dtype);

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

/// Makes a thread pool. `threads` counts the calling thread too; 0 takes one
/// for each processor this process may run on. Idle workers spin for a moment,
/// then sleep. Loops of several callers run one after another; a loop started
/// inside a task runs on the thread of that task. Returns null on failure.
GDPA_API gdpa_runtime *gdpa_runtime_create(int32_t threads);

/// Joins the threads and frees their scratch. Accepts null.
GDPA_API void gdpa_runtime_destroy(gdpa_runtime *runtime);

/// Threads of a pool made by gdpa_runtime_create().
GDPA_API int32_t gdpa_runtime_threads(const gdpa_runtime *runtime);

//===----------------------------------------------------------------------===//
// Artefacts
//===----------------------------------------------------------------------===//

/// A loaded artefact. May be used by several threads at once.
typedef struct gdpa_artefact gdpa_artefact;

/// An argument as the launch description declares it. Strings live as long as
/// the artefact.
typedef struct gdpa_argument {
  const char *name;
  /// "q", "k", "v", "scale", "capture", "do", "dstats", "o", "stats", "dq",
  /// "dk", "dv", "dcapture", "cu_seqlens_q" or "cu_seqlens_k"; "" where the
  /// description has none.
  const char *role;
  int32_t dtype;
  int32_t rank;
  /// The static extent, or -1 where it is a symbol.
  int64_t shape[GDPA_MAX_RANK];
  /// The symbol of a dimension, or null where the extent is static.
  const char *symbols[GDPA_MAX_RANK];
  /// 1 where a kernel writes the argument.
  int32_t written;
  /// 1 for a scalar that a CUDA kernel takes by value: its `data` points to
  /// host memory, as opposed to that of every other argument of the kernel.
  int32_t by_value;
  /// Base address and strides of dimensions but the last are multiples of it;
  /// 1 where the description asks for nothing.
  int64_t stride_multiple_bytes;
} gdpa_argument;

/// Opens the artefact described by the JSON file: checks the description and
/// the SHA-256 of the code file beside it and, for a CPU target, loads the
/// code. CUDA code is loaded by gdpa_cuda_load() or the first run.
GDPA_API gdpa_status gdpa_artefact_open(const char *json_path,
                                        gdpa_artefact **artefact);

/// Accepts null. Nothing of the artefact may be running.
GDPA_API void gdpa_artefact_close(gdpa_artefact *artefact);

/// "cpu", "reference", "sm_80", ...
GDPA_API const char *gdpa_artefact_target(const gdpa_artefact *artefact);

/// 1 where the target is a CUDA one.
GDPA_API int32_t gdpa_artefact_is_cuda(const gdpa_artefact *artefact);

/// "exact" or "fast"; "" where the description does not say.
GDPA_API const char *gdpa_artefact_precision(const gdpa_artefact *artefact);

/// All arguments of all entries, in the order of the description.
GDPA_API int32_t gdpa_artefact_argument_count(const gdpa_artefact *artefact);
GDPA_API gdpa_status gdpa_artefact_argument(const gdpa_artefact *artefact,
                                            int32_t index,
                                            gdpa_argument *argument);

/// The index of an entry ("forward", "backward"), or -1: not an error.
GDPA_API int32_t gdpa_artefact_find_entry(const gdpa_artefact *artefact,
                                          const char *name);
GDPA_API int32_t gdpa_artefact_entry_count(const gdpa_artefact *artefact);
GDPA_API const char *gdpa_artefact_entry_name(const gdpa_artefact *artefact,
                                              int32_t entry);

/// How many arguments an entry takes, and which: indices for
/// gdpa_artefact_argument(). -1 for numbers out of range.
GDPA_API int32_t gdpa_entry_argument_count(const gdpa_artefact *artefact,
                                           int32_t entry);
GDPA_API int32_t gdpa_entry_argument(const gdpa_artefact *artefact,
                                     int32_t entry, int32_t position);

/// Checks the arguments of an entry against the description: types, ranks,
/// extents (also against each other), strides, alignment.
GDPA_API gdpa_status gdpa_entry_check(const gdpa_artefact *artefact,
                                      int32_t entry, const gdpa_tensor *args);

//===----------------------------------------------------------------------===//
// CPU
//===----------------------------------------------------------------------===//

/// Bytes of the workspace of an entry of a CPU artefact for these arguments.
GDPA_API gdpa_status gdpa_entry_workspace(const gdpa_artefact *artefact,
                                          int32_t entry,
                                          const gdpa_tensor *args,
                                          int64_t *bytes);

/// Checks the arguments and runs the entry. `workspace` is 256-byte aligned
/// and as long as gdpa_entry_workspace() says, or null: then it is allocated
/// for this call. Parts that must be zero are cleared here.
GDPA_API gdpa_status gdpa_entry_run(const gdpa_artefact *artefact,
                                    int32_t entry, const gdpa_tensor *args,
                                    void *workspace,
                                    const gdpa_runtime *runtime);

//===----------------------------------------------------------------------===//
// CUDA
//===----------------------------------------------------------------------===//

/// A CUDA device through its primary context, which the CUDA runtime and the
/// frameworks built on it use too: pointers and streams are exchangeable.
/// `stream` below is a CUstream (cudaStream_t); null is the default stream.
typedef struct gdpa_cuda gdpa_cuda;

/// Opens device `ordinal`. GDPA_NO_DEVICE without a driver or a device.
GDPA_API gdpa_status gdpa_cuda_open(int32_t ordinal, gdpa_cuda **cuda);

/// Accepts null. Unloads the code that artefacts loaded on the device: close
/// those artefacts first.
GDPA_API void gdpa_cuda_close(gdpa_cuda *cuda);

/// The device's name, lives as long as `cuda`.
GDPA_API const char *gdpa_cuda_name(const gdpa_cuda *cuda);

/// Loads the artefact's code on the device. An artefact is loaded on one
/// device at a time. GDPA_NO_DEVICE where the device cannot run the target:
/// `sm_80` runs on every later device, a target with a letter (`sm_90a`) on
/// its own compute capability only.
GDPA_API gdpa_status gdpa_cuda_load(gdpa_artefact *artefact, gdpa_cuda *cuda);

/// Bytes of device workspace of an entry for these arguments.
GDPA_API gdpa_status gdpa_cuda_workspace(const gdpa_artefact *artefact,
                                         int32_t entry, const gdpa_cuda *cuda,
                                         const gdpa_tensor *args,
                                         int64_t *bytes);

/// Checks the arguments and enqueues the entry's kernels, in order, on
/// `stream`; loads the code first where that has not happened. `workspace` is
/// device memory as long as gdpa_cuda_workspace() says, or null: then it is
/// allocated and freed in the order of the stream. May be called from several
/// threads at once; runs that share a workspace follow each other on one
/// stream. Once the code is loaded the call can be captured into a CUDA graph:
/// addresses, extents, strides and scalars by value are those of the capture,
/// and a workspace that it allocates belongs to the graph.
GDPA_API gdpa_status gdpa_cuda_run(gdpa_artefact *artefact, int32_t entry,
                                   gdpa_cuda *cuda, const gdpa_tensor *args,
                                   void *workspace, void *stream);

/// Device memory for hosts that have no CUDA library of their own. Copies and
/// fills are ordered on the default stream; copies have finished on return.
GDPA_API gdpa_status gdpa_cuda_allocate(gdpa_cuda *cuda, int64_t bytes,
                                        void **memory);
GDPA_API void gdpa_cuda_free(gdpa_cuda *cuda, void *memory);
GDPA_API gdpa_status gdpa_cuda_fill(gdpa_cuda *cuda, void *memory,
                                    unsigned char value, int64_t bytes);
GDPA_API gdpa_status gdpa_cuda_upload(gdpa_cuda *cuda, void *device,
                                      const void *host, int64_t bytes);
GDPA_API gdpa_status gdpa_cuda_download(gdpa_cuda *cuda, void *host,
                                        const void *device, int64_t bytes);

/// Waits for everything on the device; reports what a kernel did wrong.
GDPA_API gdpa_status gdpa_cuda_synchronize(gdpa_cuda *cuda);

/// Device time between the two calls on the default stream, in milliseconds.
/// The second call waits.
GDPA_API gdpa_status gdpa_cuda_timer_start(gdpa_cuda *cuda);
GDPA_API gdpa_status gdpa_cuda_timer_stop(gdpa_cuda *cuda,
                                          double *milliseconds);

#ifdef __cplusplus
}
#endif

#endif // GDPA_RUNTIME_GDPA_RUNTIME_H
