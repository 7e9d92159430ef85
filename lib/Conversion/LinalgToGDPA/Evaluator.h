//===- Evaluator.h - tensors back to expressions of an element --*- C++ -*-===//
//
// Follows an element of a tensor through the operations that made it: linalg
// operations of any spelling, reshapes, casts. It stops at what it does not
// know, which is then a tensor that is read, at the first product and at row
// reductions. Nothing is rewritten.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_LINALGTOGDPA_EVALUATOR_H
#define GDPA_LIB_CONVERSION_LINALGTOGDPA_EVALUATOR_H

#include "Expression.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <map>

namespace mlir::gdpa::raising {

/// An operation that adds products to its output: body yields out + a * b.
struct SumOfProducts {
  linalg::LinalgOp op;
  BlockArgument accumulator;
  arith::MulFOp product;

  static std::optional<SumOfProducts> match(linalg::LinalgOp op);
};

/// `value` without extensions of floats inside its block.
Value stripExtensions(Value value);

/// The body of a linalg operation at one point of its iteration space.
struct Body {
  linalg::LinalgOp op;
  SmallVector<Digits> loops;
  llvm::DenseMap<Value, Expression *> values;
};

/// A tensor that is read as it is, up to a factor: what q, k or v is made from.
struct Source {
  Value tensor;
  Place place;
};

/// A factor of the score from q or k.
struct Factor {
  Expression *value;
  bool divides;
};

/// Why an attempt ended: the operation that stopped it and a reason.
struct Obstacle {
  Operation *op = nullptr;
  std::string reason;
};

class Evaluator {
public:
  /// `keys` index the loop that the second product sums over, `rows` are the
  /// output's digits that v lacks. Floats of type `storage` of 16 bits are
  /// computed in f32.
  Evaluator(ExpressionPool &pool, Coordinates &coordinates, Type storage,
            Digits keys, Digits rows)
      : pool(pool), coordinates(coordinates), storage(storage), keys(keys),
        rows(rows) {}

  /// The element of a tensor at `place`; null: see obstacle(), or an atom was
  /// cut.
  Expression *element(Value tensor, const Place &place);
  /// A value inside or outside the body of a linalg operation.
  Expression *scalar(Value value, Body &body);
  /// The index into an operand; nothing where its map is no projection.
  std::optional<Place> placeOf(Body &body, OpOperand *operand);

  /// Follows `source` back through pure movements of data, scalings by a number
  /// (into `factors`, null: none are passed) and conversions between the
  /// storage type and the one it is computed in.
  void followSource(Source &source, SmallVectorImpl<Factor> *factors);

  /// Type that a scalar is computed in.
  Type computed(Type type) const {
    return type == storage && type.getIntOrFloatBitWidth() == 16
               ? Float32Type::get(type.getContext())
               : type;
  }

  const Obstacle &obstacle() const { return stopped; }
  /// The first product, once an element that needs it was asked for.
  Expression *score() const { return foundScore; }
  SumOfProducts firstProduct() const { return *product; }
  Body &firstBody() { return productBody; }
  /// Operations passed on the way, with the element of their result.
  ArrayRef<std::pair<Operation *, Expression *>> visited() const {
    return passed;
  }

  std::nullptr_t stop(Operation *op, const Twine &reason) {
    if (!stopped.op)
      stopped = {op, reason.str()};
    return nullptr;
  }

private:
  Expression *elementUncached(Value tensor, const Place &place);
  Expression *linalgElement(linalg::LinalgOp op, OpResult result,
                            const Place &place);
  Expression *firstProductElement(SumOfProducts sum, Body &body,
                                  OpResult result, const Place &place);
  Expression *reductionElement(Body &body, OpResult result, const Place &place);
  Expression *softmaxElement(linalg::SoftmaxOp op, const Place &place);
  Expression *leaf(Value tensor, const Place &place);
  Expression *operation(Operation *op, Body &body);
  Expression *fold(Operation *op, ArrayRef<Expression *> operands, Body &body);
  Expression *asType(Expression *expression, Type type);
  /// The element one step back through a reshape or a cast.
  enum class Step { None, Done, Failed };
  Step followReshape(Value &tensor, Place &place);
  bool hasKeys(ArrayRef<Digits> place) const;

  ExpressionPool &pool;
  Coordinates &coordinates;
  Type storage;
  Digits keys, rows;
  std::map<std::pair<void *, std::vector<std::vector<Atom>>>, Expression *>
      elements;
  SmallVector<std::pair<Operation *, Expression *>> passed;
  Obstacle stopped;
  Expression *foundScore = nullptr;
  std::optional<SumOfProducts> product;
  Body productBody;
  unsigned depth = 0;
};

} // namespace mlir::gdpa::raising

#endif // GDPA_LIB_CONVERSION_LINALGTOGDPA_EVALUATOR_H
