//===- RowTerms.h - normalizers in the backward -----------------*- C++ -*-===//
//
// The gradient through a normalizer is a joint region that reads two more
// numbers of its query's row, its row terms (x, y). With delta = dO . o,
//
//   sum      x = 1 / r                 y = dr - delta / r
//            w = z x                   ct of z = (dO . v) x + y
//   softmax  x = lse                   y = dlse - delta
//            w = exp(z - x)            ct of z = w ((dO . v) + y)
//
// A row without weight has x = 0 or x = +inf, and y = 0. A program writes the
// terms of all rows to workspaces; the joint region is rewritten to read them,
// behind its captures, so that the kernels know nothing of normalizers.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_ROWTERMS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_ROWTERMS_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa_tile {

/// Emits the program of the row terms of `op` (in memref form, with flattened
/// regions) and rewrites its joint region to take them as further arguments.
/// Returns their workspaces, none for normalizer `none`.
FailureOr<SmallVector<Value>> lowerNormalizer(gdpa::AttentionBackwardOp op,
                                              StringRef name);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_ROWTERMS_H
