//===- CheckTest.cpp - Unit tests of comparisons --------------------------===//
//
// Errors, masks, scales, elements that are not finite.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "DataType.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace gdpa::run;

static HostTensor make(int32_t type, std::vector<int64_t> shape,
                       const std::vector<double> &values) {
  HostTensor tensor;
  EXPECT_FALSE(HostTensor::allocate(type, std::move(shape), tensor).failed());
  for (size_t i = 0; i < values.size(); ++i)
    if (gdpa::runtime::isFloat(type))
      gdpa::runtime::storeFloat(type, tensor.data(), i, values[i]);
    else
      static_cast<int8_t *>(tensor.data())[i] = static_cast<int8_t>(values[i]);
  return tensor;
}

static Comparison run(const HostTensor &result, const HostTensor &reference,
                      const HostTensor *valid = nullptr,
                      const HostTensor *scale = nullptr) {
  Comparison comparison;
  Outcome outcome = compare(result, reference, valid, scale, comparison);
  EXPECT_FALSE(outcome.failed()) << outcome.message();
  return comparison;
}

TEST(Check, RelativeFrobeniusError) {
  HostTensor result = make(GDPA_F32, {2}, {3, 5});
  HostTensor reference = make(GDPA_F64, {2}, {3, 4});
  EXPECT_DOUBLE_EQ(*run(result, reference).error, 1.0 / 5);
  EXPECT_EQ(*run(reference, reference).error, 0);
}

TEST(Check, ReferenceOfZeros) {
  HostTensor zero = make(GDPA_F64, {2}, {0, 0});
  EXPECT_EQ(*run(make(GDPA_F32, {2}, {0, -0.0}), zero).error, 0);
  EXPECT_TRUE(std::isinf(*run(make(GDPA_F32, {2}, {0, 1e-9}), zero).error));
}

TEST(Check, NoElements) {
  EXPECT_EQ(*run(make(GDPA_F32, {0, 8}, {}), make(GDPA_F64, {0, 8}, {})).error,
            0);
}

TEST(Check, MaskOfElementsAndOfRows) {
  HostTensor result = make(GDPA_F32, {2, 2}, {9, 1, 1, 1});
  HostTensor reference = make(GDPA_F64, {2, 2}, {1, 1, 1, 2});
  HostTensor element = make(GDPA_I8, {2, 2}, {0, 1, 1, 0});
  Comparison comparison = run(result, reference, &element);
  EXPECT_EQ(*comparison.error, 0);
  EXPECT_EQ(comparison.leftOut, 2);
  HostTensor row = make(GDPA_I8, {2}, {0, 1});
  comparison = run(result, reference, &row);
  EXPECT_DOUBLE_EQ(*comparison.error, 1 / std::sqrt(5.0));
  EXPECT_EQ(comparison.leftOut, 2);
  HostTensor none = make(GDPA_I8, {2}, {0, 0});
  comparison = run(result, reference, &none);
  EXPECT_FALSE(comparison.error.has_value());
  EXPECT_EQ(comparison.leftOut, 4);
}

TEST(Check, ScaleTakesThePlaceOfTheReference) {
  HostTensor result = make(GDPA_F32, {}, {2});
  HostTensor reference = make(GDPA_F64, {}, {1});
  HostTensor scale = make(GDPA_F64, {}, {100});
  EXPECT_DOUBLE_EQ(*run(result, reference, nullptr, &scale).error, 0.01);
  HostTensor infinite = make(GDPA_F64, {}, {INFINITY});
  EXPECT_TRUE(std::isinf(*run(result, reference, nullptr, &infinite).error));
}

TEST(Check, ElementsThatAreNotFinite) {
  HostTensor reference = make(GDPA_F64, {3}, {NAN, INFINITY, 1});
  EXPECT_EQ(*run(make(GDPA_F32, {3}, {NAN, INFINITY, 1}), reference).error, 0);
  for (const std::vector<double> &values :
       std::vector<std::vector<double>>{{0, INFINITY, 1},
                                        {NAN, -INFINITY, 1},
                                        {NAN, 1, 1},
                                        {NAN, INFINITY, NAN},
                                        {INFINITY, INFINITY, 1}})
    EXPECT_TRUE(std::isinf(*run(make(GDPA_F32, {3}, values), reference).error));
  // f16 overflows where the reference does not.
  HostTensor large = make(GDPA_F64, {2}, {1e6, 1});
  EXPECT_EQ(*run(make(GDPA_F16, {2}, {INFINITY, 1}), large).error, 0);
  EXPECT_TRUE(
      std::isinf(*run(make(GDPA_F16, {2}, {-INFINITY, 1}), large).error));
  EXPECT_TRUE(
      std::isinf(*run(make(GDPA_F32, {2}, {INFINITY, 1}), large).error));
}

TEST(Check, ShapesThatDiffer) {
  HostTensor result = make(GDPA_F32, {2}, {1, 2});
  Comparison comparison;
  HostTensor longer = make(GDPA_F64, {3}, {1, 2, 3});
  EXPECT_EQ(compare(result, longer, nullptr, nullptr, comparison).message(),
            "the reference's result has type f64 and shape [3], the result "
            "shape [2]");
  HostTensor narrow = make(GDPA_F32, {2}, {1, 2});
  EXPECT_TRUE(compare(result, narrow, nullptr, nullptr, comparison).failed());
  HostTensor reference = make(GDPA_F64, {2}, {1, 2});
  HostTensor mask = make(GDPA_I8, {2, 1}, {1, 1});
  EXPECT_TRUE(compare(result, reference, &mask, nullptr, comparison).failed());
  EXPECT_TRUE(
      compare(result, reference, nullptr, &longer, comparison).failed());
}

TEST(Check, DefaultTolerances) {
  EXPECT_EQ(defaultTolerance(GDPA_F64, GDPA_F64, false), 1e-10);
  EXPECT_EQ(defaultTolerance(GDPA_F32, GDPA_F32, false), 1e-5);
  EXPECT_EQ(defaultTolerance(GDPA_F32, GDPA_F32, true), 1e-3);
  EXPECT_EQ(defaultTolerance(GDPA_BF16, GDPA_BF16, true), 5e-3);
  // A capture's gradient of a kernel on bf16.
  EXPECT_EQ(defaultTolerance(GDPA_F32, GDPA_BF16, false), 5e-3);
}
