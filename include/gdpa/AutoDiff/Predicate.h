//===- Predicate.h - when a cotangent counts --------------------*- C++ -*-===//
//
// A select passes its cotangent to the branch taken and exactly zero to the
// other. Multiplying a zero by the other branch's derivative would not do: the
// derivative may be infinite. So a cotangent travels unmasked, with the
// condition under which it counts beside it, and is masked once, at the end.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_AUTODIFF_PREDICATE_H
#define GDPA_AUTODIFF_PREDICATE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace mlir::gdpa {

/// A conjunction of i1 values, each possibly negated; the empty one is true.
class Predicate {
public:
  struct Literal {
    Value condition;
    bool isNegated = false;

    bool operator==(const Literal &other) const {
      return condition == other.condition && isNegated == other.isNegated;
    }
    Literal negated() const { return {condition, !isNegated}; }
  };

  Predicate() = default;
  explicit Predicate(Literal literal) : literals{literal} {}

  bool isTrue() const { return literals.empty(); }
  ArrayRef<Literal> getLiterals() const { return literals; }
  bool contains(Literal literal) const {
    return llvm::is_contained(literals, literal);
  }
  /// The same set of literals, in any order.
  bool operator==(const Predicate &other) const;

  /// Conjunction; none where the two contradict each other.
  std::optional<Predicate> conjoin(Literal literal) const;
  std::optional<Predicate> conjoin(const Predicate &other) const;
  /// The literals that both have.
  Predicate intersect(const Predicate &other) const;
  /// The literals that `other` lacks.
  Predicate without(const Predicate &other) const;

  /// The predicate as an i1 value; not for the true one.
  Value materialize(OpBuilder &builder, Location loc) const;
  /// `value` where the predicate holds, exactly zero elsewhere.
  Value mask(OpBuilder &builder, Location loc, Value value) const;

private:
  SmallVector<Literal, 2> literals;
};

/// A cotangent and when it counts. Where the predicate does not hold, `value`
/// may be anything, NaN included.
struct PredicatedValue {
  Value value;
  Predicate predicate;
};

/// Sum of `terms`, at least one. Where some terms count and others do not, the
/// others contribute exactly zero; the sum counts where any term does.
PredicatedValue sum(OpBuilder &builder, Location loc,
                    ArrayRef<PredicatedValue> terms);

/// The same where the sum ends: the value itself, exactly zero where no term
/// counts.
Value maskedSum(OpBuilder &builder, Location loc,
                ArrayRef<PredicatedValue> terms);

/// Brings `values` under one predicate, which is returned: it holds where any
/// of theirs does, and there the others are exactly zero.
Predicate unifyPredicates(OpBuilder &builder, Location loc,
                          MutableArrayRef<PredicatedValue> values);

} // namespace mlir::gdpa

#endif // GDPA_AUTODIFF_PREDICATE_H
