//===- ThreadPool.h - Threads for CPU kernels -------------------*- C++ -*-===//
//
// The pool behind gdpa_runtime_create().
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_THREADPOOL_H
#define GDPA_LIB_RUNTIME_THREADPOOL_H

#include "gdpa-runtime/gdpa_runtime.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gdpa::runtime {

/// Memory of one thread, kept between loops and grown when a loop asks for
/// more.
class Scratch {
public:
  Scratch() = default;
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch();

  /// At least `bytes` bytes aligned to 64, or null where memory is out. Null
  /// is no failure for 0 bytes.
  void *get(int64_t bytes);

private:
  void *memory = nullptr;
  int64_t size = 0;
};

/// A fixed set of threads that run one loop at a time.
class ThreadPool {
public:
  /// `threads` >= 1 counts the thread that calls run().
  explicit ThreadPool(int32_t threads);
  ~ThreadPool();

  /// See gdpa_runtime::parallel_for.
  void run(int64_t count, int64_t scratchBytes, gdpa_task task, void *context);

  int32_t threadCount() const { return static_cast<int32_t>(scratches.size()); }

  /// Whether a loop since the last call found no memory for scratch; its
  /// iterations have not all run.
  bool takeOutOfMemory() { return outOfMemory.exchange(false); }

private:
  void workerMain(int32_t thread);
  void work(int32_t thread);
  bool waitForLoop(uint64_t seen);

  // The loop being run. Written before `generation` is raised.
  int64_t loopCount = 0;
  int64_t loopScratchBytes = 0;
  gdpa_task loopTask = nullptr;
  void *loopContext = nullptr;

  std::mutex callers;
  std::mutex mutex;
  std::condition_variable wake;
  int32_t sleeping = 0; // guarded by mutex
  std::atomic<bool> stopping{false};
  std::atomic<bool> outOfMemory{false};
  alignas(64) std::atomic<uint64_t> generation{0};
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<int32_t> busy{0};

  std::vector<std::unique_ptr<Scratch>> scratches;
  std::vector<std::thread> workers;
};

/// The pool of a runtime made by gdpa_runtime_create(); null for another one.
ThreadPool *getThreadPool(const gdpa_runtime *runtime);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_THREADPOOL_H
