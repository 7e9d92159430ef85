//===- KernelThreads.h - the threads of a kernel ----------------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_KERNELTHREADS_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_KERNELTHREADS_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::gdpa_nv {

/// The number of threads of each block of `kernel`, whole warps along x; an
/// error where known_block_size is absent or says anything else.
inline FailureOr<int64_t> getKernelThreads(gpu::GPUFuncOp kernel) {
  std::optional<ArrayRef<int32_t>> size = kernel.getKnownBlockSize();
  if (!size) {
    kernel.emitError("expected a kernel with known_block_size");
    return failure();
  }
  if (size->size() != 3 || (*size)[0] < 32 || (*size)[0] > 1024 ||
      (*size)[0] % 32 || (*size)[1] != 1 || (*size)[2] != 1) {
    kernel.emitError("expected a known_block_size of 1 to 32 warps along x "
                     "(32, 1, 1), found (")
        << *size << ")";
    return failure();
  }
  return int64_t((*size)[0]);
}

/// Threads of a warpgroup.
constexpr int64_t kWarpgroup = 128;

/// The warpgroups of an asynchronous kernel that compute, 0 for a portable one.
inline int64_t getConsumers(gpu::GPUFuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ScheduleAttr>("schedule");
  return schedule ? schedule.getConsumers() : 0;
}

/// The threads that blocks of registers are spread over: all, but those of an
/// asynchronous kernel's producer.
inline FailureOr<int64_t> getComputingThreads(gpu::GPUFuncOp kernel) {
  FailureOr<int64_t> threads = getKernelThreads(kernel);
  if (failed(threads) || !getConsumers(kernel))
    return threads;
  if (*threads != (getConsumers(kernel) + 1) * kWarpgroup)
    return kernel.emitError("expected a warpgroup for each consumer and one for "
                            "the producer, found ")
           << *threads << " threads";
  return getConsumers(kernel) * kWarpgroup;
}

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_KERNELTHREADS_H
