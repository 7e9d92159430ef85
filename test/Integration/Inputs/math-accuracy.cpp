// Compares the compiled functions of math-functions.py with the C library's double precision; prints the largest error of each
// in units in the last place of the f32 result. The argument is the step through the bit patterns of f32.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

struct MemRef {
  float *allocated, *aligned;
  int64_t offset, size, stride;
};

constexpr int kCount = 1 << 15;

double errorInUlp(float have, double exact) {
  float want = static_cast<float>(exact);
  if (std::isnan(have) || std::isnan(exact))
    return std::isnan(have) && std::isnan(exact) ? 0 : 1e9;
  if (have == want)
    return std::signbit(have) == std::signbit(want) ? 0 : 1e9;
  if (std::isinf(have) || std::isinf(want)) // next to the largest number
    return std::fabs(std::isinf(have) ? want : have) > 3.4028e38 ? 1 : 1e9;
  int exponent;
  std::frexp(exact, &exponent);
  return std::fabs(have - exact) / std::ldexp(1, std::max(exponent - 24, -149));
}

const float kSpecial[] = {0.0f,  -0.0f, INFINITY,        -INFINITY, NAN,     1.0f,    -1.0f,   0.5f,     -0.5f,    2.0f,   -2.0f,
                          3.0f,  -3.0f, 1e-45f,          -1e-45f,   3.4e38f, -3.4e38f, 1e10f,  88.7228f, 89.0f,    -86.7f, -103.9f,
                          -104.0f, -150.0f, 1.17549435e-38f, 128.0f, 127.999f, 16777216.0f};
constexpr int kSpecials = sizeof kSpecial / sizeof *kSpecial;

std::vector<float> a(kCount), b(kCount), result(kCount);
MemRef viewA{a.data(), a.data(), 0, kCount, 1}, viewB{b.data(), b.data(), 0, kCount, 1},
    viewR{result.data(), result.data(), 0, kCount, 1};

void report(const char *name, double worst, float x, float y, float have) {
  double bound = strcmp(name, "logistic") ? 2 : 3; // two more roundings
  printf("%s %s: %.3g ulp at %.9g, %.9g (%.9g)\n", worst <= bound ? "ok" : "bad", name, worst, x, y, have);
}

double logistic(double x) { return 1 / (1.0 + static_cast<float>(std::exp(x))); }
double rsqrt(double x) { return 1 / std::sqrt(x); }

} // namespace

#define UNARY(name) extern "C" void _mlir_ciface_k_##name(MemRef *, MemRef *);
#define FOR_UNARY(M) \
  M(exp) M(exp2) M(expm1) M(log) M(log2) M(log10) M(log1p) M(tanh) M(sinh) M(cosh) M(erf) M(sin) M(cos) M(rsqrt) M(logistic)
FOR_UNARY(UNARY)
extern "C" void _mlir_ciface_k_powf(MemRef *, MemRef *, MemRef *);
extern "C" void _mlir_ciface_k_remf(MemRef *, MemRef *, MemRef *);

static void testUnary(const char *name, void (*function)(MemRef *, MemRef *), double (*exact)(double), uint64_t step) {
  double worst = 0;
  float at = 0, have = 0;
  for (uint64_t bits = 0; bits < (1ull << 32);) {
    bool first = bits == 0;
    for (float &x : a) {
      uint32_t pattern = static_cast<uint32_t>(std::min<uint64_t>(bits, 0xffffffffu));
      memcpy(&x, &pattern, 4);
      bits += step;
    }
    if (first)
      std::copy(kSpecial, kSpecial + kSpecials, a.begin());
    function(&viewA, &viewR);
    for (int i = 0; i < kCount; ++i) {
      double error = errorInUlp(result[i], exact(a[i]));
      if (error > worst) {
        worst = error;
        at = a[i];
        have = result[i];
      }
    }
  }
  report(name, worst, at, 0, have);
}

static void testBinary(const char *name, void (*function)(MemRef *, MemRef *, MemRef *), double (*exact)(double, double)) {
  double worst = 0;
  float x = 0, y = 0, have = 0;
  uint64_t state = 88172645463325252ull;
  auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<uint32_t>(state >> 20);
  };
  for (int round = 0; round < 16; ++round) {
    for (int i = 0; i < kCount; ++i) {
      uint32_t first = random(), second = random();
      switch (round % 4) {
      case 0: // any bits
        memcpy(&a[i], &first, 4);
        memcpy(&b[i], &second, 4);
        break;
      case 1: // results in range
        a[i] = first % 100000 / 3000.0f;
        b[i] = (static_cast<int>(second % 100000) - 50000) / 3000.0f;
        break;
      case 2: // integers and halves
        a[i] = (static_cast<int>(first % 200) - 100) / 4.0f;
        b[i] = (static_cast<int>(second % 100) - 50) / 2.0f;
        break;
      default:
        a[i] = kSpecial[i % kSpecials];
        b[i] = kSpecial[i / kSpecials % kSpecials];
      }
    }
    function(&viewA, &viewB, &viewR);
    for (int i = 0; i < kCount; ++i) {
      double error = errorInUlp(result[i], exact(a[i], b[i]));
      if (error > worst) {
        worst = error;
        x = a[i];
        y = b[i];
        have = result[i];
      }
    }
  }
  report(name, worst, x, y, have);
}

int main(int argc, char **argv) {
  uint64_t step = argc > 1 ? strtoull(argv[1], nullptr, 10) : 50021;
#define TEST(name) testUnary(#name, _mlir_ciface_k_##name, name, step);
  using namespace std;
  FOR_UNARY(TEST)
  testBinary("powf", _mlir_ciface_k_powf, pow);
  testBinary("remf", _mlir_ciface_k_remf, fmod);
}
