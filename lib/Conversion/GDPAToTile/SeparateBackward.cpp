//===- SeparateBackward.cpp - kernels of their own for dK, dV and dQ ------===//
//
// Each gradient is written by the one program that owns its rows, so nothing
// is added atomically. Scores are computed in each kernel. A gradient of a
// capture whose index depends on one position is first summed over the other
// one in the kernel whose rows run along it; small programs then add the rows
// in order.
//
//===----------------------------------------------------------------------===//

#include "Backward.h"
#include "BlockOrder.h"
#include "Diagonal.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// A gradient of a capture with the host workspace of its rows, shaped like row
/// statistics.
struct RowGradient {
  CaptureGradient gradient;
  Value rows;
};

/// The blocks of `block` rows that hold `length` rows. An unsigned division of a
/// sum, whose range is easily inferred, in place of an affine one.
Value countBlocks(Program &program, Value length, int64_t block) {
  OpBuilder &builder = program.builder;
  Location loc = length.getLoc();
  Value padded =
      arith::AddIOp::create(builder, loc, length, program.index(block - 1));
  return arith::DivUIOp::create(builder, loc, padded, program.index(block));
}

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
      blockCount = countBlocks(program, length, scheme.streamedBlock);
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
    ScoreBlocks result =
        RegionEmitter(blocks, context.info, place)
            .emit(score, cotangent,
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
      BlockTensor scaled = blocks.scale(accumulated(number++), scale);
      blocks.storeRows(
          scaled,
          rows(keyStationary ? op.getDKeyInit() : op.getDQueryInit(),
               stationaryKind()),
          stationaryHead, work.base, Side::Stationary);
    }
    if (products && keyStationary)
      blocks.storeRows(accumulated(number++),
                       rows(op.getDValueInit(), RowKind::Key), stationaryHead,
                       work.base, Side::Stationary);
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

/// Rows of a [batch, head, rows] workspace as 2-D blocks; wider ones where all of
/// them are added to one element.
constexpr int64_t kSumRows = 64, kSumColumns = 8, kUniformSumColumns = 64;

/// Adds the rows of one gradient, in order, into `sums` (shaped as the
/// capture, zero before).
class RowSum {
public:
  RowSum(BackwardContext &context, const RowGradient &row, Value sums,
         std::string suffix)
      : context(context), op(context.op), loc(context.loc), row(row),
        sums(sums), suffix(std::move(suffix)) {}

  void run() {
    bool distinctRows = emit(/*tail=*/false);
    if (distinctRows)
      emit(/*tail=*/true);
  }

private:
  /// Programs own the elements that rows name; rows past the capture's extent
  /// all name its last element and are added by a program of their own, the
  /// tail. Returns whether rows name elements.
  bool emit(bool tail) {
    auto accumulate = row.gradient.op;
    bool onKey = row.gradient.dependence & kOnKey;
    Region &region = op.getJoint();
    auto coordinate = [&](unsigned number) -> Value {
      return region.getArgument(2 + number);
    };
    Value rowCoordinate = coordinate(onKey ? 3 : 2); // b, h, i, j
    auto dimOf = [&](Value index) -> std::optional<int64_t> {
      auto found = llvm::find(accumulate.getIndices(), index);
      if (found == accumulate.getIndices().end())
        return std::nullopt;
      return found - accumulate.getIndices().begin();
    };
    std::optional<int64_t> rowDim = dimOf(rowCoordinate);
    std::optional<int64_t> headDim = dimOf(coordinate(1));
    bool distinctRows = rowDim && !tail;

    SmallVector<Value> values = {row.rows, sums};
    llvm::append_range(values, context.sizes.inputs());
    llvm::append_range(values, op.getCaptures());
    Program program =
        Program::create(op, context.name.str() + suffix + (tail ? "_tail" : ""), values);
    OpBuilder &builder = program.builder;
    Value zero = program.index(0), one = program.index(1);
    Sequences sequences(program, context.sizes);
    bool uniform = !(row.gradient.dependence & (kOnQuery | kOnKey));
    int64_t columns = uniform ? kUniformSumColumns : kSumColumns;
    Value blockRows = program.index(kSumRows * columns);
    ScorePlace place;
    SmallVector<Value> captures = program.all(op.getCaptures());
    place.captures = captures;

    // What the index tells apart is spread over programs, the rest summed in
    // one program.
    SmallVector<scf::ForOp> loops;
    auto loopOver = [&](Value begin, Value end, Value step) -> Value {
      auto loop = scf::ForOp::create(builder, loc, begin, end, step);
      builder.setInsertionPointToStart(loop.getBody());
      loops.push_back(loop);
      return loop.getInductionVar();
    };
    Value destination = program[sums];
    std::pair<Value, Value> heads = {zero, sequences.queryHeads()};
    if (headDim)
      heads = sequences.ownHeads(program.dim(destination, *headDim));
    place.batch = loopOver(zero, sequences.count(), one);
    Sequence sequence = sequences.at(place.batch);
    place.queryLength = sequence.queryLength;
    place.keyLength = sequence.keyLength;
    RowKind kind = onKey ? RowKind::Key : RowKind::Query;
    RowsView view = sequences.rows(row.rows, sequence, kind);
    place.head = loopOver(heads.first, heads.second, one);
    Value base = distinctRows
                     ? arith::MulIOp::create(builder, loc, program.id(0),
                                             blockRows)
                           .getResult()
                     : loopOver(tail ? program.dim(destination, *rowDim) : zero,
                                sequence.length(kind), blockRows);
    (onKey ? place.keyBase : place.queryBase) = base;

    auto type = RankedTensorType::get({kSumRows, columns},
                                      builder.getF32Type());
    AffineExpr r = builder.getAffineDimExpr(0), c = builder.getAffineDimExpr(1);
    SmallVector<Value> offsets = view.at(builder, loc, place.head, base);
    SmallVector<AffineExpr> exprs(offsets.size(),
                                  builder.getAffineConstantExpr(0));
    exprs.back() = r * columns + c;
    auto map = AffineMap::get(2, 0, exprs, builder.getContext());
    Value block = LoadOp::create(builder, loc, type, view.buffer, offsets,
                                 AffineMapAttr::get(map), ValueRange{},
                                 /*clamp=*/false);
    auto add = AccumulateOp::create(builder, loc, block, ValueRange(),
                                    destination, distinctRows);
    // Scalar code of the index stands before the sum that uses it.
    place.uniformPoint =
        OpBuilder::InsertPoint(add->getBlock(), mlir::Block::iterator(add));
    BlockBuilder blocks(builder, loc, scheme);
    RegionEmitter emitter(blocks, context.info, place);
    {
      OpBuilder::InsertionGuard guard(builder);
      mlir::Block *body = builder.createBlock(
          &add.getBody(), {},
          {builder.getIndexType(), builder.getIndexType()}, {loc, loc});
      SmallVector<Value> operands(body->getArguments());
      operands.push_back(base);
      AffineExpr position =
          r * columns + c + builder.getAffineDimExpr(2);
      Value rowPosition = affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(3, 0, position), operands);
      SmallVector<Value> indices = emitter.emitIndices(
          builder, accumulate, onKey ? Value() : rowPosition,
          onKey ? rowPosition : Value(), /*places=*/{}, destination,
          /*lead=*/0,
          distinctRows ? ArrayRef(rowCoordinate) : ArrayRef<Value>());
      gdpa_tile::YieldOp::create(builder, loc, indices);
    }
    if (!loops.empty())
      builder.setInsertionPointAfter(loops.front());
    program.finish();
    Value lengthOnHost = onKey ? context.sizes.keyLength
                               : context.sizes.queryLength;
    program.launch(
        context.host,
        {distinctRows ? context.hostCeilDiv(lengthOnHost, kSumRows * columns)
                      : context.hostIndex(1),
         headDim ? context.sizes.queryHeads : context.hostIndex(1)});
    return distinctRows;
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  const RowGradient &row;
  Value sums;
  std::string suffix;
  BlockScheme scheme;
};

/// Adds a gradient whose index depends on both positions, element by element.
/// Programs that could meet in one element own copies of the sums; what the
/// index does not tell apart is walked by one program, in order. Where positions
/// themselves tell elements apart, they do so inside the capture only: if there
/// are more, a second version of the program adds everything in order, and the
/// first one nothing.
class PairSum {
public:
  PairSum(BackwardContext &context, const CaptureGradient &gradient,
          std::string suffix)
      : context(context), op(context.op), loc(context.loc),
        gradient(gradient), suffix(std::move(suffix)),
        scheme(context.scheme(gdpa::KernelKind::KeyStationary)),
        ownsHead(names(kHeadArgument)), ownsKeys(names(kKeyArgument)),
        isDistinct(ownsKeys && names(kQueryArgument)) {}

  /// The copies, [copy, dims of the capture...], as a host value.
  Value run() {
    OpBuilder &host = context.host;
    // Blocks of keys; of a jagged batch those of every sequence.
    Value keyBlocks = context.sizes.grid(host, loc, RowKind::Key,
                                         scheme.stationaryBlock, Value())[0];
    auto type = cast<MemRefType>(gradient.destination.getType());
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    SmallVector<Value> dynamicSizes = {
        ownsKeys && !context.sizes.isJagged() ? context.hostIndex(1)
                                              : keyBlocks};
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      shape.push_back(type.getDimSize(dim));
      if (type.isDynamicDim(dim))
        dynamicSizes.push_back(
            memref::DimOp::create(host, loc, gradient.destination, dim));
    }
    Value copies = WorkspaceOp::create(
        host, loc, MemRefType::get(shape, host.getF32Type()), dynamicSizes,
        /*zero=*/true);
    bool jagged = context.sizes.isJagged();
    auto launch = [&](bool inOrder) {
      Program program = Program::create(
          op, context.name.str() + suffix + (inOrder ? "_in_order" : ""),
          context.inputs({copies}));
      emit(program, program[copies], inOrder);
      program.launch(host,
                     {inOrder && !jagged ? context.hostIndex(1) : keyBlocks,
                      ownsHead ? context.sizes.queryHeads
                               : context.hostIndex(1)});
    };
    launch(/*inOrder=*/false);
    if (mayExceed())
      launch(/*inOrder=*/true);
    return copies;
  }

private:
  enum : unsigned { kHeadArgument = 3, kQueryArgument = 4, kKeyArgument = 5 };

  /// Whether an index is this argument of the joint region itself.
  bool names(unsigned argument) {
    auto accumulate = gradient.op;
    return llvm::is_contained(accumulate.getIndices(),
                              Value(op.getJoint().getArgument(argument)));
  }

  /// Whether positions past the capture's extent would meet in one element.
  bool mayExceed() const {
    return ownsKeys && (isDistinct || !context.sizes.isJagged());
  }

  /// Whether the positions that tell elements apart lie inside the capture.
  Value fits(Program &program, const Sequence &sequence, Value destination) {
    Value all;
    auto accumulate = gradient.op;
    for (auto [dim, index] : llvm::enumerate(accumulate.getIndices())) {
      bool isKey = index == op.getJoint().getArgument(kKeyArgument);
      bool isQuery = index == op.getJoint().getArgument(kQueryArgument);
      if (!isKey && !(isQuery && isDistinct))
        continue;
      Value inside = arith::CmpIOp::create(
          program.builder, loc, arith::CmpIPredicate::ule,
          sequence.length(isKey ? RowKind::Key : RowKind::Query),
          program.dim(destination, 1 + dim));
      all = all ? arith::AndIOp::create(program.builder, loc, all, inside)
                      .getResult()
                : inside;
    }
    return all;
  }

  void emit(Program &program, Value destination, bool inOrder) {
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    Value zero = program.index(0), one = program.index(1);
    Sequences sequences(program, context.sizes);
    Value ratio = sequences.ratio();
    Value block = program.id(0);
    std::pair<Value, Value> heads = {zero, sequences.queryHeads()};
    if (auto headIndex = llvm::find(
            gradient.op.getIndices(),
            Value(op.getJoint().getArgument(kHeadArgument)));
        ownsHead)
      heads = sequences.ownHeads(program.dim(
          destination, 1 + (headIndex - gradient.op.getIndices().begin())));
    Value headCount = arith::SubIOp::create(builder, loc, heads.second, heads.first);
    ScorePlace place;
    place.queryIsStationary = false;
    place.scale = program[op.getScale()];
    // A program of a jagged batch stays in one sequence.
    bool jagged = context.sizes.isJagged();
    Sequence sequence;
    Value walked;
    if (jagged) {
      Sequences::Work work =
          sequences.ofProgram(RowKind::Key, scheme.stationaryBlock,
                              sequences.queryHeads());
      sequence = work.sequence;
      place.keyBase = work.base;
      walked = work.walked;
    } else {
      sequence = sequences.at(zero); // one length for all
      place.keyBase = arith::MulIOp::create(
          builder, loc, block, program.index(scheme.stationaryBlock));
      walked = sequence.queryLength;
    }
    place.queryLength = sequence.queryLength;
    place.keyLength = sequence.keyLength;

    // One loop over the query blocks of all heads that this program walks.
    Value blockCount = countBlocks(program, walked, scheme.streamedBlock);
    Value members = arith::MulIOp::create(
        builder, loc, jagged ? one : sequences.count(), headCount);
    bool walksKeys = inOrder && !jagged;
    Value keyBlocks;
    if (walksKeys) {
      keyBlocks =
          countBlocks(program, sequence.keyLength, scheme.stationaryBlock);
      members = arith::MulIOp::create(builder, loc, members, keyBlocks);
    }
    if (mayExceed()) {
      Value inside = fits(program, sequence, destination);
      members = arith::SelectOp::create(builder, loc, inside,
                                        inOrder ? zero : members,
                                        inOrder ? members : zero);
    }
    auto loop = scf::ForOp::create(
        builder, loc, zero,
        arith::MulIOp::create(builder, loc, members, blockCount), one);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    Value within = arith::RemUIOp::create(builder, loc, step, blockCount);
    Value member = arith::DivUIOp::create(builder, loc, step, blockCount);
    place.queryBase = arith::MulIOp::create(
        builder, loc, within, program.index(scheme.streamedBlock));
    if (walksKeys) {
      place.keyBase = arith::MulIOp::create(
          builder, loc,
          arith::RemUIOp::create(builder, loc, member, keyBlocks),
          program.index(scheme.stationaryBlock));
      member = arith::DivUIOp::create(builder, loc, member, keyBlocks);
    }
    place.head = arith::AddIOp::create(
        builder, loc, heads.first,
        arith::RemUIOp::create(builder, loc, member, headCount));
    place.batch = arith::DivUIOp::create(builder, loc, member, headCount);
    Value keyHead = arith::DivUIOp::create(builder, loc, place.head, ratio);
    if (jagged)
      place.batch = sequence.batch;
    else
      sequence = sequences.at(place.batch);
    // Views of a sequence's rows stand before the loop, as the copies that run
    // ahead need them.
    auto beforeLoop = [&](auto make) {
      OpBuilder::InsertionGuard guard(builder);
      if (jagged)
        builder.setInsertionPoint(loop);
      return make();
    };
    SmallVector<Value> captures = beforeLoop(
        [&] { return context.captures(program, sequences, sequence); });
    place.captures = captures;
    auto rowsOf = [&](Value buffer, RowKind kind) {
      return beforeLoop(
          [&] { return sequences.rows(buffer, sequence, kind); });
    };
    auto keyRows = [&](Value buffer, Dim column) {
      return blocks.loadRows(rowsOf(buffer, RowKind::Key),
                             keyHead, place.keyBase, Side::Stationary,
                             scheme.rowsBy(Side::Stationary, column),
                             scheme.operandType);
    };
    auto queryRows = [&](Value buffer, Dim column) {
      return blocks.loadRows(rowsOf(buffer, RowKind::Query),
                             place.head, place.queryBase, Side::Streamed,
                             scheme.rowsBy(Side::Streamed, column),
                             scheme.operandType);
    };
    BlockTensor score = blocks.score(keyRows(op.getKey(), Dim::Depth),
                                     queryRows(op.getQuery(), Dim::Depth));
    BlockTensor cotangent =
        blocks.score(keyRows(op.getValue(), Dim::ValueDepth),
                     queryRows(op.getDOutput(), Dim::ValueDepth));
    place.uniformPoint = builder.saveInsertionPoint();
    ScoreBlocks result =
        RegionEmitter(blocks, context.info, place)
            .emit(score, cotangent,
                  context.request(/*weight=*/false, /*ds=*/false,
                                  /*sumsOverQueries=*/true,
                                  /*sumsOverKeys=*/true, gradient));
    bool distinct = isDistinct && !inOrder;
    Value positions[] = {op.getJoint().getArgument(kQueryArgument),
                         op.getJoint().getArgument(kKeyArgument)};
    const ScoreBlocks::Gradient &values = result.gradients.front();
    SmallVector<Value> places;
    for (const BlockTensor &at : values.places)
      if (at)
        places.push_back(at.tensor);
    auto add = AccumulateOp::create(builder, loc, values.values.tensor, places,
                                    destination, distinct);
    place.uniformPoint =
        OpBuilder::InsertPoint(add->getBlock(), mlir::Block::iterator(add));
    RegionEmitter indices(blocks, context.info, place);
    OpBuilder::InsertionGuard guard(builder);
    mlir::Block *body = builder.createBlock(
        &add.getBody(), {}, {builder.getIndexType(), builder.getIndexType()},
        {loc, loc});
    for (Value &at : places)
      at = body->addArgument(builder.getI32Type(), loc);
    Value keyRow = arith::AddIOp::create(builder, loc, body->getArgument(0),
                                         place.keyBase);
    Value queryRow = arith::AddIOp::create(builder, loc, body->getArgument(1),
                                           place.queryBase);
    SmallVector<Value> yields = {ownsKeys && !jagged ? zero : block};
    llvm::append_range(
        yields, indices.emitIndices(builder, gradient.op, queryRow, keyRow,
                                    places, destination, /*lead=*/1,
                                    distinct ? ArrayRef(positions)
                                             : ArrayRef<Value>()));
    gdpa_tile::YieldOp::create(builder, loc, yields);
    builder.setInsertionPointAfter(loop);
    program.finish();
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  CaptureGradient gradient;
  std::string suffix;
  BlockScheme scheme;
  bool ownsHead, ownsKeys;
  /// Both positions are indices.
  bool isDistinct;
};

/// Writes one gradient of a capture: its f32 sums, where it has any, and all
/// copies of its sums, in order; zero where it has neither.
void emitCaptureStore(BackwardContext &context, Value sums,
                      ArrayRef<Value> copies, Value destination,
                      StringRef suffix) {
  Location loc = context.loc;
  OpBuilder &host = context.host;
  SmallVector<Value> values = {sums, destination};
  llvm::append_range(values, copies);
  Program program =
      Program::create(context.op, context.name.str() + suffix.str(), values);
  OpBuilder &builder = program.builder;
  Value target = program[destination];
  auto type = cast<MemRefType>(target.getType());
  int64_t rank = type.getRank();
  SmallVector<Value> grid = {context.hostIndex(1)};
  if (rank == 0) {
    Value value;
    if (sums)
      value = memref::LoadOp::create(builder, loc, program[sums], ValueRange{});
    else
      value = arith::ConstantOp::create(
          builder, loc, builder.getZeroAttr(builder.getF32Type()));
    if (value.getType() != type.getElementType())
      value = arith::TruncFOp::create(builder, loc, type.getElementType(),
                                      value);
    memref::StoreOp::create(builder, loc, value, target, ValueRange{});
  } else {
    SmallVector<Value> offsets;
    AffineExpr none = builder.getAffineConstantExpr(0);
    SmallVector<AffineExpr> results(rank, none);
    // All dimensions on the first one of the grid: the others are short.
    int64_t blockElements = kSumRows * kSumColumns;
    grid[0] = context.hostCeilDiv(
        memref::DimOp::create(host, loc, destination, rank - 1), blockElements);
    Value rest = program.id(0);
    Value blockCount = BlockBuilder(builder, loc, BlockScheme())
                           .ceilDiv(program.dim(target, rank - 1), blockElements);
    offsets.assign(rank, Value());
    auto next = [&](Value count) -> Value {
      Value position = arith::RemUIOp::create(builder, loc, rest, count);
      rest = arith::DivUIOp::create(builder, loc, rest, count);
      return position;
    };
    offsets[rank - 1] = arith::MulIOp::create(
        builder, loc, rank == 1 ? rest : next(blockCount),
        program.index(blockElements));
    for (int64_t dim = rank - 2; dim >= 0; --dim) {
      offsets[dim] = dim ? next(program.dim(target, dim)) : rest;
      grid[0] = arith::MulIOp::create(
          host, loc, grid[0],
          memref::DimOp::create(host, loc, destination, dim));
    }
    results.back() = builder.getAffineDimExpr(0) * kSumColumns +
                     builder.getAffineDimExpr(1);
    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMapAttr::get(
          AffineMap::get(2, 0, exprs, builder.getContext()));
    };
    auto blockType = RankedTensorType::get({kSumRows, kSumColumns},
                                           builder.getF32Type());
    BlockScheme scheme;
    scheme.panel = kSumRows;
    scheme.group = kSumColumns;
    BlockBuilder blocks(builder, loc, scheme);
    BlockTensor total =
        sums ? BlockTensor{LoadOp::create(builder, loc, blockType,
                                          program[sums], offsets,
                                          mapOf(results), ValueRange{},
                                          /*clamp=*/false),
                           scheme.score()}
             : blocks.zeros(scheme.score(), builder.getF32Type());
    for (Value copy : copies) {
      Value zero = program.index(0), one = program.index(1);
      auto loop = scf::ForOp::create(builder, loc, zero,
                                     program.dim(program[copy], 0), one,
                                     ValueRange{total.tensor});
      builder.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> from = {loop.getInductionVar()};
      llvm::append_range(from, offsets);
      SmallVector<AffineExpr> exprs = {none};
      llvm::append_range(exprs, results);
      Value part = LoadOp::create(builder, loc, blockType, program[copy], from,
                                  mapOf(exprs), ValueRange{}, /*clamp=*/false);
      BlockTensor sum = blocks.add({loop.getRegionIterArg(0), total.dims},
                                   {part, total.dims});
      scf::YieldOp::create(builder, loc, sum.tensor);
      builder.setInsertionPointAfter(loop);
      total.tensor = loop.getResult(0);
    }
    StoreOp::create(builder, loc, total.tensor, target, offsets,
                    mapOf(results));
  }
  program.finish();
  program.launch(host, grid);
}

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
    RowSum(context, gradient, sumsOf(gradient.gradient.destination),
           "_sum" + std::to_string(number++))
        .run();
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
        PairSum(context, gradient, "_pairs" + std::to_string(number++)).run());
  number = 0;
  for (auto &[destination, buffers] : copies) {
    Value sum;
    for (auto [known, buffer] : sums)
      if (known == destination)
        sum = buffer;
    emitCaptureStore(context, sum, buffers, destination,
                     "_dcapture" + std::to_string(number++));
  }
  return success();
}
