//===- Emit.cpp - a match as an operation ---------------------------------===//

#include "Match.h"
#include "Regroup.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::raising;

namespace {
/// Digits that follow each other in one dimension of attention.
struct Run {
  unsigned role; // 0: b, 1: h, 2: i, 3: j
  bool whole;    // all digits of the dimension
  bool first;    // nothing stands above them
  int64_t size, below;
};

/// Reads that the regions need from outside, in order.
struct Capture {
  Value tensor;                 // null: a scalar
  Expression *scalar = nullptr; // computed before the operation
};

class Emission {
public:
  Emission(const Match &match, const Coordinates &coordinates)
      : match(match), coordinates(coordinates) {
    dims = {match.roles.batch, match.roles.heads(), match.roles.row,
            match.roles.keys};
  }

  std::string check();
  AttentionOp run(RewriterBase &rewriter);

private:
  /// The tensor whose elements `expression` is, where it is one.
  std::optional<Source> tensorOf(const Expression *expression) const;
  /// Whether it becomes a scalar capture.
  static bool isScalarCapture(const Expression *expression);
  /// Expressions that a root needs, operands first, ending at captures.
  SmallVector<Expression *> order(ArrayRef<Expression *> roots) const;
  std::optional<SmallVector<Run>> getRuns(ArrayRef<Atom> digits) const;
  SmallVector<Expression *> roots() const {
    SmallVector<Expression *> all{match.activation};
    for (Condition condition : match.masks)
      all.push_back(condition.value);
    return all;
  }

  Place placeOf(Layout layout, bool query, const Digits &depth) const {
    const Roles &roles = match.roles;
    Digits heads = query ? roles.heads() : roles.keyHeads;
    Digits rows = query ? roles.row : roles.keys;
    if (layout == Layout::BSHD)
      return {roles.batch, rows, heads, depth};
    return {roles.batch, heads, rows, depth};
  }
  struct Operand {
    Value tensor;
    Place from, to;
  };
  /// q, k, v, and the result the other way round.
  SmallVector<Operand> operands(Layout layout) const {
    const Roles &roles = match.roles;
    Place output = placeOf(layout, true, roles.valueDepth);
    return {{match.query.tensor, match.query.place,
             placeOf(layout, true, roles.depth)},
            {match.key.tensor, match.key.place,
             placeOf(layout, false, roles.depth)},
            {match.value.tensor, match.value.place,
             placeOf(layout, false, roles.valueDepth)},
            {Value(), output, match.resultPlace}};
  }
  Layout chooseLayout() const;

  OpFoldResult sizeOf(OpBuilder &builder, Location loc, Atom atom) const;
  Value emitUniform(OpBuilder &builder, Location loc, Expression *root) const;
  Value emitScale(OpBuilder &builder, Location loc) const;
  Value emitIndex(OpBuilder &builder, Location loc, ArrayRef<Atom> digits,
                  ValueRange arguments, unsigned firstIndex) const;
  void emitRegion(OpBuilder &builder, Location loc, Region &region,
                  AttentionRegion kind);
  Value emitExpression(OpBuilder &builder, Location loc,
                       const Expression *expression,
                       const DenseMap<Expression *, Value> &values,
                       ValueRange arguments, unsigned firstIndex) const;
  unsigned captureOf(const Expression *expression) const;

  const Match &match;
  const Coordinates &coordinates;
  SmallVector<Digits, 4> dims;
  SmallVector<Capture> captures;
  SmallVector<Value> captureValues;
};
} // namespace

std::optional<Source> Emission::tensorOf(const Expression *expression) const {
  if (expression->kind == ExpressionKind::Read)
    return Source{expression->value, expression->place};
  if (!expression->origin || !expression->reads || expression->onScore ||
      expression->kind == ExpressionKind::Constant)
    return std::nullopt;
  // A matrix of pairs is what fusion avoids: compute it in the region.
  if (expression->dependsOn(match.roles.row) &&
      expression->dependsOn(match.roles.keys))
    return std::nullopt;
  unsigned rank = expression->originPlace.size();
  if (rank < 1 || rank > 4 ||
      getElementTypeOrSelf(expression->origin) != expression->type)
    return std::nullopt;
  return Source{expression->origin, expression->originPlace};
}

static bool needsOutside(const Expression *expression) {
  if (expression->kind == ExpressionKind::Scalar || expression->reads)
    return true;
  return llvm::any_of(expression->operands, needsOutside);
}

bool Emission::isScalarCapture(const Expression *expression) {
  return expression->isUniform() && needsOutside(expression);
}

SmallVector<Expression *> Emission::order(ArrayRef<Expression *> roots) const {
  SmallVector<Expression *> result;
  llvm::SmallPtrSet<Expression *, 32> done;
  SmallVector<std::pair<Expression *, unsigned>> stack;
  for (Expression *root : roots) {
    stack.push_back({root, 0});
    while (!stack.empty()) {
      auto &[expression, next] = stack.back();
      bool ends = expression == match.score || tensorOf(expression) ||
                  isScalarCapture(expression);
      if (done.contains(expression) || ends ||
          next == expression->operands.size()) {
        if (done.insert(expression).second)
          result.push_back(expression);
        stack.pop_back();
        continue;
      }
      Expression *operand = expression->operands[next++];
      stack.push_back({operand, 0});
    }
  }
  return result;
}

std::optional<SmallVector<Run>> Emission::getRuns(ArrayRef<Atom> digits) const {
  SmallVector<Run> runs;
  for (unsigned next = 0; next < digits.size();) {
    bool found = false;
    for (auto [role, all] : llvm::enumerate(dims)) {
      const Atom *start = llvm::find(all, digits[next]);
      if (start == all.end())
        continue;
      unsigned begin = start - all.begin(), end = begin;
      while (end < all.size() && next < digits.size() &&
             all[end] == digits[next])
        ++end, ++next;
      Run run;
      run.role = role;
      run.first = begin == 0;
      run.whole = run.first && end == all.size();
      run.size =
          coordinates.sizeOf(ArrayRef<Atom>(all).slice(begin, end - begin));
      run.below = coordinates.sizeOf(ArrayRef<Atom>(all).drop_front(end));
      bool sizeNeeded =
          !run.first || (!runs.empty() && !(run.whole && role > 1));
      if (ShapedType::isDynamic(run.below) ||
          (sizeNeeded && ShapedType::isDynamic(run.size)))
        return std::nullopt;
      runs.push_back(run);
      found = true;
      break;
    }
    if (!found)
      return std::nullopt;
  }
  return runs;
}

std::string Emission::check() {
  for (const Operand &operand : operands(chooseLayout()))
    if (!canRegroup(operand.from, operand.to, coordinates))
      return "has more than one dynamic size in a dimension";
  for (const Digits &digits : dims) {
    unsigned dynamic = 0;
    for (Atom atom : digits)
      dynamic += ShapedType::isDynamic(coordinates.sizeOf(atom));
    if (dynamic > 1)
      return "has more than one dynamic size in a dimension";
  }
  for (const Expression *expression : order(roots())) {
    if (expression == match.score || isScalarCapture(expression))
      continue;
    if (expression->kind == ExpressionKind::Score ||
        expression->kind == ExpressionKind::Reduce)
      return "needs the score itself beside the scaled one";
    std::optional<Source> source = tensorOf(expression);
    if (source && source->place.size() > 4)
      return "reads a tensor of more than four dimensions";
    if (expression->kind == ExpressionKind::Gather &&
        (expression->operands.empty() || expression->operands.size() > 4))
      return "reads a tensor of more than four dimensions";
    ArrayRef<Digits> place =
        source ? ArrayRef<Digits>(source->place) : expression->place;
    for (const Digits &digits : place)
      if (!getRuns(digits))
        return "needs a coordinate that is cut by dynamic sizes";
  }
  return "";
}

Layout Emission::chooseLayout() const {
  auto cost = [&](Layout layout) {
    return llvm::count_if(operands(layout), [](const Operand &operand) {
      return movesData(operand.from, operand.to);
    });
  };
  return cost(Layout::BSHD) < cost(Layout::BHSD) ? Layout::BSHD : Layout::BHSD;
}

OpFoldResult Emission::sizeOf(OpBuilder &builder, Location loc,
                              Atom atom) const {
  if (int64_t size = coordinates.sizeOf(atom); !ShapedType::isDynamic(size))
    return builder.getIndexAttr(size);
  for (const Source &source : {match.query, match.key, match.value})
    for (auto [dim, digits] : llvm::enumerate(source.place)) {
      int64_t rest = 1;
      bool found = false;
      for (Atom other : digits)
        other == atom ? void(found = true)
                      : void(rest *= coordinates.sizeOf(other));
      if (!found)
        continue;
      Value size = tensor::DimOp::create(builder, loc, source.tensor, dim);
      if (rest == 1)
        return size;
      return arith::DivUIOp::create(
                 builder, loc, size,
                 arith::ConstantIndexOp::create(builder, loc, rest))
          .getResult();
    }
  llvm_unreachable("a digit that q, k and v lack indexes nothing");
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

static Value emitOp(OpBuilder &builder, Location loc,
                    const Expression *expression, ValueRange operands) {
  OperationState state(loc, expression->name);
  state.addOperands(operands);
  state.addTypes(expression->type);
  state.addAttributes(cast<DictionaryAttr>(expression->attribute).getValue());
  return builder.create(state)->getResult(0);
}

static Value emitConstant(OpBuilder &builder, Location loc,
                          const Expression *expression) {
  return arith::ConstantOp::create(builder, loc,
                                   cast<TypedAttr>(expression->attribute));
}

static Value convertRead(OpBuilder &builder, Location loc, Value element,
                         Type type) {
  if (element.getType() == type)
    return element;
  return arith::ExtFOp::create(builder, loc, type, element);
}

Value Emission::emitUniform(OpBuilder &builder, Location loc,
                            Expression *root) const {
  switch (root->kind) {
  case ExpressionKind::Constant:
    return emitConstant(builder, loc, root);
  case ExpressionKind::Scalar:
    return root->value;
  case ExpressionKind::Index:
    return arith::ConstantIndexOp::create(builder, loc, 0);
  case ExpressionKind::Read: {
    SmallVector<Value> zeros;
    for (unsigned dim = 0; dim < root->place.size(); ++dim)
      zeros.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    Value element = tensor::ExtractOp::create(builder, loc, root->value, zeros);
    return convertRead(builder, loc, element, root->type);
  }
  default:
    break;
  }
  SmallVector<Value> operands;
  for (Expression *operand : root->operands)
    operands.push_back(emitUniform(builder, loc, operand));
  if (root->kind == ExpressionKind::Gather)
    return convertRead(
        builder, loc,
        tensor::ExtractOp::create(builder, loc, root->value, operands),
        root->type);
  return emitOp(builder, loc, root, operands);
}

Value Emission::emitScale(OpBuilder &builder, Location loc) const {
  Type type =
      match.storage.isF64() ? builder.getF64Type() : builder.getF32Type();
  double constant = 1;
  Value product;
  for (Factor factor : match.factors) {
    if (std::optional<double> number = getNumber(factor.value)) {
      constant = factor.divides ? constant / *number : constant * *number;
      continue;
    }
    Value value = emitUniform(builder, loc, factor.value);
    if (!product && !factor.divides) {
      product = value;
      continue;
    }
    if (!product)
      product = arith::ConstantOp::create(builder, loc,
                                          builder.getFloatAttr(type, 1.0));
    product =
        factor.divides
            ? arith::DivFOp::create(builder, loc, product, value).getResult()
            : arith::MulFOp::create(builder, loc, product, value).getResult();
  }
  if (product && constant == 1)
    return product;
  Value number = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(type, constant));
  return product
             ? arith::MulFOp::create(builder, loc, product, number).getResult()
             : number;
}

Value Emission::emitIndex(OpBuilder &builder, Location loc,
                          ArrayRef<Atom> digits, ValueRange arguments,
                          unsigned firstIndex) const {
  Value result;
  auto constant = [&](int64_t number) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, number);
  };
  SmallVector<Run> runs = *getRuns(digits);
  for (const Run &run : runs) {
    Value value = arguments[firstIndex + run.role];
    if (run.below != 1)
      value = arith::DivUIOp::create(builder, loc, value, constant(run.below));
    if (!run.first)
      value = arith::RemUIOp::create(builder, loc, value, constant(run.size));
    if (result) {
      // After b, h, i, j come nq and nk.
      Value size = ShapedType::isDynamic(run.size)
                       ? arguments[firstIndex + 2 + run.role]
                       : constant(run.size);
      result = arith::MulIOp::create(builder, loc, result, size);
      value = arith::AddIOp::create(builder, loc, result, value);
    }
    result = value;
  }
  return result ? result : constant(0);
}

unsigned Emission::captureOf(const Expression *expression) const {
  std::optional<Source> source = tensorOf(expression);
  bool scalar = isScalarCapture(expression);
  Value tensor = scalar ? Value() : source ? source->tensor : expression->value;
  for (auto [number, capture] : llvm::enumerate(captures))
    if (tensor ? capture.tensor == tensor : capture.scalar == expression)
      return number;
  return captures.size();
}

Value Emission::emitExpression(OpBuilder &builder, Location loc,
                               const Expression *expression,
                               const DenseMap<Expression *, Value> &values,
                               ValueRange arguments,
                               unsigned firstIndex) const {
  ValueRange captured = arguments.take_back(captures.size());
  if (isScalarCapture(expression))
    return captured[captureOf(expression)];
  SmallVector<Value> operands;
  if (std::optional<Source> source = tensorOf(expression)) {
    for (const Digits &digits : source->place)
      operands.push_back(
          emitIndex(builder, loc, digits, arguments, firstIndex));
    Value element = tensor::ExtractOp::create(
        builder, loc, captured[captureOf(expression)], operands);
    return convertRead(builder, loc, element, expression->type);
  }
  for (Expression *operand : expression->operands)
    operands.push_back(values.lookup(operand));
  switch (expression->kind) {
  case ExpressionKind::Constant:
    return emitConstant(builder, loc, expression);
  case ExpressionKind::Index:
    return emitIndex(builder, loc, expression->place[0], arguments, firstIndex);
  case ExpressionKind::Gather:
    return convertRead(
        builder, loc,
        tensor::ExtractOp::create(builder, loc, captured[captureOf(expression)],
                                  operands),
        expression->type);
  default:
    return emitOp(builder, loc, expression, operands);
  }
}

void Emission::emitRegion(OpBuilder &builder, Location loc, Region &region,
                          AttentionRegion kind) {
  OpBuilder::InsertionGuard guard(builder);
  Type compute =
      match.storage.isF64() ? builder.getF64Type() : builder.getF32Type();
  SmallVector<Type> types = getRegionArgumentTypes(
      kind, compute, ValueRange(captureValues).getTypes());
  Block *block = builder.createBlock(&region, region.end(), types,
                                     SmallVector<Location>(types.size(), loc));
  unsigned firstIndex = getNumScoreArguments(kind);
  bool mask = kind == AttentionRegion::Mask;
  SmallVector<Expression *> needed = roots();
  DenseMap<Expression *, Value> values;
  if (!mask)
    values[match.score] = block->getArgument(0);
  for (Expression *expression :
       order(mask ? ArrayRef<Expression *>(needed).drop_front()
                  : ArrayRef<Expression *>(needed).take_front()))
    if (!values.count(expression))
      values[expression] = emitExpression(builder, loc, expression, values,
                                          block->getArguments(), firstIndex);
  Value result = values.lookup(match.activation);
  if (mask) {
    result = Value();
    for (Condition condition : match.masks) {
      Value keep = values.lookup(condition.value);
      if (!condition.holds) {
        auto compare = keep.getDefiningOp<arith::CmpIOp>();
        keep = compare ? arith::CmpIOp::create(
                             builder, loc,
                             arith::invertPredicate(compare.getPredicate()),
                             compare.getLhs(), compare.getRhs())
                             .getResult()
                       : arith::XOrIOp::create(
                             builder, loc, keep,
                             arith::ConstantOp::create(
                                 builder, loc, builder.getBoolAttr(true)))
                             .getResult();
      }
      result =
          result ? arith::AndIOp::create(builder, loc, result, keep).getResult()
                 : keep;
    }
  }
  YieldOp::create(builder, loc, result);
  // The inverse of a comparison leaves the comparison.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

//===----------------------------------------------------------------------===//
// The operation
//===----------------------------------------------------------------------===//

AttentionOp Emission::run(RewriterBase &rewriter) {
  Location loc = match.result.getLoc();
  rewriter.setInsertionPoint(match.result.getDefiningOp());
  Layout layout = chooseLayout();
  auto missing = [&](Atom atom) { return sizeOf(rewriter, loc, atom); };
  SmallVector<Operand> all = operands(layout);
  SmallVector<Value> inputs;
  for (const Operand &operand : ArrayRef<Operand>(all).take_front(3))
    inputs.push_back(regroupTensor(rewriter, loc, operand.tensor, operand.from,
                                   operand.to, coordinates, missing));
  for (Expression *expression : order(roots())) {
    if (expression == match.score || captureOf(expression) != captures.size())
      continue;
    if (isScalarCapture(expression)) {
      captures.push_back({Value(), expression});
      captureValues.push_back(emitUniform(rewriter, loc, expression));
    } else if (std::optional<Source> source = tensorOf(expression)) {
      captures.push_back({source->tensor, nullptr});
      captureValues.push_back(source->tensor);
    } else if (expression->kind == ExpressionKind::Gather) {
      captures.push_back({expression->value, nullptr});
      captureValues.push_back(expression->value);
    }
  }
  Value scale = emitScale(rewriter, loc);
  TensorDims dims = getTensorDims(layout);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, loc, inputs[0]);
  sizes[dims.depth] =
      tensor::getMixedSize(rewriter, loc, inputs[2], dims.depth);
  Type compute =
      match.storage.isF64() ? rewriter.getF64Type() : rewriter.getF32Type();
  SmallVector<Value> inits{
      tensor::EmptyOp::create(rewriter, loc, sizes, match.storage)};
  if (match.normalizer != Normalizer::None) {
    SmallVector<OpFoldResult> rows{sizes[*dims.batch], sizes[dims.head],
                                   sizes[dims.sequence]};
    inits.push_back(tensor::EmptyOp::create(rewriter, loc, rows, compute));
  }
  auto attention = AttentionOp::create(
      rewriter, loc, ValueRange(inits).getTypes(), inputs[0], inputs[1],
      inputs[2], inits[0], inits.size() > 1 ? inits[1] : Value(), scale,
      /*cu_seqlens_query=*/Value(), /*cu_seqlens_key=*/Value(), captureValues,
      /*offsets=*/ValueRange(), /*lengths=*/ValueRange(),
      LayoutAttr::get(rewriter.getContext(), layout),
      NormalizerAttr::get(rewriter.getContext(), match.normalizer),
      /*precision=*/nullptr, /*schedule=*/nullptr);
  emitRegion(rewriter, loc, attention.getActivation(),
             AttentionRegion::Activation);
  if (!match.masks.empty())
    emitRegion(rewriter, loc, attention.getMask(), AttentionRegion::Mask);
  rewriter.setInsertionPointAfter(attention);
  Value output = regroupTensor(rewriter, loc, attention->getResult(0),
                               all[3].from, all[3].to, coordinates, missing);
  if (output.getType() != match.result.getType())
    output =
        tensor::CastOp::create(rewriter, loc, match.result.getType(), output);
  rewriter.replaceAllUsesWith(match.result, output);
  return attention;
}

std::string gdpa::raising::checkEmission(const Match &match,
                                         const Coordinates &coordinates) {
  return Emission(match, coordinates).check();
}

AttentionOp gdpa::raising::emitAttention(RewriterBase &rewriter,
                                         const Match &match,
                                         const Coordinates &coordinates) {
  return Emission(match, coordinates).run(rewriter);
}
