//===- ThreadPool.cpp - Threads for CPU kernels ---------------------------===//
//
// A loop is handed out in pieces that shrink as it nears its end: large ones
// keep neighbouring iterations (which read the same head) on one core, small
// ones even out iterations of unequal work. Idle threads spin before they
// sleep: a kernel's loops follow each other within microseconds, and waking a
// sleeper takes tens of them.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"
#include "LastError.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sched.h>
#include <utility>

using namespace gdpa::runtime;

/// How long an idle worker, or a caller whose own share is done, spins.
static constexpr std::chrono::microseconds spinTime(100);
/// Pieces that each thread still gets, about, when a piece is cut.
static constexpr int64_t piecesPerThread = 2;

/// The pool whose task this thread is running, if any.
static thread_local const ThreadPool *runningPool = nullptr;

static void pauseProcessor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// Spins until `done` holds or the spin time is over; whether it holds.
template <typename Predicate> static bool spinUntil(Predicate done) {
  auto end = std::chrono::steady_clock::now() + spinTime;
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (done())
        return true;
      pauseProcessor();
    }
    if (std::chrono::steady_clock::now() >= end)
      return done();
  }
}

Scratch::~Scratch() { std::free(memory); }

void *Scratch::get(int64_t bytes) {
  if (bytes <= size)
    return memory;
  std::free(memory);
  constexpr int64_t page = 4096;
  int64_t rounded = 0;
  if (__builtin_add_overflow(bytes, page - 1, &rounded)) {
    memory = nullptr;
    size = 0;
    return nullptr;
  }
  rounded = rounded / page * page;
  memory = std::aligned_alloc(page, static_cast<size_t>(rounded));
  size = memory ? rounded : 0;
  return memory;
}

ThreadPool::ThreadPool(int32_t threads) {
  for (int32_t i = 0; i < threads; ++i)
    scratches.push_back(std::make_unique<Scratch>());
  for (int32_t i = 1; i < threads; ++i)
    workers.emplace_back([this, i] { workerMain(i); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping.store(true);
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

/// Waits for a loop after generation `seen`; false where the pool stops.
bool ThreadPool::waitForLoop(uint64_t seen) {
  auto ready = [&] {
    return generation.load(std::memory_order_acquire) != seen ||
           stopping.load(std::memory_order_relaxed);
  };
  if (!spinUntil(ready)) {
    std::unique_lock<std::mutex> lock(mutex);
    ++sleeping;
    wake.wait(lock, ready);
    --sleeping;
  }
  return generation.load(std::memory_order_acquire) != seen;
}

void ThreadPool::workerMain(int32_t thread) {
  uint64_t seen = 0;
  while (waitForLoop(seen)) {
    ++seen;
    work(thread);
    busy.fetch_sub(1, std::memory_order_release);
  }
}

/// Takes pieces of the loop until none is left.
void ThreadPool::work(int32_t thread) {
  void *scratch = scratches[thread]->get(loopScratchBytes);
  if (!scratch && loopScratchBytes > 0) {
    outOfMemory.store(true);
    return;
  }
  const ThreadPool *outer = std::exchange(runningPool, this);
  int64_t begin = next.load(std::memory_order_relaxed);
  while (begin < loopCount) {
    int64_t left = loopCount - begin;
    int64_t size =
        std::max<int64_t>(1, left / (piecesPerThread * threadCount()));
    if (next.compare_exchange_weak(begin, begin + size,
                                   std::memory_order_relaxed)) {
      loopTask(loopContext, begin, begin + size, scratch);
      begin = next.load(std::memory_order_relaxed);
    }
  }
  runningPool = outer;
}

void ThreadPool::run(int64_t count, int64_t scratchBytes, gdpa_task task,
                     void *context) {
  if (count <= 0)
    return;
  if (runningPool == this) {
    // Inside a task: its thread's scratch is in use and waiting for the other
    // threads could deadlock.
    Scratch own;
    void *scratch = own.get(scratchBytes);
    if (!scratch && scratchBytes > 0)
      outOfMemory.store(true);
    else
      task(context, 0, count, scratch);
    return;
  }

  std::lock_guard<std::mutex> caller(callers);
  loopCount = count;
  loopScratchBytes = scratchBytes;
  loopTask = task;
  loopContext = context;
  next.store(0, std::memory_order_relaxed);
  if (workers.empty() || count == 1) {
    work(0);
    return;
  }
  busy.store(static_cast<int32_t>(workers.size()), std::memory_order_relaxed);
  bool anySleeping;
  {
    // Under the mutex, so that a worker cannot miss it on its way to sleep.
    std::lock_guard<std::mutex> lock(mutex);
    generation.fetch_add(1, std::memory_order_release);
    anySleeping = sleeping > 0;
  }
  if (anySleeping)
    wake.notify_all();
  work(0);
  // The loop's fields belong to the workers until each has looked at them. The
  // others finish their last pieces at about the same time: spinning is right,
  // yielding where there are more threads than processors.
  auto done = [&] { return busy.load(std::memory_order_acquire) == 0; };
  while (!spinUntil(done))
    sched_yield();
}

static void parallelFor(void *self, int64_t count, int64_t scratchBytes,
                        gdpa_task task, void *context) {
  static_cast<ThreadPool *>(self)->run(count, scratchBytes, task, context);
}

ThreadPool *gdpa::runtime::getThreadPool(const gdpa_runtime *runtime) {
  if (!runtime || runtime->parallel_for != parallelFor)
    return nullptr;
  return static_cast<ThreadPool *>(runtime->self);
}

/// Processors that this process may run on.
static int32_t countProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max<int32_t>(1, std::thread::hardware_concurrency());
}

extern "C" gdpa_runtime *gdpa_runtime_create(int32_t threads) {
  constexpr int32_t mostThreads = 4096;
  if (threads < 0 || threads > mostThreads) {
    setLastError(argumentError("expected 0 to 4096 threads, found " +
                               std::to_string(threads)));
    return nullptr;
  }
  if (threads == 0)
    threads = countProcessors();
  return new gdpa_runtime{new ThreadPool(threads), parallelFor};
}

extern "C" void gdpa_runtime_destroy(gdpa_runtime *runtime) {
  if (!runtime)
    return;
  delete getThreadPool(runtime);
  delete runtime;
}

extern "C" int32_t gdpa_runtime_threads(const gdpa_runtime *runtime) {
  ThreadPool *pool = getThreadPool(runtime);
  return pool ? pool->threadCount() : 0;
}
