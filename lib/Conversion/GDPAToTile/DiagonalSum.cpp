//===- DiagonalSum.cpp - gradients summed along diagonals -----------------===//
//
// A table of relative positions has few elements, each of which as many pairs
// as a row has keys are added to. Those pairs are a diagonal of the scores, so
// they are first summed as such, in a fixed order.
//
//===----------------------------------------------------------------------===//

#include "Diagonal.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

/// Programs that share the keys of a head.
constexpr int64_t kKeyGroups = 32;
/// Diagonals that one program adds, as a block of rank 2.
constexpr int64_t kRows = 64, kColumns = 8;

class DiagonalSum {
public:
  DiagonalSum(BackwardContext &context, const CaptureGradient &gradient,
              Diagonal diagonal, Value sums, StringRef suffix)
      : context(context), op(context.op), loc(context.loc), gradient(gradient),
        diagonal(diagonal), sums(sums), suffix(suffix),
        scheme(context.scheme(gdpa::KernelKind::KeyStationary)) {}

  void run() {
    OpBuilder &host = context.host;
    Value heads = context.sizes.queryHeads;
    // Diagonal w of nq + nk (one too many): i - j + nk - 1, or i + j.
    Value count = arith::AddIOp::create(host, loc, context.sizes.queryLength,
                                        context.sizes.keyLength);
    constexpr int64_t dynamic = ShapedType::kDynamic;
    auto partialType =
        MemRefType::get({kKeyGroups, dynamic, dynamic}, host.getF32Type());
    auto totalType = MemRefType::get({dynamic, dynamic}, host.getF32Type());
    Value partial = WorkspaceOp::create(host, loc, partialType,
                                        ValueRange{heads, count}, /*zero=*/true);
    Value total = WorkspaceOp::create(host, loc, totalType,
                                      ValueRange{heads, count}, /*zero=*/false);
    sumPairs(partial);
    sumGroups(partial, total, count);
    addDiagonals(total);
  }

private:
  enum : unsigned { kHeadArgument = 3 };

  std::string nameOf(StringRef step) {
    return (context.name + suffix + step).str();
  }

  /// Rows of one head and the keys of one group: sums along their diagonals.
  void sumPairs(Value partial) {
    Program program =
        Program::create(op, nameOf("_pairs"), context.inputs({partial}));
    OpBuilder &builder = program.builder;
    BlockBuilder blocks(builder, loc, scheme);
    Value zero = program.index(0), one = program.index(1);
    Sequences sequences(program, context.sizes);
    Value group = program.id(0), head = program.id(1);
    Sequence anyOne = sequences.at(zero); // one length for all
    ScorePlace place;
    place.queryIsStationary = false;
    place.queryLength = anyOne.queryLength;
    place.keyLength = anyOne.keyLength;
    if (!context.info.isFolded)
      place.scale = program[op.getScale()];
    place.head = head;
    Value keyHead =
        arith::DivUIOp::create(builder, loc, head, sequences.ratio());

    // One loop over the query blocks of the group's key blocks of all batch
    // entries; the last group may have key blocks past the end, which are zero.
    auto blocksOf = [&](Value length, int64_t rows) -> Value {
      Value padded =
          arith::AddIOp::create(builder, loc, length, program.index(rows - 1));
      return arith::DivUIOp::create(builder, loc, padded, program.index(rows));
    };
    Value queryBlocks = blocksOf(place.queryLength, scheme.streamedBlock);
    Value keyBlocks =
        blocksOf(place.keyLength, scheme.stationaryBlock * kKeyGroups);
    Value steps = arith::MulIOp::create(
        builder, loc, sequences.count(),
        arith::MulIOp::create(builder, loc, keyBlocks, queryBlocks));
    // What is copied ahead of the loop divides even where there is no step.
    Value someQueries = arith::MaxUIOp::create(builder, loc, queryBlocks, one);
    Value someKeys = arith::MaxUIOp::create(builder, loc, keyBlocks, one);
    auto loop = scf::ForOp::create(builder, loc, zero, steps, one);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    Value within = arith::RemUIOp::create(builder, loc, step, someQueries);
    Value rest = arith::DivUIOp::create(builder, loc, step, someQueries);
    Value keyWithin = arith::RemUIOp::create(builder, loc, rest, someKeys);
    place.batch = arith::DivUIOp::create(builder, loc, rest, someKeys);
    place.queryBase = arith::MulIOp::create(builder, loc, within,
                                            program.index(scheme.streamedBlock));
    Value keyBlock = arith::AddIOp::create(
        builder, loc, arith::MulIOp::create(builder, loc, group, keyBlocks),
        keyWithin);
    place.keyBase = arith::MulIOp::create(builder, loc, keyBlock,
                                          program.index(scheme.stationaryBlock));
    Sequence sequence = sequences.at(place.batch);
    SmallVector<Value> captures =
        context.captures(program, sequences, sequence);
    place.captures = captures;
    auto rows = [&](Value buffer, RowKind kind, Dim column) {
      bool isKey = kind == RowKind::Key;
      Side side = isKey ? Side::Stationary : Side::Streamed;
      return blocks.loadRows(sequences.rows(buffer, sequence, kind),
                             isKey ? keyHead : head,
                             isKey ? place.keyBase : place.queryBase, side,
                             scheme.rowsBy(side, column), scheme.operandType);
    };
    BlockTensor score = blocks.score(rows(op.getKey(), RowKind::Key, Dim::Depth),
                                     rows(op.getQuery(), RowKind::Query, Dim::Depth));
    BlockTensor cotangent =
        blocks.score(rows(op.getValue(), RowKind::Key, Dim::ValueDepth),
                     rows(op.getDOutput(), RowKind::Query, Dim::ValueDepth));
    place.uniformPoint = builder.saveInsertionPoint();
    ScoreBlocks result =
        RegionEmitter(blocks, context.info, place)
            .emit(score, cotangent,
                  context.request(/*weight=*/false, /*ds=*/false,
                                  /*sumsOverQueries=*/true,
                                  /*sumsOverKeys=*/true, gradient));
    // w of the block's first key and query.
    Value first;
    if (diagonal == Diagonal::Sum) {
      first = arith::AddIOp::create(builder, loc, place.queryBase, place.keyBase);
    } else {
      Value shift = arith::SubIOp::create(builder, loc, place.keyLength, one);
      first = arith::AddIOp::create(
          builder, loc,
          arith::SubIOp::create(builder, loc, place.queryBase, place.keyBase),
          shift);
    }
    auto add = AccumulateOp::create(
        builder, loc, result.gradients.front().values.tensor,
        /*places=*/ValueRange(), program[partial], /*distinct=*/false);
    OpBuilder::InsertionGuard guard(builder);
    mlir::Block *body = builder.createBlock(
        &add.getBody(), {}, {builder.getIndexType(), builder.getIndexType()},
        {loc, loc});
    Value key = body->getArgument(0), query = body->getArgument(1);
    Value at = arith::AddIOp::create(builder, loc, first, query);
    at = diagonal == Diagonal::Sum
             ? arith::AddIOp::create(builder, loc, at, key).getResult()
             : arith::SubIOp::create(builder, loc, at, key).getResult();
    gdpa_tile::YieldOp::create(builder, loc, ValueRange{group, head, at});
    builder.setInsertionPointAfter(loop);
    program.finish();
    program.launch(context.host,
                   {context.hostIndex(kKeyGroups), context.sizes.queryHeads});
  }

  AffineMapAttr diagonalsMap(unsigned lead) {
    MLIRContext *context = op.getContext();
    SmallVector<AffineExpr> exprs(lead, getAffineConstantExpr(0, context));
    exprs.push_back(getAffineDimExpr(0, context) * kColumns +
                    getAffineDimExpr(1, context));
    return AffineMapAttr::get(AffineMap::get(2, 0, exprs, context));
  }

  /// Adds the groups' sums, in order.
  void sumGroups(Value partial, Value total, Value count) {
    Program program = Program::create(op, nameOf("_groups"), {partial, total});
    OpBuilder &builder = program.builder;
    BlockScheme wide;
    wide.panel = kRows;
    wide.group = kColumns;
    BlockBuilder blocks(builder, loc, wide);
    auto type = RankedTensorType::get({kRows, kColumns}, builder.getF32Type());
    Value head = program.id(1);
    Value base = arith::MulIOp::create(builder, loc, program.id(0),
                                       program.index(kRows * kColumns));
    BlockTensor zeros = blocks.zeros(wide.score(), builder.getF32Type());
    auto loop = scf::ForOp::create(builder, loc, program.index(0),
                                   program.index(kKeyGroups), program.index(1),
                                   ValueRange{zeros.tensor});
    builder.setInsertionPointToStart(loop.getBody());
    Value part = LoadOp::create(
        builder, loc, type, program[partial],
        ValueRange{loop.getInductionVar(), head, base}, diagonalsMap(2),
        ValueRange{}, /*clamp=*/false);
    BlockTensor sum = blocks.add({loop.getRegionIterArg(0), zeros.dims},
                                 {part, zeros.dims});
    scf::YieldOp::create(builder, loc, sum.tensor);
    builder.setInsertionPointAfter(loop);
    StoreOp::create(builder, loc, loop.getResult(0), program[total],
                    ValueRange{head, base}, diagonalsMap(1));
    program.finish();
    program.launch(context.host, {context.hostCeilDiv(count, kRows * kColumns),
                                  context.sizes.queryHeads});
  }

  /// Adds every diagonal to the element that its pairs name.
  void addDiagonals(Value total) {
    auto accumulate = gradient.op;
    auto headIndex = llvm::find(
        accumulate.getIndices(), Value(op.getJoint().getArgument(kHeadArgument)));
    bool distinctHeads = headIndex != accumulate.getIndices().end();
    SmallVector<Value> values = {total, sums};
    llvm::append_range(values, context.sizes.inputs());
    llvm::append_range(values, op.getCaptures());
    Program program = Program::create(op, nameOf("_places"), values);
    OpBuilder &builder = program.builder;
    Value zero = program.index(0), one = program.index(1);
    Sequences sequences(program, context.sizes);
    Sequence anyOne = sequences.at(zero);
    ScorePlace place;
    SmallVector<Value> captures = program.all(op.getCaptures());
    place.captures = captures;
    place.batch = zero;
    place.queryLength = anyOne.queryLength;
    place.keyLength = anyOne.keyLength;
    SmallVector<scf::ForOp> loops;
    auto loopOver = [&](Value begin, Value end, Value step) -> Value {
      auto loop = scf::ForOp::create(builder, loc, begin, end, step);
      builder.setInsertionPointToStart(loop.getBody());
      loops.push_back(loop);
      return loop.getInductionVar();
    };
    std::pair<Value, Value> heads = {zero, sequences.queryHeads()};
    if (distinctHeads)
      heads = sequences.ownHeads(
          program.dim(program[sums], headIndex - accumulate.getIndices().begin()));
    place.head = loopOver(heads.first, heads.second, one);
    Value base = loopOver(zero, program.dim(program[total], 1),
                          program.index(kRows * kColumns));
    auto type = RankedTensorType::get({kRows, kColumns}, builder.getF32Type());
    Value block = LoadOp::create(builder, loc, type, program[total],
                                 ValueRange{place.head, base}, diagonalsMap(1),
                                 ValueRange{}, /*clamp=*/false);
    // The pair of key 0 stands for its diagonal.
    Value firstQuery = base;
    if (diagonal == Diagonal::Difference)
      firstQuery = arith::SubIOp::create(
          builder, loc, base,
          arith::SubIOp::create(builder, loc, place.keyLength, one));
    auto add = AccumulateOp::create(builder, loc, block, /*places=*/ValueRange(),
                                    program[sums], /*distinct=*/false);
    place.uniformPoint =
        OpBuilder::InsertPoint(add->getBlock(), mlir::Block::iterator(add));
    BlockBuilder blocks(builder, loc, scheme);
    RegionEmitter emitter(blocks, context.info, place);
    {
      OpBuilder::InsertionGuard guard(builder);
      mlir::Block *body = builder.createBlock(
          &add.getBody(), {}, {builder.getIndexType(), builder.getIndexType()},
          {loc, loc});
      AffineExpr position = builder.getAffineDimExpr(0) * kColumns +
                            builder.getAffineDimExpr(1) +
                            builder.getAffineDimExpr(2);
      SmallVector<Value> operands(body->getArguments());
      operands.push_back(firstQuery);
      Value query = affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(3, 0, position), operands);
      SmallVector<Value> indices = emitter.emitIndices(
          builder, accumulate, query, zero, /*places=*/{}, program[sums],
          /*lead=*/0, /*asWritten=*/{});
      gdpa_tile::YieldOp::create(builder, loc, indices);
    }
    builder.setInsertionPointAfter(loops.front());
    program.finish();
    program.launch(context.host,
                   {context.hostIndex(1), distinctHeads
                                              ? context.sizes.queryHeads
                                              : context.hostIndex(1)});
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  CaptureGradient gradient;
  Diagonal diagonal;
  Value sums;
  StringRef suffix;
  BlockScheme scheme;
};

} // namespace

void gdpa_tile::sumDiagonals(BackwardContext &context,
                             const CaptureGradient &gradient, Diagonal diagonal,
                             Value sums, StringRef suffix) {
  DiagonalSum(context, gradient, diagonal, sums, suffix).run();
}
