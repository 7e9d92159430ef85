//===- ElementPositions.h - where a block's elements lie in a buffer -*- C++
//-*-===//
//
// What loads, copies and stores of blocks share: the buffer's indices of an
// element of a fragment, and whether they are inside.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_ELEMENTPOSITIONS_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_ELEMENTPOSITIONS_H

#include "Distribution.h"

namespace mlir::gdpa_nv {

/// Where the dimensions of a block lie in its buffer: position d of the block
/// is added to the offset of dimension `dims[d]`. Fails for other maps.
FailureOr<SmallVector<int64_t>> getBlockDims(AffineMap map);

/// Whether `index` is inside dimension `dim` of `buffer`. With `clamp` the
/// index is moved inside, and only an empty dimension has none.
Value boundIndex(ThreadBuilder &b, Value buffer, int64_t dim, bool clamp,
                 Value &index);

/// The positions of a fragment's elements in a buffer: `offsets` plus `map` of
/// the element's coordinates in the block.
class ElementPositions {
public:
  ElementPositions(ThreadBuilder &b, LayoutAttrInterface layout, AffineMap map,
                   Value buffer, ValueRange offsets, bool clamp);

  /// Indices of the element at `position`; returns whether they are inside,
  /// null where that is always so.
  Value at(ArrayRef<int64_t> position, SmallVector<Value> &indices);

  /// Only affine maps of sums and products with constants reach this.
  static bool isSupported(AffineMap map);

private:
  Value expand(AffineExpr expr, ArrayRef<Value> coordinates);

  ThreadBuilder &b;
  LayoutAttrInterface layout;
  AffineMap map;
  Value buffer;
  ValueRange offsets;
  bool clamp;
  SmallVector<Value> threadOffsets;
};

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_ELEMENTPOSITIONS_H
