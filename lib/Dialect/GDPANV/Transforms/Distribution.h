//===- Distribution.h - block tensors as vectors of threads -----*- C++ -*-===//
//
// What the patterns of --gdpa-tile-distribute share: the thread's position, the
// type conversion, addresses, and the emission of coordinates from a layout.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_DISTRIBUTION_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_DISTRIBUTION_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::gdpa_nv {

/// Position of a thread and what all of a kernel's threads share, computed once
/// at the kernel's start. All i32 but the pointers.
struct ThreadContext {
  /// Of an asynchronous kernel: of its consumers, the first of which is thread 0;
  /// those of the producer are negative.
  int64_t threads;
  Value thread, lane, warp;
  /// Warpgroups that compute, 0 in a portable kernel.
  int64_t consumers = 0;
  /// Start of dynamic shared memory, !llvm.ptr<3>.
  Value shared;
  /// Bounds of the indices that regions use from outside, taken before the
  /// conversion detaches the loops that they stand in.
  DenseMap<Value, ConstantIntRanges> ranges;
};

/// A block tensor becomes the vector that one thread holds, a shared block its
/// byte offset (i32) in dynamic shared memory.
class DistributionTypeConverter : public TypeConverter {
public:
  DistributionTypeConverter();
};

/// Emits arithmetic on i32 at one insertion point.
class ThreadBuilder {
public:
  ThreadBuilder(OpBuilder &builder, Location loc, const ThreadContext &thread)
      : builder(builder), loc(loc), thread(thread) {}

  Value constant(int64_t value);
  Value constantI64(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b);
  Value mul(Value a, int64_t b);
  Value shiftRight(Value a, int64_t bits);
  Value bitAnd(Value a, int64_t mask);
  Value bitXor(Value a, Value b);
  Value lessThan(Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// The conjunction of two conditions, null where both always hold.
  Value both(Value a, Value b);
  Value equal(Value a, int64_t b);
  Value toI32(Value index);
  Value toI64(Value index);

  /// A copy of `value` that nothing moves: what is computed from it holds no register
  /// over the loops of an asynchronous kernel.
  Value local(Value value);
  /// The thread's part of coordinate `result` of a layout's elements.
  Value threadOffset(LayoutAttrInterface layout, unsigned result);
  /// The constant part, for one position in the fragment.
  static int64_t positionOffset(LayoutAttrInterface layout, unsigned result,
                                ArrayRef<int64_t> position);

  /// `base` + `bytes`, a pointer of base's type; `bytes` is i32 or i64.
  Value advance(Value base, Value bytes);
  Value advance(Value base, int64_t bytes);
  /// Address of a buffer in global memory, and its sizes and strides as i64.
  Value pointer(Value buffer);
  Value sizeI64(Value buffer, int64_t dim);
  Value strideI64(Value buffer, int64_t dim);
  /// Sum of `indices` times strides, in elements; null indices count nothing.
  Value elementOffset(Value buffer, ArrayRef<Value> indices);
  /// Address of the element at `indices`; null indices count nothing.
  Value elementPointer(Value buffer, ArrayRef<Value> indices);

  OpBuilder &builder;
  Location loc;
  const ThreadContext &thread;

private:
  Value expand(AffineExpr expr, Value warp, Value lane);
};

/// A conversion pattern that knows the thread.
template <class Op> class DistributionPattern : public OpConversionPattern<Op> {
public:
  DistributionPattern(const TypeConverter &converter, MLIRContext *context,
                      const ThreadContext &thread)
      : OpConversionPattern<Op>(converter, context), thread(thread) {}

protected:
  VectorType fragmentOf(Type type) const {
    return dyn_cast_or_null<VectorType>(
        this->getTypeConverter()->convertType(type));
  }
  const ThreadContext &thread;
};

/// Visits every position of a vector's shape, last dimension fastest.
void forEachPosition(ArrayRef<int64_t> shape,
                     function_ref<void(ArrayRef<int64_t>)> visit);

/// Bytes of an element in memory; i1 takes one.
int64_t bytesOf(Type elementType);

/// Loads an element of `type` at `address`; where `inside` is given and false,
/// the result is zero and nothing is read.
Value loadElement(ThreadBuilder &builder, Value address, Type type,
                  Value inside, bool readOnly = true);

/// Shared memory of a sum whose elements may meet in one place: a header for
/// one number of each warp, then slots of 12 bytes.
constexpr int64_t kSumTableHeader = 128;
int64_t getSumTableSlots(RankedTensorType block, int64_t threads);
/// Bytes of shared memory that a sum needs, 0 where it needs none.
int64_t getSumScratchBytes(gdpa_tile::AccumulateOp op, int64_t threads);

/// Where one index of a sum is a position of the rows plus or minus one of the
/// columns and the others are the same for all elements: 1 where the index is
/// constant along rows and columns that rise together, -1 where one rises and the
/// other falls.
std::optional<int64_t> getDiagonalStep(gdpa_tile::AccumulateOp op);
int64_t getDiagonalSumBytes(RankedTensorType block);
/// Adds a block of f32 along its diagonals. `addressOf` gives the address of the
/// place that an element of the block is added to and sets whether it is inside.
void addDiagonals(ThreadBuilder &b, gdpa_tile::AccumulateOp op, Value vector,
                  Value scratch,
                  function_ref<Value(ArrayRef<Value>, Value &)> addressOf);

void populateElementwiseDistribution(RewritePatternSet &patterns,
                                     const TypeConverter &converter,
                                     const ThreadContext &thread);
void populateCopyDistribution(RewritePatternSet &patterns,
                              const TypeConverter &converter,
                              const ThreadContext &thread);
void populateLoadDistribution(RewritePatternSet &patterns,
                              const TypeConverter &converter,
                              const ThreadContext &thread);
void populateStoreDistribution(RewritePatternSet &patterns,
                               const TypeConverter &converter,
                               const ThreadContext &thread);
void populateSumDistribution(RewritePatternSet &patterns,
                             const TypeConverter &converter,
                             const ThreadContext &thread);
void populateProductDistribution(RewritePatternSet &patterns,
                                 const TypeConverter &converter,
                                 const ThreadContext &thread);
void populateAsyncDistribution(RewritePatternSet &patterns,
                               const TypeConverter &converter,
                               const ThreadContext &thread);
void populateAsyncProductDistribution(RewritePatternSet &patterns,
                                      const TypeConverter &converter,
                                      const ThreadContext &thread);
void populateWatchDistribution(RewritePatternSet &patterns,
                               const TypeConverter &converter,
                               const ThreadContext &thread);

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_DISTRIBUTION_H
