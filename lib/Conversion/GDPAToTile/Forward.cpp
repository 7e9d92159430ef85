//===- Forward.cpp - the block program of the forward ---------------------===//
//
// Query-stationary: one program for a block of queries of one head; it walks
// the keys, the output stays in its accumulator.
//
//===----------------------------------------------------------------------===//

#include "BlockOrder.h"
#include "CaptureRanges.h"
#include "Normalization.h"
#include "gdpa/Conversion/FlattenRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

LogicalResult gdpa_tile::lowerForward(gdpa::AttentionOp op, StringRef name) {
  auto schedule = op.getScheduleAttr();
  if (failed(gdpa::flattenRegion(op.getActivation())) ||
      failed(gdpa::flattenRegion(op.getMask())))
    return failure();
  RegionInfo info =
      RegionInfo::analyze(op.getActivation(), &op.getMask(), /*joint=*/false);

  OpBuilder host(op);
  Location loc = op.getLoc();
  HostSizes sizes =
      HostSizes::of(host, loc, op.getQuery(), op.getKey(), op.getValue(),
                    op.getCuSeqlensQuery(), op.getCuSeqlensKey());
  BlockScheme scheme =
      makeScheme(schedule, gdpa::KernelKind::Forward, sizes,
                 op.getStorageType(), op.getComputeType());
  bool fast = isFast(op.getPrecision(), scheme);
  bool factorsLeave = op.getNormalizer() == gdpa::Normalizer::None &&
                      !op.getStorageType().isF16();
  if (fast && !scheme.packed)
    info.fold(factorsLeave);
  if (factorsLeave)
    info.splitFactors();

  SmallVector<CaptureRange> ranges =
      CaptureRanges(op, name, op.getMask(), op.getCaptures(), sizes)
          .of(scheme, /*queryIsStationary=*/true);
  SmallVector<Value> hostValues = {op.getQuery(), op.getKey(), op.getValue(),
                                   op.getOutputInit(), op.getScale()};
  llvm::append_range(hostValues, sizes.inputs());
  llvm::append_range(hostValues, op.getCaptures());
  llvm::append_range(hostValues, CaptureRanges::buffers(ranges));
  if (op.getStatisticsInit())
    hostValues.push_back(op.getStatisticsInit());
  Program program = Program::create(op, name, hostValues);
  OpBuilder &builder = program.builder;
  BlockBuilder blocks(builder, loc, scheme);
  Sequences sequences(program, sizes);

  ScorePlace place;
  BlockOrder order = orderOf(op.getMask(), RowKind::Query, scheme);
  Sequences::Work work =
      sequences.ofProgram(RowKind::Query, scheme.stationaryBlock,
                          sequences.queryHeads(), order);
  const Sequence &sequence = work.sequence;
  place.head = work.head;
  place.batch = sequence.batch;
  place.queryLength = sequence.queryLength;
  place.keyLength = sequence.keyLength;
  Value zero = program.index(0);
  Value keyHead = arith::DivUIOp::create(builder, loc, place.head,
                                         sequences.ratio());
  auto rows = [&](Value buffer, RowKind kind) {
    return sequences.rows(buffer, sequence, kind);
  };
  RowsView queryRows = rows(op.getQuery(), RowKind::Query);
  RowsView keyRows = rows(op.getKey(), RowKind::Key);
  RowsView valueRows = rows(op.getValue(), RowKind::Key);
  RowsView outputRows = rows(op.getOutputInit(), RowKind::Query);
  place.queryBase = work.base;
  place.queryIsStationary = true;
  place.captures = {};
  SmallVector<Value> captures = program.all(op.getCaptures());
  Value scale = program[op.getScale()];
  if (info.isFolded)
    captures.push_back(scale);
  place.captures = captures;
  ranges = CaptureRanges::in(program, ranges);
  place.ranges = ranges;

  blocks.setLiveRows(Side::Stationary,
                     blocks.rowsFrom(place.queryBase, place.queryLength,
                                     scheme.stationaryBlock));
  BlockTensor queries = blocks.loadRows(
      queryRows, place.head, place.queryBase, Side::Stationary,
      scheme.scoreOperand(Side::Stationary, Dim::Depth), scheme.operandType);
  // Queries in the storage type would be rounded again.
  if (scheme.scalesOperands())
    queries = blocks.scale(queries, scale);
  else if (!info.isFolded)
    place.scale = scale;
  // The loop carries the output, then the statistics of its rows.
  Normalization normalization(blocks, op.getNormalizer(), fast);
  BlockTensor output =
      blocks.zeros(scheme.rowsBy(Side::Stationary, Dim::ValueDepth),
                   scheme.computeType);
  SmallVector<BlockTensor> statistics = normalization.start();
  SmallVector<Value> carried = {output.tensor};
  for (const BlockTensor &statistic : statistics)
    carried.push_back(statistic.tensor);
  auto take = [&](ValueRange values) {
    output.tensor = values.front();
    for (auto [statistic, value] : llvm::zip(statistics, values.drop_front()))
      statistic.tensor = value;
  };

  auto loop = scf::ForOp::create(builder, loc, zero, work.walked,
                                 program.index(scheme.streamedBlock), carried);
  place.uniformPoint = OpBuilder::InsertPoint(loop->getBlock(),
                                              mlir::Block::iterator(loop));
  builder.setInsertionPointToStart(loop.getBody());
  place.keyBase = loop.getInductionVar();
  blocks.setLiveRows(Side::Streamed,
                     blocks.rowsFrom(place.keyBase, place.keyLength,
                                     scheme.streamedBlock));
  BlockTensor keys =
      blocks.loadRows(keyRows, keyHead, place.keyBase, Side::Streamed,
                      scheme.scoreOperand(Side::Streamed, Dim::Depth),
                      scheme.operandType);
  BlockTensor values =
      blocks.loadRows(valueRows, keyHead, place.keyBase, Side::Streamed,
                      scheme.sumOperand(Side::Streamed, Dim::ValueDepth),
                      scheme.operandType);
  BlockTensor score = blocks.score(queries, keys);
  RegionEmitter emitter(blocks, info, place);
  ScoreBlocks scores = emitter.emit(score, {}, normalization.request(info));
  take(loop.getRegionIterArgs());
  BlockTensor weight = normalization.advance(scores, statistics, output);
  SmallVector<Value> yields = {
      blocks.contract(weight, values, output, "stationary").tensor};
  for (const BlockTensor &statistic : statistics)
    yields.push_back(statistic.tensor);
  scf::YieldOp::create(builder, loc, yields);
  builder.setInsertionPointAfter(loop);
  take(loop.getResults());
  if (normalization.exists()) {
    BlockTensor result = normalization.finish(statistics, output);
    blocks.storeRows(result, rows(op.getStatisticsInit(), RowKind::Query),
                     place.head, place.queryBase, Side::Stationary);
  }
  if (Value factor = emitter.emitFactor(info.weightFactor))
    output = blocks.scale(output, factor);
  blocks.storeRows(output, outputRows, place.head, place.queryBase,
                   Side::Stationary);
  program.finish();

  program.launch(host, sizes.grid(host, loc, RowKind::Query,
                                  scheme.stationaryBlock, sizes.queryHeads,
                                  order));
  op.erase();
  return success();
}
