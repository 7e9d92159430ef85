//===- AccumulateBlocks.cpp - add blocks into memory ----------------------===//
//
// Element by element, but for tiles whose elements all go to one place: far from
// the diagonal a clamped distance is the same everywhere, and a chain of
// additions to one address takes the latency of each.
//
//===----------------------------------------------------------------------===//

#include "BlockLowering.h"
#include "Monotone.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

/// Fewer elements are not worth a test.
static constexpr int64_t kMinTile = 16;

/// The number of `accumulate`'s last dimensions that make a tile whose indices
/// may all be the same, which then shows at the tile's corners; 0: none.
static unsigned getTileRank(gdpa_tile::AccumulateOp accumulate,
                            MemRefType buffer) {
  Block &body = accumulate.getBody().front();
  unsigned rank = buffer.getRank(), tileRank = 0;
  int64_t elements = 1;
  while (tileRank < std::min(rank, 2u) &&
         !buffer.isDynamicDim(rank - 1 - tileRank))
    elements *= buffer.getDimSize(rank - 1 - tileRank++);
  if (elements < kMinTile || !accumulate.getPlaces().empty())
    return 0;
  for (Value index : body.getTerminator()->getOperands())
    for (unsigned dim = rank - tileRank; dim < rank; ++dim) {
      std::optional<Monotone> change =
          getMonotone(index, body.getArgument(dim));
      if (!change || (change->strict && buffer.getDimSize(dim) > 1))
        return 0;
    }
  return tileRank;
}

SmallVector<Value> BlockLowering::placeOf(gdpa_tile::AccumulateOp accumulate,
                                          ValueRange arguments) {
  Block &body = accumulate.getBody().front();
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    b.clone(op, mapping);
  SmallVector<Value> indices;
  for (Value index : body.getTerminator()->getOperands())
    indices.push_back(mapping.lookupOrDefault(index));
  return indices;
}

void BlockLowering::addTo(Value destination, ValueRange indices, Value value) {
  Value sum = memref::LoadOp::create(b, destination, indices);
  // Sums may be wider than the block.
  sum = arith::AddFOp::create(b, sum, convert(value, sum.getType()));
  memref::StoreOp::create(b, sum, destination, indices);
}

Value BlockLowering::sumOfTile(Value buffer, ValueRange outer, Type sumType) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t columns = type.getDimSize(type.getRank() - 1);
  bool isMatrix = type.getRank() > static_cast<int64_t>(outer.size()) + 1;
  int64_t rows = isMatrix ? type.getDimSize(type.getRank() - 2) : 1;
  // A register of sums; each row has its own, so that they do not wait for
  // each other.
  int64_t width = lanes * 32 / sumType.getIntOrFloatBitWidth();
  while (columns % width)
    width /= 2;
  SmallVector<Value> sums;
  for (int64_t row = 0; row < rows; ++row) {
    Value sum;
    for (int64_t column = 0; column < columns; column += width) {
      SmallVector<Value> at(outer);
      if (isMatrix)
        at.push_back(constant(row));
      at.push_back(constant(column));
      Value part = vector::LoadOp::create(
          b, VectorType::get({width}, type.getElementType()), buffer, at);
      part = convert(part, sumType);
      sum = sum ? arith::AddFOp::create(b, sum, part).getResult() : part;
    }
    sums.push_back(sum);
  }
  for (size_t distance = 1; distance < sums.size(); distance *= 2)
    for (size_t row = 0; row + distance < sums.size(); row += 2 * distance)
      sums[row] = arith::AddFOp::create(b, sums[row], sums[row + distance]);
  return vector::ReductionOp::create(b, vector::CombiningKind::ADD, sums[0]);
}

LogicalResult BlockLowering::lower(gdpa_tile::AccumulateOp accumulate) {
  b.setInsertionPoint(accumulate);
  b.setLoc(accumulate.getLoc());
  Value buffer = blockBuffer(accumulate.getValue());
  auto type = cast<MemRefType>(buffer.getType());
  Value destination = accumulate.getDestination();
  SmallVector<Value> sizes = bufferSizes(buffer);
  SmallVector<Value> places;
  for (Value place : accumulate.getPlaces())
    places.push_back(blockBuffer(place));
  auto addElement = [&](ValueRange position) {
    SmallVector<Value> arguments(position);
    for (Value place : places)
      arguments.push_back(memref::LoadOp::create(b, place, position));
    SmallVector<Value> indices = placeOf(accumulate, arguments);
    addTo(destination, indices, memref::LoadOp::create(b, buffer, position));
  };
  unsigned tileRank = getTileRank(accumulate, type);
  if (!tileRank) {
    loops(sizes, addElement);
    accumulate.erase();
    return success();
  }
  ArrayRef<Value> outerSizes = ArrayRef<Value>(sizes).drop_back(tileRank);
  loops(outerSizes, [&](ValueRange outer) {
    // All places lie between those of the corners.
    Value isUniform;
    SmallVector<Value> first;
    for (unsigned corner = 0; corner < 1u << tileRank; ++corner) {
      SmallVector<Value> position(outer);
      for (unsigned dim = 0; dim < tileRank; ++dim) {
        int64_t size = type.getDimSize(outer.size() + dim);
        position.push_back(constant(corner >> dim & 1 ? size - 1 : 0));
      }
      SmallVector<Value> indices = placeOf(accumulate, position);
      if (first.empty()) {
        first = indices;
        continue;
      }
      for (auto [index, other] : llvm::zip(first, indices)) {
        if (index == other)
          continue;
        Value same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, index,
                                           other);
        isUniform = isUniform ? arith::AndIOp::create(b, isUniform, same)
                                    .getResult()
                              : same;
      }
    }
    auto addTile = [&] {
      Type sumType =
          cast<MemRefType>(destination.getType()).getElementType();
      addTo(destination, first, sumOfTile(buffer, outer, sumType));
    };
    if (!isUniform)
      return addTile();
    auto branch = scf::IfOp::create(b, isUniform, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    addTile();
    b.setInsertionPointToStart(branch.elseBlock());
    loops(ArrayRef<Value>(sizes).take_back(tileRank), [&](ValueRange inner) {
      SmallVector<Value> position(outer);
      position.append(inner.begin(), inner.end());
      addElement(position);
    });
  });
  accumulate.erase();
  return success();
}
