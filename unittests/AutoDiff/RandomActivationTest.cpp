//===- RandomActivationTest.cpp - random regions against differences ------===//
//
// GDPA_RANDOM_ACTIVATIONS sets the number of regions, GDPA_RANDOM_SEED the seed
// of the first one; a failure prints the seed and the region.
//
//===----------------------------------------------------------------------===//

#include "Differentiated.h"
#include <cstdlib>
#include <random>

using namespace gdpa_test;

namespace {

uint64_t fromEnvironment(const char *name, uint64_t fallback) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

/// Gradients that were checked, those among them that are not zero, and those
/// that were left out (a kink nearby).
struct Counts {
  int checked = 0, nonzero = 0, skipped = 0;
};

void check(Differentiated &function, const Point &point, double ct,
           Counts &counts) {
  Gradients gradients = function.joint(point, ct);
  ASSERT_EQ(gradients.z, function.activation(point));
  auto expectNear = [&](const char *what, double ours, auto move) {
    std::optional<double> expected = centralDifference([&](double h) {
      Point moved = point;
      move(moved, h);
      return ct * function.activation(moved);
    });
    ++(expected ? counts.checked : counts.skipped);
    counts.nonzero += expected && *expected != 0;
    if (expected)
      EXPECT_NEAR(ours, *expected, 2e-6 * (1 + std::abs(*expected))) << what;
    else
      EXPECT_TRUE(std::isfinite(ours)) << what;
  };
  expectNear("ds", gradients.ds, [](Point &moved, double h) { moved.s += h; });
  expectNear("dT", gradients.dt, [](Point &moved, double h) { moved.t += h; });
  size_t read = point.h * kKeys + point.j;
  expectNear("dB", gradients.dBias[read],
             [&](Point &moved, double h) { moved.bias[read] += h; });
  for (size_t i = 0; i < gradients.dBias.size(); ++i)
    if (i != read)
      EXPECT_EQ(gradients.dBias[i], 0.0);
}

TEST(RandomActivationTest, AgreeWithCentralDifferences) {
  uint64_t count = fromEnvironment("GDPA_RANDOM_ACTIVATIONS", 300);
  uint64_t first = fromEnvironment("GDPA_RANDOM_SEED", 1);
  Counts counts;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    std::string body = randomActivation(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + body);
    Differentiated function(body);
    ASSERT_TRUE(function.isValid());
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> score(-3, 3);
    for (int sample = 0; sample < 4; ++sample) {
      Point point;
      point.s = score(random);
      point.h = random() % kHeads;
      point.i = random() % kKeys;
      point.j = random() % kKeys;
      check(function, point, 1 + score(random) / 2, counts);
    }
    if (HasFatalFailure() || HasNonfatalFailure()) {
      std::printf("%s\n", function.print().c_str());
      FAIL() << "GDPA_RANDOM_SEED=" << seed << " GDPA_RANDOM_ACTIVATIONS=1 "
             << "repeats this case";
    }
  }
  std::printf(
      "%d gradients checked (%d are not zero), %d left out near a kink\n",
      counts.checked, counts.nonzero, counts.skipped);
  // The generator must not drift into regions that say nothing.
  EXPECT_GT(counts.checked, 9 * counts.skipped);
  EXPECT_GT(3 * counts.nonzero, counts.checked);
}

} // namespace
