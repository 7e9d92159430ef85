//===- ProgramWalker.h - runs the scalar code of block programs -*- C++ -*-===//
//
// Executes loops, conditions and index arithmetic of a gdpa_tile.program by
// folding, and counts the operations over score blocks that it meets. Nothing
// is known of blocks' elements.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_UNITTESTS_DIALECT_GDPATILE_PROGRAMWALKER_H
#define GDPA_UNITTESTS_DIALECT_GDPATILE_PROGRAMWALKER_H

#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include <array>
#include <string>
#include <vector>

namespace gdpa_test {

/// Sizes of a program's arguments; empty for a scalar.
using Sizes = std::vector<std::vector<int64_t>>;

struct Visits {
  int64_t blocks = 0; // score blocks computed
  int64_t full = 0;   // of these, without a look at positions
  std::string error;  // not empty: what could not be executed
};

/// Runs one point of the grid.
Visits walk(mlir::gdpa_tile::ProgramOp program, const Sizes &sizes,
            std::array<int64_t, 3> position);

} // namespace gdpa_test

#endif // GDPA_UNITTESTS_DIALECT_GDPATILE_PROGRAMWALKER_H
