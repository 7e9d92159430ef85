//===- LoadBlocks.cpp - fill the buffers of blocks ------------------------===//

#include "BlockLowering.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

SmallVector<Value> BlockLowering::fixedOffsets(gdpa_tile::LoadOp load) {
  SmallVector<Value> offsets(load.getOffsets());
  for (auto [offset, expr] :
       llvm::zip(offsets, load.getCoordinateMap().getResults()))
    if (auto fixed = dyn_cast<AffineConstantExpr>(expr); fixed && fixed.getValue())
      offset = add(offset, constant(fixed.getValue()));
  return offsets;
}

void BlockLowering::loadRows(gdpa_tile::LoadOp load, AccessShape access,
                             Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto shape = cast<MemRefType>(buffer.getType()).getShape();
  SmallVector<Value> offsets = fixedOffsets(load);
  int64_t width = shape.back();
  Value columns = liveColumns(source, access.column, offsets.back(), width);
  Value inside = fixedDimsInside(load.getCoordinateMap(), source,
                                 load.getOffsets(), access);
  if (access.row < 0) {
    if (inside)
      columns = arith::SelectOp::create(b, inside, columns, constant(0));
    return copyRow(source, offsets, buffer, {constant(0)}, columns, width, true);
  }
  Value total = sizes[0];
  for (Value size : sizes.drop_front().drop_back())
    total = mul(total, size);
  Value rows = clampTo(sub(extent(source, access.row), offsets[access.row]), total);
  if (inside)
    rows = arith::SelectOp::create(b, inside, rows, constant(0));
  // All dimensions of rows but the last, then the live rows of the last.
  int64_t inner = shape.size() - 2;
  Value rowOffset = offsets[access.row];
  loops(sizes.take_front(inner), [&](ValueRange outer) {
    Value first = constant(0);
    for (auto [position, size] : llvm::zip(outer, sizes.drop_front()))
      first = mul(add(first, position), size);
    Value live = clampTo(sub(rows, first), sizes[inner]);
    SmallVector<Value> at(outer);
    at.append({Value(), constant(0)});
    loop(constant(0), live, 1, [&](Value row) {
      at[inner] = row;
      offsets[access.row] = add(rowOffset, add(first, row));
      copyRow(source, offsets, buffer, at, columns, width, true);
    });
    loop(live, sizes[inner], 1, [&](Value row) {
      at[inner] = row;
      clearRow(buffer, at, 0, width);
    });
  });
}

Value BlockLowering::liveRows(gdpa_tile::LoadOp load, AccessShape access,
                              ArrayRef<Value> offsets, Value limit,
                              Value &columns) {
  Value source = load.getSource();
  Value rows = clampTo(sub(extent(source, access.row), offsets[access.row]), limit);
  if (Value inside = fixedDimsInside(load.getCoordinateMap(), source,
                                     load.getOffsets(), access))
    rows = arith::SelectOp::create(b, inside, rows, constant(0));
  columns = b.createOrFold<arith::SelectOp>(less(constant(0), rows), columns,
                                            constant(0));
  return rows;
}

void BlockLowering::rowsOfPanel(Value first, int64_t count, Value rows,
                                Value rowOffset, SmallVectorImpl<Value> &row,
                                SmallVectorImpl<Value> &live) {
  Value last = sub(rows, constant(1));
  for (int64_t k = 0; k < count; ++k) {
    Value index = add(first, constant(k));
    row.push_back(add(rowOffset, max(min(index, last), constant(0))));
    live.push_back(less(index, rows));
  }
}

void BlockLowering::loadPanels(gdpa_tile::LoadOp load, AccessShape access,
                               Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto shape = cast<RankedTensorType>(load.getType()).getShape();
  int64_t rank = shape.size(), panel = shape.back();
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Type sourceElement = cast<MemRefType>(source.getType()).getElementType();
  SmallVector<Value> offsets = fixedOffsets(load);
  // [panel][column][row of the panel]
  SmallVector<ReassociationIndices> groups = {{0}, {}, {rank - 1}};
  for (int64_t dim = 1; dim < rank - 1; ++dim)
    groups[1].push_back(dim);
  Value panels = memref::CollapseShapeOp::create(b, buffer, groups);
  Value width = sizes[1];
  for (Value size : sizes.slice(2, rank - 3))
    width = mul(width, size);
  Value columns;
  if (std::optional<int64_t> known = getConstantIntValue(width))
    columns = liveColumns(source, access.column, offsets.back(), *known);
  else
    columns = clampTo(sub(extent(source, access.column), offsets.back()), width);
  Value rows = liveRows(load, access, offsets, mul(sizes[0], constant(panel)),
                        columns);
  int64_t side = std::min(lanes, panel);
  while (panel % side)
    side /= 2;
  Value mainColumns = mul(b.createOrFold<arith::DivUIOp>(columns, constant(side)),
                          constant(side));
  Value rowOffset = offsets[access.row], columnOffset = offsets.back();
  auto vectorType = VectorType::get({side}, element);
  loop(constant(0), sizes[0], 1, [&](Value p) {
    loop(constant(0), constant(panel), side, [&](Value i0) {
      Value first = add(mul(p, constant(panel)), i0);
      SmallVector<Value> row, live;
      rowsOfPanel(first, side, rows, rowOffset, row, live);
      auto at = [&](int64_t k, Value column) {
        SmallVector<Value> indices(offsets);
        indices[access.row] = row[k];
        indices.back() = add(columnOffset, column);
        return indices;
      };
      loop(constant(0), mainColumns, side, [&](Value c) {
        SmallVector<Value> square;
        for (int64_t k = 0; k < side; ++k) {
          Value value = vector::LoadOp::create(
              b, VectorType::get({side}, sourceElement), source, at(k, c));
          square.push_back(arith::SelectOp::create(
              b, live[k], convert(value, element), zero(vectorType)));
        }
        transpose(square);
        for (int64_t k = 0; k < side; ++k)
          vector::StoreOp::create(b, square[k], panels,
                                  ValueRange{p, add(c, constant(k)), i0});
      });
      loop(mainColumns, columns, 1, [&](Value c) {
        for (int64_t k = 0; k < side; ++k) {
          Value value = memref::LoadOp::create(b, source, at(k, c));
          value = arith::SelectOp::create(b, live[k], convert(value, element),
                                          zero(element));
          memref::StoreOp::create(b, value, panels,
                                  ValueRange{p, c, add(i0, constant(k))});
        }
      });
      loop(columns, width, 1, [&](Value c) {
        vector::StoreOp::create(b, zero(vectorType), panels, ValueRange{p, c, i0});
      });
    });
  });
}

void BlockLowering::loadScalars(gdpa_tile::LoadOp load, Value buffer,
                                ArrayRef<Value> sizes) {
  Value source = load.getSource();
  AffineMap map = load.getCoordinateMap();
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  SmallVector<Value> extents;
  Value some; // no dimension of the source is empty
  for (int64_t dim = 0; dim < map.getNumResults(); ++dim) {
    extents.push_back(extent(source, dim));
    Value test = less(constant(0), extents.back());
    some = some ? b.createOrFold<arith::AndIOp>(some, test) : test;
  }
  if (!some)
    some = arith::ConstantIntOp::create(b, 1, 1);
  auto choice = scf::IfOp::create(b, some, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&choice.getThenRegion().front());
    loops(sizes, [&](ValueRange position) {
      SmallVector<Value> indices;
      Value inside;
      for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
        Value index = affine::expandAffineExpr(b, b.getLoc(), expr, position, ValueRange());
        index = add(load.getOffsets()[dim], index);
        // Read the nearest element, then drop it: no branch in the loop.
        indices.push_back(clampTo(index, sub(extents[dim], constant(1))));
        if (load.getClamp())
          continue;
        Value test = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index,
                                           extents[dim]);
        inside = inside ? Value(arith::AndIOp::create(b, inside, test)) : test;
      }
      Value value =
          convert(memref::LoadOp::create(b, source, indices), element);
      if (inside)
        value = arith::SelectOp::create(b, inside, value, zero(element));
      memref::StoreOp::create(b, value, buffer, position);
    });
    b.setInsertionPointToStart(&choice.getElseRegion().front());
    loops(sizes, [&](ValueRange position) {
      memref::StoreOp::create(b, zero(element), buffer, position);
    });
  }
}

LogicalResult BlockLowering::lower(gdpa_tile::LoadOp load) {
  b.setInsertionPoint(load);
  b.setLoc(load.getLoc());
  auto type = cast<RankedTensorType>(load.getType());
  FailureOr<Value> buffer = allocate(load, type, load.getSizes());
  if (failed(buffer))
    return failure();
  SmallVector<Value> sizes = blockSizes(type, load.getSizes());
  AccessShape access = classify(load.getCoordinateMap(), type,
                                cast<MemRefType>(load.getSource().getType()));
  if (load.getClamp())
    access.kind = AccessShape::Scalars;
  switch (access.kind) {
  case AccessShape::Rows:
    loadRows(load, access, *buffer, sizes);
    break;
  case AccessShape::Panels:
    loadPanels(load, access, *buffer, sizes);
    break;
  case AccessShape::RowsOfPairs: {
    SmallVector<Value> joined = llvm::to_vector(ArrayRef(sizes).drop_back());
    joined.back() = constant(*getConstantIntValue(sizes.end()[-2]) * 2);
    loadRows(load, access, joinPairs(*buffer), joined);
    break;
  }
  case AccessShape::PairsOfRows:
    loadPairsOfRows(load, access, *buffer, sizes);
    break;
  case AccessShape::PanelsOfPairs:
    loadPanelsOfPairs(load, access, *buffer, sizes);
    break;
  case AccessShape::Scalars:
    loadScalars(load, *buffer, sizes);
    break;
  }
  load.getResult().replaceAllUsesWith(asTensor(*buffer, type, sizes));
  load.erase();
  return success();
}
