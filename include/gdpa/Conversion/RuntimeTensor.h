//===- RuntimeTensor.h - the runtime's tensors as memrefs -------*- C++ -*-===//
//
// Code that reads the gdpa_tensor array of a C entry (gdpa_runtime.h). The
// descriptors are built field by field; the conversions of memrefs to LLVM
// later meet the same ones, so that the casts between them vanish.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_CONVERSION_RUNTIMETENSOR_H
#define GDPA_CONVERSION_RUNTIMETENSOR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace mlir::gdpa {

/// Dimensions that a gdpa_tensor has room for.
constexpr int64_t kMaxRuntimeRank = 6;

/// The runtime's number of an element type, none where it has none. The index
/// type travels as i64.
std::optional<int32_t> getRuntimeType(Type type);

/// Whether a gdpa_tensor can hold an argument of `type`: a scalar or a strided
/// memref of at most `kMaxRuntimeRank` dimensions, of an element type that the
/// runtime knows.
bool isRuntimeArgument(Type type);

/// A memref over `data` (pointer) with the given sizes and strides (i64) and
/// offset 0.
Value buildMemRef(OpBuilder &builder, Location loc, MemRefType type, Value data,
                  ArrayRef<Value> sizes, ArrayRef<Value> strides);

/// Reads the tensors that the runtime hands to an entry. Arguments are of
/// types that `isRuntimeArgument` admits.
class RuntimeTensorReader {
public:
  /// `tensors`: pointer to the first gdpa_tensor.
  RuntimeTensorReader(OpBuilder &builder, Location loc, Value tensors);

  /// i1: whether tensor `number` can be what `type` says. The stride of a
  /// dimension with one position does not matter, nor that of any dimension of
  /// an empty tensor.
  Value fits(unsigned number, Type type);
  /// Tensor `number` as a value of `type`; a scalar's value is behind its
  /// pointer.
  Value read(unsigned number, Type type);

private:
  Value field(unsigned number, int32_t field, Type type, int32_t dim = -1);

  OpBuilder &builder;
  Location loc;
  Value tensors;
  Type pointer, tensorType;
};

} // namespace mlir::gdpa

#endif // GDPA_CONVERSION_RUNTIMETENSOR_H
