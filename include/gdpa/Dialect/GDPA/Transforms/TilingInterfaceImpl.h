//===- TilingInterfaceImpl.h - tiling of gdpa -------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_TILINGINTERFACEIMPL_H
#define GDPA_DIALECT_GDPA_TRANSFORMS_TILINGINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::gdpa {

/// Teaches upstream's tiling and fusion the operations of `gdpa`. Loops of the
/// iteration spaces, all from 0; a jagged batch (thd) is tiled along heads and
/// columns only, its batch and rows are one tile:
///
///   attention, attention_partial  b, h, i, columns of v, j
///   attention_merge               b, h, i, columns of v
///   attention_backward            b, key heads
///
/// The last loop of the first two sums. `attention` overwrites its destination,
/// so its keys are tiled as a partial reduction only (transform's
/// tile_reduction_using_for and tile_reduction_using_forall), which makes
/// `attention_partial` operations and an `attention_merge`; the keys of
/// `attention_partial` are tiled as those of any sum. Captures are never cut.
///
/// The loops of the backward are those whose tiles write different elements of
/// every result: dq sums over j, dk and dv over i, and none of them reads its
/// destination. Captures' gradients sum over all loops: an operation that has
/// some is tiled as a partial reduction over them, in which every piece has
/// gradients of captures of its own.
void registerTilingInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_TILINGINTERFACEIMPL_H
