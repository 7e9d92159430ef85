//===- DataTypeTest.cpp - Unit tests of rounding to 16 bits ---------------===//
//
// All 65536 values of both formats, and the doubles halfway between two.
//
//===----------------------------------------------------------------------===//

#include "DataType.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace gdpa::runtime;

namespace {
struct Format {
  const char *name;
  uint16_t (*round)(double);
  double (*widen)(uint16_t);
  uint16_t infinity;
};
} // namespace

static const Format formats[] = {{"bf16", roundToBF16, fromBF16, 0x7f80},
                                 {"f16", roundToF16, fromF16, 0x7c00}};

TEST(DataType, EveryNumberSurvives) {
  for (const Format &format : formats)
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      double value = format.widen(static_cast<uint16_t>(bits));
      uint16_t back = format.round(value);
      if (std::isnan(value))
        ASSERT_TRUE(std::isnan(format.widen(back))) << format.name << bits;
      else
        ASSERT_EQ(back, bits) << format.name;
    }
}

// Halfway goes to the even neighbour, anything beyond to the nearer one.
TEST(DataType, RoundsToNearestEven) {
  for (const Format &format : formats)
    for (uint16_t bits = 0; bits + 1 < format.infinity; ++bits) {
      double low = format.widen(bits);
      double high = format.widen(static_cast<uint16_t>(bits + 1));
      double half = low + (high - low) / 2;
      uint16_t even = bits % 2 ? bits + 1 : bits;
      ASSERT_EQ(format.round(half), even) << format.name;
      ASSERT_EQ(format.round(std::nextafter(half, 0)), bits) << format.name;
      ASSERT_EQ(format.round(std::nextafter(half, INFINITY)), bits + 1)
          << format.name;
      ASSERT_EQ(format.round(-half), even | 0x8000) << format.name;
    }
}

TEST(DataType, Extremes) {
  // f16 overflows from the middle between 65504 and 65536.
  EXPECT_EQ(roundToF16(65519.999), 0x7bff);
  EXPECT_EQ(roundToF16(65520), 0x7c00);
  EXPECT_EQ(roundToF16(-1e300), 0xfc00);
  EXPECT_EQ(roundToF16(INFINITY), 0x7c00);
  // Half of the smallest f16 goes to zero, more than half does not.
  EXPECT_EQ(roundToF16(std::ldexp(1, -25)), 0);
  EXPECT_EQ(roundToF16(std::ldexp(1.0001, -25)), 1);
  EXPECT_EQ(roundToF16(-1e-300), 0x8000);
  EXPECT_EQ(roundToBF16(std::numeric_limits<double>::denorm_min()), 0);
  EXPECT_EQ(roundToBF16(std::ldexp(1, -133)), 1);
  EXPECT_EQ(roundToBF16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(fromBF16(roundToBF16(NAN))));
}

// Rounding to f32 first would lose the part that breaks the tie.
TEST(DataType, RoundsOnce) {
  double value = 1 + std::ldexp(1, -8) + std::ldexp(1, -40);
  EXPECT_EQ(fromBF16(roundToBF16(value)), 1 + std::ldexp(1, -7));
  EXPECT_EQ(fromBF16(roundToBF16(static_cast<float>(value))), 1);
}

TEST(DataType, Names) {
  for (int32_t type = GDPA_F64; type <= GDPA_I64; ++type) {
    EXPECT_EQ(parseDataType(gdpa_dtype_name(type)), type);
    EXPECT_GT(gdpa_dtype_size(type), 0);
  }
  EXPECT_EQ(parseDataType("index"), GDPA_I64);
  EXPECT_EQ(parseDataType("float"), -1);
  EXPECT_EQ(gdpa_dtype_size(9), 0);
  EXPECT_STREQ(gdpa_dtype_name(-1), "?");
}
