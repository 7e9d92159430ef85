//===- LoadPairs.cpp - blocks whose neighbours lie in pairs ---------------===//
//
// Operands of products that take two 16-bit neighbours along the summed
// dimension at once.
//
//===----------------------------------------------------------------------===//

#include "BlockLowering.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

Value BlockLowering::joinPairs(Value buffer) {
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < rank - 1; ++dim)
    groups.push_back({dim});
  groups.back().push_back(rank - 1);
  return memref::CollapseShapeOp::create(b, buffer, groups);
}

void BlockLowering::loadPairsOfRows(gdpa_tile::LoadOp load, AccessShape access,
                                    Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType();
  Type sourceElement = cast<MemRefType>(source.getType()).getElementType();
  int64_t width = type.getShape().end()[-2];
  SmallVector<Value> offsets = fixedOffsets(load);
  Value columns = liveColumns(source, access.column, offsets.back(), width);
  ArrayRef<Value> pairSizes = sizes.drop_back(2);
  Value total = constant(2);
  for (Value size : pairSizes)
    total = mul(total, size);
  Value rows = liveRows(load, access, offsets, total, columns);
  Value last = sub(rows, constant(1));
  int64_t chunk = std::min(lanes, width);
  while (width % chunk)
    chunk /= 2;
  Value mainColumns = mul(b.createOrFold<arith::DivUIOp>(columns, constant(chunk)),
                          constant(chunk));
  Value rowOffset = offsets[access.row], columnOffset = offsets.back();
  Value joined = joinPairs(buffer);
  SmallVector<int64_t> interleaved;
  for (int64_t lane = 0; lane < chunk; ++lane)
    interleaved.append({lane, chunk + lane});
  loops(pairSizes, [&](ValueRange position) {
    Value first = constant(0);
    for (auto [at, size] : llvm::zip(position, pairSizes))
      first = add(mul(first, size), at);
    first = mul(first, constant(2));
    Value row[2], live[2]; // rows past the end repeat the last, masked
    for (int64_t k = 0; k < 2; ++k) {
      Value index = add(first, constant(k));
      row[k] = add(rowOffset, max(min(index, last), constant(0)));
      live[k] = less(index, rows);
    }
    auto from = [&](int64_t k, Value column) {
      SmallVector<Value> indices(offsets);
      indices[access.row] = row[k];
      indices.back() = add(columnOffset, column);
      return indices;
    };
    SmallVector<Value> to(position);
    to.push_back(Value());
    auto vectorType = VectorType::get({chunk}, element);
    loop(constant(0), mainColumns, chunk, [&](Value c) {
      Value half[2];
      for (int64_t k = 0; k < 2; ++k) {
        Value value = vector::LoadOp::create(
            b, VectorType::get({chunk}, sourceElement), source, from(k, c));
        half[k] = arith::SelectOp::create(b, live[k], convert(value, element),
                                          zero(vectorType));
      }
      to.back() = mul(c, constant(2));
      vector::StoreOp::create(
          b, vector::ShuffleOp::create(b, half[0], half[1], interleaved), joined, to);
    });
    loop(mainColumns, columns, 1, [&](Value c) {
      for (int64_t k = 0; k < 2; ++k) {
        Value value = memref::LoadOp::create(b, source, from(k, c));
        value = arith::SelectOp::create(b, live[k], convert(value, element),
                                        zero(element));
        to.back() = add(mul(c, constant(2)), constant(k));
        memref::StoreOp::create(b, value, joined, to);
      }
    });
    loop(columns, constant(width), 1, [&](Value c) {
      for (int64_t k = 0; k < 2; ++k) {
        to.back() = add(mul(c, constant(2)), constant(k));
        memref::StoreOp::create(b, zero(element), joined, to);
      }
    });
  });
}

void BlockLowering::loadPanelsOfPairs(gdpa_tile::LoadOp load, AccessShape access,
                                      Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto type = cast<MemRefType>(buffer.getType());
  Type element = type.getElementType();
  Type sourceElement = cast<MemRefType>(source.getType()).getElementType();
  int64_t panel = type.getDimSize(2), pairs = type.getDimSize(1);
  SmallVector<Value> offsets = fixedOffsets(load);
  Value columns = liveColumns(source, access.column, offsets.back(), 2 * pairs);
  Value rows = liveRows(load, access, offsets, mul(sizes[0], constant(panel)),
                        columns);
  // Squares of 32-bit pairs are transposed.
  int64_t side = std::min(lanes, panel);
  while (panel % side)
    side /= 2;
  Value mainPairs = b.createOrFold<arith::DivUIOp>(columns, constant(2 * side));
  mainPairs = mul(mainPairs, constant(side));
  Value mainColumns = mul(mainPairs, constant(2));
  Value rowOffset = offsets[access.row], columnOffset = offsets.back();
  Value joined = joinPairs(buffer);
  auto pairType = VectorType::get({side}, b.getI32Type());
  auto vectorType = VectorType::get({2 * side}, element);
  loop(constant(0), sizes[0], 1, [&](Value p) {
    loop(constant(0), constant(panel), side, [&](Value i0) {
      Value first = add(mul(p, constant(panel)), i0);
      SmallVector<Value> row, live;
      rowsOfPanel(first, side, rows, rowOffset, row, live);
      auto from = [&](int64_t k, Value column) {
        SmallVector<Value> indices(offsets);
        indices[access.row] = row[k];
        indices.back() = add(columnOffset, column);
        return indices;
      };
      Value to = mul(i0, constant(2));
      loop(constant(0), mainPairs, side, [&](Value c) {
        SmallVector<Value> square;
        for (int64_t k = 0; k < side; ++k) {
          Value value = vector::LoadOp::create(
              b, VectorType::get({2 * side}, sourceElement), source,
              from(k, mul(c, constant(2))));
          value = vector::BitCastOp::create(b, pairType, convert(value, element));
          square.push_back(
              arith::SelectOp::create(b, live[k], value, zero(pairType)));
        }
        transpose(square);
        for (int64_t k = 0; k < side; ++k)
          vector::StoreOp::create(
              b, vector::BitCastOp::create(b, vectorType, square[k]), joined,
              ValueRange{p, add(c, constant(k)), to});
      });
      // What follows the last square, cleared first.
      loop(mainPairs, constant(pairs), 1, [&](Value c) {
        vector::StoreOp::create(b, zero(vectorType), joined, ValueRange{p, c, to});
      });
      loop(mainColumns, columns, 1, [&](Value c) {
        Value pair = b.createOrFold<arith::DivUIOp>(c, constant(2));
        Value part = b.createOrFold<arith::RemUIOp>(c, constant(2));
        for (int64_t k = 0; k < side; ++k) {
          Value value = memref::LoadOp::create(b, source, from(k, c));
          value = arith::SelectOp::create(b, live[k], convert(value, element),
                                          zero(element));
          memref::StoreOp::create(
              b, value, joined,
              ValueRange{p, pair, add(add(to, constant(2 * k)), part)});
        }
      });
    });
  });
}
