//===- Coordinates.h - indices as digits in mixed radix ---------*- C++ -*-===//
//
// Where an element of a tensor lies, followed through reshapes: an index into a
// dimension is a number whose digits are atoms. A loop of the second product
// starts as one atom; collapse_shape joins the digits of dimensions,
// expand_shape deals them out, and an atom that has to be cut becomes two.
// Transposes and broadcasts only move or drop digits. So two spellings of one
// access have one form, also where sizes are known at run time only.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_COORDINATES_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_COORDINATES_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace mlir::gdpa::raising {

/// A range of places that no reshape on the way cuts.
using Atom = unsigned;
/// An index into one dimension, its most significant digit first. No digit: 0,
/// the only index into a dimension of size 1.
using Digits = SmallVector<Atom, 2>;
/// An index into each dimension of a tensor.
using Place = SmallVector<Digits, 4>;

/// All digits of a place, dimension after dimension.
Digits flatten(ArrayRef<Digits> place);

/// The atoms of one attempt to raise. Cutting an atom makes what was computed
/// before stale: the attempt then starts over, with the atom already cut.
class Coordinates {
public:
  /// The index of a loop of `op`, always the same for the same loop.
  Digits loop(Operation *op, unsigned number, int64_t size);

  /// Number of places of an atom, or ShapedType::kDynamic.
  int64_t sizeOf(Atom atom) const { return nodes[atom].size; }
  /// The product of the sizes, or ShapedType::kDynamic.
  int64_t sizeOf(ArrayRef<Atom> digits) const;

  /// Deals the digits of one dimension out to dimensions of `sizes`, of which
  /// at most one is dynamic. Fails where they do not fit and where an atom had
  /// to be cut: see tookCut().
  std::optional<SmallVector<Digits>> split(Digits digits,
                                           ArrayRef<int64_t> sizes);

  /// Whether an atom was cut since the last call.
  bool tookCut() { return std::exchange(cut, false); }

private:
  struct Node {
    int64_t size;
    Digits parts; // empty: not cut
  };

  Atom add(int64_t size);
  void append(Digits &digits, Atom atom) const;
  void cutAtom(Atom atom, int64_t outer, int64_t inner);
  /// Takes digits of `size` places from one end.
  bool take(Digits &digits, int64_t size, bool inner, Digits &taken);

  SmallVector<Node> nodes;
  llvm::DenseMap<std::pair<Operation *, unsigned>, Atom> loops;
  bool cut = false;
};

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_COORDINATES_H
