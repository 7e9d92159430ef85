//===- Match.cpp - attention found in linalg ------------------------------===//
//
// Starts at a second product, takes the expression of its weights and gives
// every digit of an index a role: a digit that both products sum over is none
// of attention's, one that q, k, v and o share is a batch or a head, one that k
// and v lack a row or the place of a head in its group.
//
//===----------------------------------------------------------------------===//

#include "Match.h"
#include "Extents.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::raising;

namespace {
class Matcher {
public:
  Matcher(SumOfProducts second, ExpressionPool &pool, Coordinates &coordinates,
          const GDPARaiseOptions &options, Obstacle &obstacle)
      : second(second), pool(pool), coordinates(coordinates), options(options),
        obstacle(obstacle) {}

  std::optional<Match> run(Value weights, BlockArgument value);

private:
  bool fail(Operation *op, const Twine &reason) {
    if (!obstacle.op)
      obstacle = {op, reason.str()};
    return false;
  }

  bool findOperands(Evaluator &evaluator, Body &body, BlockArgument value);
  bool readFirstFactors(Value product, Evaluator &evaluator,
                        SmallVectorImpl<BlockArgument> &arguments);
  bool assignRoles(Expression *weight, const Place &outputPlace);
  void followResult(const Place &outputPlace);
  bool followResultOnce();
  bool checkUses(const Evaluator &evaluator);
  bool checkTypes();

  SumOfProducts second;
  ExpressionPool &pool;
  Coordinates &coordinates;
  const GDPARaiseOptions &options;
  Obstacle &obstacle;
  Match match;
  Digits depth;
};
} // namespace

static bool contains(ArrayRef<Atom> digits, Atom atom) {
  return llvm::is_contained(digits, atom);
}

/// Whether an expression is the score times what is no matrix of pairs, plus
/// what the score is not part of.
static bool isLinear(const Expression *expression, const Match &match) {
  if (expression == match.score)
    return true;
  bool sum = expression->isOp("arith.addf") || expression->isOp("arith.subf");
  bool product =
      expression->isOp("arith.mulf") || expression->isOp("arith.divf");
  if (expression->isOp("arith.negf"))
    return isLinear(expression->operands[0], match);
  if (!sum && !product)
    return false;
  const Expression *left = expression->operands[0],
                   *right = expression->operands[1];
  if (left->onScore && right->onScore)
    return sum && isLinear(left, match) && isLinear(right, match);
  const Expression *rest = left->onScore ? right : left;
  if (rest->dependsOn(match.roles.row) && rest->dependsOn(match.roles.keys))
    return false;
  if (expression->isOp("arith.divf") && right->onScore)
    return false;
  return isLinear(left->onScore ? left : right, match);
}

/// Multiplies two operands of the first product and numbers.
bool Matcher::readFirstFactors(Value product, Evaluator &evaluator,
                               SmallVectorImpl<BlockArgument> &arguments) {
  Body &body = evaluator.firstBody();
  SmallVector<Value> worklist{product};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    while (Operation *op = value.getDefiningOp()) {
      bool rounds = isa<arith::TruncFOp>(op) &&
                    evaluator.computed(op->getOperand(0).getType()) !=
                        evaluator.computed(op->getResult(0).getType());
      if (!isa<arith::ExtFOp, arith::TruncFOp>(op) || rounds ||
          op->getBlock() != body.op.getBlock())
        break;
      value = op->getOperand(0);
    }
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument && argument.getOwner() == body.op.getBlock() &&
        isa<ShapedType>(
            body.op.getMatchingOpOperand(argument)->get().getType())) {
      Expression *number = nullptr;
      auto type = cast<ShapedType>(
          body.op.getMatchingOpOperand(argument)->get().getType());
      if (type.getRank() != 0) {
        arguments.push_back(argument);
        continue;
      }
      number = evaluator.scalar(argument, body);
      if (!number)
        return false;
      match.factors.push_back({number, false});
      continue;
    }
    auto multiply = value.getDefiningOp<arith::MulFOp>();
    if (multiply && multiply->getBlock() == body.op.getBlock()) {
      worklist.append({multiply.getLhs(), multiply.getRhs()});
      continue;
    }
    Expression *number = evaluator.scalar(value, body);
    if (!number || !number->isUniform())
      return fail(body.op,
                  "multiplies something else than two tensors and numbers");
    match.factors.push_back({number, false});
  }
  if (arguments.size() != 2)
    return fail(body.op, "does not multiply two tensors");
  return true;
}

bool Matcher::findOperands(Evaluator &evaluator, Body &body,
                           BlockArgument value) {
  linalg::LinalgOp first = evaluator.firstProduct().op;
  Body &firstBody = evaluator.firstBody();
  SmallVector<BlockArgument> arguments;
  Value product = evaluator.firstProduct().product;
  if (!readFirstFactors(product, evaluator, arguments))
    return false;
  for (auto [number, type] : llvm::enumerate(first.getIteratorTypesArray()))
    if (type == utils::IteratorType::reduction)
      llvm::append_range(depth, firstBody.loops[number]);
  Source sources[2];
  bool hasKeys[2];
  for (unsigned side : {0, 1}) {
    OpOperand *operand = first.getMatchingOpOperand(arguments[side]);
    std::optional<Place> place = evaluator.placeOf(firstBody, operand);
    if (!place)
      return fail(first, "reads an operand at computed indices");
    sources[side] = {operand->get(), *place};
    hasKeys[side] = llvm::any_of(flatten(*place), [&](Atom atom) {
      return contains(match.roles.keys, atom);
    });
  }
  if (hasKeys[0] == hasKeys[1])
    return fail(first, hasKeys[0] ? "has the keys in both operands"
                                  : "has the keys in neither operand");
  match.query = sources[hasKeys[0] ? 1 : 0];
  match.key = sources[hasKeys[0] ? 0 : 1];
  OpOperand *operand = body.op.getMatchingOpOperand(value);
  std::optional<Place> place = evaluator.placeOf(body, operand);
  if (!place)
    return fail(body.op, "reads an operand at computed indices");
  match.value = {operand->get(), *place};
  evaluator.followSource(match.query, &match.factors);
  evaluator.followSource(match.key, &match.factors);
  evaluator.followSource(match.value, nullptr);
  return true;
}

bool Matcher::checkTypes() {
  for (const Source &source : {match.query, match.key, match.value})
    if (getElementTypeOrSelf(source.tensor) != match.storage) {
      Operation *op = source.tensor.getDefiningOp();
      std::string reason;
      llvm::raw_string_ostream(reason)
          << "needs q, k, v and the weights of one type, found "
          << getElementTypeOrSelf(source.tensor) << " and " << match.storage;
      return fail(op ? op : second.op.getOperation(), reason);
    }
  if (getElementTypeOrSelf(match.result) != match.storage)
    return fail(second.op, "gives a result that is not rounded to the type of "
                           "its weights");
  return true;
}

bool Matcher::assignRoles(Expression *weight, const Place &outputPlace) {
  Roles &roles = match.roles;
  Digits output = flatten(outputPlace), query = flatten(match.query.place),
         key = flatten(match.key.place), value = flatten(match.value.place);
  for (const Digits *digits : {&output, &query, &key, &value}) {
    llvm::SmallSet<Atom, 8> seen;
    for (Atom atom : *digits)
      if (!seen.insert(atom).second)
        return fail(second.op, "reads a diagonal");
  }
  for (Atom atom : query) {
    if (contains(depth, atom))
      roles.depth.push_back(atom);
    else if (!contains(output, atom))
      return fail(second.op, "sums over a dimension of q");
  }
  for (Atom atom : depth)
    if (!contains(query, atom) || !contains(key, atom))
      return fail(weight->value ? weight->value.getDefiningOp()
                                : second.op.getOperation(),
                  "sums over a dimension of one operand only");
  if (depth.empty())
    return fail(second.op, "has a first product of depth 1");
  for (Atom atom : key)
    if (!contains(depth, atom) && !contains(roles.keys, atom) &&
        !contains(output, atom))
      return fail(second.op, "sums over a dimension of k that is no key");
  for (Atom atom : roles.keys)
    if (!contains(key, atom) || !contains(value, atom))
      return fail(second.op, "sums over a dimension that the first product "
                             "does not index k with");
  for (Atom atom : value)
    if (!contains(roles.keys, atom) && !contains(output, atom))
      return fail(second.op, "sums over a dimension of v");

  auto inWeight = [&](Atom atom) { return weight->dependsOn(Digits{atom}); };
  for (Atom atom : value)
    if (!contains(roles.keys, atom) && !contains(query, atom) &&
        !contains(key, atom) && !inWeight(atom))
      roles.valueDepth.push_back(atom);
  // Batches and heads in the order of q, then what q lacks.
  Digits shared, rows;
  auto sort = [&](Atom atom) {
    if (!contains(output, atom) || contains(roles.valueDepth, atom) ||
        contains(shared, atom) || contains(rows, atom))
      return;
    (contains(key, atom) || contains(value, atom) ? shared : rows)
        .push_back(atom);
  };
  llvm::for_each(query, sort);
  llvm::for_each(output, sort);
  // Rows are the longest of the dimensions that only q has; the others number
  // the heads of a group.
  for (Atom atom : rows) {
    int64_t size = coordinates.sizeOf(atom);
    int64_t best = roles.row.empty() ? 0 : coordinates.sizeOf(roles.row[0]);
    if (roles.row.empty() || ShapedType::isDynamic(size) ||
        (!ShapedType::isDynamic(best) && size >= best))
      roles.row = {atom};
  }
  for (Atom atom : rows)
    if (!contains(roles.row, atom))
      roles.group.push_back(atom);
  if (!shared.empty()) {
    roles.keyHeads = {shared.back()};
    shared.pop_back();
  }
  roles.batch = shared;
  for (unsigned atom = 0; atom < weight->atoms.size(); ++atom)
    if (weight->atoms.test(atom) && !contains(output, atom) &&
        !contains(roles.keys, atom))
      return fail(second.op, "has weights that depend on more than a pair");
  if (roles.valueDepth.empty())
    return fail(second.op, "has a v of depth 1");
  auto checkDepth = [&](const Digits &digits, StringRef name) {
    int64_t size = coordinates.sizeOf(digits);
    if (ShapedType::isDynamic(size))
      return fail(second.op, "has a depth of " + name + " that is dynamic");
    if (size > options.maxDepth)
      return fail(second.op, "has a depth of " + name + " of " + Twine(size) +
                                 ", more than max-depth " +
                                 Twine(options.maxDepth));
    return true;
  };
  if (!checkDepth(roles.depth, "q and k") || !checkDepth(roles.valueDepth, "v"))
    return false;
  auto isWeight = [](const Source &source) {
    return isa<BlockArgument>(source.tensor) ||
           matchPattern(source.tensor, m_Constant());
  };
  if (!options.unbatched && roles.batch.empty() && roles.keyHeads.empty() &&
      isWeight(match.key) && isWeight(match.value))
    return fail(second.op, "has a k and a v of neither batches nor heads, as "
                           "the weights of a feed-forward layer are; raised "
                           "with unbatched");
  return true;
}

/// One step from the result to its only user, where that only moves data or
/// rounds to the storage type.
bool Matcher::followResultOnce() {
  Value result = match.result;
  if (!result.hasOneUse())
    return false;
  OpOperand &use = *result.use_begin();
  Operation *user = use.getOwner();
  if (user->getBlock() != second.op->getBlock())
    return false;
  Place place;
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(user)) {
    for (const ReassociationIndices &group :
         collapse.getReassociationIndices()) {
      place.emplace_back();
      for (int64_t dim : group)
        llvm::append_range(place.back(), match.resultPlace[dim]);
    }
  } else if (isa<tensor::ExpandShapeOp, tensor::ReshapeOp>(user)) {
    SmallVector<ReassociationIndices> from, to;
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(user)) {
      to = expand.getReassociationIndices();
      for (unsigned dim = 0; dim < to.size(); ++dim)
        from.push_back({dim});
    } else {
      FailureOr<ReshapeGroups> groups =
          use.getOperandNumber() == 0
              ? getReshapeGroups(cast<tensor::ReshapeOp>(user))
              : FailureOr<ReshapeGroups>(failure());
      if (failed(groups))
        return false;
      from = groups->source;
      to = groups->result;
    }
    auto type = cast<RankedTensorType>(user->getResult(0).getType());
    place.resize(type.getRank());
    for (auto [sources, results] : llvm::zip_equal(from, to)) {
      Digits joined;
      for (int64_t dim : sources)
        llvm::append_range(joined, match.resultPlace[dim]);
      SmallVector<int64_t> sizes;
      for (int64_t dim : results)
        sizes.push_back(type.getDimSize(dim));
      auto dealt = coordinates.split(joined, sizes);
      if (!dealt)
        return false;
      for (auto [dim, digits] : llvm::zip_equal(results, *dealt))
        place[dim] = digits;
    }
  } else if (auto op = dyn_cast<linalg::LinalgOp>(user)) {
    if (op->getNumResults() != 1 || !op.isDpsInput(&use) ||
        op.getNumReductionLoops() != 0 || !op.hasPureTensorSemantics())
      return false;
    AffineMap in = op.getMatchingIndexingMap(&use);
    AffineMap out = op.getIndexingMapMatchingResult(op->getResult(0));
    if (!in.isPermutation() || !out.isPermutation())
      return false;
    Value yielded = op.getBlock()->getTerminator()->getOperand(0);
    if (auto round = yielded.getDefiningOp<arith::TruncFOp>())
      if (round.getType() == match.storage)
        yielded = round.getIn();
    if (yielded != op.getMatchingBlockArgument(&use))
      return false;
    SmallVector<Digits> loops(op.getNumLoops());
    for (unsigned dim = 0; dim < loops.size(); ++dim)
      loops[in.getDimPosition(dim)] = match.resultPlace[dim];
    for (unsigned dim = 0; dim < loops.size(); ++dim)
      place.push_back(loops[out.getDimPosition(dim)]);
  } else {
    return false;
  }
  match.result = user->getResult(0);
  match.resultPlace = place;
  return true;
}

void Matcher::followResult(const Place &outputPlace) {
  match.result = second.op->getResult(0);
  match.resultPlace = outputPlace;
  while (followResultOnce())
    ;
}

/// Nothing but the second product may need what raising removes.
bool Matcher::checkUses(const Evaluator &evaluator) {
  llvm::SmallPtrSet<Operation *, 16> known{second.op.getOperation()};
  for (auto [op, element] : evaluator.visited())
    if (known.insert(op).second && element->onScore)
      match.replaced.push_back(op);
  for (Operation *op : match.replaced)
    for (Operation *user : op->getUsers())
      if (!known.contains(user) && !isa<tensor::DimOp>(user))
        return fail(user, "uses the scores too");
  return true;
}

std::optional<Match> Matcher::run(Value weights, BlockArgument value) {
  Value stripped = stripExtensions(weights);
  match.storage = stripped.getType();
  if (!match.storage.isF64() && !match.storage.isF32() &&
      !match.storage.isF16() && !match.storage.isBF16())
    return std::nullopt;
  Body body;
  body.op = second.op;
  SmallVector<int64_t> ranges = second.op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators =
      second.op.getIteratorTypesArray();
  for (auto [number, range] : llvm::enumerate(ranges)) {
    body.loops.push_back(coordinates.loop(second.op, number, range));
    if (iterators[number] == utils::IteratorType::reduction)
      llvm::append_range(match.roles.keys, body.loops.back());
  }
  OpOperand &init = second.op.getDpsInitsMutable()[0];
  if (match.roles.keys.empty())
    return std::nullopt;
  // What v lacks indexes queries.
  Evaluator places(pool, coordinates, match.storage, {}, {});
  std::optional<Place> outputPlace = places.placeOf(body, &init);
  std::optional<Place> valuePlace =
      places.placeOf(body, second.op.getMatchingOpOperand(value));
  if (!outputPlace || !valuePlace)
    return std::nullopt;
  Digits rows, inValue = flatten(*valuePlace);
  for (Atom atom : flatten(*outputPlace))
    if (!contains(inValue, atom))
      rows.push_back(atom);

  Evaluator evaluator(pool, coordinates, match.storage, match.roles.keys, rows);
  Expression *weight = evaluator.scalar(stripped, body);
  if (!evaluator.score())
    return std::nullopt;
  if (!weight) {
    Obstacle why = evaluator.obstacle();
    fail(why.op ? why.op : second.op.getOperation(), why.reason);
    return std::nullopt;
  }
  Expression *start = evaluator.element(init.get(), *outputPlace);
  if (!start || !isZero(start)) {
    fail(second.op, "adds to a tensor that is not known to be zero");
    return std::nullopt;
  }
  match.score = evaluator.score();
  Type compute = Float32Type::get(match.storage.getContext());
  if (match.storage.isF64())
    compute = match.storage;
  if (match.score->type != compute || weight->type != compute) {
    fail(evaluator.firstProduct().op, "computes scores of another type than "
                                      "attention does for its storage");
    return std::nullopt;
  }
  if (!findOperands(evaluator, body, value))
    return std::nullopt;
  followResult(*outputPlace);
  std::string reason;
  if (failed(splitWeight(weight, match.roles.keys, match, reason))) {
    fail(second.op, reason);
    return std::nullopt;
  }
  if (!assignRoles(weight, *outputPlace))
    return std::nullopt;
  if (match.normalizer == Normalizer::None && match.masks.empty() &&
      isLinear(match.activation, match)) {
    fail(second.op, "has weights that are linear in the score: a product of "
                    "three matrices, and no attention");
    return std::nullopt;
  }
  if (!checkTypes() || !checkUses(evaluator))
    return std::nullopt;
  if (std::string why = checkEmission(match, coordinates); !why.empty()) {
    fail(second.op, why);
    return std::nullopt;
  }
  return match;
}

std::optional<Match> gdpa::raising::matchAttention(
    SumOfProducts second, Value weights, BlockArgument value,
    ExpressionPool &pool, Coordinates &coordinates,
    const GDPARaiseOptions &options, Obstacle &obstacle) {
  return Matcher(second, pool, coordinates, options, obstacle)
      .run(weights, value);
}
