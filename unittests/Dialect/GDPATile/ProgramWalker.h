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

/// A program's argument: its sizes, none for a scalar, and the elements of a
/// buffer of integers, row after row, or an index.
struct Argument {
  std::vector<int64_t> sizes;
  std::vector<int64_t> elements;
};
using Arguments = std::vector<Argument>;

struct Visits {
  int64_t blocks = 0; // score blocks computed
  int64_t full = 0;   // of these, without a look at positions or captures
  std::string error;  // not empty: what could not be executed
};

/// Runs one point of the grid; stores change the elements of `arguments`.
Visits walk(mlir::gdpa_tile::ProgramOp program, Arguments &arguments,
            std::array<int64_t, 3> position);

} // namespace gdpa_test

#endif // GDPA_UNITTESTS_DIALECT_GDPATILE_PROGRAMWALKER_H
