//===- Expression.cpp - what an element of a tensor is computed from ------===//

#include "Expression.h"

using namespace mlir;
using namespace mlir::gdpa::raising;

void Expression::Profile(llvm::FoldingSetNodeID &id) const {
  id.AddInteger(static_cast<int>(kind));
  id.AddPointer(type.getAsOpaquePointer());
  id.AddPointer(attribute.getAsOpaquePointer());
  id.AddPointer(value.getAsOpaquePointer());
  id.AddString(name);
  id.AddInteger(static_cast<int>(reduction));
  for (const Expression *operand : operands)
    id.AddPointer(operand);
  for (const Digits &digits : place) {
    id.AddInteger(digits.size());
    for (Atom atom : digits)
      id.AddInteger(atom);
  }
}

Expression *ExpressionPool::intern(Expression &&expression) {
  llvm::FoldingSetNodeID id;
  expression.Profile(id);
  void *position;
  if (Expression *found = known.FindNodeOrInsertPos(id, position))
    return found;
  for (const Expression *operand : expression.operands) {
    expression.onScore |= operand->onScore;
    expression.reads |= operand->reads;
    expression.reduces |= operand->reduces;
    expression.atoms |= operand->atoms;
  }
  for (Atom atom : flatten(expression.place)) {
    if (expression.atoms.size() <= atom)
      expression.atoms.resize(atom + 1);
    expression.atoms.set(atom);
  }
  storage.push_back(std::move(expression));
  known.InsertNode(&storage.back(), position);
  return &storage.back();
}

Expression *ExpressionPool::constant(TypedAttr value) {
  Expression made;
  made.kind = ExpressionKind::Constant;
  made.type = value.getType();
  made.attribute = value;
  return intern(std::move(made));
}

Expression *ExpressionPool::scalar(Value value) {
  Expression made;
  made.kind = ExpressionKind::Scalar;
  made.type = value.getType();
  made.value = value;
  return intern(std::move(made));
}

Expression *ExpressionPool::index(Digits digits, MLIRContext *context) {
  Expression made;
  made.kind = ExpressionKind::Index;
  made.type = IndexType::get(context);
  made.place = {digits};
  return intern(std::move(made));
}

Expression *ExpressionPool::read(Value tensor, Place place, Type type) {
  Expression made;
  made.kind = ExpressionKind::Read;
  made.type = type;
  made.value = tensor;
  made.place = std::move(place);
  made.reads = true;
  return intern(std::move(made));
}

Expression *ExpressionPool::gather(Value tensor, ArrayRef<Expression *> indices,
                                   Type type) {
  Expression made;
  made.kind = ExpressionKind::Gather;
  made.type = type;
  made.value = tensor;
  made.operands.assign(indices.begin(), indices.end());
  made.reads = true;
  return intern(std::move(made));
}

Expression *ExpressionPool::score(Value product, Place place, Type type) {
  Expression made;
  made.kind = ExpressionKind::Score;
  made.type = type;
  made.value = product;
  made.place = std::move(place);
  made.onScore = true;
  return intern(std::move(made));
}

Expression *ExpressionPool::op(StringRef name, Type type,
                               ArrayRef<Expression *> operands,
                               DictionaryAttr attributes) {
  Expression made;
  made.kind = ExpressionKind::Op;
  made.type = type;
  made.name = name;
  made.attribute = attributes;
  made.operands.assign(operands.begin(), operands.end());
  return intern(std::move(made));
}

Expression *ExpressionPool::reduce(Reduction reduction, Expression *operand,
                                   ArrayRef<Atom> keys) {
  Expression made;
  made.kind = ExpressionKind::Reduce;
  made.type = operand->type;
  made.reduction = reduction;
  made.operands = {operand};
  made.reduces = true;
  Expression *result = intern(std::move(made));
  for (Atom atom : keys)
    if (atom < result->atoms.size())
      result->atoms.reset(atom);
  return result;
}

std::optional<double> gdpa::raising::getNumber(const Expression *expression) {
  if (expression->kind != ExpressionKind::Constant)
    return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(expression->attribute)) {
    APFloat value = number.getValue();
    bool lost;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    return value.convertToDouble();
  }
  if (auto number = dyn_cast<IntegerAttr>(expression->attribute))
    return number.getValue().getSExtValue();
  return std::nullopt;
}

bool gdpa::raising::isInfinity(const Expression *expression, bool negative) {
  std::optional<double> number = getNumber(expression);
  return number && std::isinf(*number) && std::signbit(*number) == negative;
}

bool gdpa::raising::isZero(const Expression *expression) {
  std::optional<double> number = getNumber(expression);
  return number && *number == 0;
}
