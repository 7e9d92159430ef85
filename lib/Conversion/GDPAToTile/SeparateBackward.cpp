//===- SeparateBackward.cpp - kernels of their own for dK, dV and dQ ------===//
//
// Each gradient is written by the one program that owns its rows, so nothing
// is added atomically. Scores are computed in each kernel. A gradient of a
// capture whose index depends on one position is first summed over the other
// one in the kernel whose rows run along it; small programs then add the rows
// in order.
//
//===----------------------------------------------------------------------===//

#include "BlockOrder.h"
#include "CaptureSums.h"
#include "Diagonal.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {
/// Emits one kernel: a stationary pair of blocks, a loop over the streamed
/// pair, accumulators.
class StationaryKernel {
public:
  StationaryKernel(BackwardContext &context, gdpa::KernelKind kind,
                   StringRef suffix, ArrayRef<RowGradient> gradients,
                   bool products)
      : context(context), op(context.op), loc(context.loc),
        keyStationary(kind == gdpa::KernelKind::KeyStationary),
        suffix(suffix), gradients(gradients), products(products),
        scheme(context.scheme(kind)) {}

  void run() {
    SmallVector<Value> more;
    if (products && keyStationary)
      more = {op.getDKeyInit(), op.getDValueInit()};
    else if (products)
      more = {op.getDQueryInit()};
    for (const RowGradient &gradient : gradients)
      more.push_back(gradient.rows);
    ranges = context.captureRanges.of(scheme, !keyStationary);
    llvm::append_range(more, CaptureRanges::buffers(ranges));
    Program program = Program::create(
        op, context.name.str() + suffix.str(), context.inputs(more));
    emit(program);
    program.launch(context.host,
                   context.sizes.grid(context.host, loc, stationaryKind(),
                                      scheme.stationaryBlock,
                                      ownsGroup() ? context.sizes.keyHeads
                                                  : context.sizes.queryHeads,
                                      order()));
  }

private:
  /// dK, dV sum over the query heads of a group.
  bool ownsGroup() const { return keyStationary && products; }
  RowKind stationaryKind() const {
    return keyStationary ? RowKind::Key : RowKind::Query;
  }

  BlockOrder order() { return orderOf(op.getMask(), stationaryKind(), scheme); }

  void emit(Program &program) {
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    Type element = scheme.operandType;
    Value zero = program.index(0), one = program.index(1);
    Value scale = program[op.getScale()];
    Sequences sequences(program, context.sizes);
    Sequences::Work work =
        sequences.ofProgram(stationaryKind(), scheme.stationaryBlock,
                            ownsGroup() ? sequences.keyHeads()
                                        : sequences.queryHeads(),
                            order());
    const Sequence &sequence = work.sequence;
    Value head = work.head;
    ScorePlace place;
    place.batch = sequence.batch;
    place.queryIsStationary = !keyStationary;
    place.queryLength = sequence.queryLength;
    place.keyLength = sequence.keyLength;
    if (!context.info.isFolded)
      place.scale = scale;
    SmallVector<Value> captures =
        context.captures(program, sequences, sequence);
    place.captures = captures;
    ranges = CaptureRanges::in(program, ranges);
    place.ranges = ranges;
    Value ratio = sequences.ratio();
    Value keyHead =
        ownsGroup() ? head
                    : arith::DivUIOp::create(builder, loc, head, ratio)
                          .getResult();
    (keyStationary ? place.keyBase : place.queryBase) = work.base;
    place.head = head;

    auto rows = [&](Value buffer, RowKind kind) {
      return sequences.rows(buffer, sequence, kind);
    };
    RowsView queryRows = rows(op.getQuery(), RowKind::Query);
    RowsView dOutputRows = rows(op.getDOutput(), RowKind::Query);
    RowsView keyRows = rows(op.getKey(), RowKind::Key);
    RowsView valueRows = rows(op.getValue(), RowKind::Key);
    Value stationaryHead = keyStationary ? keyHead : head;
    BlockTensor first = blocks.loadRows(
        keyStationary ? keyRows : queryRows, stationaryHead, work.base,
        Side::Stationary, scheme.transposed(Dim::Depth), element);
    BlockTensor second = blocks.loadRows(
        keyStationary ? valueRows : dOutputRows, stationaryHead, work.base,
        Side::Stationary, scheme.transposed(Dim::ValueDepth), element);

    SmallVector<BlockTensor> accumulators;
    if (products)
      accumulators.push_back(blocks.zeros(
          scheme.rowsBy(Side::Stationary, Dim::Depth), scheme.computeType));
    if (products && keyStationary)
      accumulators.push_back(
          blocks.zeros(scheme.rowsBy(Side::Stationary, Dim::ValueDepth),
                       scheme.computeType));
    for (size_t number = 0; number < gradients.size(); ++number)
      accumulators.push_back(
          blocks.zeros(scheme.rows(Side::Stationary), scheme.computeType));
    SmallVector<Value> inits;
    for (const BlockTensor &accumulator : accumulators)
      inits.push_back(accumulator.tensor);

    // Grouped heads: one loop over the query blocks of all heads of the group,
    // whose loads are functions of its induction variable alone.
    bool flattened = ownsGroup() && context.sizes.staticRatio != 1;
    Value length = work.walked;
    Value step = program.index(scheme.streamedBlock), end = length;
    Value blockCount;
    if (flattened) {
      blockCount = program.countBlocks(length, scheme.streamedBlock);
      end = arith::MulIOp::create(builder, loc, blockCount, ratio);
      step = one;
    }
    auto loop = scf::ForOp::create(builder, loc, zero, end, step, inits);
    place.uniformPoint = OpBuilder::InsertPoint(
        loop->getBlock(), mlir::Block::iterator(loop));
    builder.setInsertionPointToStart(loop.getBody());
    Value streamedBase = loop.getInductionVar();
    if (flattened) {
      Value within = arith::RemUIOp::create(builder, loc,
                                            loop.getInductionVar(), blockCount);
      Value member = arith::DivUIOp::create(builder, loc,
                                            loop.getInductionVar(), blockCount);
      streamedBase = arith::MulIOp::create(
          builder, loc, within, program.index(scheme.streamedBlock));
      place.head = arith::AddIOp::create(
          builder, loc, arith::MulIOp::create(builder, loc, keyHead, ratio),
          member);
      place.uniformPoint = builder.saveInsertionPoint();
    }
    (keyStationary ? place.queryBase : place.keyBase) = streamedBase;
    Value streamedHead = keyStationary ? place.head : keyHead;
    BlockTensor third = blocks.loadRows(
        keyStationary ? queryRows : keyRows, streamedHead, streamedBase,
        Side::Streamed, scheme.rowsBy(Side::Streamed, Dim::Depth), element);
    BlockTensor fourth = blocks.loadRows(
        keyStationary ? dOutputRows : valueRows, streamedHead, streamedBase,
        Side::Streamed, scheme.rowsBy(Side::Streamed, Dim::ValueDepth),
        element);
    BlockTensor score = blocks.score(first, third);
    BlockTensor cotangent = blocks.score(second, fourth);

    SmallVector<CaptureGradient> wanted;
    for (const RowGradient &gradient : gradients)
      wanted.push_back(gradient.gradient);
    RegionEmitter emitter(blocks, context.info, place);
    ScoreBlocks result =
        emitter.emit(score, cotangent,
                     context.request(products && keyStationary, products,
                                     keyStationary, !keyStationary, wanted));
    SmallVector<Value> yields;
    auto carried = [&]() -> BlockTensor {
      size_t number = yields.size();
      return {loop.getRegionIterArg(number), accumulators[number].dims};
    };
    if (products)
      yields.push_back(
          blocks.contract(result.ds, third, carried(), "stationary").tensor);
    if (products && keyStationary)
      yields.push_back(
          blocks.contract(result.weight, fourth, carried(), "stationary")
              .tensor);
    for (const ScoreBlocks::Gradient &gradient : result.gradients)
      yields.push_back(blocks.reduce(gradient.values, carried()).tensor);
    scf::YieldOp::create(builder, loc, yields);
    builder.setInsertionPointAfter(loop);

    auto accumulated = [&](size_t number) -> BlockTensor {
      return {loop.getResult(number), accumulators[number].dims};
    };
    size_t number = 0;
    if (products) {
      Value factor = scale;
      if (Value more = emitter.emitFactor(context.info.dsFactor))
        factor = arith::MulFOp::create(builder, loc, factor, more);
      BlockTensor scaled = blocks.scale(accumulated(number++), factor);
      blocks.storeRows(
          scaled,
          rows(keyStationary ? op.getDKeyInit() : op.getDQueryInit(),
               stationaryKind()),
          stationaryHead, work.base, Side::Stationary);
    }
    if (products && keyStationary) {
      BlockTensor scaled = accumulated(number++);
      if (Value factor = emitter.emitFactor(context.info.weightFactor))
        scaled = blocks.scale(scaled, factor);
      blocks.storeRows(scaled, rows(op.getDValueInit(), RowKind::Key),
                       stationaryHead, work.base, Side::Stationary);
    }
    for (const RowGradient &gradient : gradients)
      blocks.storeRows(accumulated(number++),
                       rows(gradient.rows, stationaryKind()), head, work.base,
                       Side::Stationary);
    program.finish();
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  bool keyStationary;
  StringRef suffix;
  ArrayRef<RowGradient> gradients;
  bool products;
  BlockScheme scheme;
  SmallVector<CaptureRange> ranges;
};

} // namespace

LogicalResult gdpa_tile::lowerSeparateBackward(BackwardContext &context) {
  gdpa::AttentionBackwardOp op = context.op;
  OpBuilder &host = context.host;
  Location loc = context.loc;
  SmallVector<RowGradient> onQuery, onKey;
  SmallVector<CaptureGradient> onPairs;
  SmallVector<std::pair<CaptureGradient, Diagonal>> onDiagonals;
  for (const CaptureGradient &gradient : context.gradients) {
    bool key = gradient.dependence & kOnKey;
    bool both = key && (gradient.dependence & kOnQuery);
    if (both || (gradient.dependence & kOnScore)) {
      std::optional<Diagonal> diagonal;
      if (!context.sizes.isJagged())
        diagonal = findDiagonal(op, gradient.op);
      if (diagonal)
        onDiagonals.push_back({gradient, *diagonal});
      else
        onPairs.push_back(gradient);
      continue;
    }
    Value rows = context.sizes.rowsWorkspace(
        host, loc, key ? RowKind::Key : RowKind::Query, {}, /*depth=*/0,
        host.getF32Type(), /*zero=*/false);
    (key ? onKey : onQuery).push_back({gradient, rows});
  }
  SmallVector<std::pair<Value, Value>> sums; // destination, f32 sums
  auto sumsOf = [&](Value destination) -> Value {
    for (auto [known, buffer] : sums)
      if (known == destination)
        return buffer;
    auto type = cast<MemRefType>(destination.getType());
    SmallVector<Value> dynamicSizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        dynamicSizes.push_back(memref::DimOp::create(host, loc, destination, dim));
    Value buffer = WorkspaceOp::create(
        host, loc, MemRefType::get(type.getShape(), host.getF32Type()),
        dynamicSizes, /*zero=*/true);
    sums.push_back({destination, buffer});
    return buffer;
  };
  for (const RowGradient &gradient : llvm::concat<RowGradient>(onQuery, onKey))
    sumsOf(gradient.gradient.destination);
  for (auto &[gradient, diagonal] : onDiagonals)
    sumsOf(gradient.destination);

  StationaryKernel(context, gdpa::KernelKind::KeyStationary, "_dkv", {},
                   /*products=*/true)
      .run();
  StationaryKernel(context, gdpa::KernelKind::QueryStationary, "_dq", onQuery,
                   /*products=*/true)
      .run();
  if (!onKey.empty())
    StationaryKernel(context, gdpa::KernelKind::KeyStationary, "_rows", onKey,
                     /*products=*/false)
        .run();
  unsigned number = 0;
  for (const RowGradient &gradient : llvm::concat<RowGradient>(onQuery, onKey))
    sumRows(context, gradient, sumsOf(gradient.gradient.destination),
            "_sum" + std::to_string(number++));
  number = 0;
  for (auto &[gradient, diagonal] : onDiagonals)
    sumDiagonals(context, gradient, diagonal, sumsOf(gradient.destination),
                 "_diagonal" + std::to_string(number++));
  llvm::MapVector<Value, SmallVector<Value>> copies;
  // Zero where the region does not accumulate into it.
  for (Value destination : op.getDCaptureInits())
    copies[destination];
  number = 0;
  for (const CaptureGradient &gradient : onPairs)
    copies[gradient.destination].push_back(
        sumPairs(context, gradient, "_pairs" + std::to_string(number++)));
  number = 0;
  for (auto &[destination, buffers] : copies) {
    Value sum;
    for (auto [known, buffer] : sums)
      if (known == destination)
        sum = buffer;
    storeCaptureGradient(context, sum, buffers, destination,
                         "_dcapture" + std::to_string(number++));
  }
  return success();
}
