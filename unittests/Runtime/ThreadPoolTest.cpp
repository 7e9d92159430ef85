//===- ThreadPoolTest.cpp - Unit tests of the thread pool -----------------===//
//
// Every iteration once, on scratch of its thread's own.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <set>

using namespace gdpa::runtime;

// AddressSanitizer would stop at an allocation that is meant to fail.
extern "C" const char *__asan_default_options() {
  return "allocator_may_return_null=1";
}

namespace {
struct Loop {
  explicit Loop(int64_t count) : visits(count) {}
  std::vector<std::atomic<int>> visits;
  std::atomic<int> misaligned{0};
  std::mutex mutex;
  std::set<std::thread::id> threads;
};
} // namespace

static void visit(void *context, int64_t begin, int64_t end, void *scratch) {
  Loop &loop = *static_cast<Loop *>(context);
  if (reinterpret_cast<uintptr_t>(scratch) % 64 != 0)
    ++loop.misaligned;
  // Two tasks on one scratch at a time would read each other's number.
  auto *mine = static_cast<int64_t *>(scratch);
  for (int64_t i = begin; i < end; ++i) {
    mine[0] = i;
    mine[127] = i;
    ++loop.visits[static_cast<size_t>(mine[0])];
    if (mine[127] != i)
      ++loop.misaligned;
  }
  std::lock_guard<std::mutex> lock(loop.mutex);
  loop.threads.insert(std::this_thread::get_id());
}

static void expectOnce(const gdpa_runtime *runtime, int64_t count) {
  Loop loop(count);
  runtime->parallel_for(runtime->self, count, 1024, visit, &loop);
  EXPECT_EQ(loop.misaligned, 0);
  EXPECT_LE(loop.threads.size(),
            static_cast<size_t>(gdpa_runtime_threads(runtime)));
  for (int64_t i = 0; i < count; ++i)
    ASSERT_EQ(loop.visits[i], 1) << i << " of " << count;
}

TEST(ThreadPool, EveryIterationOnce) {
  for (int32_t threads : {1, 2, 3, 8}) {
    gdpa_runtime *runtime = gdpa_runtime_create(threads);
    ASSERT_NE(runtime, nullptr);
    EXPECT_EQ(gdpa_runtime_threads(runtime), threads);
    for (int64_t count : {0, 1, 2, 3, 7, 64, 1000, 4097})
      expectOnce(runtime, count);
    gdpa_runtime_destroy(runtime);
  }
}

// Loops that follow each other at once, and loops that find workers asleep.
TEST(ThreadPool, ManyLoops) {
  gdpa_runtime *runtime = gdpa_runtime_create(4);
  for (int i = 0; i < 2000; ++i)
    expectOnce(runtime, 5);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    expectOnce(runtime, 50);
  }
  gdpa_runtime_destroy(runtime);
}

TEST(ThreadPool, NegativeCountDoesNothing) {
  gdpa_runtime *runtime = gdpa_runtime_create(2);
  runtime->parallel_for(
      runtime->self, -3, 0,
      [](void *, int64_t, int64_t, void *) { FAIL() << "called"; }, nullptr);
  gdpa_runtime_destroy(runtime);
}

// Callers on several threads share one pool.
TEST(ThreadPool, SeveralCallers) {
  gdpa_runtime *runtime = gdpa_runtime_create(3);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int j = 0; j < 100; ++j)
        expectOnce(runtime, 20);
    });
  for (std::thread &caller : callers)
    caller.join();
  gdpa_runtime_destroy(runtime);
}

// A loop inside a task must not deadlock nor get the scratch in use.
TEST(ThreadPool, NestedLoops) {
  static gdpa_runtime *runtime = gdpa_runtime_create(2);
  runtime->parallel_for(
      runtime->self, 4, 1024,
      [](void *, int64_t begin, int64_t, void *scratch) {
        auto *outer = static_cast<int64_t *>(scratch);
        *outer = begin;
        expectOnce(runtime, 9);
        EXPECT_EQ(*outer, begin);
      },
      nullptr);
  gdpa_runtime_destroy(runtime);
}

TEST(ThreadPool, ScratchIsKeptAndGrows) {
  Scratch scratch;
  EXPECT_EQ(scratch.get(0), nullptr);
  void *small = scratch.get(100);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(scratch.get(50), small);
  EXPECT_EQ(scratch.get(100), small);
  char *large = static_cast<char *>(scratch.get(1 << 20));
  ASSERT_NE(large, nullptr);
  large[(1 << 20) - 1] = 1;
  EXPECT_EQ(scratch.get(INT64_MAX), nullptr);
  EXPECT_NE(scratch.get(1), nullptr);
}

TEST(ThreadPool, OutOfMemoryIsReported) {
  ThreadPool pool(2);
  pool.run(10, INT64_MAX / 2, [](void *, int64_t, int64_t, void *) {}, nullptr);
  EXPECT_TRUE(pool.takeOutOfMemory());
  EXPECT_FALSE(pool.takeOutOfMemory());
}

TEST(ThreadPool, CreationErrors) {
  EXPECT_EQ(gdpa_runtime_create(-1), nullptr);
  EXPECT_STREQ(gdpa_last_error(), "expected 0 to 4096 threads, found -1");
  EXPECT_EQ(gdpa_runtime_create(5000), nullptr);
  gdpa_runtime_destroy(nullptr);
  gdpa_runtime *runtime = gdpa_runtime_create(0);
  EXPECT_GE(gdpa_runtime_threads(runtime), 1);
  gdpa_runtime_destroy(runtime);
}
