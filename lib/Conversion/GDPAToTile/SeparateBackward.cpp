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
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// A gradient of a capture with the host workspace of its rows,
/// [batch, query head, rows].
struct RowGradient {
  CaptureGradient gradient;
  Value rows;
};

/// Emits one kernel: a stationary pair of blocks, a loop over the streamed
/// pair, accumulators.
class StationaryKernel {
public:
  StationaryKernel(BackwardContext &context, gdpa::KernelKind kind,
                   StringRef suffix, ArrayRef<RowGradient> gradients,
                   bool products)
      : context(context), op(context.op), loc(context.loc), kind(kind),
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
    Program program = Program::create(
        op, context.name.str() + suffix.str(), context.inputs(more));
    emit(program);
    Value length = keyStationary ? context.sizes.keyLength
                                 : context.sizes.queryLength;
    program.launch(context.host,
                   {context.hostCeilDiv(length, scheme.stationaryBlock),
                    ownsGroup() ? context.sizes.keyHeads
                                : context.sizes.queryHeads,
                    context.sizes.batch});
  }

private:
  /// dK, dV sum over the query heads of a group.
  bool ownsGroup() const { return keyStationary && products; }

  void emit(Program &program) {
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    Type element = scheme.operandType;
    Value zero = program.index(0), one = program.index(1);
    Value query = program[op.getQuery()], key = program[op.getKey()];
    Value value = program[op.getValue()], dOutput = program[op.getDOutput()];
    Value scale = program[op.getScale()];
    Value block = program.id(0), head = program.id(1);
    ScorePlace place;
    place.batch = program.id(2);
    place.queryIsStationary = !keyStationary;
    place.queryLength = program.dim(query, 2);
    place.keyLength = program.dim(key, 2);
    place.scale = scale;
    SmallVector<Value> captures = program.all(op.getCaptures());
    place.captures = captures;
    Value ratio = arith::DivUIOp::create(builder, loc, program.dim(query, 1),
                                         program.dim(key, 1));
    Value keyHead =
        ownsGroup() ? head
                    : arith::DivUIOp::create(builder, loc, head, ratio)
                          .getResult();
    Value base = arith::MulIOp::create(builder, loc, block,
                                       program.index(scheme.stationaryBlock));
    (keyStationary ? place.keyBase : place.queryBase) = base;
    place.head = head;

    SmallVector<Value> stationaryOffsets = {
        place.batch, keyStationary ? keyHead : head, base, zero};
    BlockTensor first = blocks.loadRows(keyStationary ? key : query,
                                  stationaryOffsets, Side::Stationary,
                                  scheme.transposed(Dim::Depth), element);
    BlockTensor second = blocks.loadRows(keyStationary ? value : dOutput,
                                   stationaryOffsets, Side::Stationary,
                                   scheme.transposed(Dim::ValueDepth), element);

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
    Value length = keyStationary ? place.queryLength : place.keyLength;
    Value step = program.index(scheme.streamedBlock), end = length;
    Value blockCount;
    if (flattened) {
      blockCount = blocks.ceilDiv(length, scheme.streamedBlock);
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
    SmallVector<Value> streamedOffsets = {
        place.batch, keyStationary ? place.head : keyHead, streamedBase, zero};
    BlockTensor third = blocks.loadRows(keyStationary ? query : key, streamedOffsets,
                                  Side::Streamed,
                                  scheme.rowsBy(Side::Streamed, Dim::Depth),
                                  element);
    BlockTensor fourth = blocks.loadRows(
        keyStationary ? dOutput : value, streamedOffsets, Side::Streamed,
        scheme.rowsBy(Side::Streamed, Dim::ValueDepth), element);
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
    for (const BlockTensor &values : result.gradients)
      yields.push_back(blocks.reduce(values, carried()).tensor);
    scf::YieldOp::create(builder, loc, yields);
    builder.setInsertionPointAfter(loop);

    auto accumulated = [&](size_t number) -> BlockTensor {
      return {loop.getResult(number), accumulators[number].dims};
    };
    size_t number = 0;
    if (products) {
      BlockTensor scaled = blocks.scale(accumulated(number++), scale);
      blocks.storeRows(
          scaled, program[keyStationary ? op.getDKeyInit() : op.getDQueryInit()],
          stationaryOffsets, Side::Stationary);
    }
    if (products && keyStationary)
      blocks.storeRows(accumulated(number++), program[op.getDValueInit()],
                       stationaryOffsets, Side::Stationary);
    for (const RowGradient &gradient : gradients)
      blocks.storeRows(accumulated(number++), program[gradient.rows],
                       {place.batch, head, base}, Side::Stationary);
    program.finish();
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  gdpa::KernelKind kind;
  bool keyStationary;
  StringRef suffix;
  ArrayRef<RowGradient> gradients;
  bool products;
  BlockScheme scheme;
};

/// Rows of a [batch, head, rows] workspace as 2-D blocks.
constexpr int64_t kSumRows = 64, kSumColumns = 8;

/// Adds the rows of one gradient, in order, into `sums` (shaped as the
/// capture, zero before).
class RowSum {
public:
  RowSum(BackwardContext &context, const RowGradient &row, Value sums,
         std::string suffix)
      : context(context), op(context.op), loc(context.loc), row(row),
        sums(sums), suffix(std::move(suffix)) {}

  void run() {
    auto accumulate = row.gradient.op;
    bool onKey = row.gradient.dependence & kOnKey;
    Region &region = op.getJoint();
    auto coordinate = [&](unsigned number) -> Value {
      return region.getArgument(2 + number);
    };
    Value rowCoordinate = coordinate(onKey ? 3 : 2); // b, h, i, j
    bool distinctRows = llvm::is_contained(accumulate.getIndices(), rowCoordinate);
    bool distinctHeads = llvm::is_contained(accumulate.getIndices(), coordinate(1));

    SmallVector<Value> values = {row.rows, sums, op.getQuery(), op.getKey()};
    llvm::append_range(values, op.getCaptures());
    Program program =
        Program::create(op, context.name.str() + suffix, values);
    OpBuilder &builder = program.builder;
    Value zero = program.index(0), one = program.index(1);
    Value buffer = program[row.rows];
    Value length = program.dim(buffer, 2);
    Value blockRows = program.index(kSumRows * kSumColumns);
    ScorePlace place;
    SmallVector<Value> captures = program.all(op.getCaptures());
    place.captures = captures;
    place.queryLength = program.dim(program[op.getQuery()], 2);
    place.keyLength = program.dim(program[op.getKey()], 2);

    // What the index tells apart is spread over programs, the rest summed in
    // one program.
    SmallVector<scf::ForOp> loops;
    auto loopOver = [&](Value end, Value step) -> Value {
      auto loop = scf::ForOp::create(builder, loc, zero, end, step);
      builder.setInsertionPointToStart(loop.getBody());
      loops.push_back(loop);
      return loop.getInductionVar();
    };
    place.batch = loopOver(program.dim(buffer, 0), one);
    place.head = distinctHeads ? program.id(1)
                               : loopOver(program.dim(buffer, 1), one);
    Value base = distinctRows
                     ? arith::MulIOp::create(builder, loc, program.id(0),
                                             blockRows)
                           .getResult()
                     : loopOver(length, blockRows);
    (onKey ? place.keyBase : place.queryBase) = base;

    auto type = RankedTensorType::get({kSumRows, kSumColumns},
                                      builder.getF32Type());
    AffineExpr r = builder.getAffineDimExpr(0), c = builder.getAffineDimExpr(1);
    AffineExpr none = builder.getAffineConstantExpr(0);
    auto map = AffineMap::get(2, 0, {none, none, r * kSumColumns + c},
                              builder.getContext());
    Value block = LoadOp::create(builder, loc, type, buffer,
                                 ValueRange{place.batch, place.head, base},
                                 AffineMapAttr::get(map), ValueRange{},
                                 /*clamp=*/false);
    Value destination = program[sums];
    auto add = AccumulateOp::create(builder, loc, block, destination,
                                    distinctRows);
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
          r * kSumColumns + c + builder.getAffineDimExpr(2);
      Value rowPosition = affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(3, 0, position), operands);
      SmallVector<Value> indices;
      for (auto [dim, index] : llvm::enumerate(accumulate.getIndices())) {
        Value at = emitter.emitIndex(builder, index, onKey ? Value() : rowPosition,
                                     onKey ? rowPosition : Value());
        if (!distinctRows)
          at = emitter.clampIndex(builder, loc, at, destination, dim);
        indices.push_back(at);
      }
      gdpa_tile::YieldOp::create(builder, loc, indices);
    }
    if (!loops.empty())
      builder.setInsertionPointAfter(loops.front());
    program.finish();
    Value lengthOnHost = onKey ? context.sizes.keyLength
                               : context.sizes.queryLength;
    program.launch(
        context.host,
        {distinctRows ? context.hostCeilDiv(lengthOnHost,
                                            kSumRows * kSumColumns)
                      : context.hostIndex(1),
         distinctHeads ? context.sizes.queryHeads : context.hostIndex(1)});
  }

private:
  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  const RowGradient &row;
  Value sums;
  std::string suffix;
  BlockScheme scheme;
};

/// Copies the f32 sums of a capture's gradient to their destination.
void emitCopy(BackwardContext &context, Value sums, Value destination,
              StringRef suffix) {
  Location loc = context.loc;
  OpBuilder &host = context.host;
  Program program = Program::create(
      context.op, context.name.str() + suffix.str(), {sums, destination});
  OpBuilder &builder = program.builder;
  Value source = program[sums], target = program[destination];
  auto type = cast<MemRefType>(target.getType());
  int64_t rank = type.getRank();
  SmallVector<Value> grid = {context.hostIndex(1)};
  if (rank == 0) {
    Value value = memref::LoadOp::create(builder, loc, source, ValueRange{});
    if (value.getType() != type.getElementType())
      value = arith::TruncFOp::create(builder, loc, type.getElementType(),
                                      value);
    memref::StoreOp::create(builder, loc, value, target, ValueRange{});
  } else {
    SmallVector<Value> offsets;
    SmallVector<AffineExpr> results(rank, builder.getAffineConstantExpr(0));
    for (int64_t dim = 0; dim + 1 < rank; ++dim) {
      offsets.push_back(program.id(rank - 1 - dim));
      grid.insert(grid.begin() + 1, memref::DimOp::create(host, loc, destination, dim));
    }
    offsets.push_back(arith::MulIOp::create(
        builder, loc, program.id(0), program.index(kSumRows * kSumColumns)));
    results.back() = builder.getAffineDimExpr(0) * kSumColumns +
                     builder.getAffineDimExpr(1);
    auto map = AffineMapAttr::get(
        AffineMap::get(2, 0, results, builder.getContext()));
    auto blockType = RankedTensorType::get({kSumRows, kSumColumns},
                                           builder.getF32Type());
    Value block = LoadOp::create(builder, loc, blockType, source, offsets, map,
                                 ValueRange{}, /*clamp=*/false);
    StoreOp::create(builder, loc, block, target, offsets, map);
    grid[0] = context.hostCeilDiv(
        memref::DimOp::create(host, loc, destination, rank - 1),
        kSumRows * kSumColumns);
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
  for (const CaptureGradient &gradient : context.gradients) {
    bool key = gradient.dependence & kOnKey;
    if (key && (gradient.dependence & kOnQuery)) {
      auto accumulate = gradient.op;
      return accumulate.emitError(
          "is not lowered on this target: expected a gradient of a capture "
          "whose index depends on the query or on the key position, found "
          "one that depends on both");
    }
    if (cast<MemRefType>(gradient.destination.getType()).getRank() > 3)
      return op.emitOpError("is not lowered on this target: expected captures "
                            "with gradients of rank at most 3");
    auto type = MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic,
                                 ShapedType::kDynamic},
                                host.getF32Type());
    Value rows = WorkspaceOp::create(
        host, loc, type,
        ValueRange{context.sizes.batch, context.sizes.queryHeads,
                   key ? context.sizes.keyLength : context.sizes.queryLength},
        /*zero=*/false);
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
  for (auto [destination, buffer] : sums)
    emitCopy(context, buffer, destination,
             "_dcapture" + std::to_string(number++));
  return success();
}
