//===- PairSum.cpp - captures' gradients that depend on both positions --===//

#include "CaptureSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {
/// See sumPairs.
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
    if (!context.info.isFolded)
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
    Value blockCount = program.countBlocks(walked, scheme.streamedBlock);
    Value members = arith::MulIOp::create(
        builder, loc, jagged ? one : sequences.count(), headCount);
    bool walksKeys = inOrder && !jagged;
    Value keyBlocks;
    if (walksKeys) {
      keyBlocks =
          program.countBlocks(sequence.keyLength, scheme.stationaryBlock);
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
} // namespace

Value gdpa_tile::sumPairs(BackwardContext &context,
                          const CaptureGradient &gradient, StringRef suffix) {
  return PairSum(context, gradient, suffix.str()).run();
}
