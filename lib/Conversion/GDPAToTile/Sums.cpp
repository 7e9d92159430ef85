//===- Sums.cpp - sums of results in memory of the call -------------------===//
//
// An argument that is several of q, k and v has the sum of their gradients: each
// is written to a workspace, then added element by element.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

static constexpr int64_t kRows = 64;

LogicalResult gdpa_tile::lowerSum(linalg::AddOp op, StringRef name) {
  Value left = op.getInputs()[0], right = op.getInputs()[1];
  Value destination = op.getOutputs()[0];
  auto type = dyn_cast<MemRefType>(destination.getType());
  if (!type || type.getRank() < 2 || type.isDynamicDim(type.getRank() - 1))
    return op.emitOpError("is not lowered: expected buffers of rows of a "
                          "static width, found ")
           << destination.getType();
  Location loc = op.getLoc();
  OpBuilder host(op);
  Type compute = type.getElementType().isF64() ? Type(host.getF64Type())
                                               : Type(host.getF32Type());
  BlockScheme scheme;
  scheme.panel = scheme.stationaryBlock = kRows;
  scheme.depth = llvm::alignTo(type.getShape().back(), 16);
  scheme.computeType = scheme.operandType = compute;
  Program program = Program::create(op, name, {left, right, destination});
  OpBuilder &builder = program.builder;
  BlockBuilder blocks(builder, loc, scheme);
  int64_t rowDim = type.getRank() - 2;

  // All dimensions on the first one of the grid: the others are short.
  auto hostDim = [&](int64_t dim) -> Value {
    return host.createOrFold<memref::DimOp>(loc, destination, dim);
  };
  Value count = host.createOrFold<arith::CeilDivUIOp>(
      loc, hostDim(rowDim), arith::ConstantIndexOp::create(host, loc, kRows));
  Value rest = program.id(0), target = program[destination];
  auto next = [&](Value extent) -> Value {
    Value position = arith::RemUIOp::create(builder, loc, rest, extent);
    rest = arith::DivUIOp::create(builder, loc, rest, extent);
    return position;
  };
  SmallVector<Value> offsets(type.getRank());
  offsets[rowDim + 1] = program.index(0);
  offsets[rowDim] = arith::MulIOp::create(
      builder, loc, next(blocks.ceilDiv(program.dim(target, rowDim), kRows)),
      program.index(kRows));
  for (int64_t dim = rowDim - 1; dim >= 0; --dim) {
    offsets[dim] = next(program.dim(target, dim));
    count = arith::MulIOp::create(host, loc, count, hostDim(dim));
  }
  Dims dims = {Dim::PanelRow, Dim::Depth};
  auto load = [&](Value buffer) -> BlockTensor {
    return {LoadOp::create(builder, loc, blocks.type(dims, compute),
                           program[buffer], offsets, AffineMapAttr(),
                           ValueRange{}, /*clamp=*/false),
            dims};
  };
  BlockTensor sum = blocks.add(load(left), load(right));
  StoreOp::create(builder, loc, sum.tensor, target, offsets, AffineMapAttr());
  program.finish();
  program.launch(host, {count});
  op.erase();
  return success();
}
