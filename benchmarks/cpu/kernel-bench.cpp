//===- kernel-bench.cpp - time compiled CPU kernels against the peak ------===//
//
// kernel-bench LIBRARY --dim=64 [--value-dim=N] [--queries=2048] [--keys=N]
//   [--heads=1] [--key-heads=1] [--batch=1] [--type=f32|bf16|f16]
//   [--row-stride=0] [--repeats=21] [--threads=1] [--activation=silu|relu]
//   [--forward=attention] [--backward=attention_vjp]
//
// Calls the C entries of an artefact directly, one thread by default, checks a
// sample of rows against float64 and prints one JSON line for each entry: the
// time is that of the thread's CPU clock (the wall clock with several threads).
// The peaks, of multiply-adds in f32 and of dot products of bf16, are measured
// before and after each call; a percentage is the median of the rounds'.
//
//===----------------------------------------------------------------------===//

#include "gdpa-runtime/gdpa_runtime.h"
#include "peak.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <string>
#include <thread>
#include <time.h>
#include <vector>

namespace {

/// Turns of a peak that is measured between two calls: a fraction of a millisecond.
constexpr long kRoundTurns = 50000;

bool hasAVX512() { return __builtin_cpu_supports("avx512f"); }
bool hasDot() { return __builtin_cpu_supports("avx512bf16"); }

/// Rates of this moment: of multiply-adds in f32, of dot products of pairs of
/// bf16 (0 where the processor has none).
struct Peak {
  double multiplyAdd = 0, dot = 0;

  void measure() {
    multiplyAdd = std::max(multiplyAdd, hasAVX512() ? peakFMA512(kRoundTurns) : peakFMA256(kRoundTurns));
    if (hasDot())
      dot = std::max(dot, peakBF16(kRoundTurns));
  }
};

//===----------------------------------------------------------------------===//
// Runtime: one thread, or a few that live for one loop
//===----------------------------------------------------------------------===//

struct Runtime {
  int threads = 1;
  std::vector<std::vector<char>> scratch;

  char *scratchOf(int thread, int64_t bytes) {
    std::vector<char> &memory = scratch[thread];
    if (static_cast<int64_t>(memory.size()) < bytes + 4096)
      memory.assign(bytes + 4096, char(0xff)); // NaN: it holds nothing yet
    auto address = reinterpret_cast<uintptr_t>(memory.data());
    return reinterpret_cast<char *>((address + 4095) & ~uintptr_t(4095));
  }
};

void parallelFor(void *self, int64_t count, int64_t scratchBytes, gdpa_task task,
                 void *context) {
  auto &runtime = *static_cast<Runtime *>(self);
  runtime.scratch.resize(runtime.threads);
  if (runtime.threads == 1)
    return task(context, 0, count, runtime.scratchOf(0, scratchBytes));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < runtime.threads; ++thread)
    threads.emplace_back([&, thread] {
      task(context, count * thread / runtime.threads,
           count * (thread + 1) / runtime.threads,
           runtime.scratchOf(thread, scratchBytes));
    });
  for (std::thread &thread : threads)
    thread.join();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

float normal() { // four uniform numbers: variance 1
  static uint64_t state = 88172645463325252ull;
  float sum = 0;
  for (int i = 0; i < 4; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    sum += (state >> 40) / 16777216.0f - 0.5f;
  }
  return sum * 1.7320508f;
}

/// A [batch, heads, rows, columns] tensor in the storage type.
struct Tensor {
  int32_t dtype;
  int64_t shape[4], stride;
  std::vector<char> data;

  Tensor(int32_t dtype, int64_t batch, int64_t heads, int64_t rows,
         int64_t columns, int64_t rowStride)
      : dtype(dtype), shape{batch, heads, rows, columns},
        stride(rowStride ? rowStride : columns),
        data(batch * heads * rows * stride * bytes()) {}
  int64_t bytes() const { return dtype == GDPA_F32 ? 4 : 2; }
  int64_t at(int64_t head, int64_t row, int64_t column) const {
    return (head * shape[2] + row) * stride + column;
  }
  double get(int64_t head, int64_t row, int64_t column) const {
    const char *address = data.data() + at(head, row, column) * bytes();
    if (dtype == GDPA_F32) {
      float value;
      memcpy(&value, address, 4);
      return value;
    }
    uint16_t half;
    memcpy(&half, address, 2);
    if (dtype == GDPA_BF16) {
      uint32_t bits = uint32_t(half) << 16;
      float value;
      memcpy(&value, &bits, 4);
      return value;
    }
    return float(*reinterpret_cast<_Float16 *>(&half));
  }
  void set(int64_t index, float value) {
    char *address = data.data() + index * bytes();
    if (dtype == GDPA_F32) {
      memcpy(address, &value, 4);
    } else if (dtype == GDPA_BF16) {
      uint32_t bits;
      memcpy(&bits, &value, 4);
      uint16_t half = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
      memcpy(address, &half, 2);
    } else {
      _Float16 half = value;
      memcpy(address, &half, 2);
    }
  }
  void randomize() {
    for (int64_t i = 0; i < static_cast<int64_t>(data.size()) / bytes(); ++i)
      set(i, normal());
  }
  void poison() { memset(data.data(), 0xff, data.size()); }
  gdpa_tensor view() {
    gdpa_tensor tensor = {};
    tensor.data = data.data();
    tensor.dtype = dtype;
    tensor.rank = 4;
    std::copy(shape, shape + 4, tensor.shape);
    tensor.strides[3] = 1;
    tensor.strides[2] = stride;
    tensor.strides[1] = stride * shape[2];
    tensor.strides[0] = stride * shape[2] * shape[1];
    return tensor;
  }
};

using Entry = int32_t (*)(const gdpa_tensor *, void *, const gdpa_runtime *);

struct Options {
  std::map<std::string, std::string> values;
  std::string get(const std::string &name, const std::string &fallback) {
    auto found = values.find(name);
    return found == values.end() ? fallback : found->second;
  }
  int64_t number(const std::string &name, int64_t fallback) {
    auto found = values.find(name);
    return found == values.end() ? fallback : atoll(found->second.c_str());
  }
};

void activation(bool relu, double s, double &z, double &derivative) {
  if (relu) {
    z = std::max(s, 0.0);
    derivative = s > 0;
    return;
  }
  double sigmoid = 1 / (1 + std::exp(-s));
  z = s * sigmoid;
  derivative = sigmoid * (1 + s * (1 - sigmoid));
}

/// sqrt(sum |x - y|^2 / sum |y|^2), filled pair by pair.
struct Error {
  double difference = 0, norm = 0;
  void add(double have, double want) {
    difference += (have - want) * (have - want);
    norm += want * want;
  }
  double get() const { return std::sqrt(difference / norm); }
};

} // namespace

int main(int argc, char **argv) {
  Options options;
  const char *path = nullptr;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    size_t equal = argument.find('=');
    if (argument.rfind("--", 0) == 0 && equal != std::string::npos)
      options.values[argument.substr(2, equal - 2)] = argument.substr(equal + 1);
    else
      path = argv[i];
  }
  void *library = path ? dlopen(path, RTLD_NOW) : nullptr;
  if (!library) {
    fprintf(stderr, "kernel-bench: %s\n", path ? dlerror() : "expected a library");
    return path ? 1 : 2;
  }
  int64_t dim = options.number("dim", 64), valueDim = options.number("value-dim", dim);
  int64_t queries = options.number("queries", 2048);
  int64_t keys = options.number("keys", queries);
  int64_t heads = options.number("heads", 1);
  int64_t keyHeads = options.number("key-heads", heads);
  int64_t rowStride = options.number("row-stride", 0);
  int repeats = options.number("repeats", 21);
  bool relu = options.get("activation", "silu") == "relu";
  std::string type = options.get("type", "f32");
  int32_t dtype = type == "bf16" ? GDPA_BF16 : type == "f16" ? GDPA_F16 : GDPA_F32;
  std::string forwardName = options.get("forward", "attention");
  std::string backwardName = options.get("backward", "attention_vjp");
  auto forward = reinterpret_cast<Entry>(dlsym(library, forwardName.c_str()));
  auto backward = reinterpret_cast<Entry>(dlsym(library, backwardName.c_str()));

  Tensor q(dtype, 1, heads, queries, dim, rowStride);
  Tensor k(dtype, 1, keyHeads, keys, dim, rowStride);
  Tensor v(dtype, 1, keyHeads, keys, valueDim, rowStride);
  Tensor o(dtype, 1, heads, queries, valueDim, rowStride);
  Tensor dO(dtype, 1, heads, queries, valueDim, rowStride);
  Tensor dq = q, dk = k, dv = v;
  for (Tensor *tensor : {&q, &k, &v, &dO})
    tensor->randomize();
  for (Tensor *tensor : {&o, &dq, &dk, &dv})
    tensor->poison();
  float scale = 1 / std::sqrt(static_cast<float>(dim));
  gdpa_tensor scaleView = {};
  scaleView.data = &scale;
  scaleView.dtype = GDPA_F32;

  Runtime runtime;
  runtime.threads = options.number("threads", 1);
  gdpa_runtime interface = {&runtime, parallelFor};
  std::vector<char> workspace(8 * heads * queries * dim * 4 + (1 << 20));

  double flops = 2.0 * heads * queries * keys * (dim + valueDim);
  double backwardFlops = 2.0 * heads * queries * keys * (3 * dim + 2 * valueDim);
  auto time = [&](const char *name, Entry entry, std::vector<gdpa_tensor> arguments,
                  double work, const std::vector<std::pair<const char *, double>> &errors) {
    clockid_t clock = runtime.threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    // A round measures the peak, calls the kernel, measures the peak: neighbours
    // and clock frequencies change between rounds more than within one.
    std::vector<double> rates, parts, dotParts;
    Peak before, last;
    before.measure();
    for (int repeat = 0; repeat < repeats; ++repeat) {
      double start = seconds(clock);
      entry(arguments.data(), workspace.data(), &interface);
      double rate = work / (seconds(clock) - start) / runtime.threads;
      Peak after;
      after.measure();
      rates.push_back(rate);
      parts.push_back(rate / std::max(before.multiplyAdd, after.multiplyAdd));
      if (hasDot())
        dotParts.push_back(rate / std::max(before.dot, after.dot));
      last.multiplyAdd = std::max(last.multiplyAdd, after.multiplyAdd);
      last.dot = std::max(last.dot, after.dot);
      before = after;
    }
    auto median = [](std::vector<double> values) {
      std::sort(values.begin(), values.end());
      return values.empty() ? 0 : values[values.size() / 2];
    };
    auto most = [](const std::vector<double> &values) {
      return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    };
    printf("{\"entry\": \"%s\", \"type\": \"%s\", \"dim\": %ld, \"value_dim\": %ld, "
           "\"queries\": %ld, \"keys\": %ld, \"heads\": %ld, \"row_stride\": %ld, "
           "\"threads\": %d, \"gflops\": %.1f, \"best_gflops\": %.1f, "
           "\"peak\": %.1f, \"percent\": %.1f, "
           "\"best_percent\": %.1f, \"dot_peak\": %.1f, \"dot_percent\": %.1f, "
           "\"best_dot_percent\": %.1f",
           name, type.c_str(), dim, valueDim, queries, keys, heads, rowStride,
           runtime.threads, median(rates) * runtime.threads * 1e-9,
           most(rates) * runtime.threads * 1e-9,
           last.multiplyAdd * 1e-9, 100 * median(parts), 100 * most(parts),
           last.dot * 1e-9, 100 * median(dotParts), 100 * most(dotParts));
    for (auto &[result, error] : errors)
      printf(", \"error_%s\": %.2e", result, error);
    printf("}\n");
  };

  int64_t group = heads / keyHeads;
  int64_t rowStep = queries > 300 ? 37 : 1, keyStep = keys > 300 ? 37 : 1;
  auto score = [&](int64_t head, int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t d = 0; d < dim; ++d)
      sum += q.get(head, i, d) * k.get(head / group, j, d);
    return sum * scale;
  };
  auto cotangent = [&](int64_t head, int64_t i, int64_t j) {
    double sum = 0;
    for (int64_t e = 0; e < valueDim; ++e)
      sum += dO.get(head, i, e) * v.get(head / group, j, e);
    return sum;
  };
  if (forward) {
    std::vector<gdpa_tensor> arguments = {q.view(), k.view(), v.view(), scaleView,
                                          o.view()};
    if (int32_t status = forward(arguments.data(), workspace.data(), &interface)) {
      fprintf(stderr, "kernel-bench: argument %d refused\n", status);
      return 1;
    }
    Error error;
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t i = 0; i < queries; i += rowStep) {
        std::vector<double> row(valueDim);
        for (int64_t j = 0; j < keys; ++j) {
          double z, derivative;
          activation(relu, score(head, i, j), z, derivative);
          for (int64_t e = 0; e < valueDim; ++e)
            row[e] += z * v.get(head / group, j, e);
        }
        for (int64_t e = 0; e < valueDim; ++e)
          error.add(o.get(head, i, e), row[e]);
      }
    time("forward", forward, arguments, flops, {{"o", error.get()}});
  }
  if (backward) {
    std::vector<gdpa_tensor> arguments = {q.view(),  k.view(),  v.view(), scaleView,
                                          dO.view(), dq.view(), dk.view(), dv.view()};
    if (int32_t status = backward(arguments.data(), workspace.data(), &interface)) {
      fprintf(stderr, "kernel-bench: argument %d refused\n", status);
      return 1;
    }
    Error errorQ, errorK, errorV;
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t i = 0; i < queries; i += rowStep) {
        std::vector<double> row(dim);
        for (int64_t j = 0; j < keys; ++j) {
          double z, derivative;
          activation(relu, score(head, i, j), z, derivative);
          double ds = derivative * cotangent(head, i, j) * scale;
          for (int64_t d = 0; d < dim; ++d)
            row[d] += ds * k.get(head / group, j, d);
        }
        for (int64_t d = 0; d < dim; ++d)
          errorQ.add(dq.get(head, i, d), row[d]);
      }
    for (int64_t keyHead = 0; keyHead < keyHeads; ++keyHead)
      for (int64_t j = 0; j < keys; j += keyStep) {
        std::vector<double> rowK(dim), rowV(valueDim);
        for (int64_t head = keyHead * group; head < (keyHead + 1) * group; ++head)
          for (int64_t i = 0; i < queries; ++i) {
            double z, derivative;
            activation(relu, score(head, i, j), z, derivative);
            double ds = derivative * cotangent(head, i, j) * scale;
            for (int64_t d = 0; d < dim; ++d)
              rowK[d] += ds * q.get(head, i, d);
            for (int64_t e = 0; e < valueDim; ++e)
              rowV[e] += z * dO.get(head, i, e);
          }
        for (int64_t d = 0; d < dim; ++d)
          errorK.add(dk.get(keyHead, j, d), rowK[d]);
        for (int64_t e = 0; e < valueDim; ++e)
          errorV.add(dv.get(keyHead, j, e), rowV[e]);
      }
    time("backward", backward, arguments, backwardFlops,
         {{"dq", errorQ.get()}, {"dk", errorK.get()}, {"dv", errorV.get()}});
  }
  return forward || backward ? 0 : 1;
}
