//===- VJPBuilder.h - what a derivative rule uses ---------------*- C++ -*-===//
//
// A rule is the body of DifferentiableOpInterface::buildVJP: given the
// cotangent of an operation's result it adds the cotangents of the operands.
//
//   LogicalResult buildVJP(Operation *op, VJPBuilder &vjp) const {   // y =
//   tanh(x)
//     Scalar y = vjp.getResult();
//     vjp.addCotangent(0, vjp.getCotangent() * (1.0 - y * y));
//     return success();
//   }
//
// Cotangents are f32, f64 for f64 values: a bf16 or f16 value is widened, so
// that a gradient is rounded to the storage type only once, at the very end.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_AUTODIFF_VJPBUILDER_H
#define GDPA_AUTODIFF_VJPBUILDER_H

#include "gdpa/AutoDiff/Predicate.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::gdpa {

class ReverseSweep;

/// Type of the cotangent of a value of type `type`: f32 for a narrower float.
FloatType getCotangentType(FloatType type);

/// A float value with arithmetic that builds operations.
class Scalar {
public:
  Scalar(OpBuilder &builder, Location loc, Value value)
      : builder(&builder), loc(loc), value(value) {}

  operator Value() const { return value; }
  explicit operator bool() const { return static_cast<bool>(value); }
  FloatType getType() const { return cast<FloatType>(value.getType()); }

  /// A constant of this value's type.
  Scalar constant(double number) const;
  /// `number` where it is a constant.
  std::optional<double> getConstant() const;
  /// Another float type; this value where it has that type.
  Scalar convert(FloatType type) const;

  /// A unary or binary operation of this type, e.g. `x.apply<math::ExpOp>()`.
  template <typename Op, typename... Args> Scalar apply(Args... args) const {
    return Scalar(*builder, loc,
                  Op::create(*builder, loc, value, Value(args)...));
  }
  Value compare(arith::CmpFPredicate predicate, Scalar other) const;
  Value compare(arith::CmpFPredicate predicate, double other) const {
    return compare(predicate, constant(other));
  }

  Scalar operator+(Scalar other) const { return apply<arith::AddFOp>(other); }
  Scalar operator-(Scalar other) const { return apply<arith::SubFOp>(other); }
  Scalar operator*(Scalar other) const { return apply<arith::MulFOp>(other); }
  Scalar operator/(Scalar other) const { return apply<arith::DivFOp>(other); }
  Scalar operator-() const { return apply<arith::NegFOp>(); }
  friend Scalar operator+(double a, Scalar b) { return b.constant(a) + b; }
  friend Scalar operator-(double a, Scalar b) { return b.constant(a) - b; }
  friend Scalar operator*(double a, Scalar b) { return b.constant(a) * b; }
  friend Scalar operator/(double a, Scalar b) { return b.constant(a) / b; }
  friend Scalar operator+(Scalar a, double b) { return a + a.constant(b); }
  friend Scalar operator-(Scalar a, double b) { return a - a.constant(b); }

private:
  OpBuilder *builder;
  Location loc;
  Value value;
};

class VJPBuilder {
public:
  VJPBuilder(ReverseSweep &sweep, Operation *op,
             ArrayRef<std::optional<PredicatedValue>> cotangents);

  /// The operation in the region that is differentiated: its operands and
  /// results may be used by what the rule builds.
  Operation *getOp() const { return op; }
  /// Builds at the current position of the reverse sweep.
  OpBuilder &getBuilder() const;
  Location getLoc() const { return op->getLoc(); }

  /// Float operands and results, widened to the type of their cotangents.
  Scalar getOperand(unsigned index) const {
    return widen(op->getOperand(index));
  }
  Scalar getResult(unsigned index = 0) const {
    return widen(op->getResult(index));
  }

  /// `condition ? a : b`.
  Scalar select(Value condition, Scalar a, Scalar b) const;

  /// Cotangent of a result, null where the result has none. It may be anything
  /// where it does not count; what a rule adds inherits when it counts.
  Scalar getCotangent(unsigned index = 0);
  /// The same with its predicate, for rules of operations with regions.
  std::optional<PredicatedValue> getPredicatedCotangent(unsigned index) const {
    return cotangents[index];
  }

  /// Whether the cotangent of `value` is wanted; adding an unwanted one is
  /// harmless.
  bool isWanted(Value value) const;

  /// Adds to the cotangent of an operand.
  void addCotangent(unsigned index, Value cotangent);
  /// The same where every one of `conditions` holds, exactly zero elsewhere,
  /// whatever `cotangent` and the derivatives before it are there.
  void addCotangentIf(unsigned index, ArrayRef<Value> conditions,
                      Value cotangent);
  /// The same where `condition` does not hold.
  void addCotangentUnless(unsigned index, Value condition, Value cotangent);

  /// Accumulates into the gradient of the capture `capture`[`indices`], where
  /// that gradient is wanted.
  void accumulate(Value capture, ValueRange indices, Value gradient);

  // For operations with regions.

  /// Differentiates the operations of `block`, a copy of a block of the region:
  /// `yielded` are the cotangents of `values`. `copies` maps the region's
  /// values to the block's. Builds at the end of the block; returns the
  /// cotangents of values from outside `scope`, in a fixed order.
  FailureOr<SmallVector<std::pair<Value, PredicatedValue>>>
  differentiateCopy(Block &block, const IRMapping &copies, Region &scope,
                    ValueRange values,
                    ArrayRef<std::optional<PredicatedValue>> yielded);
  /// Adds to the cotangent of a value that the operation's regions use.
  void addCotangentOf(Value value, PredicatedValue cotangent);

private:
  Scalar widen(Value value) const;
  const Predicate &getPredicate();

  ReverseSweep &sweep;
  Operation *op;
  SmallVector<std::optional<PredicatedValue>> cotangents;
  /// What all cotangents count under, once a rule has asked for one.
  std::optional<Predicate> predicate;
};

} // namespace mlir::gdpa

#endif // GDPA_AUTODIFF_VJPBUILDER_H
