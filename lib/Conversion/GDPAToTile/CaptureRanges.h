//===- CaptureRanges.h - what captures hold in a block of rows --*- C++ -*-===//
//
// A mask that compares captured integers of its rows (document ids, lengths,
// flags) tells nothing before it runs. A small program ahead of the kernels finds
// the least and the greatest integer of every block of rows; with them
// --gdpa-tile-mask-bounds leaves out blocks whose ranges do not meet. Sorted or
// not makes no difference to what is right, only to how much is left out.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURERANGES_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURERANGES_H

#include "Kernels.h"

namespace mlir::gdpa_tile {

class CaptureRanges {
public:
  /// For the mask of `attention` (may be empty) over `captures`; programs are
  /// launched at the operation.
  CaptureRanges(Operation *attention, StringRef name, Region &mask,
                ValueRange captures, const HostSizes &sizes)
      : attention(attention), name(name), mask(mask), captures(captures),
        sizes(sizes) {}

  /// What the kernels of `scheme`, whose stationary side is that of queries or
  /// of keys, can ask for. The ranges' buffers are host values, to be handed to
  /// the program; `ScorePlace::ranges` takes them as its values.
  SmallVector<CaptureRange> of(const BlockScheme &scheme,
                               bool queryIsStationary);

  static SmallVector<Value> buffers(ArrayRef<CaptureRange> ranges);
  static SmallVector<CaptureRange> in(Program &program,
                                      ArrayRef<CaptureRange> ranges);

private:
  Value bufferOf(unsigned capture, unsigned dim, int64_t rows, RowKind kind);

  Operation *attention;
  StringRef name;
  Region &mask;
  ValueRange captures;
  const HostSizes &sizes;
  struct Known {
    unsigned capture, dim;
    int64_t rows;
    Value length, buffer;
  };
  SmallVector<Known> known;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_CAPTURERANGES_H
