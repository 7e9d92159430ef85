//===- StoreBlocks.cpp - write blocks back --------------------------------===//

#include "BlockLowering.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

LogicalResult BlockLowering::lower(gdpa_tile::StoreOp store) {
  b.setInsertionPoint(store);
  b.setLoc(store.getLoc());
  auto type = cast<RankedTensorType>(store.getValue().getType());
  Value destination = store.getDestination();
  auto destinationType = cast<MemRefType>(destination.getType());
  AffineMap map = store.getCoordinateMap();
  AccessShape access = classify(map, type, destinationType);
  Value buffer = blockBuffer(store.getValue());
  SmallVector<Value> sizes = bufferSizes(buffer);
  SmallVector<Value> offsets(store.getOffsets());
  if (access.kind != AccessShape::Rows) {
    loops(sizes, [&](ValueRange position) {
      SmallVector<Value> indices;
      Value inside;
      for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
        Value index = affine::expandAffineExpr(b, b.getLoc(), expr, position, ValueRange());
        indices.push_back(add(offsets[dim], index));
        Value test = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                           indices.back(), extent(destination, dim));
        inside = inside ? Value(arith::AndIOp::create(b, inside, test)) : test;
      }
      auto write = [&] {
        Value value = memref::LoadOp::create(b, buffer, position);
        memref::StoreOp::create(b, convert(value, destinationType.getElementType()),
                                destination, indices);
      };
      if (!inside)
        return write();
      auto choice = scf::IfOp::create(b, inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(&choice.getThenRegion().front());
      write();
    });
    store.erase();
    return success();
  }
  for (auto [offset, expr] : llvm::zip(offsets, map.getResults()))
    if (auto fixed = dyn_cast<AffineConstantExpr>(expr); fixed && fixed.getValue())
      offset = add(offset, constant(fixed.getValue()));
  int64_t width = type.getShape().back();
  Value columns = liveColumns(destination, access.column, offsets.back(), width);
  Value inside = fixedDimsInside(map, destination, store.getOffsets(), access);
  auto writeRow = [&](ArrayRef<Value> at) {
    // The block's columns from 0, the destination's from its offset.
    SmallVector<Value> from(at), to(offsets);
    Value toColumn = to.back();
    auto copyAt = [&](Value column, int64_t chunk) {
      from.back() = column;
      to.back() = add(toColumn, column);
      copyVector(buffer, from, destination, to, chunk);
    };
    if (std::optional<int64_t> known = getConstantIntValue(columns)) {
      int64_t column = 0;
      while (column < *known) {
        int64_t chunk = lanes;
        while (chunk > *known - column)
          chunk /= 2;
        int64_t count = (*known - column) / chunk;
        loop(constant(column), constant(column + count * chunk), chunk,
             [&](Value c) { copyAt(c, chunk); });
        column += count * chunk;
      }
      return;
    }
    Value vectors = mul(b.createOrFold<arith::DivUIOp>(columns, constant(lanes)),
                        constant(lanes));
    loop(constant(0), vectors, lanes, [&](Value c) { copyAt(c, lanes); });
    loop(vectors, columns, 1, [&](Value c) { copyAt(c, 1); });
  };
  if (access.row < 0) {
    if (inside)
      columns = arith::SelectOp::create(b, inside, columns, constant(0));
    writeRow({constant(0)});
    store.erase();
    return success();
  }
  Value total = sizes[0];
  for (Value size : ArrayRef<Value>(sizes).drop_front().drop_back())
    total = mul(total, size);
  Value rows =
      clampTo(sub(extent(destination, access.row), offsets[access.row]), total);
  if (inside)
    rows = arith::SelectOp::create(b, inside, rows, constant(0));
  int64_t inner = sizes.size() - 2;
  Value rowOffset = offsets[access.row];
  loops(ArrayRef<Value>(sizes).take_front(inner), [&](ValueRange outer) {
    Value first = constant(0);
    for (auto [position, size] :
         llvm::zip(outer, ArrayRef<Value>(sizes).drop_front()))
      first = mul(add(first, position), size);
    Value live = clampTo(sub(rows, first), sizes[inner]);
    SmallVector<Value> at(outer);
    at.append({Value(), constant(0)});
    loop(constant(0), live, 1, [&](Value row) {
      at[inner] = row;
      offsets[access.row] = add(rowOffset, add(first, row));
      writeRow(at);
    });
  });
  store.erase();
  return success();
}
