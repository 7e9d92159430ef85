//===- DataType.h - Element types and their rounding ------------*- C++ -*-===//
//
// Names and sizes of the element types of gdpa_runtime.h, and conversion
// between doubles and the floating-point types.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DATATYPE_H
#define GDPA_LIB_RUNTIME_DATATYPE_H

#include "gdpa-runtime/gdpa_runtime.h"

#include <string>

namespace gdpa::runtime {

/// The type that a launch description calls `name` ("index" is i64), or -1.
int32_t parseDataType(const std::string &name);

inline bool isFloat(int32_t type) {
  return type >= GDPA_F64 && type <= GDPA_F16;
}

/// Bits of the bf16 or f16 nearest to `value`, ties to even, rounded once;
/// overflow gives infinity, NaN stays NaN.
uint16_t roundToBF16(double value);
uint16_t roundToF16(double value);

/// Exact.
double fromBF16(uint16_t bits);
double fromF16(uint16_t bits);

/// Reads an element of any type but i64 exactly; i64 as the nearest double.
double loadElement(int32_t type, const void *data, int64_t index);

/// Rounds `value` to a floating-point type and writes it.
void storeFloat(int32_t type, void *data, int64_t index, double value);

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_DATATYPE_H
