//===- Expression.h - what an element of a tensor is computed from -*- C++
//-*-===//
//
// The scalar expression of one element of a tensor, as a graph in which equal
// expressions are one object: that is what makes "the same exponential above
// and below the fraction" a comparison of pointers.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_EXPRESSION_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_EXPRESSION_H

#include "Coordinates.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/FoldingSet.h"
#include "llvm/ADT/SmallBitVector.h"
#include <deque>

namespace mlir::gdpa::raising {

enum class ExpressionKind {
  Constant, // attribute
  Scalar,   // value, an SSA scalar from outside
  Index,    // place[0] as a number
  Read,     // an element of the tensor `value` at `place`
  Gather,   // an element of the tensor `value` at computed operands
  Score,    // the first product, at `place` of the result `value`
  Op,       // a scalar operation
  Reduce,   // a row reduction of operands[0] over the keys
};

enum class Reduction { Max, Sum, And, Or };

struct Expression : llvm::FoldingSetNode {
  ExpressionKind kind;
  Type type;
  Attribute attribute; // Constant; an Op's attributes
  Value value;
  Place place;
  StringRef name; // Op
  Reduction reduction = Reduction::Sum;
  SmallVector<Expression *, 3> operands;

  /// Of what it depends; a reduction does not depend on the keys.
  bool onScore = false;
  llvm::SmallBitVector atoms;
  /// Something other than coordinates, constants and scalars is read.
  bool reads = false;
  bool reduces = false;
  /// A tensor that holds it, where it came from one.
  Value origin;
  Place originPlace;

  bool isOp(StringRef operation) const {
    return kind == ExpressionKind::Op && name == operation;
  }
  bool dependsOn(ArrayRef<Atom> digits) const {
    return llvm::any_of(digits, [&](Atom atom) {
      return atom < atoms.size() && atoms.test(atom);
    });
  }
  /// Whether it is one number for all pairs, no matter where it is computed.
  bool isUniform() const { return !onScore && !reduces && atoms.none(); }

  void Profile(llvm::FoldingSetNodeID &id) const;
};

/// Makes expressions; it owns them.
class ExpressionPool {
public:
  Expression *constant(TypedAttr value);
  Expression *scalar(Value value);
  Expression *index(Digits digits, MLIRContext *context);
  Expression *read(Value tensor, Place place, Type type);
  Expression *gather(Value tensor, ArrayRef<Expression *> indices, Type type);
  Expression *score(Value product, Place place, Type type);
  Expression *op(StringRef name, Type type, ArrayRef<Expression *> operands,
                 DictionaryAttr attributes);
  Expression *reduce(Reduction reduction, Expression *operand,
                     ArrayRef<Atom> keys);

  unsigned size() const { return storage.size(); }

private:
  Expression *intern(Expression &&expression);

  llvm::FoldingSet<Expression> known;
  std::deque<Expression> storage;
};

/// The number that a constant holds: float, or integer.
std::optional<double> getNumber(const Expression *expression);
bool isInfinity(const Expression *expression, bool negative);
bool isZero(const Expression *expression);

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_EXPRESSION_H
