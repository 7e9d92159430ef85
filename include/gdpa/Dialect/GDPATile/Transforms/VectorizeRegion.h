//===- VectorizeRegion.h - scalar regions on vectors ------------*- C++ -*-===//
//
// The activation reaches a kernel as a region of scalar operations. Every
// target applies it by the same utility: the same operations on vectors of a
// shape, a register tile on CPUs, a thread's fragment on GPUs.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPATILE_TRANSFORMS_VECTORIZEREGION_H
#define GDPA_DIALECT_GDPATILE_TRANSFORMS_VECTORIZEREGION_H

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

namespace mlir::tensor {
class ExtractOp;
} // namespace mlir::tensor

namespace mlir::gdpa_tile {

/// The i32 indices of a vector's elements: one number that all of them share (null
/// for zero) and a constant for each. One register holds the shared number.
struct SplitIndices {
  Value base;
  SmallVector<int32_t> offsets;
};

struct RegionVectorization {
  /// Shape of the vectors.
  ArrayRef<int64_t> shape;
  /// Coordinates along dimension `dim` of the iteration space.
  function_ref<SplitIndices(int64_t dim)> coordinate;
  /// Number of iterations along `dim`; coordinates lie below it.
  function_ref<int64_t(int64_t dim)> extent;
  /// The elements that `extract` reads at a vector of each index, of i32 or i64.
  function_ref<FailureOr<Value>(tensor::ExtractOp extract, ValueRange indices)>
      extract;
  /// Bounds an index from outside the region. Indices are computed in i32
  /// wherever the ranges of the values show that nothing is lost, else in i64.
  function_ref<ConstantIntRanges(Value)> range;
};

/// Repeats the operations of the scalar block `body` on vectors at the builder's
/// insertion point and returns the vectors that stand for its terminator's
/// operands. `arguments` stand for the block's arguments: vectors of the shape,
/// or null where an argument is unused. Constants and values from outside are
/// broadcast. Fails, with an error at the operation, on an operation that is
/// neither elementwise, a `linalg.index` nor a `tensor.extract`.
FailureOr<SmallVector<Value>>
vectorizeRegion(OpBuilder &builder, Block &body, ValueRange arguments,
                const RegionVectorization &options);

} // namespace mlir::gdpa_tile

#endif // GDPA_DIALECT_GDPATILE_TRANSFORMS_VECTORIZEREGION_H
