//===- Differentiated.h - an activation and its joint region ----*- C++ -*-===//

#ifndef GDPA_UNITTESTS_AUTODIFF_DIFFERENTIATED_H
#define GDPA_UNITTESTS_AUTODIFF_DIFFERENTIATED_H

#include "RandomActivation.h"
#include "RegionInterpreter.h"
#include "mlir/IR/MLIRContext.h"
#include <cmath>
#include <gtest/gtest.h>
#include <optional>

namespace gdpa_test {

/// What the regions read besides ct.
struct Point {
  double s = 0.7;
  double t = 1.3;
  int64_t h = 1, i = 2, j = 3;
  std::vector<double> bias = {0.3, -0.8, 1.1, 0.6, -0.2, 0.9,
                              1.4, -1.2, 0.5, 0.1, -0.7, 0.8};
};

struct Gradients {
  double z = 0, ds = 0, dt = 0;
  std::vector<double> dBias = std::vector<double>(kHeads * kKeys, 0.0);
};

/// The context that all tests of a program share.
mlir::MLIRContext &getContext();

/// The body of an activation (see moduleAround), differentiated with respect to
/// s and both captures.
class Differentiated {
public:
  explicit Differentiated(const std::string &body);
  ~Differentiated();

  bool isValid() const { return valid; }
  /// z by the activation.
  double activation(const Point &point);
  /// z and the gradients by the joint region.
  Gradients joint(const Point &point, double ct);
  std::string print();

private:
  mlir::Operation *module = nullptr;
  mlir::Region *forward = nullptr, *backward = nullptr;
  bool valid = false;
};

/// Central difference of `f` at 0; none where the one-sided differences or two
/// step widths disagree: near a kink it means nothing.
template <typename Function>
std::optional<double> centralDifference(Function f) {
  auto central = [&](double h) { return (f(h) - f(-h)) / (2 * h); };
  double h = 1e-5, middle = f(0);
  double coarse = central(h), fine = central(h / 2);
  double right = (f(h) - middle) / h, left = (middle - f(-h)) / h;
  double scale = 1 + std::abs(coarse);
  // One-sided differences differ by h f'', which stays below this bound in
  // regions whose values are bounded.
  if (!(std::abs(coarse - fine) <= 1e-6 * scale) ||
      !(std::abs(right - left) <= 2e-2 * scale))
    return std::nullopt;
  return fine;
}

} // namespace gdpa_test

#endif // GDPA_UNITTESTS_AUTODIFF_DIFFERENTIATED_H
