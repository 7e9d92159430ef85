//===- RegionInterpreter.h - runs attention regions in double ---*- C++ -*-===//
//
// A second opinion on what a region computes: every float is a double, whatever
// its type, every integer an int64_t. Knows arith, math, scf.if, scf.for, reads
// of captures and gdpa.accumulate; independent of every lowering.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_UNITTESTS_SUPPORT_REGIONINTERPRETER_H
#define GDPA_UNITTESTS_SUPPORT_REGIONINTERPRETER_H

#include "mlir/IR/Region.h"
#include <map>
#include <string>
#include <vector>

namespace gdpa_test {

/// An argument or a result of a region.
struct RegionValue {
  double number = 0;          // a float
  int64_t integer = 0;        // an integer or an index
  std::vector<int64_t> shape; // a tensor: row-major
  std::vector<double> elements;

  static RegionValue ofFloat(double number) { return {number, 0, {}, {}}; }
  static RegionValue ofInteger(int64_t integer) { return {0, integer, {}, {}}; }
  static RegionValue ofTensor(std::vector<int64_t> shape,
                              std::vector<double> elements) {
    return {0, 0, std::move(shape), std::move(elements)};
  }
};

struct RegionOutcome {
  /// What the region yields; floats, and i1 as 0 or 1.
  std::vector<double> yielded;
  /// What gdpa.accumulate added, by number of the capture's block argument and
  /// position of the element (0 for a scalar).
  std::map<std::pair<unsigned, int64_t>, double> accumulated;
  /// Not empty: the operation that is not known, or what went wrong.
  std::string error;
};

RegionOutcome interpret(mlir::Region &region,
                        const std::vector<RegionValue> &arguments);

} // namespace gdpa_test

#endif // GDPA_UNITTESTS_SUPPORT_REGIONINTERPRETER_H
