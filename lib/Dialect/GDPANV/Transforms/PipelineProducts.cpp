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

/// The loop of a consumer in the form above.
class Loop {
public:
  explicit Loop(scf::ForOp loop) : loop(loop), builder(loop.getContext()), loc(loop.getLoc()) {}

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
    auto keyArgument = dyn_cast<BlockArgument>(keys.getCursor());
    auto valueArgument = dyn_cast<BlockArgument>(values.getCursor());
    if (!keyArgument || !valueArgument)
      return false;
    valueCursor = valueArgument.getArgNumber() - 1;
    // The weights, rounded last.
    convert = sum.getInputs()[0].getDefiningOp<ConvertOp>();
    if (!convert || !convert->hasOneUse())
      return false;
    weight = convert.getSource();
    if (!canSplitRounding(weight))
      return false;
    return collectUpdates();
  }

  void rewrite() {
    // The rounding becomes an operation of its own, after the wait.
    Type rounded = weight.getType();
    widenInPlace(weight);

    builder.setInsertionPoint(loop);
    // Without a block of keys there is no first product.
    Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                       loop.getLowerBound(), loop.getUpperBound());
    auto guard = scf::IfOp::create(builder, loc, loop.getResultTypes(), some,
                                   /*withElseRegion=*/true);
    builder.setInsertionPointToStart(guard.elseBlock());
    scf::YieldOp::create(builder, loc, loop.getInitArgs());

    builder.setInsertionPointToStart(guard.thenBlock());
    Carried first = step(loop.getLowerBound(), loop.getInitArgs(), std::nullopt, rounded);
    Value second = arith::AddIOp::create(builder, loc, loop.getLowerBound(), loop.getStep());
    auto rotated = scf::ForOp::create(builder, loc, second, loop.getUpperBound(),
                                      loop.getStep(), first.all());
    {
      OpBuilder::InsertionGuard insertion(builder);
      builder.setInsertionPointToStart(rotated.getBody());
      Carried before(rotated.getRegionIterArgs());
      Carried after = step(rotated.getInductionVar(), before.loopValues, before, rounded);
      scf::YieldOp::create(builder, loc, after.all());
    }
    Carried last(rotated.getResults());
    ValueRange ready = fence(builder, loc, {last.weights, last.loopValues[output]});
    Value product = startProduct(builder, sum, ready[0], last.values, ready[1]);
    last.loopValues[output] = wait(builder, loc, product, ready[0], 0)[0];
    releaseValues(last);
    scf::YieldOp::create(builder, loc, last.loopValues);
    loop.replaceAllUsesWith(guard.getResults());
    loop.erase();
  }

private:
  /// What the rotated loop carries: what the loop carried, with the cursor of
  /// the values that wait for their product, those values, and the weights.
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

  void releaseValues(Carried &carried) {
    Value &cursor = carried.loopValues[valueCursor];
    ReleaseOp::create(builder, loc, values.getRing(), cursor);
    cursor = AdvanceOp::create(builder, loc, cursor.getType(), values.getRing(), cursor);
  }

  /// Block `key` up to its weights; beside it the product of `before`, the block
  /// before it.
  Carried step(Value key, ValueRange arguments, std::optional<Carried> before,
               Type rounded) {
    IRMapping mapping;
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
        ReleaseOp::create(builder, loc, keys.getRing(), mapping.lookupOrDefault(keys.getCursor()));
        continue;
      }
      auto release = dyn_cast<ReleaseOp>(op);
      auto advance = dyn_cast<AdvanceOp>(op);
      if (release || &op == sum || &op == convert || &op == values ||
          updates.contains(&op) || (advance && advance.getRing() == values.getRing()))
        continue;
      builder.clone(op, mapping);
    }
    // The next values, then the end of the product before.
    Carried after;
    Operation *yield = loop.getBody()->getTerminator();
    for (Value value : yield->getOperands())
      after.loopValues.push_back(mapping.lookupOrDefault(value));
    Value cursor = arguments[valueCursor];
    if (before)
      cursor = AdvanceOp::create(builder, loc, cursor.getType(), values.getRing(), cursor);
    Value wide = mapping.lookup(weight);
    if (before)
      wide = HoldOp::create(builder, loc, TypeRange(ValueRange(wide)), wide).getResult(0);
    after.values = ReceiveOp::create(builder, loc, values.getType(), values.getRing(), cursor,
                                     /*late=*/before.has_value());
    Value reached = arguments[output];
    if (before) {
      ValueRange both = wait(builder, loc, running, {wide, weights}, 0);
      reached = both[0];
      wide = both[1];
      ReleaseOp::create(builder, loc, values.getRing(), arguments[valueCursor]);
    }
    mapping.map(loop.getRegionIterArg(output), reached);
    for (Operation *op : updates)
      builder.clone(*op, mapping);
    after.loopValues[output] = mapping.lookup(sum.getOutputs()[0]);
    after.loopValues[valueCursor] = cursor;
    Value narrow = round(wide, rounded);
    after.weights = ConvertOp::create(builder, loc, convert.getType(), narrow);
    return after;
  }

  Value round(Value wide, Type type) {
    auto tensor = cast<RankedTensorType>(type);
    Value init = tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                         tensor.getElementType(), tensor.getEncoding());
    auto identity = builder.getMultiDimIdentityMap(2);
    return linalg::GenericOp::create(
               builder, loc, type, wide, init, ArrayRef<AffineMap>{identity, identity},
               SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
               [&](OpBuilder &b, Location l, ValueRange arguments) {
                 Value narrow = arith::TruncFOp::create(b, l, tensor.getElementType(),
                                                        arguments[0]);
                 linalg::YieldOp::create(b, l, narrow);
               })
        .getResult(0);
  }

  scf::ForOp loop;
  OpBuilder builder;
  Location loc;
  linalg::ContractOp score, sum;
  ReceiveOp keys, values;
  ConvertOp convert;
  Value weight;
  unsigned output = 0, valueCursor = 0;
  llvm::SetVector<Operation *> updates;
};

/// A product that is waited for at once.
void makeSynchronous(linalg::ContractOp product) {
  OpBuilder builder(product);
  Location loc = product.getLoc();
  Value lhs = product.getInputs()[0], rhs = product.getInputs()[1];
  Value accumulator = product.getOutputs()[0];
  SmallVector<Value> operands;
  bool inRegisters = isa<LhsAttr>(cast<RankedTensorType>(lhs.getType()).getEncoding());
  bool adds = !isZero(accumulator);
  if (inRegisters)
    operands.push_back(lhs);
  if (adds)
    operands.push_back(accumulator);
  ValueRange ready = fence(builder, loc, operands);
  Value pending = startProduct(builder, product, inRegisters ? ready[0] : lhs, rhs,
                               adds ? ready.back() : Value());
  product.getResult(0).replaceAllUsesWith(
      wait(builder, loc, pending, inRegisters ? ready.take_front() : ValueRange(), 0)[0]);
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
      roles.getConsumer().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    });
    for (scf::ForOp loop : loops) {
      Loop candidate(loop);
      if (candidate.analyze())
        candidate.rewrite();
      else if (hasProducts(loop))
        loop.emitRemark("products of this loop are waited for at once: it is not one score "
                        "product, elementwise operations and one sum");
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
