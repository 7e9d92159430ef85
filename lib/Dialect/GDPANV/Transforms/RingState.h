//===- RingState.h - rings at one point of a role ---------------*- C++ -*-===//

#ifndef GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_RINGSTATE_H
#define GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_RINGSTATE_H

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::gdpa_nv {

/// A cursor under all the names that it has: a loop may carry it twice, and rings may
/// begin with one value.
struct CursorNames {
  CursorNames() = default;
  CursorNames(Value cursor) : names{cursor} {}
  bool has(Value cursor) const { return llvm::is_contained(names, cursor); }
  bool meets(const CursorNames &other) const {
    return llvm::any_of(names, [&](Value name) { return other.has(name); });
  }
  /// Whether it is the first position of a ring.
  bool isStart() const;
  void rename(ValueRange from, ValueRange to);
  SmallVector<Value, 2> names;
};

/// Where a role stands in a ring: the slot of `cursor` is taken (received or sent), or
/// it is the next one.
struct RingPosition {
  CursorNames cursor;
  bool taken = false;
  bool agrees(const RingPosition &other) const {
    return cursor.meets(other.cursor) && taken == other.taken;
  }
};

/// A slot between its receive and its release.
struct HeldSlot {
  Value ring;
  CursorNames cursor;
  Value block;
  Operation *receive;
};

/// What holds at one point of a role. Everything is looked up by value, so that a
/// loop or a branch renames it.
struct RingState {
  /// The same with the values `from` called `to`. Of the slots only those whose block
  /// is among them change their name.
  RingState rename(ValueRange from, ValueRange to) const;

  llvm::MapVector<Value, RingPosition> positions;
  SmallVector<HeldSlot> held;
};

/// An error at `end` where a loop or a branch ends (`where`) in another state than
/// `expected`.
LogicalResult expectSame(Operation *end, const RingState &found, const RingState &expected,
                         StringRef where);

/// What an argument of a loop (scf.for, scf.while) is one after the other: the value that the loop starts
/// with and the one that it is handed back; none for other arguments and for an induction variable.
SmallVector<Value> getPredecessors(BlockArgument argument);

/// The cursor outside of `op` that a cursor inside of it begins as; null where it comes
/// from elsewhere.
Value findStart(Operation *op, Value cursor);

/// Fails with `error` and a note at `op`.
LogicalResult addNote(InFlightDiagnostic error, Operation *op, StringRef text);

} // namespace mlir::gdpa_nv

#endif // GDPA_LIB_DIALECT_GDPANV_TRANSFORMS_RINGSTATE_H
