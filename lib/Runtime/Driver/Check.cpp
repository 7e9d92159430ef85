//===- Check.cpp - Results against the reference --------------------------===//
//
// See Check.h.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "../DataType.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace gdpa::run;
using namespace gdpa::runtime;

static double roundTo(int32_t type, double value) {
  double storage = 0;
  storeFloat(type, &storage, 0, value);
  return loadElement(type, &storage, 0);
}

/// Whether a non-finite pair says the same.
static bool sameNonFinite(double result, double reference) {
  return (std::isnan(result) && std::isnan(reference)) || result == reference;
}

static Outcome checkShapes(const HostTensor &result,
                           const HostTensor &reference, const HostTensor *valid,
                           const HostTensor *scale) {
  auto mismatch = [&](const std::string &what, const HostTensor &found) {
    return inputError("the reference's " + what + " has type " +
                      gdpa_dtype_name(found.type()) + " and shape " +
                      formatShape(found.shape()) + ", the result shape " +
                      formatShape(result.shape()));
  };
  for (const HostTensor *tensor : {&reference, scale})
    if (tensor &&
        (tensor->shape() != result.shape() || tensor->type() != GDPA_F64))
      return mismatch(tensor == scale ? "scale" : "result", *tensor);
  if (valid) {
    const std::vector<int64_t> &prefix = valid->shape();
    if (isFloat(valid->type()) || prefix.size() > result.shape().size() ||
        !std::equal(prefix.begin(), prefix.end(), result.shape().begin()))
      return mismatch("mask", *valid);
  }
  return {};
}

Outcome gdpa::run::compare(const HostTensor &result,
                           const HostTensor &reference, const HostTensor *valid,
                           const HostTensor *scale, Comparison &comparison) {
  if (Outcome outcome = checkShapes(result, reference, valid, scale);
      outcome.failed())
    return outcome;
  comparison = Comparison();
  int64_t elements = result.elements();
  // Elements that share one element of the mask.
  int64_t group = valid && valid->elements() ? elements / valid->elements() : 1;
  const auto *expected = static_cast<const double *>(reference.data());
  const auto *terms =
      static_cast<const double *>((scale ? *scale : reference).data());
  double difference = 0, norm = 0;
  bool nonFiniteDiffers = false;
  for (int64_t i = 0; i < elements; ++i) {
    if (valid && loadElement(valid->type(), valid->data(), i / group) == 0) {
      ++comparison.leftOut;
      continue;
    }
    double found = loadElement(result.type(), result.data(), i);
    double wanted = expected[i];
    double rounded = roundTo(result.type(), wanted);
    if (!std::isfinite(found) || !std::isfinite(rounded)) {
      nonFiniteDiffers |= !sameNonFinite(found, rounded);
      continue;
    }
    difference += (found - wanted) * (found - wanted);
    norm += terms[i] * terms[i];
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  // A term that is not finite would hide every difference.
  if (nonFiniteDiffers || !std::isfinite(norm))
    comparison.error = infinity;
  else if (difference == 0)
    comparison.error = 0;
  else
    comparison.error = std::sqrt(difference) / std::sqrt(norm);
  if (elements > 0 && comparison.leftOut == elements)
    comparison.error.reset();
  return {};
}

double gdpa::run::defaultTolerance(int32_t resultType, int32_t storageType,
                                   bool fast) {
  auto tolerance = [&](int32_t type) {
    switch (type) {
    case GDPA_BF16:
    case GDPA_F16:
      return 5e-3;
    case GDPA_F32:
      return fast ? 1e-3 : 1e-5;
    default:
      return 1e-10;
    }
  };
  return std::max(tolerance(resultType), tolerance(storageType));
}
