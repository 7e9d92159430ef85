//===- CaptureStore.cpp - the last sum of a capture's gradient ----------===//

#include "CaptureSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

void gdpa_tile::storeCaptureGradient(BackwardContext &context, Value sums,
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
