//===- TensorMap.h - Tensor maps of CUDA kernels ----------------*- C++ -*-===//
//
// A tensor map tells the copy engine of a GPU (TMA, compute capability 9.0 and
// later) where an argument lies: the driver encodes it from the argument's
// address, extents and strides, and the kernel takes it as a parameter.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_RUNTIME_TENSORMAP_H
#define GDPA_LIB_RUNTIME_TENSORMAP_H

#include "CudaDriver.h"
#include "Description.h"

#include <mutex>

namespace gdpa::runtime {

/// Where the argument of a tensor map lies, dimensions innermost first: all
/// that the driver encodes besides what the description says.
struct TensorMapGeometry {
  uint64_t address = 0;
  std::array<uint64_t, TensorMap::mostDimensions> sizes = {};
  /// Bytes from an element to the next one of dimension i + 1.
  std::array<uint64_t, TensorMap::mostDimensions - 1> strides = {};

  bool operator==(const TensorMapGeometry &other) const {
    return address == other.address && sizes == other.sizes &&
           strides == other.strides;
  }
};

/// Reads the geometry of `tensor`, an argument that was bound before, and
/// checks what the hardware asks of it: an address and strides of multiples of
/// 16 bytes, strides below 2^40 bytes, extents up to 2^32, elements of the
/// innermost dimension beside each other. The stride of an extent of 1 is
/// never used and may be anything.
///
/// The hardware knows no extent of 0. An empty tensor becomes one element at
/// `zeros`, device memory of 16 zero bytes: every read through its map gives
/// zeros, and none touches the tensor's memory, which need not exist.
Status layOutTensorMap(const TensorMap &map, const Argument &argument,
                       const gdpa_tensor &tensor, uint64_t zeros,
                       TensorMapGeometry &geometry);

/// Maps that were encoded before; safe to use from several threads. Keeps the
/// last one of each of its slots, which are found by a hash, so that its
/// memory is bounded and a tensor that comes again at its old address, as in a
/// training loop, costs no call of the driver.
class TensorMapCache {
public:
  TensorMapCache() : slots(slotCount) {}

  /// The map of `parameter`, whose argument is `argument`, for `geometry`.
  Status find(const cuda::Driver &driver, const KernelParameter &parameter,
              const Argument &argument, const TensorMapGeometry &geometry,
              cuda::EncodedTensorMap &map);

private:
  static constexpr size_t slotCount = 512;
  struct Slot {
    /// Parameters live as long as the artefact; null where the slot is empty.
    const KernelParameter *parameter = nullptr;
    TensorMapGeometry geometry;
    cuda::EncodedTensorMap map;
  };
  std::mutex mutex;
  std::vector<Slot> slots;
};

} // namespace gdpa::runtime

#endif // GDPA_LIB_RUNTIME_TENSORMAP_H
