//===- DataType.cpp - Element types and their rounding --------------------===//
//
// Rounding is done on the bits of the double, so that a double is rounded once
// and the result does not depend on the processor.
//
//===----------------------------------------------------------------------===//

#include "DataType.h"

#include <cstring>

using namespace gdpa::runtime;

namespace {
struct TypeInfo {
  const char *name;
  int64_t size;
};
} // namespace

static constexpr TypeInfo types[] = {{"f64", 8}, {"f32", 4}, {"bf16", 2},
                                     {"f16", 2}, {"i1", 1},  {"i8", 1},
                                     {"i16", 2}, {"i32", 4}, {"i64", 8}};
static constexpr int32_t typeCount = sizeof(types) / sizeof(types[0]);

extern "C" int64_t gdpa_dtype_size(int32_t dtype) {
  return dtype >= 0 && dtype < typeCount ? types[dtype].size : 0;
}

extern "C" const char *gdpa_dtype_name(int32_t dtype) {
  return dtype >= 0 && dtype < typeCount ? types[dtype].name : "?";
}

int32_t gdpa::runtime::parseDataType(const std::string &name) {
  if (name == "index")
    return GDPA_I64;
  for (int32_t type = 0; type < typeCount; ++type)
    if (name == types[type].name)
      return type;
  return -1;
}

/// Rounds to a 16-bit format with `fractionBits` and the exponents of IEEE 754.
template <int fractionBits> static uint16_t roundTo16Bits(double value) {
  constexpr int exponentBits = 15 - fractionBits;
  constexpr int bias = (1 << (exponentBits - 1)) - 1;
  constexpr uint16_t infinity = ((1 << exponentBits) - 1) << fractionBits;

  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint16_t sign = static_cast<uint16_t>(bits >> 63 << 15);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t fraction = bits & 0xfffffffffffffull;
  if (exponent == 0x7ff) {
    uint16_t quiet = fraction ? 1 << (fractionBits - 1) : 0;
    return sign | infinity | quiet;
  }
  // A subnormal double lies far below the smallest 16-bit number.
  if (exponent == 0)
    return sign;

  int target = exponent - 1023 + bias;
  uint64_t significand = fraction | 1ull << 52;
  int dropped = 52 - fractionBits;
  // Subnormal results keep fewer bits; below half of the smallest one, none.
  if (target <= 0)
    dropped += 1 - target;
  if (dropped > 53)
    return sign;
  uint64_t kept = significand >> dropped;
  uint64_t rest = significand & ((1ull << dropped) - 1);
  uint64_t half = 1ull << (dropped - 1);
  if (rest > half || (rest == half && (kept & 1)))
    ++kept;
  // `kept` carries its leading one (absent in a subnormal), which adds 1 to
  // the exponent field; so does a carry out of the rounding.
  uint64_t magnitude = kept;
  if (target > 0)
    magnitude += uint64_t(target - 1) << fractionBits;
  if (magnitude >= infinity)
    magnitude = infinity;
  return sign | static_cast<uint16_t>(magnitude);
}

template <int fractionBits> static double from16Bits(uint16_t bits) {
  constexpr int exponentBits = 15 - fractionBits;
  constexpr int bias = (1 << (exponentBits - 1)) - 1;
  uint64_t sign = uint64_t(bits >> 15) << 63;
  int exponent = bits >> fractionBits & ((1 << exponentBits) - 1);
  uint64_t fraction = bits & ((1 << fractionBits) - 1);
  uint64_t wide;
  if (exponent == (1 << exponentBits) - 1) {
    wide = sign | 0x7ffull << 52 | fraction << (52 - fractionBits);
  } else if (exponent == 0) {
    // fraction * 2^(1 - bias - fractionBits), exact in a double.
    uint64_t unitBits = uint64_t(1 - bias - fractionBits + 1023) << 52;
    double unit;
    std::memcpy(&unit, &unitBits, sizeof(unit));
    double value = static_cast<double>(fraction) * unit;
    return bits >> 15 ? -value : value;
  } else {
    wide = sign | uint64_t(exponent - bias + 1023) << 52 |
           fraction << (52 - fractionBits);
  }
  double value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

uint16_t gdpa::runtime::roundToBF16(double value) {
  return roundTo16Bits<7>(value);
}
uint16_t gdpa::runtime::roundToF16(double value) {
  return roundTo16Bits<10>(value);
}
double gdpa::runtime::fromBF16(uint16_t bits) { return from16Bits<7>(bits); }
double gdpa::runtime::fromF16(uint16_t bits) { return from16Bits<10>(bits); }

template <typename T> static T load(const void *data, int64_t index) {
  return static_cast<const T *>(data)[index];
}

double gdpa::runtime::loadElement(int32_t type, const void *data,
                                  int64_t index) {
  switch (type) {
  case GDPA_F64:
    return load<double>(data, index);
  case GDPA_F32:
    return load<float>(data, index);
  case GDPA_BF16:
    return fromBF16(load<uint16_t>(data, index));
  case GDPA_F16:
    return fromF16(load<uint16_t>(data, index));
  case GDPA_I1:
    return load<uint8_t>(data, index) & 1;
  case GDPA_I8:
    return load<int8_t>(data, index);
  case GDPA_I16:
    return load<int16_t>(data, index);
  case GDPA_I32:
    return load<int32_t>(data, index);
  default:
    return static_cast<double>(load<int64_t>(data, index));
  }
}

void gdpa::runtime::storeFloat(int32_t type, void *data, int64_t index,
                               double value) {
  switch (type) {
  case GDPA_F64:
    static_cast<double *>(data)[index] = value;
    return;
  case GDPA_F32:
    static_cast<float *>(data)[index] = static_cast<float>(value);
    return;
  case GDPA_BF16:
    static_cast<uint16_t *>(data)[index] = roundToBF16(value);
    return;
  case GDPA_F16:
    static_cast<uint16_t *>(data)[index] = roundToF16(value);
    return;
  }
}
