//===- AttentionPosition.h - where a tile of attention lies -----*- C++ -*-===//
//
// What `offsets` and `lengths` of an attention operation mean, once for every
// lowering.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_ATTENTIONPOSITION_H
#define GDPA_DIALECT_GDPA_IR_ATTENTIONPOSITION_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa {

/// Brings offsets and lengths into the regions, which then compute the
/// coordinates of the whole from those of the tile: constants stand there,
/// other values are captures (of type index) behind the present ones. The
/// operation means the same as before and has neither offsets nor lengths.
/// Whoever lowers the regions calls this first and knows nothing of tiles.
void inlinePosition(AttentionOp op);
void inlinePosition(AttentionBackwardOp op);
void inlinePosition(AttentionPartialOp op);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_IR_ATTENTIONPOSITION_H
