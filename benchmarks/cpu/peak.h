// The peak of the multiply-add instructions: independent chains of them, in floating-point operations a second of the thread's CPU
// time. kernel-bench includes it; activations.py compiles it to a library with -DGDPA_PEAK_LIBRARY.
#ifndef GDPA_BENCHMARKS_CPU_PEAK_H
#define GDPA_BENCHMARKS_CPU_PEAK_H

#include <algorithm>
#include <immintrin.h>
#include <time.h>

namespace {

double seconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

constexpr int kChains = 12;
constexpr long kTurns = 1000000;

__attribute__((target("avx2,fma"))) double peakFMA256(long turns = kTurns) {
  __m256 sums[kChains];
  for (int i = 0; i < kChains; ++i)
    sums[i] = _mm256_set1_ps(i * 1e-3f);
  __m256 factor = _mm256_set1_ps(0.999f), more = _mm256_set1_ps(1e-4f);
  double start = seconds(CLOCK_THREAD_CPUTIME_ID);
  for (long turn = 0; turn < turns; ++turn)
    for (int i = 0; i < kChains; ++i) {
      sums[i] = _mm256_fmadd_ps(sums[i], factor, more);
      asm volatile("" : "+x"(sums[i]));
    }
  double time = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  return 16.0 * kChains * turns / time;
}

__attribute__((target("avx512f"))) double peakFMA512(long turns = kTurns) {
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i)
    sums[i] = _mm512_set1_ps(i * 1e-3f);
  __m512 factor = _mm512_set1_ps(0.999f), more = _mm512_set1_ps(1e-4f);
  double start = seconds(CLOCK_THREAD_CPUTIME_ID);
  for (long turn = 0; turn < turns; ++turn)
    for (int i = 0; i < kChains; ++i) {
      sums[i] = _mm512_fmadd_ps(sums[i], factor, more);
      asm volatile("" : "+v"(sums[i]));
    }
  double time = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  return 32.0 * kChains * turns / time;
}

__attribute__((target("avx512f,avx512bf16"))) double peakBF16(long turns = kTurns) {
  __m512 sums[kChains];
  for (int i = 0; i < kChains; ++i)
    sums[i] = _mm512_set1_ps(i * 1e-3f);
  __m512bh factor = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  double start = seconds(CLOCK_THREAD_CPUTIME_ID);
  for (long turn = 0; turn < turns; ++turn)
    for (int i = 0; i < kChains; ++i) {
      sums[i] = _mm512_dpbf16_ps(sums[i], factor, factor);
      asm volatile("" : "+v"(sums[i]));
    }
  double time = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  return 64.0 * kChains * turns / time;
}

[[maybe_unused]] double peak(bool bf16) {
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    best = std::max(best, peakFMA256());
    if (__builtin_cpu_supports("avx512f"))
      best = std::max(best, peakFMA512());
    if (bf16 && __builtin_cpu_supports("avx512bf16"))
      best = std::max(best, peakBF16());
  }
  return best;
}

} // namespace

#ifdef GDPA_PEAK_LIBRARY
extern "C" double gdpa_peak(int bf16) { return peak(bf16); }
#endif

#endif // GDPA_BENCHMARKS_CPU_PEAK_H
