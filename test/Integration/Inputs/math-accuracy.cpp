// Compares the compiled functions of math-functions.py with the C library; prints the largest error of each in units in the last
// place of the exact result, f32 against double precision, f64 against long double.
//
//   math-accuracy STEP [f64]    STEP: the step through the bit patterns
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

#ifdef TEST_F64
using Real = double;
using Exact = long double;
using Bits = uint64_t;
#define SYMBOL(name) _mlir_ciface_f64_##name
#else
using Real = float;
using Exact = double;
using Bits = uint32_t;
#define SYMBOL(name) _mlir_ciface_f32_##name
#endif

struct MemRef {
  Real *allocated, *aligned;
  int64_t offset, size, stride;
};

constexpr int kCount = 1 << 15;
constexpr int kDigits = std::numeric_limits<Real>::digits, kLowest = std::numeric_limits<Real>::min_exponent - kDigits;

double errorInUlp(Real have, Exact exact) {
  Real want = static_cast<Real>(exact);
  if (std::isnan(have) || std::isnan(exact))
    return std::isnan(have) && std::isnan(exact) ? 0 : 1e9;
  if (have == want)
    return std::signbit(have) == std::signbit(want) ? 0 : 1e9;
  if (std::isinf(have) || std::isinf(want)) // next to the largest number
    return std::fabs(std::isinf(have) ? want : have) > std::numeric_limits<Real>::max() * (1 - 1e-5) ? 1 : 1e9;
  int exponent;
  std::frexp(exact, &exponent);
  return static_cast<double>(std::fabs(have - exact) / std::ldexp(Exact(1), std::max(exponent - kDigits, kLowest)));
}

constexpr Real kMin = std::numeric_limits<Real>::min(), kTiny = std::numeric_limits<Real>::denorm_min(),
               kMax = std::numeric_limits<Real>::max();
const Real kSpecial[] = {0,      -Real(0), INFINITY, -INFINITY, NAN,    1,     -1,    Real(0.5), Real(-0.5), 2,       -2,       3,
                         -3,     kTiny,    -kTiny,   kMax,      -kMax,  1e10f, 88.7228f, 89,     -86.7f,     -103.9f, -104,     -150,
                         kMin,   -kMin,    128,      127.999f,  16777216, 0.625f, 0.41421357f, 2.4142137f, 709.78f, -745.2f, 1024, -1075};
constexpr int kSpecials = sizeof kSpecial / sizeof *kSpecial;

std::vector<Real> a(kCount), b(kCount), result(kCount);
MemRef viewA{a.data(), a.data(), 0, kCount, 1}, viewB{b.data(), b.data(), 0, kCount, 1},
    viewR{result.data(), result.data(), 0, kCount, 1};

/// f32: 2 units, 3 where two more roundings are between. f64: 4, and the logistic function 5.
void report(const char *name, double worst, Real x, Real y, Real have) {
  double bound = (kDigits == 24 ? 2 : 4) + (strcmp(name, "logistic") ? 0 : 1);
  printf("%s %s: %.3g ulp at %.17g, %.17g (%.17g)\n", worst <= bound ? "ok" : "bad", name, worst, x, y, have);
}

Exact logistic(Exact x) { return 1 / (Exact(1) + static_cast<Real>(std::exp(x))); }
Exact rsqrt(Exact x) { return 1 / std::sqrt(x); }

} // namespace

#define UNARY(name) extern "C" void SYMBOL(name)(MemRef *, MemRef *);
#define FOR_UNARY(M) \
  M(exp) M(exp2) M(expm1) M(log) M(log2) M(log10) M(log1p) M(tanh) M(sinh) M(cosh) M(asinh) M(acosh) M(atanh) M(erf) M(erfc) M(sin) M(cos) \
  M(tan) M(asin) M(acos) M(atan) M(cbrt) M(rsqrt) M(logistic)
#define FOR_BINARY(M) M(powf) M(remf) M(atan2)
FOR_UNARY(UNARY)
#define BINARY(name) extern "C" void SYMBOL(name)(MemRef *, MemRef *, MemRef *);
FOR_BINARY(BINARY)

static void testUnary(const char *name, void (*function)(MemRef *, MemRef *), Exact (*exact)(Exact), Bits step) {
  double worst = 0;
  Real at = 0, have = 0;
  bool isAngle = !strcmp(name, "sin") || !strcmp(name, "cos") || !strcmp(name, "tan");
  for (Bits bits = 0, last = 0; bits >= last; last = bits) {
    bool first = bits == 0;
    for (Real &x : a) {
      memcpy(&x, &bits, sizeof x);
      Bits next = bits + step;
      bits = next < bits ? std::numeric_limits<Bits>::max() : next;
      // f64 angles are reduced up to 2^51.
      if (kDigits == 53 && isAngle && !(std::fabs(x) < 2251799813685248.0))
        x = std::isfinite(x) ? std::fmod(x, Real(1e15)) : x;
    }
    if (first)
      for (int i = 0; i < kSpecials; ++i)
        if (!(kDigits == 53 && isAngle && std::fabs(kSpecial[i]) > 1e15 && std::isfinite(kSpecial[i])))
          a[i] = kSpecial[i];
    function(&viewA, &viewR);
    for (int i = 0; i < kCount; ++i) {
      double error = errorInUlp(result[i], exact(a[i]));
      if (error > worst) {
        worst = error;
        at = a[i];
        have = result[i];
      }
    }
    if (bits == std::numeric_limits<Bits>::max())
      break;
  }
  report(name, worst, at, 0, have);
}

static void testBinary(const char *name, void (*function)(MemRef *, MemRef *, MemRef *), Exact (*exact)(Exact, Exact)) {
  double worst = 0;
  Real x = 0, y = 0, have = 0;
  uint64_t state = 88172645463325252ull;
  auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  for (int round = 0; round < 16; ++round) {
    for (int i = 0; i < kCount; ++i) {
      uint64_t first = random(), second = random();
      switch (round % 4) {
      case 0: { // any bits
        Bits x = static_cast<Bits>(first >> 5), y = static_cast<Bits>(second >> 3);
        if (kDigits == 53) { // or x has the exponent of f64's hundredths: fmod has few steps in long double
          x = first;
          y = second;
        }
        memcpy(&a[i], &x, sizeof x);
        memcpy(&b[i], &y, sizeof y);
        break;
      }
      case 1: // results in range
        a[i] = (first >> 20) % 100000 / Real(3000);
        b[i] = (static_cast<int>((second >> 20) % 100000) - 50000) / Real(3000);
        break;
      case 2: // integers and halves
        a[i] = (static_cast<int>((first >> 20) % 200) - 100) / Real(4);
        b[i] = (static_cast<int>((second >> 20) % 100) - 50) / Real(2);
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
  Bits step = argc > 1 ? strtoull(argv[1], nullptr, 10) : 50021;
#define TEST(name) testUnary(#name, SYMBOL(name), name, step);
  using namespace std;
  FOR_UNARY(TEST)
  testBinary("powf", SYMBOL(powf), pow);
  testBinary("remf", SYMBOL(remf), fmod);
  testBinary("atan2", SYMBOL(atan2), atan2);
}
