//===- PipelineProducts.cpp - products one step ahead of their use --------===//
//
// The loop of a consumer computes, for each block of keys j,
//
//   S = Q K[j];  W = f(S);  O = u(O);  O = O + W V[j]
//
// with f and u elementwise or row by row. Rotated by a step, the tensor cores
// work on O + W V[j-1] while the other units compute f of block j:
//
//   S = Q K[0];  W = f(S);  O = u(O)
//   for j = 1 ...:  start S = Q K[j];  start O = O + W V[j-1];  wait for S
//                   W' = f(S);  wait for O;  O = u(O);  W = W'
//   O = O + W V[last]
//
// Nothing is in flight at a back-edge, and W is rounded to the type of the
// product after the wait: registers of a product in flight are not written.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::gdpa_nv {
#define GEN_PASS_DEF_GDPANVPIPELINEPRODUCTS
#include "gdpa/Dialect/GDPANV/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_nv

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return matchPattern(value, m_AnyZeroFloat());
}

/// Whether the right operand is [columns][depth].
bool isTransposed(linalg::ContractOp product) {
  SmallVector<AffineMap> maps = product.getIndexingMapsArray();
  return maps[1].getDimPosition(1) == maps[0].getDimPosition(1);
}

MmaAsyncOp startProduct(OpBuilder &builder, linalg::ContractOp product, Value lhs,
                        Value rhs, Value accumulator) {
  auto type = PendingType::get(builder.getContext(),
                               cast<RankedTensorType>(product.getResult(0).getType()));
  return MmaAsyncOp::create(builder, product.getLoc(), type, lhs, rhs, accumulator,
                            isTransposed(product));
}

ValueRange fence(OpBuilder &builder, Location loc, ValueRange values) {
  return FenceOp::create(builder, loc, TypeRange(values), values).getResults();
}

/// Waits until at most `inflight` products are in flight; the results of `pending`, then of
/// `kept`.
ValueRange wait(OpBuilder &builder, Location loc, ValueRange pending, ValueRange kept,
                int64_t inflight) {
  SmallVector<Type> types;
  for (Value value : pending)
    types.push_back(cast<PendingType>(value.getType()).getBlock());
  llvm::append_range(types, kept.getTypes());
  return WaitOp::create(builder, loc, types, pending, kept, inflight).getResults();
}

/// Whether the elements of a block are rounded to their type as the last step
/// of their computation.
bool canSplitRounding(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return false;
  if (auto choice = dyn_cast<scf::IfOp>(result.getOwner()))
    return value.hasOneUse() &&
           canSplitRounding(choice.thenYield().getOperand(result.getResultNumber())) &&
           canSplitRounding(choice.elseYield().getOperand(result.getResultNumber()));
  auto generic = dyn_cast<linalg::GenericOp>(result.getOwner());
  if (!generic || !value.hasOneUse() || generic->getNumResults() != 1)
    return false;
  Value yielded = generic.getBody()->getTerminator()->getOperand(0);
  return yielded.getDefiningOp<arith::TruncFOp>() &&
         generic.getMatchingBlockArgument(generic.getDpsInitOperand(0)).use_empty();
}

Type widen(Type type, Type element) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), element, tensor.getEncoding());
}

/// Turns a value for which `canSplitRounding` holds into one of the wider type, in place.
void widenInPlace(Value value) {
  auto result = cast<OpResult>(value);
  if (auto choice = dyn_cast<scf::IfOp>(result.getOwner())) {
    Value branches[] = {choice.thenYield().getOperand(result.getResultNumber()),
                        choice.elseYield().getOperand(result.getResultNumber())};
    for (Value branch : branches)
      widenInPlace(branch);
    value.setType(choice.thenYield().getOperand(result.getResultNumber()).getType());
    return;
  }
  auto generic = cast<linalg::GenericOp>(result.getOwner());
  Operation *yield = generic.getBody()->getTerminator();
  auto round = yield->getOperand(0).getDefiningOp<arith::TruncFOp>();
  Type element = round.getIn().getType();
  yield->setOperand(0, round.getIn());
  if (round->use_empty())
    round.erase();
  OpBuilder builder(generic);
  auto type = cast<RankedTensorType>(widen(value.getType(), element));
  Value init = tensor::EmptyOp::create(builder, generic.getLoc(), type.getShape(),
                                       element, type.getEncoding());
  generic.getDpsInitOperand(0)->set(init);
  generic.getBody()->getArguments().back().setType(element);
  value.setType(type);
}

/// What a rotated loop carries: what the loop carried, with the cursor of the values
/// that wait for their product, those values, and their weights.
struct Carried {
  Carried() = default;
  explicit Carried(ValueRange all) : loopValues(all.drop_back(2)) {
    weights = all[all.size() - 2];
    values = all.back();
  }
  SmallVector<Value> all() const {
    SmallVector<Value> result(loopValues);
    result.append({weights, values});
    return result;
  }
  SmallVector<Value> loopValues;
  Value weights, values;
};

/// A loop of a consumer in the form above.
class Loop {
public:
  explicit Loop(scf::ForOp loop) : loop(loop) {}

  /// Whether the loop has that form. Changes nothing.
  bool analyze() {
    Block &body = *loop.getBody();
    SmallVector<ReceiveOp> receives(body.getOps<ReceiveOp>());
    SmallVector<linalg::ContractOp> products(body.getOps<linalg::ContractOp>());
    if (receives.size() != 2 || products.size() != 2)
      return false;
    score = products[0];
    sum = products[1];
    keys = score.getInputs()[1].getDefiningOp<ReceiveOp>();
    values = sum.getInputs()[1].getDefiningOp<ReceiveOp>();
    if (!keys || !values || keys == values || !keys->hasOneUse() || !values->hasOneUse() ||
        !isZero(score.getOutputs()[0]) ||
        !loop.isDefinedOutsideOfLoop(score.getInputs()[0]))
      return false;
    std::optional<unsigned> position = findYield(sum.getResult(0));
    if (!position || !sum.getResult(0).hasOneUse())
      return false;
    output = *position;
    auto valueArgument = dyn_cast<BlockArgument>(values.getCursor());
    if (!isa<BlockArgument>(keys.getCursor()) || !valueArgument)
      return false;
    valueCursor = valueArgument.getArgNumber() - 1;
    // The weights, rounded last.
    convert = sum.getInputs()[0].getDefiningOp<ConvertOp>();
    if (!convert || !convert->hasOneUse())
      return false;
    weight = convert.getSource();
    if (!canSplitRounding(weight))
      return false;
    rounded = weight.getType();
    return collectUpdates();
  }

  /// The rounding of the weights becomes an operation of its own, after the wait.
  void split() { widenInPlace(weight); }

  /// Block `key` up to its weights, where the loop carried `arguments`; values from outside of the loop
  /// are looked up in `outside`. Beside it the product of `before`, the block before it; where that
  /// belongs to another tile, its sum goes to `finished`. `afterScore` is called when the
  /// score has been waited for.
  Carried step(OpBuilder &builder, const IRMapping &outside, Value key, ValueRange arguments,
               const Carried *before, Value *finished, function_ref<void()> afterScore) {
    Location loc = loop.getLoc();
    IRMapping mapping(outside);
    mapping.map(loop.getInductionVar(), key);
    mapping.map(loop.getRegionIterArgs(), arguments);
    Value running, weights;
    for (Operation &op : loop.getBody()->without_terminator()) {
      if (&op == score) {
        Value lhs = mapping.lookupOrDefault(score.getInputs()[0]);
        Value rhs = mapping.lookup(score.getInputs()[1]);
        SmallVector<Value> operands;
        if (before)
          operands = {before->weights, before->loopValues[output]};
        ValueRange ready = fence(builder, loc, operands);
        Value product = startProduct(builder, score, lhs, rhs, Value());
        if (before) {
          weights = ready[0];
          running = startProduct(builder, sum, weights, before->values, ready[1]);
        }
        mapping.map(score.getResult(0),
                    wait(builder, loc, product, {}, before ? 1 : 0)[0]);
        ReleaseOp::create(builder, loc, keys.getRing(),
                          mapping.lookupOrDefault(keys.getCursor()));
        if (afterScore)
          afterScore();
        continue;
      }
      auto advance = dyn_cast<AdvanceOp>(op);
      if (isa<ReleaseOp>(op) || &op == sum || &op == convert || &op == values ||
          updates.contains(&op) || (advance && advance.getRing() == values.getRing()))
        continue;
      builder.clone(op, mapping);
    }
    // The next values, then the end of the product before.
    Carried after;
    for (Value value : loop.getYieldedValues())
      after.loopValues.push_back(mapping.lookupOrDefault(value));
    Value cursor = arguments[valueCursor];
    if (before)
      cursor = AdvanceOp::create(builder, loc, cursor.getType(), values.getRing(), cursor);
    Value wide = mapping.lookup(weight);
    if (before)
      wide = HoldOp::create(builder, loc, TypeRange(ValueRange(wide)), wide).getResult(0);
    after.values = ReceiveOp::create(builder, loc, values.getType(), values.getRing(), cursor,
                                     /*late=*/before != nullptr);
    Value reached = arguments[output];
    if (before) {
      ValueRange both = wait(builder, loc, running, {wide, weights}, 0);
      (finished ? *finished : reached) = both[0];
      wide = both[1];
      ReleaseOp::create(builder, loc, values.getRing(), arguments[valueCursor]);
    }
    mapping.map(loop.getRegionIterArg(output), reached);
    for (Operation *op : updates)
      builder.clone(*op, mapping);
    after.loopValues[output] = mapping.lookup(sum.getOutputs()[0]);
    after.loopValues[valueCursor] = cursor;
    after.weights = ConvertOp::create(builder, loc, convert.getType(), round(builder, wide));
    return after;
  }

  /// The loop from `lower` on, one step behind.
  Carried rotate(OpBuilder &builder, const IRMapping &outside, Value lower,
                 const Carried &first) {
    Location loc = loop.getLoc();
    auto rotated =
        scf::ForOp::create(builder, loc, lower, outside.lookupOrDefault(loop.getUpperBound()),
                           outside.lookupOrDefault(loop.getStep()), first.all());
    OpBuilder::InsertionGuard insertion(builder);
    builder.setInsertionPointToStart(rotated.getBody());
    Carried before(rotated.getRegionIterArgs());
    Carried after = step(builder, outside, rotated.getInductionVar(), before.loopValues,
                         &before, nullptr, nullptr);
    scf::YieldOp::create(builder, loc, after.all());
    return Carried(rotated.getResults());
  }

  /// The last product; what the loop's results are.
  SmallVector<Value> finish(OpBuilder &builder, Carried last) {
    Location loc = loop.getLoc();
    ValueRange ready = fence(builder, loc, {last.weights, last.loopValues[output]});
    Value product = startProduct(builder, sum, ready[0], last.values, ready[1]);
    last.loopValues[output] = wait(builder, loc, product, ready[0], 0)[0];
    ReleaseOp::create(builder, loc, values.getRing(), last.loopValues[valueCursor]);
    last.loopValues[valueCursor] = passValues(builder, last);
    return last.loopValues;
  }

  /// The cursor after the values that wait for their product.
  Value passValues(OpBuilder &builder, const Carried &last) {
    Value cursor = last.loopValues[valueCursor];
    return AdvanceOp::create(builder, loop.getLoc(), cursor.getType(), values.getRing(), cursor);
  }

  scf::ForOp loop;
  linalg::ContractOp score, sum;
  ReceiveOp keys, values;
  unsigned output = 0, valueCursor = 0;

private:
  std::optional<unsigned> findYield(Value value) {
    for (auto [number, operand] : llvm::enumerate(loop.getYieldedValues()))
      if (operand == value)
        return number;
    return std::nullopt;
  }

  /// The operations between the carried output and the product that adds to it.
  bool collectUpdates() {
    llvm::SmallPtrSet<Value, 8> onOutput = {Value(loop.getRegionIterArg(output))};
    for (Operation &op : loop.getBody()->without_terminator()) {
      bool depends = false;
      op.walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          depends |= onOutput.contains(operand);
      });
      if (!depends || &op == sum)
        continue;
      if (!isa<linalg::GenericOp>(op) || op.getNumResults() != 1)
        return false;
      updates.insert(&op);
      onOutput.insert(op.getResult(0));
    }
    if (!onOutput.contains(sum.getOutputs()[0]))
      return false;
    // Nothing else may look at the output.
    for (Value value : onOutput)
      for (Operation *user : value.getUsers())
        if (user != sum && !updates.contains(user))
          return false;
    return true;
  }

  Value round(OpBuilder &builder, Value wide) {
    Location loc = loop.getLoc();
    auto tensor = cast<RankedTensorType>(rounded);
    Value init = tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                         tensor.getElementType(), tensor.getEncoding());
    auto identity = builder.getMultiDimIdentityMap(2);
    return linalg::GenericOp::create(
               builder, loc, rounded, wide, init, ArrayRef<AffineMap>{identity, identity},
               SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
               [&](OpBuilder &b, Location l, ValueRange arguments) {
                 Value narrow = arith::TruncFOp::create(b, l, tensor.getElementType(),
                                                        arguments[0]);
                 linalg::YieldOp::create(b, l, narrow);
               })
        .getResult(0);
  }

  ConvertOp convert;
  Value weight;
  Type rounded;
  llvm::SetVector<Operation *> updates;
};

/// Loops of one block that follow each other over the same keys: each carries on what the one
/// before has reached. The first one has a block.
class Chain {
public:
  /// The chain that begins with `first`; empty where it has not that form.
  static std::optional<Chain> find(scf::ForOp first) {
    if (!first->hasAttr(kNotEmptyAttr))
      return std::nullopt;
    Chain chain;
    for (scf::ForOp next = first; next;) {
      Loop loop(next);
      if (!loop.analyze() ||
          (!chain.loops.empty() && (loop.output != chain.loops[0].output ||
                                    loop.valueCursor != chain.loops[0].valueCursor)))
        return std::nullopt;
      chain.loops.push_back(loop);
      scf::ForOp following;
      for (Operation *user : next.getResult(loop.output).getUsers())
        if (auto other = dyn_cast<scf::ForOp>(user);
            other && llvm::equal(other.getInitArgs(), next.getResults()))
          following = other;
      next = following;
    }
    return chain;
  }

  void split() {
    for (Loop &loop : loops)
      loop.split();
  }

  /// The first block of the chain, before which the loops' values are those of `outside`.
  Carried begin(OpBuilder &builder, const IRMapping &outside, const Carried *before,
                Value *finished, function_ref<void()> afterScore) {
    Loop &first = loops.front();
    SmallVector<Value> arguments;
    for (Value value : first.loop.getInitArgs())
      arguments.push_back(outside.lookupOrDefault(value));
    return first.step(builder, outside,
                      outside.lookupOrDefault(first.loop.getLowerBound()), arguments, before,
                      finished, afterScore);
  }

  /// All other blocks but the last product.
  Carried rest(OpBuilder &builder, const IRMapping &outside, Carried carried) {
    for (auto [number, loop] : llvm::enumerate(loops)) {
      Value lower = outside.lookupOrDefault(loop.loop.getLowerBound());
      if (number == 0)
        lower = arith::AddIOp::create(builder, loop.loop.getLoc(), lower,
                                      outside.lookupOrDefault(loop.loop.getStep()));
      carried = loop.rotate(builder, outside, lower, carried);
    }
    return carried;
  }

  Loop &first() { return loops.front(); }
  Loop &last() { return loops.back(); }
  bool contains(Operation *op) const {
    return llvm::any_of(loops, [&](const Loop &loop) { return loop.loop == op; });
  }

  /// Whether there are registers for the ends of two tiles at a time: not beside statistics
  /// of rows, nor where elements of captures are read.
  bool leavesRegisters() {
    return llvm::all_of(loops, [](Loop &loop) {
      bool reads = loop.loop
                       .walk([](Operation *op) {
                         return isa<tensor::ExtractOp, gdpa_tile::LoadOp>(op)
                                    ? WalkResult::interrupt()
                                    : WalkResult::advance();
                       })
                       .wasInterrupted();
      return !reads && llvm::count_if(loop.loop.getResultTypes(),
                                      llvm::IsaPred<RankedTensorType>) == 1;
    });
  }

  /// In the place of the loops.
  void replace() {
    OpBuilder builder(first().loop);
    Carried carried = begin(builder, {}, nullptr, nullptr, nullptr);
    carried = rest(builder, {}, carried);
    last().loop.replaceAllUsesWith(last().finish(builder, carried));
    erase();
  }
  void erase() {
    for (Loop &loop : llvm::reverse(loops))
      loop.loop.erase();
  }

private:
  SmallVector<Loop> loops;
};

/// The loop over tiles of a consumer. Rotated by a product: the first score of a tile
/// stands beside the last product of the tile before it.
class TileLoop {
public:
  TileLoop(scf::WhileOp loop, Chain &chain) : loop(loop), chain(chain), loc(loop.getLoc()) {}

  /// Whether the loop takes tiles, each one a chain between code that prepares and
  /// code that stores.
  bool analyze() {
    Block &before = loop.getBefore().front(), &body = loop.getAfter().front();
    auto takes = before.getOps<TakeOp>();
    if (takes.empty() || chain.first().loop->getBlock() != &body)
      return false;
    take = *takes.begin();
    condition = cast<scf::ConditionOp>(before.getTerminator());
    left = chain.first().score.getInputs()[0];
    bool done = false;
    for (Operation &op : body.without_terminator()) {
      if (chain.contains(&op)) {
        done = true;
        continue;
      }
      (done ? after : prepare).push_back(&op);
    }
    // One block is received before the loops: the left operand, as it is or in registers.
    for (Operation *op : prepare)
      if (auto receive = dyn_cast<ReceiveOp>(op)) {
        if (queries)
          return false;
        queries = receive;
      }
    if (!queries)
      return false;
    inRegisters = left != queries.getResult();
    auto convert = left.getDefiningOp<ConvertOp>();
    if (inRegisters && (!convert || convert.getSource() != queries.getResult() ||
                        !queries->hasOneUse()))
      return false;
    for (Operation *op : after)
      if (isa<ReceiveOp, SendOp, linalg::ContractOp>(op))
        return false;
    return true;
  }

  void rewrite() {
    OpBuilder builder(loop);
    Block &body = loop.getAfter().front();
    // The first tile: there is one for each block of the grid.
    IRMapping mapping;
    mapping.map(loop.getBefore().getArguments(), loop.getInits());
    takeTile(builder, mapping);
    cloneAll(builder, prepare, mapping);
    Carried first = chain.begin(builder, mapping, nullptr, nullptr,
                                [&] { releaseEarly(builder, mapping); });
    SmallVector<Value> carried;
    for (BlockArgument argument : body.getArguments())
      carried.push_back(mapping.lookup(argument));
    size_t own = carried.size();
    llvm::append_range(carried, first.all());
    carried.push_back(mapping.lookup(left));

    TypeRange types{ValueRange(carried)};
    SmallVector<Location> locations(carried.size(), loc);
    auto rotated = scf::WhileOp::create(builder, loc, types, carried);
    Block *step = builder.createBlock(&rotated.getBefore(), {}, types, locations);
    ValueRange arguments = step->getArguments();
    IRMapping current;
    current.map(body.getArguments(), arguments.take_front(own));
    current.map(left, arguments.back());
    for (Operation *op : prepare)
      if (op != queries && op != left.getDefiningOp())
        builder.clone(*op, current);
    Carried last = chain.rest(builder, current, Carried(arguments.drop_front(own).drop_back()));
    if (!inRegisters)
      ReleaseOp::create(builder, loc, queries.getRing(),
                        current.lookupOrDefault(queries.getCursor()));
    // What the next tile begins with. The values' cursor stands on those of the last product.
    Loop &end = chain.last();
    for (auto [result, value] : llvm::zip(end.loop.getResults(), last.loopValues))
      current.map(result, value);
    IRMapping next;
    for (auto [argument, value] :
         llvm::zip(loop.getBefore().getArguments(), body.getTerminator()->getOperands())) {
      Value advanced = value;
      if (auto advance = value.getDefiningOp<AdvanceOp>();
          advance && !current.contains(advance))
        advanced = builder.clone(*advance, current)->getResult(0);
      else
        advanced = current.lookupOrDefault(value);
      next.map(argument, advanced);
    }
    Value more = takeTile(builder, next);
    SmallVector<Type> results;
    for (Type type : types.drop_front(own))
      results.push_back(type);
    auto choice = scf::IfOp::create(builder, loc, results, more, /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(choice.thenBlock());
      IRMapping ahead(next);
      cloneAll(builder, prepare, ahead);
      Value finished;
      Carried begun = chain.begin(builder, ahead, &last, &finished,
                                  [&] { releaseEarly(builder, ahead); });
      store(builder, current, finished, last);
      SmallVector<Value> yields = begun.all();
      yields.push_back(ahead.lookup(left));
      scf::YieldOp::create(builder, loc, yields);

      builder.setInsertionPointToStart(choice.elseBlock());
      SmallVector<Value> reached = end.finish(builder, last);
      store(builder, current, reached[end.output], last);
      yields = last.all();
      yields.push_back(arguments.back());
      scf::YieldOp::create(builder, loc, yields);
    }
    SmallVector<Value> passed;
    for (BlockArgument argument : body.getArguments())
      passed.push_back(next.lookup(argument));
    llvm::append_range(passed, choice.getResults());
    scf::ConditionOp::create(builder, loc, more, passed);
    Block *again = builder.createBlock(&rotated.getAfter(), {}, types, locations);
    scf::YieldOp::create(builder, loc, again->getArguments());
    loop.erase();
  }

private:
  static void cloneAll(OpBuilder &builder, ArrayRef<Operation *> ops, IRMapping &mapping) {
    for (Operation *op : ops)
      builder.clone(*op, mapping);
  }

  /// Takes the next number with the cursors of `mapping` and maps what the body takes of it; whether there
  /// is a tile.
  Value takeTile(OpBuilder &builder, IRMapping &mapping) {
    for (Operation &op : loop.getBefore().front().without_terminator())
      builder.clone(op, mapping);
    for (auto [argument, value] :
         llvm::zip(loop.getAfter().getArguments(), condition.getArgs()))
      mapping.map(argument, mapping.lookupOrDefault(value));
    return mapping.lookupOrDefault(condition.getCondition());
  }

  /// Fragments in registers leave their slot free once a product has read them.
  void releaseEarly(OpBuilder &builder, const IRMapping &mapping) {
    if (inRegisters)
      ReleaseOp::create(builder, loc, queries.getRing(),
                        mapping.lookupOrDefault(queries.getCursor()));
  }

  /// What the body does after its loops, with the output `reached`.
  void store(OpBuilder &builder, const IRMapping &current, Value reached, const Carried &last) {
    IRMapping mapping(current);
    Loop &end = chain.last();
    mapping.map(end.loop.getResult(end.output), reached);
    for (Operation *op : after)
      if (!isa<ReleaseOp, AdvanceOp>(op))
        builder.clone(*op, mapping);
  }

  scf::WhileOp loop;
  Chain &chain;
  Location loc;
  TakeOp take;
  scf::ConditionOp condition;
  SmallVector<Operation *> prepare, after;
  ReceiveOp queries;
  Value left;
  bool inRegisters = false;
};

/// A product that is waited for at once. A left operand from outside of the block stays in
/// its registers.
void makeSynchronous(linalg::ContractOp product) {
  OpBuilder builder(product);
  Location loc = product.getLoc();
  Value lhs = product.getInputs()[0], rhs = product.getInputs()[1];
  Value accumulator = product.getOutputs()[0];
  SmallVector<Value> operands;
  bool isOwn = isa<LhsAttr>(cast<RankedTensorType>(lhs.getType()).getEncoding()) &&
               lhs.getParentBlock() == product->getBlock();
  bool adds = !isZero(accumulator);
  if (isOwn)
    operands.push_back(lhs);
  if (adds)
    operands.push_back(accumulator);
  ValueRange ready = fence(builder, loc, operands);
  Value pending = startProduct(builder, product, isOwn ? ready[0] : lhs, rhs,
                               adds ? ready.back() : Value());
  product.getResult(0).replaceAllUsesWith(
      wait(builder, loc, pending, isOwn ? ready.take_front() : ValueRange(), 0)[0]);
  product.erase();
}

/// Whether products stand in a loop, under a condition or not, but in none of its
/// inner loops.
bool hasProducts(scf::ForOp loop) {
  return loop.getBody()
      ->walk([&](linalg::ContractOp product) {
        return product->getParentOfType<scf::ForOp>() == loop ? WalkResult::interrupt()
                                                              : WalkResult::advance();
      })
      .wasInterrupted();
}

struct PipelineProducts
    : gdpa_nv::impl::GDPANVPipelineProductsBase<PipelineProducts> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](RolesOp roles) {
      roles.getConsumer().walk([&](scf::ForOp loop) {
        if (hasProducts(loop))
          loops.push_back(loop);
      });
    });
    llvm::SmallPtrSet<Operation *, 4> done;
    for (scf::ForOp loop : loops) {
      if (done.contains(loop))
        continue;
      std::optional<Chain> chain = Chain::find(loop);
      if (!chain) {
        loop.emitRemark("products of this loop are waited for at once: it is not one score "
                        "product, elementwise operations and one sum");
        continue;
      }
      for (scf::ForOp other : loops)
        if (chain->contains(other))
          done.insert(other);
      chain->split();
      auto tiles = dyn_cast<scf::WhileOp>(loop->getParentOp());
      if (!tiles || !chain->leavesRegisters()) {
        chain->replace();
        continue;
      }
      TileLoop rotation(tiles, *chain);
      if (rotation.analyze())
        rotation.rewrite();
      else
        chain->replace();
    }
    SmallVector<linalg::ContractOp> left;
    getOperation().walk([&](RolesOp roles) {
      roles.getConsumer().walk([&](linalg::ContractOp product) { left.push_back(product); });
    });
    for (linalg::ContractOp product : left)
      makeSynchronous(product);
  }
};
} // namespace
