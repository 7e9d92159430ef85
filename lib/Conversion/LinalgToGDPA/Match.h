//===- Match.h - attention found in linalg ----------------------*- C++ -*-===//
//
// What raising knows before it writes anything.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_MATCH_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_MATCH_H

#include "Evaluator.h"
#include "gdpa/Conversion/LinalgToGDPA/LinalgToGDPA.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa::raising {

/// A pair is kept where `value` is `holds`.
struct Condition {
  Expression *value;
  bool holds;
};

/// The digits that each dimension of attention stands for.
struct Roles {
  Digits batch;
  Digits keyHeads; // heads of k and v
  Digits group;    // the query heads that share one
  Digits row, keys;
  Digits depth, valueDepth;

  Digits heads() const {
    Digits all = keyHeads;
    llvm::append_range(all, group);
    return all;
  }
};

struct Match {
  Source query, key, value;
  Roles roles;
  SmallVector<Factor> factors;
  Normalizer normalizer = Normalizer::None;
  /// The regions' s, z and mask.
  Expression *score = nullptr, *activation = nullptr;
  SmallVector<Condition> masks;
  Type storage;
  /// What the operation replaces, and how its elements are indexed.
  Value result;
  Place resultPlace;
  /// Operations that compute from the scores; dead once `result` is replaced.
  SmallVector<Operation *> replaced;
};

/// One attempt: the weights are `weights`, v is the input `value` of the second
/// product. Nothing where there is no attention (`obstacle.op` is null unless a
/// first product was found), or where an atom was cut (`coordinates`).
std::optional<Match> matchAttention(SumOfProducts second, Value weights,
                                    BlockArgument value, ExpressionPool &pool,
                                    Coordinates &coordinates,
                                    const GDPARaiseOptions &options,
                                    Obstacle &obstacle);

/// Finds mask, normalizer, activation and scale in the expression of a weight
/// and writes them to `match`.
LogicalResult splitWeight(Expression *weight, ArrayRef<Atom> keys, Match &match,
                          std::string &reason);

/// Builds the operation in the place of `match.result`.
AttentionOp emitAttention(RewriterBase &rewriter, const Match &match,
                          const Coordinates &coordinates);

/// Why `match` cannot be written as an operation; empty where it can.
std::string checkEmission(const Match &match, const Coordinates &coordinates);

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_MATCH_H
