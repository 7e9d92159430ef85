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

struct RegionVectorization {
  /// Shape of the vectors.
  ArrayRef<int64_t> shape;
  /// Coordinates along dimension `dim` of the iteration space: a vector of
  /// `shape`, of i32 where `narrowIndices` is set, else of index.
  function_ref<Value(int64_t dim)> coordinate;
  /// Number of iterations along `dim`; coordinates lie below it.
  function_ref<int64_t(int64_t dim)> extent;
  /// The elements that `extract` reads at a vector of each index. Indices are
  /// vectors of index, or of i32 or i64 where `narrowIndices` is set.
  function_ref<FailureOr<Value>(tensor::ExtractOp extract, ValueRange indices)>
      extract;
  /// Computes on indices in i32 wherever the ranges of the values show that
  /// nothing is lost, else in i64. `range` bounds an index from outside the
  /// region.
  bool narrowIndices = false;
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
