//===- UniformFactors.h - products with uniform values ----------*- C++ -*-===//
//
// Values of a scalar region as f * core, where f is a product of a constant and
// of powers of values that are the same for all pairs (the scale, captured
// numbers). Factors meet outside the loops over pairs and are multiplied in
// where that costs least: into constants, into a product that is there already,
// or in front of all else.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_UNIFORMFACTORS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_UNIFORMFACTORS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::gdpa_tile {

/// constant * the product of powers of uniform values.
struct Factor {
  double constant = 1;
  /// Of distinct values, none 0; in the order in which they were met.
  SmallVector<std::pair<Value, int>, 2> powers;

  static Factor of(double constant) { return {constant, {}}; }
  static Factor of(Value uniform) { return {1, {{uniform, 1}}}; }

  bool isConstant() const { return powers.empty(); }
  bool isOne() const { return isConstant() && constant == 1; }
  bool isPositive() const { return isConstant() && constant > 0; }
  /// The product with `other` to the power `exponent` (1 or -1).
  Factor times(const Factor &other, int exponent = 1) const;
  Factor times(double number) const { return times(of(number)); }
  /// Without the constant.
  Factor symbols() const { return {1, powers}; }
  /// Whether the constants may differ only.
  bool hasPowersOf(const Factor &other) const;
  bool operator==(const Factor &other) const {
    return constant == other.constant && hasPowersOf(other);
  }
};

/// factor * core; a null core stands for 1.
struct Term {
  Factor factor;
  Value core;
};

/// Makes values of terms, inside one block.
class TermBuilder {
public:
  TermBuilder(OpBuilder &builder, Location loc, Type type)
      : builder(builder), loc(loc), type(type) {}

  OpBuilder &builder;
  Location loc;
  Type type;

  bool isUniform(Value value) const { return !varying.contains(value); }
  /// To be said of each value that differs from pair to pair.
  Value note(Value value) {
    varying.insert(value);
    return value;
  }

  Value constant(double value);
  /// The value of a factor: scalar code, once for all pairs.
  Value uniform(const Factor &factor);
  /// The value of a term, made with as few operations on pairs as there is a way.
  Value value(const Term &term);
  /// How many operations on pairs `value` would add: 0 or 1.
  int cost(const Factor &factor, Value core) { return cost(factor, core, 0); }

  /// A factor whose product with `core` costs nothing and is made of other products
  /// that are there already; perhaps 1.
  Factor cheapFactor(Value core, unsigned depth = 0);

  /// Operations on pairs.
  Value add(Value lhs, Value rhs);
  Value multiply(Value lhs, Value rhs);
  Value negate(Value value);

  /// To be said of a core that more than one value is made of: it stays, so its
  /// product with a factor is another operation.
  void share(Value core) { shared.insert(core); }

  std::optional<double> asConstant(Value value);

private:
  int cost(const Factor &factor, Value core, unsigned depth);
  Value negatedInside(Value core, unsigned depth);
  Value scaled(const Factor &factor, Value core);
  Value lookup(const Factor &factor, Value core);
  void remember(const Factor &factor, Value core, Value value) {
    known[core].push_back({factor, value});
  }
  bool canMoveInto(Operation *op, const Factor &factor);

  llvm::DenseSet<Value> varying, shared;
  llvm::DenseMap<Value, SmallVector<std::pair<Factor, Value>>> known;
  SmallVector<std::pair<Factor, Value>> uniforms;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_UNIFORMFACTORS_H
