//===- Npy.h - Reading and writing .npy files -------------------*- C++ -*-===//
//
// The subset of numpy's format 1.0 and 2.0 that attention needs: little-endian
// f2, f4, f8, i1, i2, i4, i8 and b1 in C order.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_NPY_H
#define GDPA_LIB_RUNTIME_DRIVER_NPY_H

#include "HostTensor.h"

namespace gdpa::run {

/// An open .npy file whose header has been checked.
class NpyFile {
public:
  NpyFile() = default;
  NpyFile(const NpyFile &) = delete;
  NpyFile &operator=(const NpyFile &) = delete;
  ~NpyFile();

  /// Opens the file and checks header and length.
  static Outcome open(const std::string &path, NpyFile &file);

  /// The element type of the file: GDPA_F64, GDPA_F32, GDPA_F16, GDPA_I1,
  /// GDPA_I8, GDPA_I16, GDPA_I32 or GDPA_I64.
  int32_t type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return extents; }

  /// Reads the elements as `type`: floating-point numbers are rounded to a
  /// floating-point type, integers must fit an integer type; the file's type
  /// and `type` are of one kind.
  Outcome read(int32_t type, HostTensor &tensor) const;

private:
  std::string path;
  int descriptor = -1;
  int64_t dataOffset = 0;
  int32_t elementType = GDPA_F32;
  std::vector<int64_t> extents;
};

/// Writes an integer to a tensor of an integer type; whether it fits the type.
bool storeInteger(int32_t type, void *data, int64_t index, int64_t value);

/// Writes a tensor; bf16 and f16, which numpy has not or reads slowly, as f4.
/// `path` is used in messages.
Outcome writeNpy(int descriptor, const std::string &path,
                 const HostTensor &tensor);

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_NPY_H
