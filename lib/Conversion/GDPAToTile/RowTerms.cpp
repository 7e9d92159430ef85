//===- RowTerms.cpp - normalizers in the backward -------------------------===//

#include "RowTerms.h"
#include "Kernels.h"
#include "Normalization.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa_tile;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Columns of dO and o that a program without packed blocks holds at a time.
static constexpr int64_t kColumns = 64;

namespace {

/// Emits the program that writes the row terms.
class RowTermsProgram {
public:
  RowTermsProgram(gdpa::AttentionBackwardOp op, StringRef name)
      : op(op), name(name), loc(op.getLoc()), host(op),
        softmax(op.getNormalizer() == gdpa::Normalizer::Softmax),
        sizes(HostSizes::of(host, loc, op.getQuery(), op.getKey(),
                            op.getValue(), op.getCuSeqlensQuery(),
                            op.getCuSeqlensKey())),
        scheme(makeScheme(op.getScheduleAttr(), gdpa::KernelKind::Forward, sizes,
                          op.getStorageType(), op.getComputeType())) {}

  bool isFast() const {
    auto operation = op;
    return gdpa_tile::isFast(operation.getPrecision(), scheme);
  }

  SmallVector<Value> run() {
    SmallVector<Value> terms;
    for (int term = 0; term < 2; ++term)
      terms.push_back(sizes.rowsWorkspace(host, loc, RowKind::Query, {},
                                          /*depth=*/0, scheme.computeType,
                                          /*zero=*/false));
    SmallVector<Value> values = {op.getDOutput(), op.getOutput(),
                                 op.getStatistics(), terms[0], terms[1]};
    if (op.getDStatistics())
      values.push_back(op.getDStatistics());
    llvm::append_range(values, sizes.inputs());
    Program program = Program::create(op, name.str() + "_rowterms", values);
    emit(program, terms);
    program.launch(host, sizes.grid(host, loc, RowKind::Query,
                                    scheme.stationaryBlock, sizes.queryHeads));
    return terms;
  }

private:
  void emit(Program &program, ArrayRef<Value> terms) {
    OpBuilder &builder = program.builder;
    int64_t depth = scheme.valueDepth;
    if (!scheme.packed)
      while (scheme.valueDepth > kColumns || depth % scheme.valueDepth)
        scheme.valueDepth -= 8;
    BlockBuilder blocks(builder, loc, scheme);
    Sequences sequences(program, sizes);
    Sequences::Work work =
        sequences.ofProgram(RowKind::Query, scheme.stationaryBlock,
                            sequences.queryHeads());
    Value head = work.head;
    blocks.setLiveRows(Side::Stationary,
                       blocks.rowsFrom(work.base, work.sequence.queryLength,
                                       scheme.stationaryBlock));
    auto view = [&](Value buffer) {
      return sequences.rows(buffer, work.sequence, RowKind::Query);
    };
    Dims rows = scheme.rows(Side::Stationary);
    Dims block = scheme.transposed(Dim::ValueDepth);
    auto multiply = [](OpBuilder &b, Location l, ValueRange args) -> Value {
      return arith::MulFOp::create(b, l, args[0], args[1]);
    };
    BlockTensor delta = blocks.zeros(rows, scheme.computeType);
    auto addColumns = [&](BlockTensor sum, Value column) {
      BlockTensor dOutput =
          blocks.loadRows(view(op.getDOutput()), head, work.base,
                          Side::Stationary, block, scheme.computeType, column);
      BlockTensor output =
          blocks.loadRows(view(op.getOutput()), head, work.base,
                          Side::Stationary, block, scheme.computeType, column);
      return blocks.reduce(blocks.update(dOutput, {output}, multiply), sum);
    };
    if (scheme.valueDepth == depth) {
      delta = addColumns(delta, {});
    } else {
      auto loop = scf::ForOp::create(builder, loc, program.index(0),
                                     program.index(depth),
                                     program.index(scheme.valueDepth),
                                     ValueRange{delta.tensor});
      builder.setInsertionPointToStart(loop.getBody());
      BlockTensor sum = addColumns({loop.getRegionIterArg(0), rows},
                                   loop.getInductionVar());
      scf::YieldOp::create(builder, loc, sum.tensor);
      builder.setInsertionPointAfter(loop);
      delta.tensor = loop.getResult(0);
    }
    auto loadRow = [&](Value buffer) {
      return blocks.loadRows(view(buffer), head, work.base, Side::Stationary,
                             rows, scheme.computeType);
    };
    BlockTensor statistic = loadRow(op.getStatistics());
    BlockTensor first = blocks.map(
        {statistic}, rows, scheme.computeType,
        [&](OpBuilder &b, Location l, ValueRange args) {
          return firstTerm(b, l, args[0]);
        });
    SmallVector<BlockTensor> inputs = {statistic, delta};
    if (op.getDStatistics())
      inputs.push_back(loadRow(op.getDStatistics()));
    BlockTensor second =
        blocks.map(inputs, rows, scheme.computeType,
                   [&](OpBuilder &b, Location l, ValueRange args) {
                     return secondTerm(b, l, args[0], args[1],
                                       op.getDStatistics() ? args[2] : Value());
                   });
    blocks.storeRows(first, view(terms[0]), head, work.base, Side::Stationary);
    blocks.storeRows(second, view(terms[1]), head, work.base, Side::Stationary);
    program.finish();
  }

  Value constant(OpBuilder &b, Location l, double value) {
    return floatConstant(b, l, scheme.computeType, value);
  }

  /// Whether a row has weight; a NaN says so, to be seen in the gradients.
  Value hasWeight(OpBuilder &b, Location l, Value statistic) {
    return arith::CmpFOp::create(b, l, arith::CmpFPredicate::UNE, statistic,
                                 constant(b, l, softmax ? -kInfinity : 0));
  }

  Value firstTerm(OpBuilder &b, Location l, Value statistic) {
    if (softmax) // exp(z - inf) = 0
      return ShiftedExp{isFast()}.shift(
          b, l, statistic, /*none=*/kInfinity);
    Value inverse =
        arith::DivFOp::create(b, l, constant(b, l, 1), statistic);
    return arith::SelectOp::create(b, l, hasWeight(b, l, statistic), inverse,
                                   constant(b, l, 0));
  }

  Value secondTerm(OpBuilder &b, Location l, Value statistic, Value delta,
                   Value dStatistic) {
    if (!softmax)
      delta = arith::DivFOp::create(b, l, delta, statistic);
    Value term = arith::NegFOp::create(b, l, delta);
    if (dStatistic)
      term = arith::SubFOp::create(b, l, dStatistic, delta);
    return arith::SelectOp::create(b, l, hasWeight(b, l, statistic), term,
                                   constant(b, l, 0));
  }

  gdpa::AttentionBackwardOp op;
  StringRef name;
  Location loc;
  OpBuilder host;
  bool softmax;
  HostSizes sizes;
  BlockScheme scheme;
};

} // namespace

/// Brings what z is computed from to the front of the region: the cotangent
/// of z is computed from z.
static LogicalResult moveLogitFirst(gdpa::AttentionBackwardOp op, Value z,
                                    BlockArgument cotangent) {
  Block &block = op.getJoint().front();
  SetVector<Operation *> slice;
  if (Operation *definition = z.getDefiningOp()) {
    BackwardSliceOptions options;
    options.inclusive = true;
    options.omitBlockArguments = true;
    options.filter = [&](Operation *inner) { return inner->getBlock() == &block; };
    (void)getBackwardSlice(definition, &slice, options);
  }
  for (Operation *inner : slice)
    if (llvm::is_contained(inner->getOperands(), Value(cotangent)))
      return inner->emitError("expected z of the joint region not to depend on "
                              "the cotangent where there is a normalizer");
  SmallVector<Operation *> ordered;
  for (Operation &inner : block)
    if (slice.contains(&inner))
      ordered.push_back(&inner);
  Operation *first = &block.front();
  for (Operation *inner : ordered) {
    if (inner == first)
      first = inner->getNextNode();
    else
      inner->moveBefore(first);
  }
  return success();
}

static LogicalResult rewriteJoint(gdpa::AttentionBackwardOp op,
                                  ArrayRef<Value> terms, bool fast) {
  Block &block = op.getJoint().front();
  Operation *terminator = block.getTerminator();
  BlockArgument cotangent = block.getArgument(1);
  Value z = terminator->getOperand(0);
  if (z == cotangent)
    return op.emitOpError("expected z of the joint region not to depend on the "
                          "cotangent where there is a normalizer");
  if (failed(moveLogitFirst(op, z, cotangent)))
    return failure();
  Location loc = op.getLoc();
  OpBuilder builder(op.getContext());
  if (Operation *definition = z.getDefiningOp())
    builder.setInsertionPointAfter(definition);
  else
    builder.setInsertionPointToStart(&block);
  SmallVector<Value> values;
  for (Value term : terms) {
    auto type = cast<MemRefType>(term.getType());
    Value buffer = block.addArgument(type, loc);
    // b, h, i; a jagged batch's rows have no b.
    SmallVector<Value> indices;
    for (unsigned coordinate : {0, 1, 2})
      if (coordinate > 0 || type.getRank() == 3)
        indices.push_back(block.getArgument(2 + coordinate));
    values.push_back(memref::LoadOp::create(builder, loc, buffer, indices));
  }
  bool softmax = op.getNormalizer() == gdpa::Normalizer::Softmax;
  Value zero = floatConstant(builder, loc, z.getType(), 0);
  Value weight, live;
  Operation *newCotangent;
  SmallPtrSet<Operation *, 4> ours;
  if (softmax) {
    weight = ShiftedExp{fast}.exp(builder, loc, z, values[0]);
    live = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE,
                                 weight, zero);
    auto sum = arith::AddFOp::create(builder, loc, cotangent, values[1]);
    ours.insert(sum);
    newCotangent = arith::MulFOp::create(builder, loc, weight, sum);
  } else {
    live = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE,
                                 values[0], zero);
    weight = arith::SelectOp::create(
        builder, loc, live,
        arith::MulFOp::create(builder, loc, z, values[0]), zero);
    auto product = arith::MulFOp::create(builder, loc, cotangent, values[0]);
    ours.insert(product);
    newCotangent = arith::AddFOp::create(builder, loc, product, values[1]);
  }
  cotangent.replaceUsesWithIf(
      newCotangent->getResult(0),
      [&](OpOperand &use) { return !ours.contains(use.getOwner()); });
  // A pair without weight gives nothing, whatever its derivative is.
  auto select = [&](OpOperand &operand) {
    OpBuilder before(operand.getOwner());
    Value other = floatConstant(before, loc, operand.get().getType(), 0);
    operand.set(
        arith::SelectOp::create(before, loc, live, operand.get(), other));
  };
  for (auto accumulate : block.getOps<gdpa::AccumulateOp>())
    select(accumulate.getGradientMutable());
  terminator->setOperand(0, weight);
  select(terminator->getOpOperand(1));
  return success();
}

FailureOr<SmallVector<Value>>
gdpa_tile::lowerNormalizer(gdpa::AttentionBackwardOp op, StringRef name) {
  if (op.getNormalizer() == gdpa::Normalizer::None)
    return SmallVector<Value>();
  RowTermsProgram program(op, name);
  SmallVector<Value> terms = program.run();
  if (failed(rewriteJoint(op, terms, program.isFast())))
    return failure();
  return terms;
}
