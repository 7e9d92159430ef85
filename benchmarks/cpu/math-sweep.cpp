// Sweeps all 2^32 f32 inputs of the compiled unary functions: prints a table row for each with the largest error in units in the last
// place of the exact result and in relative terms, where they are, and what becomes of infinities, NaN and the zeros.
//
//   math-sweep FUNCTIONS.so [STEP [NAME ...]]    STEP 1 takes every input
//
// The exact value comes from the f64 forms of the same library (4 units of f64; test/Integration/math-accuracy.test compares those
// with the C library). benchmarks/cpu/math_sweep.py builds the library and writes docs/approximate-math.md.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

template <typename Real> struct MemRef {
  Real *allocated, *aligned;
  int64_t offset, size, stride;
};
using Single = void (*)(MemRef<float> *, MemRef<float> *);
using Double = void (*)(MemRef<double> *, MemRef<double> *);

constexpr int64_t kBlock = 4096;

struct Worst {
  double ulp = 0, relative = 0;
  float ulpAt = 0, relativeAt = 0;
  /// Inputs where only one of both is NaN, only one infinite, or the sign of zero differs.
  int64_t different = 0;
  float differentAt = 0;
};

void merge(Worst &total, const Worst &part) {
  if (part.ulp > total.ulp) {
    total.ulp = part.ulp;
    total.ulpAt = part.ulpAt;
  }
  if (part.relative > total.relative) {
    total.relative = part.relative;
    total.relativeAt = part.relativeAt;
  }
  if (part.different && !total.different)
    total.differentAt = part.differentAt;
  total.different += part.different;
}

/// Compares blocks of inputs until none is left.
Worst sweep(Single single, Double wide, double (*large)(double), std::atomic<uint64_t> &next, uint64_t step) {
  std::vector<float> x(kBlock), y(kBlock);
  std::vector<double> wx(kBlock), wy(kBlock);
  MemRef<float> viewX{x.data(), x.data(), 0, kBlock, 1}, viewY{y.data(), y.data(), 0, kBlock, 1};
  MemRef<double> viewWX{wx.data(), wx.data(), 0, kBlock, 1}, viewWY{wy.data(), wy.data(), 0, kBlock, 1};
  Worst worst;
  for (;;) {
    uint64_t first = next.fetch_add(kBlock * step);
    if (first >= (uint64_t(1) << 32))
      return worst;
    for (int64_t i = 0; i < kBlock; ++i) {
      uint64_t bits = std::min<uint64_t>(first + i * step, 0xffffffff);
      uint32_t pattern = static_cast<uint32_t>(bits);
      memcpy(&x[i], &pattern, 4);
      wx[i] = x[i];
    }
    single(&viewX, &viewY);
    wide(&viewWX, &viewWY);
    if (large) // the f64 forms of angles end at 2^51
      for (int64_t i = 0; i < kBlock; ++i)
        if (std::fabs(wx[i]) >= 2251799813685248.0)
          wy[i] = large(wx[i]);
    double blockUlp = 0, blockRelative = 0;
    bool anyDifferent = false;
    for (int64_t i = 0; i < kBlock; ++i) {
      double want = wy[i], have = y[i], rounded = static_cast<float>(want);
      // One unit: 2^(exponent - 23), of denormals 2^-149.
      uint64_t bits;
      memcpy(&bits, &want, 8);
      uint64_t exponent = std::max<uint64_t>(bits >> 52 & 0x7ff, 1023 - 126);
      uint64_t unitBits = (exponent - 23) << 52;
      double unit;
      memcpy(&unit, &unitBits, 8);
      double difference = std::fabs(have - want);
      bool bothFinite = std::fabs(rounded) <= 3.4028234663852886e38 && std::fabs(have) <= 3.4028234663852886e38;
      double ulp = bothFinite ? difference / unit : 0;
      double magnitude = std::fabs(want);
      double relative = bothFinite && magnitude >= 1.1754943508222875e-38 ? difference / magnitude : 0;
      bool different = !bothFinite && !(have == rounded) && !(have != have && rounded != rounded);
      different |= have == 0 && rounded == 0 && std::signbit(have) != std::signbit(rounded);
      anyDifferent |= different;
      blockUlp = ulp > blockUlp ? ulp : blockUlp;
      blockRelative = relative > blockRelative ? relative : blockRelative;
    }
    // Where it is: asked only for blocks that are worse than all before.
    if (blockUlp > worst.ulp || blockRelative > worst.relative || anyDifferent)
      for (int64_t i = 0; i < kBlock; ++i) {
        double want = wy[i], have = y[i], rounded = static_cast<float>(want);
        bool bothFinite = std::isfinite(rounded) && std::isfinite(have);
        int power;
        std::frexp(want, &power);
        double ulp = bothFinite ? std::fabs(have - want) / std::ldexp(1, std::max(power - 24, -149)) : 0;
        double relative = bothFinite && std::fabs(want) >= 1.1754943508222875e-38 ? std::fabs(have - want) / std::fabs(want) : 0;
        if (ulp > worst.ulp) {
          worst.ulp = ulp;
          worst.ulpAt = x[i];
        }
        if (relative > worst.relative) {
          worst.relative = relative;
          worst.relativeAt = x[i];
        }
        bool different = !bothFinite && !(have == rounded) && !(std::isnan(have) && std::isnan(rounded));
        // Next to the largest number one of both may round to infinity.
        if (different && !std::isnan(have) && !std::isnan(rounded) && std::fabs(std::isinf(have) ? want : have) > 3.4028e38)
          different = false;
        different |= have == 0 && rounded == 0 && std::signbit(have) != std::signbit(rounded);
        if (different) {
          if (!worst.different)
            worst.differentAt = x[i];
          ++worst.different;
        }
      }
  }
}

} // namespace

int main(int argc, char **argv) {
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : nullptr;
  if (!library) {
    fprintf(stderr, "math-sweep: %s\n", argc > 1 ? dlerror() : "expected a library");
    return argc > 1 ? 1 : 2;
  }
  uint64_t step = argc > 2 ? strtoull(argv[2], nullptr, 10) : 1;
  for (const char *name : {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "tanh", "sinh", "cosh", "asinh", "acosh", "atanh", "erf",
                           "erfc", "sin", "cos", "tan", "asin", "acos", "atan", "cbrt", "rsqrt"}) {
    bool isWanted = argc <= 3;
    for (int i = 3; i < argc; ++i)
      isWanted |= !strcmp(argv[i], name);
    if (!isWanted)
      continue;
    auto find = [&](std::string prefix) { return dlsym(library, ("_mlir_ciface_" + prefix + "_" + name).c_str()); };
    auto wide = reinterpret_cast<Double>(find("f64"));
    double (*large)(double) = nullptr;
    if (!strcmp(name, "sin"))
      large = std::sin;
    else if (!strcmp(name, "cos"))
      large = std::cos;
    else if (!strcmp(name, "tan"))
      large = std::tan;
    for (const char *precision : {"exact", "fast"}) {
      bool isOwn = strcmp(precision, "fast") || std::string(" exp tanh asinh acosh atanh erfc cbrt ").find(std::string(" ") + name + " ") != std::string::npos;
      if (!isOwn) // the exact form
        continue;
      auto single = reinterpret_cast<Single>(find(precision));
      if (!single || !wide)
        continue;
      std::atomic<uint64_t> next{0};
      std::mutex mutex;
      Worst total;
      std::vector<std::thread> threads;
      for (unsigned thread = 0; thread < std::thread::hardware_concurrency(); ++thread)
        threads.emplace_back([&] {
          Worst part = sweep(single, wide, large, next, step);
          std::lock_guard<std::mutex> lock(mutex);
          merge(total, part);
        });
      for (std::thread &thread : threads)
        thread.join();
      printf("| %s | %s | %.3g | %.9g | %.2g | %.9g | ", name, precision, total.ulp, total.ulpAt, total.relative, total.relativeAt);
      if (total.different)
        printf("%lld differ, first %.9g |\n", static_cast<long long>(total.different), total.differentAt);
      else
        printf("as in C |\n");
      fflush(stdout);
    }
  }
}
