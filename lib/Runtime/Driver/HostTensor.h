//===- HostTensor.h - A tensor in host memory -------------------*- C++ -*-===//
//
// Dense, row-major, owning.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_DRIVER_HOSTTENSOR_H
#define GDPA_LIB_RUNTIME_DRIVER_HOSTTENSOR_H

#include "Outcome.h"

#include <cstdlib>
#include <memory>
#include <vector>

namespace gdpa::run {

/// The number of elements; false where it, or the bytes, exceed 63 bits.
bool countElements(const std::vector<int64_t> &shape, int32_t type,
                   int64_t &elements);

/// "[2, 3]"
std::string formatShape(const std::vector<int64_t> &shape);

class HostTensor {
public:
  /// Allocates memory aligned to 256 bytes; its contents are undefined.
  static Outcome allocate(int32_t type, std::vector<int64_t> shape,
                          HostTensor &tensor);

  int32_t type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return extents; }
  int64_t elements() const { return elementCount; }
  int64_t bytes() const { return elementCount * gdpa_dtype_size(elementType); }
  void *data() const { return memory.get(); }

  /// Copies the tensor.
  Outcome clone(HostTensor &copy) const;

  /// The tensor as the runtime takes it, at `address`: its own memory or a
  /// copy on a device.
  gdpa_tensor describe(void *address) const;

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };
  int32_t elementType = GDPA_F32;
  std::vector<int64_t> extents;
  int64_t elementCount = 0;
  std::unique_ptr<void, Free> memory;
};

} // namespace gdpa::run

#endif // GDPA_LIB_RUNTIME_DRIVER_HOSTTENSOR_H
