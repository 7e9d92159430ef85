//===- HostTensor.cpp - A tensor in host memory ---------------------------===//
//
// Allocation and description.
//
//===----------------------------------------------------------------------===//

#include "HostTensor.h"

#include <algorithm>
#include <cstring>

using namespace gdpa::run;

bool gdpa::run::countElements(const std::vector<int64_t> &shape, int32_t type,
                              int64_t &elements) {
  // An empty tensor may have other extents of any size.
  elements = 0;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return true;
  elements = 1;
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(elements, extent, &elements))
      return false;
  int64_t bytes = 0;
  return !__builtin_mul_overflow(elements, gdpa_dtype_size(type), &bytes);
}

std::string gdpa::run::formatShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Outcome HostTensor::allocate(int32_t type, std::vector<int64_t> shape,
                             HostTensor &tensor) {
  int64_t elements = 0;
  if (!countElements(shape, type, elements))
    return inputError("a tensor of shape " + formatShape(shape) +
                      " does not fit in memory");
  tensor.elementType = type;
  tensor.elementCount = elements;
  constexpr size_t alignment = 256;
  size_t size = static_cast<size_t>(tensor.bytes());
  size_t rounded =
      std::max(alignment, (size + alignment - 1) / alignment * alignment);
  tensor.memory.reset(std::aligned_alloc(alignment, rounded));
  if (!tensor.memory)
    return inputError("no memory for a tensor of shape " + formatShape(shape) +
                      " and type " + gdpa_dtype_name(type));
  tensor.extents = std::move(shape);
  return {};
}

Outcome HostTensor::clone(HostTensor &copy) const {
  if (Outcome outcome = allocate(elementType, extents, copy); outcome.failed())
    return outcome;
  std::memcpy(copy.data(), data(), static_cast<size_t>(bytes()));
  return {};
}

gdpa_tensor HostTensor::describe(void *address) const {
  gdpa_tensor tensor = {};
  tensor.data = address;
  tensor.dtype = elementType;
  tensor.rank = static_cast<int32_t>(extents.size());
  int64_t stride = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    tensor.shape[i] = extents[i];
    tensor.strides[i] = stride;
    // Where an extent is 0 no stride is used, and the product may overflow.
    if (elementCount)
      stride *= extents[i];
  }
  return tensor;
}
