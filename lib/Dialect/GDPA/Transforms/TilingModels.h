//===- TilingModels.h - loops of attention operations -----------*- C++ -*-===//
//
// What the models of TilingInterface and of PartialReductionOpInterface share.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPA_TRANSFORMS_TILINGMODELS_H
#define GDPA_LIB_DIALECT_GDPA_TRANSFORMS_TILINGMODELS_H

#include "AttentionTile.h"

namespace mlir::gdpa {

/// Loops of attention and attention_partial; those of attention_merge are the
/// same but the last.
enum ForwardLoop : unsigned {
  kBatchLoop,
  kHeadLoop,
  kQueryLoop,
  kColumnLoop,
  kKeyLoop,
  kNumForwardLoops
};

/// Which keys a tile may hold.
enum class KeyTiles {
  Whole,   // all: the operation overwrites its destination
  Partial, // any: the tile is a piece of an operation that becomes one
  Any      // any: the operation continues its destination
};

/// The loop along each dimension of an operand or result of a role; none for a
/// dimension that no tile cuts, empty for a role without loops.
SmallVector<std::optional<ForwardLoop>> getForwardLoops(Layout layout,
                                                        Role role);

template <class Op>
SmallVector<OpFoldResult> getLoopSizes(OpBuilder &builder, Op op);

/// The tile of attention or attention_partial at `offsets` of `sizes`, one of
/// each for each loop. Emits an error for one that cannot be expressed.
template <class Op>
FailureOr<AttentionTile>
getForwardTile(OpBuilder &builder, Op op, ArrayRef<OpFoldResult> offsets,
               ArrayRef<OpFoldResult> sizes, KeyTiles keyTiles);

/// Attaches the models of gdpa.attention_backward.
void attachBackwardModels(MLIRContext &context);

/// Attaches the model of PartialReductionOpInterface of gdpa.attention.
void attachPartialReductionModels(MLIRContext &context);

} // namespace mlir::gdpa

#endif // GDPA_LIB_DIALECT_GDPA_TRANSFORMS_TILINGMODELS_H
