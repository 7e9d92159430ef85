//===- AttentionTile.h - tiles of attention operations ----------*- C++ -*-===//
//
// Slices of the operands that a tile of the iteration space needs, and where
// the tile lies in the whole.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPA_TRANSFORMS_ATTENTIONTILE_H
#define GDPA_LIB_DIALECT_GDPA_TRANSFORMS_ATTENTIONTILE_H

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace mlir::gdpa {

/// Part of one dimension.
struct Extent {
  OpFoldResult offset, size;
  /// Nothing is cut off.
  bool isWhole = false;
};

/// Size `dim` of a tensor or memref.
OpFoldResult getSizeOf(OpBuilder &builder, Location loc, Value shaped,
                       unsigned dim);

/// The whole of dimension `dim`.
Extent getWhole(OpBuilder &builder, Location loc, Value shaped, unsigned dim);

/// [offset, offset + size) of dimension `dim` of `shaped`.
Extent getExtent(Value shaped, unsigned dim, OpFoldResult offset,
                 OpFoldResult size);

/// Whether `value` is a multiple of `factor`, as far as constants, induction
/// variables and affine operations tell.
bool isMultipleOf(OpFoldResult value, int64_t factor);

/// The slice of `tensor` that the extents say, or `tensor` where all of them
/// are whole. Slices made are added to `slices`.
Value takeSlice(OpBuilder &builder, Location loc, Value tensor,
                ArrayRef<Extent> extents, SmallVector<Operation *> &slices);

/// The key heads of the query heads `heads` of a query and a key, given the
/// position of their heads. The tile's own ratio of heads must lead to the same
/// key heads: it holds whole groups, or lies in one. Emits an error at `op`
/// otherwise.
FailureOr<Extent> getKeyHeads(OpBuilder &builder, Operation *op, Value query,
                              Value key, unsigned headDim, Extent heads);

/// Query heads of a key head.
OpFoldResult getGroupSize(OpBuilder &builder, Location loc, Value query,
                          Value key, unsigned headDim);

/// Extents of a tile of one attention operation.
struct AttentionTile {
  /// Of query, output and the like; of key and value.
  Extent batch, heads, keyHeads, queries, keys, columns;

  /// The extents of an operand that has one of these roles, in the order of its
  /// dimensions; empty for one that no tile cuts.
  SmallVector<Extent> of(OpBuilder &builder, Operation *op, Layout layout,
                         Role role, Value operand) const;
};

/// A copy of `op` on other operands, as many as before. (Upstream's `clone`
/// does not take operations with an empty region, which an absent mask is.)
Operation *cloneOnto(OpBuilder &builder, Operation *op,
                     ArrayRef<Type> resultTypes, ValueRange operands);

/// The operation on the tile's slices, with the tile's offsets and lengths.
FailureOr<TilingResult> makeTiledOp(OpBuilder &builder, AttentionOp op,
                                    const AttentionTile &tile);
FailureOr<TilingResult> makeTiledOp(OpBuilder &builder, AttentionBackwardOp op,
                                    const AttentionTile &tile);
FailureOr<TilingResult> makeTiledOp(OpBuilder &builder, AttentionPartialOp op,
                                    const AttentionTile &tile);

/// Offsets and lengths that an operation on the tile of `op` has.
template <class Op>
void getTilePosition(OpBuilder &builder, Op op, const AttentionTile &tile,
                     SmallVector<Value> &offsets, SmallVector<Value> &lengths);
extern template void getTilePosition(OpBuilder &, AttentionOp,
                                     const AttentionTile &,
                                     SmallVector<Value> &,
                                     SmallVector<Value> &);

} // namespace mlir::gdpa

#endif // GDPA_LIB_DIALECT_GDPA_TRANSFORMS_ATTENTIONTILE_H
