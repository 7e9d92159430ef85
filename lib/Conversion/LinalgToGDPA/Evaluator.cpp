//===- Evaluator.cpp - tensors back to expressions of an element ----------===//

#include "Evaluator.h"
#include "Extents.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace mlir::gdpa::raising;

/// Tensors deep that a chain may be; each takes some frames of the stack.
static constexpr unsigned kMaxDepth = 500;
/// Expressions that one attempt may make.
static constexpr unsigned kMaxExpressions = 20000;

Value gdpa::raising::stripExtensions(Value value) {
  while (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  return value;
}

std::optional<SumOfProducts> SumOfProducts::match(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      op.getNumReductionLoops() == 0)
    return std::nullopt;
  Block *block = op.getBlock();
  auto sum =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  BlockArgument accumulator = op.getRegionOutputArgs()[0];
  for (unsigned side : {0, 1}) {
    auto product =
        stripExtensions(sum->getOperand(side)).getDefiningOp<arith::MulFOp>();
    if (product && product->getBlock() == block &&
        sum->getOperand(1 - side) == accumulator && accumulator.hasOneUse())
      return SumOfProducts{op, accumulator, product};
  }
  return std::nullopt;
}

bool Evaluator::hasKeys(ArrayRef<Digits> place) const {
  Digits all = flatten(place);
  return llvm::any_of(keys,
                      [&](Atom key) { return llvm::is_contained(all, key); });
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Expression *Evaluator::leaf(Value tensor, const Place &place) {
  if (tensor.getDefiningOp<tensor::EmptyOp>())
    return stop(tensor.getDefiningOp(), "reads a tensor that nothing wrote");
  Type element = getElementTypeOrSelf(tensor);
  if (!element.isIntOrIndexOrFloat())
    return stop(tensor.getDefiningOp(), "has elements of another kind than "
                                        "numbers");
  return pool.read(tensor, place, computed(element));
}

Expression *Evaluator::element(Value tensor, const Place &place) {
  std::vector<std::vector<Atom>> key;
  for (const Digits &digits : place)
    key.emplace_back(digits.begin(), digits.end());
  auto [entry, isNew] = elements.try_emplace(
      {tensor.getAsOpaquePointer(), std::move(key)}, nullptr);
  if (!isNew)
    return entry->second;
  if (depth >= kMaxDepth || pool.size() > kMaxExpressions)
    return stop(tensor.getDefiningOp(), "stands in a chain that is longer than "
                                        "what is looked at");
  ++depth;
  Expression *result = elementUncached(tensor, place);
  --depth;
  entry->second = result;
  return result;
}

Evaluator::Step Evaluator::followReshape(Value &tensor, Place &place) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return Step::None;
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return Step::None;
    tensor = cast.getSource();
    return Step::Done;
  }
  SmallVector<ReassociationIndices> sourceGroups, resultGroups;
  Value source;
  auto oneByOne = [](unsigned count) {
    SmallVector<ReassociationIndices> groups;
    for (unsigned dim = 0; dim < count; ++dim)
      groups.push_back({dim});
    return groups;
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    source = expand.getSrc();
    resultGroups = expand.getReassociationIndices();
    sourceGroups = oneByOne(resultGroups.size());
    if (resultGroups.empty()) // of rank 0
      for (unsigned dim = 0; dim < place.size(); ++dim)
        if (!place[dim].empty())
          return Step::None;
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    source = collapse.getSrc();
    sourceGroups = collapse.getReassociationIndices();
    resultGroups = oneByOne(sourceGroups.size());
  } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    FailureOr<ReshapeGroups> groups = getReshapeGroups(reshape);
    if (failed(groups))
      return Step::None;
    source = reshape.getSource();
    sourceGroups = groups->source;
    resultGroups = groups->result;
  } else {
    return Step::None;
  }
  auto type = cast<RankedTensorType>(source.getType());
  Place result(type.getRank());
  for (auto [from, to] : llvm::zip_equal(sourceGroups, resultGroups)) {
    Digits joined;
    for (int64_t dim : to)
      llvm::append_range(joined, place[dim]);
    SmallVector<int64_t> sizes;
    for (int64_t dim : from)
      sizes.push_back(type.getDimSize(dim));
    std::optional<SmallVector<Digits>> dealt = coordinates.split(joined, sizes);
    if (!dealt)
      return Step::Failed;
    for (auto [dim, digits] : llvm::zip_equal(from, *dealt))
      result[dim] = digits;
  }
  tensor = source;
  place = result;
  return Step::Done;
}

Expression *Evaluator::elementUncached(Value tensor, const Place &place) {
  DenseElementsAttr constant;
  if (matchPattern(tensor, m_Constant(&constant)) && constant.isSplat()) {
    auto value = cast<TypedAttr>(constant.getSplatValue<Attribute>());
    if (auto number = dyn_cast<FloatAttr>(value))
      if (Type type = computed(number.getType()); type != number.getType())
        value = FloatAttr::get(type, *getNumber(pool.constant(number)));
    return pool.constant(value);
  }
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return leaf(tensor, place);
  Value source = tensor;
  Place sourcePlace = place;
  switch (followReshape(source, sourcePlace)) {
  case Step::Failed:
    return stop(op, "regroups indices that no factor of the sizes explains");
  case Step::Done: {
    Expression *result = element(source, sourcePlace);
    if (result)
      passed.push_back({op, result});
    return result;
  }
  case Step::None:
    break;
  }
  Value number;
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    number = splat.getInput();
  else if (auto list = dyn_cast<tensor::FromElementsOp>(op);
           list && list.getElements().size() == 1)
    number = list.getElements()[0];
  if (number) {
    Body outside;
    return scalar(number, outside);
  }
  Expression *result = nullptr;
  if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
    result = softmaxElement(softmax, place);
  else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    result = linalgElement(linalgOp, cast<OpResult>(tensor), place);
  else
    return leaf(tensor, place);
  if (!result)
    return nullptr;
  bool isLeaf = result->kind == ExpressionKind::Read && result->value == tensor;
  if (!isLeaf)
    passed.push_back({op, result});
  if (!result->onScore && !result->origin) {
    result->origin = tensor;
    result->originPlace = place;
  }
  return result;
}

std::optional<Place> Evaluator::placeOf(Body &body, OpOperand *operand) {
  AffineMap map = body.op.getMatchingIndexingMap(operand);
  auto type = cast<ShapedType>(operand->get().getType());
  Place place;
  for (auto [dim, expression] : llvm::enumerate(map.getResults())) {
    if (auto loop = dyn_cast<AffineDimExpr>(expression)) {
      place.push_back(body.loops[loop.getPosition()]);
      continue;
    }
    auto constant = dyn_cast<AffineConstantExpr>(expression);
    if (!constant || constant.getValue() != 0 || type.getDimSize(dim) != 1)
      return std::nullopt;
    place.push_back({});
  }
  return place;
}

Expression *Evaluator::linalgElement(linalg::LinalgOp op, OpResult result,
                                     const Place &place) {
  if (!op.hasPureTensorSemantics())
    return leaf(result, place);
  Body body;
  body.op = op;
  body.loops.resize(op.getNumLoops());
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<bool> known(op.getNumLoops(), false);
  AffineMap map = op.getIndexingMapMatchingResult(result);
  for (auto [dim, expression] : llvm::enumerate(map.getResults())) {
    if (auto loop = dyn_cast<AffineDimExpr>(expression)) {
      unsigned number = loop.getPosition();
      if (known[number] && body.loops[number] != place[dim])
        return leaf(result, place);
      body.loops[number] = place[dim];
      known[number] = true;
    } else if (!isa<AffineConstantExpr>(expression) || !place[dim].empty()) {
      return leaf(result, place);
    }
  }
  for (auto [number, range] : llvm::enumerate(ranges))
    if (!known[number] && range == 1)
      known[number] = true;
  if (llvm::is_contained(known, false)) {
    auto sum = SumOfProducts::match(op);
    Digits all = flatten(place);
    bool hasRows = rows.empty() || llvm::any_of(rows, [&](Atom row) {
                     return llvm::is_contained(all, row);
                   });
    if (sum && hasKeys(place) && hasRows) {
      for (auto [number, range] : llvm::enumerate(ranges))
        if (!known[number])
          body.loops[number] = coordinates.loop(op, number, range);
      return firstProductElement(*sum, body, result, place);
    }
    return reductionElement(body, result, place);
  }
  Value yielded =
      op.getBlock()->getTerminator()->getOperand(result.getResultNumber());
  return scalar(yielded, body);
}

Expression *Evaluator::firstProductElement(SumOfProducts sum, Body &body,
                                           OpResult result,
                                           const Place &place) {
  Type type = computed(getElementTypeOrSelf(result));
  Expression *score = pool.score(result, place, type);
  if (foundScore && foundScore != score)
    return stop(sum.op, foundScore->value == score->value
                            ? "is read at two places of the scores"
                            : "is a second product that the weights depend on");
  foundScore = score;
  product = sum;
  productBody = body;
  Expression *start = element(sum.op.getDpsInits()[0], place);
  if (!start)
    return nullptr;
  if (isZero(start))
    return score;
  return pool.op("arith.addf", type, {score, start},
                 DictionaryAttr::get(sum.op.getContext()));
}

Expression *Evaluator::reductionElement(Body &body, OpResult result,
                                        const Place &place) {
  linalg::LinalgOp op = body.op;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1 || keys.empty() || hasKeys(place))
    return leaf(result, place);
  int64_t range = op.getStaticLoopRanges()[reductions[0]];
  int64_t size = coordinates.sizeOf(keys);
  if (range != size && !ShapedType::isDynamic(range) &&
      !ShapedType::isDynamic(size))
    return leaf(result, place);
  body.loops[reductions[0]] = keys;
  unsigned number = result.getResultNumber();
  BlockArgument accumulator = op.getRegionOutputArgs()[number];
  Operation *combine =
      op.getBlock()->getTerminator()->getOperand(number).getDefiningOp();
  if (!combine)
    return leaf(result, place);
  std::optional<Reduction> kind;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(combine))
    kind = Reduction::Max;
  else if (isa<arith::AddFOp>(combine))
    kind = Reduction::Sum;
  else if (isa<arith::AndIOp>(combine) &&
           combine->getResult(0).getType().isInteger(1))
    kind = Reduction::And;
  else if (isa<arith::OrIOp>(combine) &&
           combine->getResult(0).getType().isInteger(1))
    kind = Reduction::Or;
  if (!kind)
    return leaf(result, place);
  Value term;
  for (unsigned side : {0, 1})
    if (combine->getOperand(side) == accumulator)
      term = combine->getOperand(1 - side);
  if (!term || term == accumulator)
    return leaf(result, place);
  Expression *start = element(op.getDpsInitOperand(number)->get(), place);
  if (!start)
    return nullptr;
  // A maximum may start anywhere: it is a shift that cancels.
  if (*kind != Reduction::Max) {
    std::optional<double> neutral = getNumber(start);
    if (!neutral || (*neutral != 0) != (*kind == Reduction::And))
      return leaf(result, place);
  }
  Expression *operand = scalar(term, body);
  if (!operand)
    return nullptr;
  return pool.reduce(*kind, operand, keys);
}

Expression *Evaluator::softmaxElement(linalg::SoftmaxOp op,
                                      const Place &place) {
  if (place[op.getDimension()] != keys || keys.empty())
    return leaf(op->getResult(0), place);
  Expression *logit = element(op.getInput(), place);
  if (!logit)
    return nullptr;
  auto attributes = DictionaryAttr::get(op.getContext());
  Expression *largest = pool.reduce(Reduction::Max, logit, keys);
  Expression *shifted =
      pool.op("arith.subf", logit->type, {logit, largest}, attributes);
  Expression *weight = pool.op("math.exp", logit->type, {shifted}, attributes);
  Expression *sum = pool.reduce(Reduction::Sum, weight, keys);
  return pool.op("arith.divf", logit->type, {weight, sum}, attributes);
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Expression *Evaluator::scalar(Value value, Body &body) {
  if (Expression *known = body.values.lookup(value))
    return known;
  Block *block = body.op ? body.op.getBlock() : nullptr;
  if (value.getParentBlock() != block) {
    TypedAttr constant;
    if (matchPattern(value, m_Constant(&constant))) {
      if (auto number = dyn_cast<FloatAttr>(constant))
        if (Type type = computed(number.getType()); type != number.getType())
          constant = FloatAttr::get(type, *getNumber(pool.constant(number)));
      return pool.constant(constant);
    }
    Expression *result = pool.scalar(value);
    if (Type type = computed(value.getType()); type != value.getType())
      result = pool.op("arith.extf", type, {result},
                       DictionaryAttr::get(value.getContext()));
    return result;
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    OpOperand *operand = body.op.getMatchingOpOperand(argument);
    Expression *result = nullptr;
    if (!isa<ShapedType>(operand->get().getType())) {
      Body outside;
      result = scalar(operand->get(), outside);
    } else if (std::optional<Place> place = placeOf(body, operand)) {
      result = element(operand->get(), *place);
    } else {
      stop(body.op, "reads an operand at computed indices");
    }
    return body.values[value] = result;
  }
  // What it needs of the body, in the order of the block: bodies can be long.
  llvm::SmallPtrSet<Operation *, 16> needed;
  SmallVector<Operation *> worklist{value.getDefiningOp()};
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val();
    if (!needed.insert(op).second)
      continue;
    for (Value operand : op->getOperands())
      if (operand.getParentBlock() == block && operand.getDefiningOp() &&
          !body.values.count(operand))
        worklist.push_back(operand.getDefiningOp());
  }
  for (Operation &op : *block)
    if (needed.contains(&op)) {
      Expression *result = operation(&op, body);
      if (!result)
        return nullptr;
      body.values[op.getResult(0)] = result;
    }
  return body.values[value];
}

/// Whether numbers are added and compared: on coordinates in any integer type
/// the same as on indices.
static bool isIndexArithmetic(Operation *op) {
  return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::CmpIOp,
             arith::MaxSIOp, arith::MinSIOp, arith::DivSIOp, arith::RemSIOp,
             arith::FloorDivSIOp, arith::CeilDivSIOp>(op);
}

Expression *Evaluator::asType(Expression *expression, Type type) {
  if (expression->type == type)
    return expression;
  MLIRContext *context = type.getContext();
  if (auto number = dyn_cast_or_null<IntegerAttr>(expression->attribute);
      number && expression->kind == ExpressionKind::Constant && type.isIndex())
    return pool.constant(
        IntegerAttr::get(type, number.getValue().getSExtValue()));
  if (!expression->type.isIntOrIndex() || !type.isIntOrIndex())
    return stop(nullptr, "mixes types");
  return pool.op("arith.index_cast", type, {expression},
                 DictionaryAttr::get(context));
}

Expression *Evaluator::operation(Operation *op, Body &body) {
  TypedAttr constant;
  if (matchPattern(op, m_Constant(&constant))) {
    if (auto number = dyn_cast<FloatAttr>(constant))
      if (Type type = computed(number.getType()); type != number.getType())
        constant = FloatAttr::get(type, *getNumber(pool.constant(number)));
    return pool.constant(constant);
  }
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return pool.index(body.loops[index.getDim()], op->getContext());
  if (op->getNumResults() != 1 || op->getNumRegions() != 0 || !isPure(op))
    return stop(op, "is no scalar operation");
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<Expression *> indices;
    Place place;
    auto type = cast<RankedTensorType>(extract.getTensor().getType());
    for (auto [dim, index] : llvm::enumerate(extract.getIndices())) {
      Expression *expression = scalar(index, body);
      if (!expression ||
          !(expression = asType(expression, IndexType::get(op->getContext()))))
        return nullptr;
      indices.push_back(expression);
      if (expression->kind == ExpressionKind::Index)
        place.push_back(expression->place[0]);
      else if (isZero(expression) && type.getDimSize(dim) == 1)
        place.push_back({});
    }
    if (place.size() == indices.size())
      return element(extract.getTensor(), place);
    return pool.gather(extract.getTensor(), indices,
                       computed(type.getElementType()));
  }
  SmallVector<Expression *> operands;
  bool onIndices = false, allIndices = true;
  for (Value operand : op->getOperands()) {
    Expression *expression = scalar(operand, body);
    if (!expression)
      return nullptr;
    operands.push_back(expression);
    if (!operand.getType().isIndex() && expression->type.isIndex())
      onIndices = true;
    else if (expression->kind != ExpressionKind::Constant)
      allIndices = false;
  }
  Type type = computed(op->getResult(0).getType());
  bool changed = type != op->getResult(0).getType();
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    Expression *operand = operands[0];
    if (operand->type == type)
      return operand;
    if (operand->type.isIndex() && !operand->reads)
      return operand; // coordinates stay indices
  }
  if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
    if (operands[0]->type == type)
      return operands[0];
    if (std::optional<double> number = getNumber(operands[0]))
      return pool.constant(FloatAttr::get(type, *number));
  }
  if (isa<arith::BitcastOp>(op) &&
      computed(op->getOperand(0).getType()) != op->getOperand(0).getType())
    return stop(op, "looks at the bits of a float of 16 bits");
  if (onIndices && allIndices && isIndexArithmetic(op)) {
    auto index = IndexType::get(op->getContext());
    for (Expression *&operand : operands)
      operand = asType(operand, index);
    if (!isa<arith::CmpIOp>(op))
      type = index;
    changed = true;
    // What the folder cannot see, as it knows the operation by another type.
    for (unsigned side : {1, 0})
      if (isa<arith::AddIOp>(op) || (isa<arith::SubIOp>(op) && side == 1))
        if (isZero(operands[side]))
          return operands[1 - side];
  } else {
    for (auto [operand, value] : llvm::zip_equal(operands, op->getOperands())) {
      operand = asType(operand, computed(value.getType()));
      if (!operand)
        return stop(op, "mixes types");
      changed |= operand->type != value.getType();
    }
  }
  if (!changed)
    if (Expression *folded = fold(op, operands, body))
      return folded;
  return pool.op(op->getName().getStringRef(), type, operands,
                 op->getAttrDictionary());
}

Expression *Evaluator::fold(Operation *op, ArrayRef<Expression *> operands,
                            Body &body) {
  if (llvm::none_of(operands, [](Expression *operand) {
        return operand->kind == ExpressionKind::Constant;
      }))
    return nullptr;
  // A folder may change its operation: not the one that is there.
  Operation *copy = op->clone();
  llvm::scope_exit erase([&] { copy->destroy(); });
  auto expressionOf = [&](Value value) -> Expression * {
    for (auto [operand, expression] :
         llvm::zip_equal(op->getOperands(), operands))
      if (operand == value)
        return expression;
    return nullptr;
  };
  for (unsigned round = 0; round < 2; ++round) {
    SmallVector<Attribute> constants;
    for (Value operand : copy->getOperands()) {
      Expression *expression = expressionOf(operand);
      constants.push_back(expression->kind == ExpressionKind::Constant
                              ? expression->attribute
                              : Attribute());
    }
    SmallVector<OpFoldResult> results;
    if (failed(copy->fold(constants, results)))
      return nullptr;
    if (results.empty())
      continue;
    if (auto value = dyn_cast<Value>(results[0])) {
      if (Expression *known = expressionOf(value))
        return known;
      return body.values.lookup(value);
    }
    if (auto attribute = dyn_cast<TypedAttr>(cast<Attribute>(results[0])))
      return pool.constant(attribute);
    return nullptr;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Where q, k and v come from
//===----------------------------------------------------------------------===//

void Evaluator::followSource(Source &source, SmallVectorImpl<Factor> *factors) {
  while (Operation *op = source.tensor.getDefiningOp()) {
    Step step = followReshape(source.tensor, source.place);
    if (step == Step::Done)
      continue;
    if (step == Step::Failed)
      return;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp || !linalgOp.hasPureTensorSemantics() ||
        op->getNumResults() != 1 || linalgOp.getNumReductionLoops() != 0)
      return;
    Body body;
    body.op = linalgOp;
    body.loops.resize(linalgOp.getNumLoops());
    AffineMap map = linalgOp.getIndexingMapMatchingResult(op->getResult(0));
    if (!map.isProjectedPermutation())
      return;
    for (auto [dim, expression] : llvm::enumerate(map.getResults()))
      body.loops[cast<AffineDimExpr>(expression).getPosition()] =
          source.place[dim];
    // One number, the same for all elements.
    auto uniform = [&](Value value) -> Expression * {
      Evaluator probe(pool, coordinates, storage, {}, {});
      Body copy = body;
      Expression *expression = probe.scalar(value, copy);
      return expression && expression->isUniform() ? expression : nullptr;
    };
    SmallVector<Factor> found;
    Value value = linalgOp.getBlock()->getTerminator()->getOperand(0);
    while (Operation *scalarOp = value.getDefiningOp()) {
      if (scalarOp->getBlock() != linalgOp.getBlock())
        return;
      if (isa<arith::ExtFOp, arith::TruncFOp>(scalarOp) &&
          computed(scalarOp->getOperand(0).getType()) ==
              computed(scalarOp->getResult(0).getType())) {
        value = scalarOp->getOperand(0);
        continue;
      }
      if (!factors || !isa<arith::MulFOp, arith::DivFOp>(scalarOp))
        return;
      bool divides = isa<arith::DivFOp>(scalarOp);
      Expression *factor = uniform(scalarOp->getOperand(1));
      unsigned rest = 0;
      if (!factor && !divides) {
        factor = uniform(scalarOp->getOperand(0));
        rest = 1;
      }
      if (!factor)
        return;
      found.push_back({factor, divides});
      value = scalarOp->getOperand(rest);
    }
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != linalgOp.getBlock())
      return;
    OpOperand *operand = linalgOp.getMatchingOpOperand(argument);
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    std::optional<Place> place;
    if (type && linalgOp.isDpsInput(operand))
      place = placeOf(body, operand);
    if (!place)
      return;
    source = {operand->get(), *place};
    if (factors)
      factors->append(found);
  }
}
