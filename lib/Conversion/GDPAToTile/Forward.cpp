//===- Forward.cpp - the block program of the forward ---------------------===//
//
// Query-stationary: one program for a block of queries of one head; it walks
// the keys, the output stays in its accumulator.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "FlattenRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

LogicalResult gdpa_tile::lowerForward(gdpa::AttentionOp op, StringRef name) {
  auto schedule = op.getScheduleAttr();
  if (failed(flattenRegion(op.getActivation())) ||
      failed(flattenRegion(op.getMask())))
    return failure();
  RegionInfo info =
      RegionInfo::analyze(op.getActivation(), &op.getMask(), /*joint=*/false);

  OpBuilder host(op);
  Location loc = op.getLoc();
  HostSizes sizes =
      HostSizes::of(host, loc, op.getQuery(), op.getKey(), op.getValue());
  BlockScheme scheme =
      makeScheme(schedule, gdpa::KernelKind::Forward, sizes,
                 op.getStorageType(), op.getComputeType());

  SmallVector<Value> hostValues = {op.getQuery(), op.getKey(), op.getValue(),
                                   op.getOutputInit(), op.getScale()};
  llvm::append_range(hostValues, op.getCaptures());
  Program program = Program::create(op, name, hostValues);
  OpBuilder &builder = program.builder;
  Value query = program[op.getQuery()], key = program[op.getKey()],
        value = program[op.getValue()];
  BlockBuilder blocks(builder, loc, scheme);

  ScorePlace place;
  Value block = program.id(0);
  place.head = program.id(1);
  place.batch = program.id(2);
  Value zero = program.index(0);
  place.queryLength = program.dim(query, 2);
  place.keyLength = program.dim(key, 2);
  Value ratio = arith::DivUIOp::create(builder, loc, program.dim(query, 1),
                                       program.dim(key, 1));
  Value keyHead = arith::DivUIOp::create(builder, loc, place.head, ratio);
  place.queryBase = arith::MulIOp::create(
      builder, loc, block, program.index(scheme.stationaryBlock));
  place.queryIsStationary = true;
  place.captures = {};
  SmallVector<Value> captures = program.all(op.getCaptures());
  place.captures = captures;
  Value scale = program[op.getScale()];

  blocks.setLiveRows(Side::Stationary,
                     blocks.rowsFrom(place.queryBase, place.queryLength,
                                     scheme.stationaryBlock));
  BlockTensor queries = blocks.loadRows(
      query, {place.batch, place.head, place.queryBase, zero},
      Side::Stationary, scheme.transposed(Dim::Depth), scheme.operandType);
  if (scheme.packed)
    queries = blocks.scale(queries, scale);
  else
    place.scale = scale;
  BlockTensor output =
      blocks.zeros(scheme.rowsBy(Side::Stationary, Dim::ValueDepth),
                   scheme.computeType);

  auto loop = scf::ForOp::create(
      builder, loc, zero, place.keyLength,
      program.index(scheme.streamedBlock), ValueRange{output.tensor});
  place.uniformPoint = OpBuilder::InsertPoint(loop->getBlock(),
                                              mlir::Block::iterator(loop));
  builder.setInsertionPointToStart(loop.getBody());
  place.keyBase = loop.getInductionVar();
  blocks.setLiveRows(Side::Streamed,
                     blocks.rowsFrom(place.keyBase, place.keyLength,
                                     scheme.streamedBlock));
  SmallVector<Value> offsets = {place.batch, keyHead, place.keyBase, zero};
  BlockTensor keys =
      blocks.loadRows(key, offsets, Side::Streamed,
                      scheme.rowsBy(Side::Streamed, Dim::Depth),
                      scheme.operandType);
  BlockTensor values =
      blocks.loadRows(value, offsets, Side::Streamed,
                      scheme.rowsBy(Side::Streamed, Dim::ValueDepth),
                      scheme.operandType);
  BlockTensor score = blocks.score(queries, keys);
  ScoreRequest request;
  request.weight = true;
  request.keyTail = !info.weightFiniteAtZero;
  ScoreBlocks weights =
      RegionEmitter(blocks, info, place).emit(score, {}, request);
  BlockTensor sum = blocks.contract(weights.weight, values,
                              {loop.getRegionIterArg(0), output.dims},
                              "stationary");
  scf::YieldOp::create(builder, loc, sum.tensor);
  builder.setInsertionPointAfter(loop);
  blocks.storeRows({loop.getResult(0), output.dims},
                   program[op.getOutputInit()],
                   {place.batch, place.head, place.queryBase, zero},
                   Side::Stationary);
  program.finish();

  Value grid = host.createOrFold<arith::CeilDivUIOp>(
      loc, sizes.queryLength,
      arith::ConstantIndexOp::create(host, loc, scheme.stationaryBlock));
  program.launch(host, {grid, sizes.queryHeads, sizes.batch});
  op.erase();
  return success();
}
