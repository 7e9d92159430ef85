//===- NpyHeader.h - The header of a .npy file ------------------*- C++ -*-===//
//
// A Python dict literal with the keys descr, fortran_order and shape.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_NPYHEADER_H
#define GDPA_LIB_RUNTIME_DRIVER_NPYHEADER_H

#include "Outcome.h"

#include <vector>

namespace gdpa::run {

struct NpyHeader {
  /// numpy's type string, "<f4"; "" where it is a list (a record type).
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Parses the literal; false where it is not of this form.
bool parseNpyHeader(const std::string &text, NpyHeader &header);

/// The element type behind numpy's string, or -1.
int32_t parseNpyType(const std::string &descr);

/// The bytes from the start of the file to its data: magic, version 1.0,
/// length, literal, padded to a multiple of 64.
std::string formatNpyHeader(int32_t type, const std::vector<int64_t> &shape);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_NPYHEADER_H
