//===- TensorMap.cpp - Tensor maps of CUDA kernels ------------------------===//
//
// Geometry, encoding by the driver, and the maps kept from earlier launches.
//
//===----------------------------------------------------------------------===//

#include "TensorMap.h"

#include <algorithm>

using namespace gdpa::runtime;
using namespace gdpa::runtime::cuda;

/// The multiple of bytes that addresses and strides are in.
static constexpr int64_t granule = 16;

static Status misplaced(const Argument &argument, int32_t dimension,
                        const std::string &message) {
  return argumentError("argument '" + argument.name + "', dimension " +
                       std::to_string(dimension) + ": " + message);
}

/// The stride of `dimension` in bytes.
static Status readStride(const Argument &argument, const gdpa_tensor &tensor,
                         int32_t dimension, uint64_t &bytes) {
  constexpr int64_t end = int64_t(1) << 40;
  int64_t size = gdpa_dtype_size(tensor.dtype);
  int64_t stride = tensor.strides[dimension];
  // The bound first: the product may not fit 64 bits.
  if (stride < 0 || stride >= end / size || stride * size % granule != 0)
    return misplaced(argument, dimension,
                     "expected a stride of a multiple of 16 bytes below 2^40 "
                     "bytes, found " +
                         std::to_string(stride) + " elements of " +
                         std::to_string(size));
  bytes = static_cast<uint64_t>(stride * size);
  return {};
}

Status gdpa::runtime::layOutTensorMap(const TensorMap &map,
                                      const Argument &argument,
                                      const gdpa_tensor &tensor, uint64_t zeros,
                                      TensorMapGeometry &geometry) {
  geometry = TensorMapGeometry();
  constexpr int64_t mostElements = int64_t(1) << 32;
  bool isEmpty = false;
  for (int32_t i = 0; i < map.rank; ++i)
    isEmpty |= tensor.shape[map.dimensions[i]] == 0;
  for (int32_t i = 0; i < map.rank; ++i) {
    int32_t dimension = map.dimensions[i];
    int64_t extent = isEmpty ? 1 : tensor.shape[dimension];
    if (extent > mostElements)
      return misplaced(argument, dimension,
                       "expected an extent of at most 2^32 in a tensor map, "
                       "found " +
                           std::to_string(extent));
    geometry.sizes[i] = static_cast<uint64_t>(extent);
    if (i == 0) {
      if (extent > 1 && tensor.strides[dimension] != 1)
        return misplaced(argument, dimension,
                         "expected stride 1, found " +
                             std::to_string(tensor.strides[dimension]));
      continue;
    }
    uint64_t &stride = geometry.strides[i - 1];
    // Any stride that the driver accepts.
    stride = granule;
    if (extent > 1)
      if (Status status = readStride(argument, tensor, dimension, stride);
          status.isError())
        return status;
  }
  geometry.address = isEmpty ? zeros : reinterpret_cast<uint64_t>(tensor.data);
  if (uint64_t rest = geometry.address % granule)
    return argumentError("argument '" + argument.name +
                         "': expected an address aligned to 16 bytes, found "
                         "one " +
                         std::to_string(rest) + " bytes past a multiple");
  return {};
}

/// CUtensorMapDataType
static int toMapType(int32_t type) {
  switch (type) {
  case GDPA_F16:
    return 6;
  case GDPA_F32:
    return 7;
  default:
    return 9; // bf16: the reader lets no other type pass
  }
}

static Result encode(const Driver &driver, const TensorMap &map, int32_t type,
                     const TensorMapGeometry &geometry,
                     EncodedTensorMap &encoded) {
  constexpr int noInterleave = 0, swizzle128 = 3, promote256 = 3, zeroFill = 0;
  uint32_t steps[TensorMap::mostDimensions];
  std::fill(std::begin(steps), std::end(steps), 1);
  return driver.tensorMapEncode(
      &encoded, toMapType(type), static_cast<uint32_t>(map.rank),
      geometry.address, geometry.sizes.data(), geometry.strides.data(),
      map.box.data(), steps, noInterleave, map.swizzleBytes ? swizzle128 : 0,
      promote256, zeroFill);
}

static size_t hash(const KernelParameter *parameter,
                   const TensorMapGeometry &geometry) {
  uint64_t value = reinterpret_cast<uintptr_t>(parameter);
  auto add = [&](uint64_t word) {
    value = (value ^ word) * 0x9e3779b97f4a7c15;
    value ^= value >> 32;
  };
  add(geometry.address);
  for (uint64_t size : geometry.sizes)
    add(size);
  for (uint64_t stride : geometry.strides)
    add(stride);
  return value;
}

Status TensorMapCache::find(const Driver &driver,
                            const KernelParameter &parameter,
                            const Argument &argument,
                            const TensorMapGeometry &geometry,
                            EncodedTensorMap &map) {
  Slot &slot = slots[hash(&parameter, geometry) % slotCount];
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (slot.parameter == &parameter && slot.geometry == geometry) {
      map = slot.map;
      return {};
    }
  }
  if (Result result =
          encode(driver, parameter.map, argument.type, geometry, map))
    return check(driver, result,
                 "cannot encode the tensor map of argument '" + argument.name +
                     "'");
  std::lock_guard<std::mutex> lock(mutex);
  slot = {&parameter, geometry, map};
  return {};
}
