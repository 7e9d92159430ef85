//===- SingleBackward.cpp - one key-stationary kernel for all gradients ---===//
//
// The keys of a K/V head are split into a fixed number of ranges; a program
// walks the key blocks of its range, keeps dK and dV of a block in
// accumulators while it walks the queries of every head of the group, and adds
// to dQ of its range in a workspace. A second program sums the ranges in
// order. Nothing depends on the number of threads: runs agree bit by bit.
// Gradients of captures go to private copies, one for each program, that a
// last program sums in order.
//
//===----------------------------------------------------------------------===//

#include "Backward.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// Programs that share one private copy of captures' gradients run one after
/// the other: this many copies exist at most.
static constexpr int64_t kMaxPrivateCopies = 8;

namespace {

/// A loop whose body is being built; results are known when it is closed.
struct OpenLoop {
  scf::ForOp loop;

  static OpenLoop open(OpBuilder &builder, Location loc, Value lower,
                       Value upper, Value step, ValueRange inits) {
    auto loop = scf::ForOp::create(builder, loc, lower, upper, step, inits);
    builder.setInsertionPointToStart(loop.getBody());
    return {loop};
  }
  void close(OpBuilder &builder, Location loc, ValueRange yields) {
    // A loop without results has its terminator already.
    if (loop.getNumResults())
      scf::YieldOp::create(builder, loc, yields);
    builder.setInsertionPointAfter(loop);
  }
};

class SingleBackward {
public:
  explicit SingleBackward(BackwardContext &context)
      : context(context), op(context.op), loc(context.loc), host(context.host),
        scheme(context.scheme(gdpa::KernelKind::KeyStationary)) {}

  LogicalResult run() {
    planItems();
    makeWorkspaces();
    emitMain();
    emitQuerySum();
    for (Value destination : op.getDCaptureInits())
      emitCaptureSum(destination, privateCopies.lookup(destination));
    return success();
  }

private:
  void planItems() {
    Value heads = arith::MulIOp::create(host, loc, context.sizes.batch,
                                        context.sizes.keyHeads);
    Value one = context.hostIndex(1);
    heads = arith::MaxUIOp::create(host, loc, heads, one);
    Value wanted = arith::CeilDivUIOp::create(
        host, loc, context.hostIndex(context.schedule.getKeyRanges()), heads);
    ranges = arith::MinUIOp::create(
        host, loc, wanted,
        context.hostCeilDiv(context.sizes.keyLength, scheme.stationaryBlock));
    items = arith::MulIOp::create(
        host, loc, ranges,
        arith::MulIOp::create(host, loc, context.sizes.batch,
                              context.sizes.keyHeads));
    programs = items;
    if (!context.gradients.empty())
      programs = arith::MinUIOp::create(host, loc, items,
                                        context.hostIndex(kMaxPrivateCopies));
  }

  void makeWorkspaces() {
    auto dynamic = ShapedType::kDynamic;
    // A short sequence of a jagged batch has fewer key blocks than there are
    // ranges, and a block of queries that a mask parts from all keys of a range is
    // not visited: nobody writes there.
    queryWorkspace = context.sizes.rowsWorkspace(
        host, loc, RowKind::Query, {ranges}, context.sizes.depth,
        scheme.computeType,
        /*zero=*/context.sizes.isJagged() || context.info.mask);
    for (const CaptureGradient &gradient : context.gradients) {
      if (privateCopies.count(gradient.destination))
        continue;
      auto type = cast<MemRefType>(gradient.destination.getType());
      SmallVector<int64_t> shape = {dynamic};
      SmallVector<Value> dynamicSizes = {programs};
      for (int64_t dim = 0; dim < type.getRank(); ++dim) {
        shape.push_back(type.getDimSize(dim));
        if (type.isDynamicDim(dim))
          dynamicSizes.push_back(
              memref::DimOp::create(host, loc, gradient.destination, dim));
      }
      privateCopies[gradient.destination] =
          WorkspaceOp::create(host, loc,
                              MemRefType::get(shape, host.getF64Type()),
                              dynamicSizes, /*zero=*/true);
    }
  }

  void emitMain() {
    SmallVector<Value> more = {op.getDKeyInit(), op.getDValueInit(),
                               queryWorkspace};
    for (auto [destination, copies] : privateCopies)
      more.push_back(copies);
    if (!context.gradients.empty())
      more.push_back(items);
    SmallVector<CaptureRange> ranges =
        context.captureRanges.of(scheme, /*queryIsStationary=*/false);
    llvm::append_range(more, CaptureRanges::buffers(ranges));
    Program program =
        Program::create(op, context.name.str() + "_dkv", context.inputs(more));
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    Value zero = program.index(0), one = program.index(1);
    Value id = program.id(0);
    Sequences sequences(program, context.sizes);
    Value keyHeads = sequences.keyHeads(), ratio = sequences.ratio();
    Value rangeCount = program.dim(program[queryWorkspace], 0);
    ScorePlace place;
    place.queryIsStationary = false;
    // Items of this program: its own, or every programs-th from it on.
    Value item = id;
    std::optional<OpenLoop> itemLoop;
    if (!context.gradients.empty()) {
      itemLoop = OpenLoop::open(
          builder, loc, id, program[items],
          program.dim(program[privateCopies.begin()->second], 0), {});
      item = itemLoop->loop.getInductionVar();
    }
    Value range = arith::RemUIOp::create(builder, loc, item, rangeCount);
    Value head = arith::DivUIOp::create(builder, loc, item, rangeCount);
    Value keyHead = arith::RemUIOp::create(builder, loc, head, keyHeads);
    place.batch = arith::DivUIOp::create(builder, loc, head, keyHeads);
    Sequence sequence = sequences.at(place.batch);
    SmallVector<Value> captures =
        context.captures(program, sequences, sequence);
    place.captures = captures;
    ranges = CaptureRanges::in(program, ranges);
    place.ranges = ranges;
    place.queryLength = sequence.queryLength;
    place.keyLength = sequence.keyLength;
    auto rows = [&](Value buffer, RowKind kind) {
      return sequences.rows(buffer, sequence, kind);
    };
    RowsView queryRows = rows(op.getQuery(), RowKind::Query);
    RowsView dOutputRows = rows(op.getDOutput(), RowKind::Query);
    RowsView keyRows = rows(op.getKey(), RowKind::Key);
    RowsView valueRows = rows(op.getValue(), RowKind::Key);
    RowsView dKeyRows = rows(op.getDKeyInit(), RowKind::Key);
    RowsView dValueRows = rows(op.getDValueInit(), RowKind::Key);
    RowsView dQueryRows =
        sequences.rows(queryWorkspace, sequence, RowKind::Query, {range});
    Value blockCount = blocks.ceilDiv(place.keyLength, scheme.stationaryBlock);
    auto bound = [&](Value position) -> Value {
      Value scaled = arith::MulIOp::create(builder, loc, position, blockCount);
      return arith::DivUIOp::create(builder, loc, scaled, rangeCount);
    };
    Value first = bound(range);
    Value last = bound(arith::AddIOp::create(builder, loc, range, one));

    auto blockLoop = OpenLoop::open(builder, loc, first, last, one, {});
    Value block = blockLoop.loop.getInductionVar();
    place.keyBase = arith::MulIOp::create(
        builder, loc, block, program.index(scheme.stationaryBlock));
    blocks.setLiveRows(Side::Stationary,
                       blocks.rowsFrom(place.keyBase, place.keyLength,
                                       scheme.stationaryBlock));
    Type element = scheme.operandType;
    BlockTensor keysTransposed = blocks.loadRows(
        keyRows, keyHead, place.keyBase, Side::Stationary,
        scheme.scoreOperand(Side::Stationary, Dim::Depth), element);
    // Keys that are the values, too, are one block: the values are not scaled.
    if (!scheme.scalesOperands())
      place.scale = program[op.getScale()];
    else if (op.getKey() == op.getValue())
      keysTransposed = blocks.scaledCopy(keysTransposed, program[op.getScale()]);
    else
      keysTransposed = blocks.scale(keysTransposed, program[op.getScale()]);
    BlockTensor valuesTransposed = blocks.loadRows(
        valueRows, keyHead, place.keyBase, Side::Stationary,
        scheme.scoreOperand(Side::Stationary, Dim::ValueDepth), element);
    BlockTensor keys = blocks.loadRows(
        keyRows, keyHead, place.keyBase, Side::Stationary,
        scheme.sumOperand(Side::Stationary, Dim::Depth), element);
    BlockTensor dKey = blocks.zeros(scheme.rowsBy(Side::Stationary, Dim::Depth),
                              scheme.computeType);
    BlockTensor dValue =
        blocks.zeros(scheme.rowsBy(Side::Stationary, Dim::ValueDepth),
                     scheme.computeType);

    auto headLoop = OpenLoop::open(builder, loc, zero, ratio, one,
                                   {dKey.tensor, dValue.tensor});
    place.head = arith::AddIOp::create(
        builder, loc, arith::MulIOp::create(builder, loc, keyHead, ratio),
        headLoop.loop.getInductionVar());
    // Gradients whose index does not depend on i are summed over the queries
    // of a head before they are scattered.
    SmallVector<Value> inits(headLoop.loop.getRegionIterArgs());
    Dims stationaryRows = scheme.rows(Side::Stationary);
    for (const CaptureGradient &gradient : context.gradients)
      if (!(gradient.dependence & (kOnQuery | kOnScore)))
        inits.push_back(
            blocks.zeros(stationaryRows, scheme.computeType).tensor);
    auto queryLoop =
        OpenLoop::open(builder, loc, zero, place.queryLength,
                       program.index(scheme.streamedBlock), inits);
    place.uniformPoint = OpBuilder::InsertPoint(
        queryLoop.loop->getBlock(), mlir::Block::iterator(queryLoop.loop));
    place.queryBase = queryLoop.loop.getInductionVar();
    blocks.setLiveRows(Side::Streamed,
                       blocks.rowsFrom(place.queryBase, place.queryLength,
                                       scheme.streamedBlock));
    // As operand of the scores and as operand of a sum over queries: the same
    // block where products take no pairs.
    auto streamed = [&](const RowsView &view, Dim column) {
      auto load = [&](const Dims &dims) {
        return blocks.loadRows(view, place.head, place.queryBase,
                               Side::Streamed, dims, element);
      };
      BlockTensor block = load(scheme.scoreOperand(Side::Streamed, column));
      return std::pair(block, scheme.dot == 1 ? block
                                              : load(scheme.sumOperand(
                                                    Side::Streamed, column)));
    };
    auto [queryScores, queries] = streamed(queryRows, Dim::Depth);
    auto [dOutputScores, dOutput] = streamed(dOutputRows, Dim::ValueDepth);
    BlockTensor score = blocks.score(keysTransposed, queryScores);
    BlockTensor cotangent = blocks.score(valuesTransposed, dOutputScores);
    RegionEmitter emitter(blocks, context.info, place);
    ScoreBlocks result = emitter.emit(
        score, cotangent,
        context.request(/*weight=*/true, /*ds=*/true, /*sumsOverQueries=*/true,
                        /*sumsOverKeys=*/true, context.gradients));
    auto carried = queryLoop.loop.getRegionIterArgs();
    SmallVector<Value> yields = {
        blocks.contract(result.ds, queries, {carried[0], dKey.dims}, "stationary")
            .tensor,
        blocks
            .contract(result.weight, dOutput, {carried[1], dValue.dims},
                      "stationary")
            .tensor};
    addToQueryGradient(blocks, dQueryRows, place, block, first,
                       blocks.splitPanelRows(result.dsOfRows), keys);
    unsigned next = 2;
    for (auto [gradient, values] :
         llvm::zip(context.gradients, result.gradients)) {
      if (!(gradient.dependence & (kOnQuery | kOnScore)))
        yields.push_back(
            blocks.reduce(values.values, {carried[next++], stationaryRows})
                .tensor);
      else if (gradient.dependence & (kOnKey | kOnScore))
        scatter(blocks, emitter, gradient, program, id, place, values);
      else
        scatter(blocks, emitter, gradient, program, id, place,
                {blocks.reduce(values.values,
                               blocks.zeros(scheme.rows(Side::Streamed),
                                            scheme.computeType)),
                 {}});
    }
    queryLoop.close(builder, loc, yields);
    next = 2;
    for (const CaptureGradient &gradient : context.gradients)
      if (!(gradient.dependence & (kOnQuery | kOnScore)))
        scatter(blocks, emitter, gradient, program, id, place,
                {{queryLoop.loop.getResult(next++), stationaryRows}, {}});
    headLoop.close(builder, loc,
                   {queryLoop.loop.getResult(0), queryLoop.loop.getResult(1)});

    BlockTensor scaled = blocks.scale(
        {headLoop.loop.getResult(0), dKey.dims},
        blocks.scaledFactor(program[op.getScale()], context.info.dsFactor.constant));
    blocks.storeRows(scaled, dKeyRows, keyHead, place.keyBase,
                     Side::Stationary);
    blocks.storeRows(blocks.scaleBy({headLoop.loop.getResult(1), dValue.dims},
                                    context.info.weightFactor.constant),
                     dValueRows, keyHead, place.keyBase, Side::Stationary);
    blockLoop.close(builder, loc, {});
    if (itemLoop)
      itemLoop->close(builder, loc, {});
    program.finish();
    program.launch(host, {programs});
  }

  /// dQ of this range += ds K; the first key block of a range starts from zero.
  void addToQueryGradient(BlockBuilder &blocks, const RowsView &dQueryRows,
                          const ScorePlace &place, Value block, Value first,
                          BlockTensor ds, BlockTensor keys) {
    OpBuilder &builder = blocks.builder;
    Dims dims = scheme.rowsBy(Side::Streamed, Dim::Depth);
    // Rows past the end read as zero: the first block loads from there.
    Value isFirst = arith::CmpIOp::create(builder, loc,
                                          arith::CmpIPredicate::eq, block,
                                          first);
    Value row = arith::SelectOp::create(builder, loc, isFirst,
                                        place.queryLength, place.queryBase);
    BlockTensor before = blocks.loadRows(dQueryRows, place.head, row,
                                         Side::Streamed, dims,
                                         scheme.computeType);
    BlockTensor after = blocks.contract(ds, keys, before, "streamed");
    blocks.storeRows(after, dQueryRows, place.head, place.queryBase,
                     Side::Streamed);
  }

  /// Adds `values` (score block, or rows of one side) to the private copy.
  void scatter(BlockBuilder &blocks, RegionEmitter &emitter,
               const CaptureGradient &gradient, Program &program, Value copy,
               const ScorePlace &place, const ScoreBlocks::Gradient &block) {
    OpBuilder &builder = blocks.builder;
    Value destination = program[privateCopies[gradient.destination]];
    const BlockTensor &values = block.values;
    SmallVector<Value> places;
    for (const BlockTensor &at : block.places)
      if (at)
        places.push_back(at.tensor);
    auto accumulate =
        AccumulateOp::create(builder, loc, values.tensor, places, destination,
                             /*distinct=*/false);
    OpBuilder::InsertionGuard guard(builder);
    mlir::Block *region = builder.createBlock(&accumulate.getBody());
    for (size_t dim = 0; dim < values.dims.size(); ++dim)
      region->addArgument(builder.getIndexType(), loc);
    SmallVector<Value> position(region->getArguments());
    for (size_t number = 0; number < places.size(); ++number)
      places[number] = region->addArgument(builder.getI32Type(), loc);
    auto row = [&](Side side, Value base) -> Value {
      AffineExpr expr = blocks.rowExpr(values.dims, side) +
                        builder.getAffineDimExpr(values.dims.size());
      SmallVector<Value> operands(position);
      operands.push_back(base);
      return affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(operands.size(), 0, expr), operands);
    };
    Value queryRow, keyRow;
    if (gradient.dependence & kOnQuery)
      queryRow = row(Side::Streamed, place.queryBase);
    if (gradient.dependence & kOnKey)
      keyRow = row(Side::Stationary, place.keyBase);
    SmallVector<Value> indices = {copy};
    llvm::append_range(
        indices, emitter.emitIndices(builder, gradient.op, queryRow, keyRow,
                                     places, destination, /*lead=*/1,
                                     /*asWritten=*/{}));
    gdpa_tile::YieldOp::create(builder, loc, indices);
  }

  /// dQ = scale * the sum over the ranges.
  void emitQuerySum() {
    Program program = Program::create(
        op, context.name.str() + "_dq",
        {queryWorkspace, op.getDQueryInit(), op.getScale()});
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    // Rows of a jagged batch are summed all alike.
    Sequences sequences(program, context.sizes);
    Value zero = program.index(0), one = program.index(1);
    Value head = program.id(1);
    Value batch = context.sizes.isJagged() ? Value() : program.id(2);
    Value base = arith::MulIOp::create(builder, loc, program.id(0),
                                       program.index(scheme.streamedBlock));
    RowsView dQueryRows = sequences.allRows(op.getDQueryInit(), batch);
    int64_t rowDim =
        cast<MemRefType>(dQueryRows.buffer.getType()).getRank() - 2;
    Value length = program.dim(dQueryRows.buffer, rowDim);
    blocks.setLiveRows(Side::Streamed,
                       blocks.rowsFrom(base, length, scheme.streamedBlock));
    BlockTensor sum = blocks.zeros(scheme.rowsBy(Side::Streamed, Dim::Depth),
                             scheme.computeType);
    auto loop = OpenLoop::open(builder, loc, zero,
                               program.dim(program[queryWorkspace], 0), one,
                               {sum.tensor});
    RowsView part = sequences.allRows(queryWorkspace, batch,
                                      {loop.loop.getInductionVar()});
    BlockTensor next = blocks.add(
        {loop.loop.getRegionIterArg(0), sum.dims},
        blocks.loadRows(part, head, base, Side::Streamed, sum.dims,
                        scheme.computeType));
    loop.close(builder, loc, {next.tensor});
    BlockTensor scaled = blocks.scale(
        {loop.loop.getResult(0), sum.dims},
        blocks.scaledFactor(program[op.getScale()], context.info.dsFactor.constant));
    blocks.storeRows(scaled, dQueryRows, head, base, Side::Streamed);
    program.finish();
    SmallVector<Value> grid = {
        context.hostCeilDiv(context.sizes.queryLength, scheme.streamedBlock),
        context.sizes.queryHeads};
    if (batch)
      grid.push_back(context.sizes.batch);
    program.launch(host, grid);
  }

  /// One gradient of a capture: element by element, the sum of the copies; zero
  /// where there are none, because the region does not accumulate into it.
  void emitCaptureSum(Value destination, Value copies) {
    unsigned position = 0;
    for (Value init : op.getDCaptureInits()) {
      if (init == destination)
        break;
      ++position;
    }
    Program program = Program::create(
        op, context.name.str() + "_dcapture" + std::to_string(position),
        {copies, destination});
    OpBuilder &builder = program.builder;
    Value source = program[copies], target = program[destination];
    auto type = cast<MemRefType>(target.getType());
    Value zero = program.index(0), one = program.index(1);
    SmallVector<OpenLoop> loops;
    SmallVector<Value> indices;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      loops.push_back(OpenLoop::open(builder, loc, zero,
                                     program.dim(target, dim), one, {}));
      indices.push_back(loops.back().loop.getInductionVar());
    }
    // An element sums as many terms as there are pairs: in f64.
    Value total = arith::ConstantOp::create(
        builder, loc, builder.getZeroAttr(builder.getF64Type()));
    if (source) {
      auto sum = OpenLoop::open(builder, loc, zero, program.dim(source, 0), one,
                                {total});
      SmallVector<Value> from = {sum.loop.getInductionVar()};
      llvm::append_range(from, indices);
      Value part = memref::LoadOp::create(builder, loc, source, from);
      sum.close(builder, loc,
                {arith::AddFOp::create(builder, loc,
                                       sum.loop.getRegionIterArg(0), part)});
      total = sum.loop.getResult(0);
    }
    if (total.getType() != type.getElementType())
      total = arith::TruncFOp::create(builder, loc, type.getElementType(),
                                      total);
    memref::StoreOp::create(builder, loc, total, target, indices);
    for (OpenLoop &loop : llvm::reverse(loops))
      loop.close(builder, loc, {});
    program.finish();
    program.launch(host, {context.hostIndex(1)});
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  OpBuilder &host;
  BlockScheme scheme;
  Value ranges, items, programs; // host values
  Value queryWorkspace;
  llvm::MapVector<Value, Value> privateCopies; // by destination
};

} // namespace

LogicalResult gdpa_tile::lowerSingleBackward(BackwardContext &context) {
  return SingleBackward(context).run();
}
