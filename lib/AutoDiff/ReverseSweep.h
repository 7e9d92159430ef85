//===- ReverseSweep.h - reverse mode over one block -------------*- C++ -*-===//
//
// Visits the operations of a block backwards and lets each operation's rule add
// to the pending cotangents. Blocks inside an operation are swept by a sweep of
// their own, started by that operation's rule.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_AUTODIFF_REVERSESWEEP_H
#define GDPA_LIB_AUTODIFF_REVERSESWEEP_H

#include "gdpa/AutoDiff/Predicate.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::gdpa {

/// Values whose cotangent is wanted: they depend on a root through floats.
class Activity {
public:
  void addRoot(Value value) { active.insert(value); }
  bool contains(Value value) const { return active.contains(value); }
  /// Whether `op`, or an operation inside it, reads an active value.
  bool isUsedBy(Operation *op) const;
  /// Adds what depends on the active values in `block`.
  void propagate(Block &block);
  /// Adds copies of active values.
  void addCopies(const IRMapping &copies);

private:
  llvm::DenseSet<Value> active;
};

class ReverseSweep {
public:
  /// `builder` stands where the reverse operations are to go.
  ReverseSweep(OpBuilder &builder, Activity &activity)
      : builder(builder), activity(activity) {}

  OpBuilder &getBuilder() { return builder; }
  Activity &getActivity() { return activity; }

  /// Adds to the pending cotangent of `value`.
  void add(Value value, PredicatedValue cotangent);
  /// The cotangent of `value`, no longer pending; none where it has none.
  std::optional<PredicatedValue> take(Value value);
  /// The same where the cotangent ends: exactly zero where it does not count, null
  /// where there is none.
  Value takeMasked(Value value);
  /// Visits `ops`, the operations of one block in order, backwards.
  LogicalResult run(ArrayRef<Operation *> ops);
  /// The values with a pending cotangent, in the order they got one.
  SmallVector<Value> getPending() const;

private:
  LogicalResult visit(Operation *op);

  OpBuilder &builder;
  Activity &activity;
  llvm::MapVector<Value, SmallVector<PredicatedValue>> pending;
};

/// Accumulates `gradient` into `capture`[`indices`], in a type that
/// gdpa.accumulate takes. `capture` is an argument of the joint region.
void accumulateGradient(OpBuilder &builder, Location loc, Value gradient,
                        Value capture, ValueRange indices);

} // namespace mlir::gdpa

#endif // GDPA_LIB_AUTODIFF_REVERSESWEEP_H
