//===- VJPBuilder.cpp - what a derivative rule uses -----------------------===//

#include "gdpa/AutoDiff/VJPBuilder.h"
#include "ReverseSweep.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa;

FloatType gdpa::getCotangentType(FloatType type) {
  return type.getWidth() < 32 ? Float32Type::get(type.getContext()) : type;
}

//===----------------------------------------------------------------------===//
// Scalar
//===----------------------------------------------------------------------===//

Scalar Scalar::constant(double number) const {
  return Scalar(*builder, loc,
                arith::ConstantOp::create(
                    *builder, loc, builder->getFloatAttr(getType(), number)));
}

std::optional<double> Scalar::getConstant() const {
  // A widened constant is not folded yet.
  Value source = value;
  while (auto extension = source.getDefiningOp<arith::ExtFOp>())
    source = extension.getIn();
  APFloat number(0.0);
  if (!matchPattern(source, m_ConstantFloat(&number)))
    return std::nullopt;
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

Scalar Scalar::convert(FloatType type) const {
  if (type == getType())
    return *this;
  if (type.getWidth() > getType().getWidth())
    return Scalar(*builder, loc,
                  arith::ExtFOp::create(*builder, loc, type, value));
  return Scalar(*builder, loc,
                arith::TruncFOp::create(*builder, loc, type, value));
}

Value Scalar::compare(arith::CmpFPredicate predicate, Scalar other) const {
  return arith::CmpFOp::create(*builder, loc, predicate, value, other);
}

//===----------------------------------------------------------------------===//
// VJPBuilder
//===----------------------------------------------------------------------===//

VJPBuilder::VJPBuilder(ReverseSweep &sweep, Operation *op,
                       ArrayRef<std::optional<PredicatedValue>> cotangents)
    : sweep(sweep), op(op), cotangents(cotangents) {}

OpBuilder &VJPBuilder::getBuilder() const { return sweep.getBuilder(); }

Scalar VJPBuilder::widen(Value value) const {
  Scalar scalar(getBuilder(), getLoc(), value);
  return scalar.convert(getCotangentType(scalar.getType()));
}

Scalar VJPBuilder::select(Value condition, Scalar a, Scalar b) const {
  return Scalar(
      getBuilder(), getLoc(),
      arith::SelectOp::create(getBuilder(), getLoc(), condition, a, b));
}

const Predicate &VJPBuilder::getPredicate() {
  if (predicate)
    return *predicate;
  SmallVector<PredicatedValue> present;
  for (auto &cotangent : cotangents)
    if (cotangent)
      present.push_back(*cotangent);
  predicate = unifyPredicates(getBuilder(), getLoc(), present);
  auto *next = present.begin();
  for (auto &cotangent : cotangents)
    if (cotangent)
      cotangent = *next++;
  return *predicate;
}

Scalar VJPBuilder::getCotangent(unsigned index) {
  getPredicate();
  return Scalar(getBuilder(), getLoc(),
                cotangents[index] ? cotangents[index]->value : Value());
}

bool VJPBuilder::isWanted(Value value) const {
  return sweep.getActivity().contains(value);
}

void VJPBuilder::addCotangent(unsigned index, Value cotangent) {
  sweep.add(op->getOperand(index), {cotangent, getPredicate()});
}

void VJPBuilder::addCotangentIf(unsigned index, ArrayRef<Value> conditions,
                                Value cotangent) {
  std::optional<Predicate> combined = getPredicate();
  for (Value condition : conditions)
    if (!(combined = combined->conjoin(Predicate::Literal{condition, false})))
      return; // never counts
  sweep.add(op->getOperand(index), {cotangent, *combined});
}

void VJPBuilder::addCotangentUnless(unsigned index, Value condition,
                                    Value cotangent) {
  if (std::optional<Predicate> combined =
          getPredicate().conjoin(Predicate::Literal{condition, true}))
    sweep.add(op->getOperand(index), {cotangent, *combined});
}

void VJPBuilder::accumulate(Value capture, ValueRange indices, Value gradient) {
  if (!isWanted(capture))
    return;
  accumulateGradient(getBuilder(), getLoc(),
                     getPredicate().mask(getBuilder(), getLoc(), gradient),
                     capture, indices);
}

void VJPBuilder::addCotangentOf(Value value, PredicatedValue cotangent) {
  sweep.add(value, std::move(cotangent));
}

FailureOr<SmallVector<std::pair<Value, PredicatedValue>>>
VJPBuilder::differentiateCopy(
    Block &block, const IRMapping &copies, Region &scope, ValueRange values,
    ArrayRef<std::optional<PredicatedValue>> yielded) {
  sweep.getActivity().addCopies(copies);
  SmallVector<Operation *> ops;
  for (Operation &nested : block)
    ops.push_back(&nested);
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  ReverseSweep inner(builder, sweep.getActivity());
  for (auto [value, cotangent] : llvm::zip_equal(values, yielded))
    if (cotangent)
      inner.add(value, *cotangent);
  if (failed(inner.run(ops)))
    return failure();
  SmallVector<std::pair<Value, PredicatedValue>> outside;
  for (Value value : inner.getPending()) {
    assert(!scope.isAncestor(value.getParentRegion()) &&
           "expected a value from outside");
    outside.push_back({value, *inner.take(value)});
  }
  return outside;
}
