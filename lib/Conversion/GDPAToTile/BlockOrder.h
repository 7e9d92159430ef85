//===- BlockOrder.h - which programs of a kernel start first ----*- C++ -*-===//
//
// A mask gives blocks of rows unequal work. A GPU starts programs in the order
// of the grid while others run: those that start last should be short, or the
// machine waits for them.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKORDER_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKORDER_H

#include "BlockBuilder.h"

namespace mlir::gdpa_tile {

/// The order for a kernel whose blocks are rows of `kind`, from how many pairs
/// of early and of late rows the mask keeps. The grid's own where the mask is
/// empty, reads captures, or keeps as many of both; and on CPUs, whose programs
/// are few and long.
BlockOrder orderOf(Region &mask, RowKind kind, const BlockScheme &scheme);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKORDER_H
