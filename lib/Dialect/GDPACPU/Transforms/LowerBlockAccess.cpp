//===- LowerBlockAccess.cpp - loads and stores of blocks as buffer code ---===//
//
// Every block gets a buffer of its own, filled here by explicit loops, so that
// bufferization later has nothing to decide.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPULOWERBLOCKACCESS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// A line of the caches.
constexpr int64_t kLineBytes = 64;

/// Whether `expr` is the row-major position of dimensions first..last (inclusive)
/// of a block of `shape`.
bool isRowMajorPosition(AffineExpr expr, ArrayRef<int64_t> shape, unsigned first,
                        unsigned last) {
  AffineExpr expected = getAffineDimExpr(first, expr.getContext());
  for (unsigned dim = first + 1; dim <= last; ++dim) {
    if (ShapedType::isDynamic(shape[dim]))
      return false;
    expected = expected * shape[dim] + getAffineDimExpr(dim, expr.getContext());
  }
  return simplifyAffineExpr(expr, shape.size(), 0) ==
         simplifyAffineExpr(expected, shape.size(), 0);
}

bool hasUnitLastStride(MemRefType type) {
  return type.getRank() > 0 && type.isLastDimUnitStride();
}

/// How the dimensions of a block lie in a buffer.
struct AccessShape {
  enum Kind {
    Rows,   // block [r...][c]: rows of the buffer, contiguous
    Panels, // block [p][c...][i]: rows p * size(i) + i of the buffer, transposed
    Scalars // anything else
  };
  Kind kind = Scalars;
  int row = -1;    // the buffer's dimension that holds rows; -1: a single row
  int column = -1; // the buffer's last dimension
};

AccessShape classify(AffineMap map, RankedTensorType block, MemRefType buffer) {
  AccessShape access;
  int64_t rank = block.getRank();
  if (rank == 0 || !hasUnitLastStride(buffer) ||
      !isa<FloatType>(block.getElementType()))
    return access;
  access.column = buffer.getRank() - 1;
  ArrayRef<int64_t> shape = block.getShape();
  if (ShapedType::isDynamic(shape.back()))
    return access;
  for (int64_t dim = 0; dim < access.column; ++dim) {
    if (isa<AffineConstantExpr>(map.getResult(dim)))
      continue;
    if (access.row >= 0)
      return access; // rows along two dimensions
    access.row = dim;
  }
  AffineExpr column = map.getResult(access.column);
  if (isRowMajorPosition(column, shape, rank - 1, rank - 1) &&
      (rank == 1 ? access.row < 0
                 : access.row >= 0 && isRowMajorPosition(map.getResult(access.row),
                                                         shape, 0, rank - 2))) {
    access.kind = AccessShape::Rows;
    return access;
  }
  if (rank < 3 || access.row < 0)
    return access;
  MLIRContext *context = map.getContext();
  AffineExpr panelRow = getAffineDimExpr(0, context) * shape.back() +
                        getAffineDimExpr(rank - 1, context);
  if (simplifyAffineExpr(map.getResult(access.row), rank, 0) ==
          simplifyAffineExpr(panelRow, rank, 0) &&
      isRowMajorPosition(column, shape, 1, rank - 2))
    access.kind = AccessShape::Panels;
  return access;
}

class BlockLowering {
public:
  BlockLowering(func::FuncOp func, int64_t vectorBits)
      : func(func), lanes(vectorBits / 32), b(func.getLoc(), func.getContext()) {}

  LogicalResult run();

private:
  // Index arithmetic.
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(x, y); }
  Value sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(x, y); }
  Value min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y).getResult();
  }
  /// value in [0, limit]
  Value clampTo(Value value, Value limit) {
    return max(min(value, limit), constant(0));
  }
  Value extent(Value buffer, int64_t dim) {
    return b.createOrFold<memref::DimOp>(buffer, dim);
  }
  void loop(Value from, Value to, int64_t step, function_ref<void(Value)> body);
  void loops(ArrayRef<Value> sizes, function_ref<void(ValueRange)> body);

  // Elements.
  Value zero(Type type) {
    return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type))).getResult();
  }
  Value convert(Value value, Type element);
  void copyVector(Value from, ValueRange fromAt, Value to, ValueRange toAt,
                  int64_t width);

  /// Transposes as many vectors as each has elements, a power of two.
  void transpose(SmallVectorImpl<Value> &rows);

  /// A buffer at the top of the program that holds a block of this type.
  FailureOr<Value> allocate(Operation *op, RankedTensorType type,
                            ValueRange dynamicSizes);
  /// The part of `buffer` that holds a block of `type`, as a tensor.
  Value asTensor(Value buffer, RankedTensorType type, ArrayRef<Value> sizes);
  SmallVector<Value> blockSizes(RankedTensorType type, ValueRange dynamicSizes);

  /// Whether the offset of each dimension in which the block has one position
  /// is inside the buffer.
  Value fixedDimsInside(AffineMap map, Value buffer, ValueRange offsets,
                        AccessShape access);
  /// Copies `live` (a constant where it is known) of a row's `width` elements;
  /// clears the rest where `clear` is set.
  void copyRow(Value from, SmallVector<Value> fromAt, Value to,
               SmallVector<Value> toAt, Value live, int64_t width, bool clear);
  void clearRow(Value to, SmallVector<Value> at, int64_t from, int64_t width);

  void loadRows(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                ArrayRef<Value> sizes);
  void loadPanels(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                  ArrayRef<Value> sizes);
  void loadScalars(gdpa_tile::LoadOp load, Value buffer, ArrayRef<Value> sizes);
  LogicalResult lower(gdpa_tile::LoadOp load);
  LogicalResult lower(gdpa_tile::StoreOp store);
  LogicalResult lower(gdpa_tile::AccumulateOp accumulate);
  LogicalResult lower(tensor::EmptyOp empty);
  Value blockBuffer(Value block);
  SmallVector<Value> bufferSizes(Value buffer);

  func::FuncOp func;
  int64_t lanes; // f32 elements of a vector register
  ImplicitLocOpBuilder b;
};

void BlockLowering::loop(Value from, Value to, int64_t step,
                         function_ref<void(Value)> body) {
  std::optional<int64_t> low = getConstantIntValue(from);
  std::optional<int64_t> high = getConstantIntValue(to);
  if (low && high && *low >= *high)
    return;
  if (low && high && *low + step >= *high)
    return body(from);
  auto op = scf::ForOp::create(b, from, to, constant(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

void BlockLowering::loops(ArrayRef<Value> sizes,
                          function_ref<void(ValueRange)> body) {
  SmallVector<Value> position;
  std::function<void()> nest = [&] {
    if (position.size() == sizes.size())
      return body(position);
    loop(constant(0), sizes[position.size()], 1, [&](Value at) {
      position.push_back(at);
      nest();
      position.pop_back();
    });
  };
  nest();
}

Value BlockLowering::convert(Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(element);
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, type, value).getResult();
  return arith::TruncFOp::create(b, type, value).getResult();
}

void BlockLowering::copyVector(Value from, ValueRange fromAt, Value to,
                               ValueRange toAt, int64_t width) {
  Type element = cast<MemRefType>(to.getType()).getElementType();
  if (width == 1) {
    Value value = memref::LoadOp::create(b, from, fromAt);
    memref::StoreOp::create(b, convert(value, element), to, toAt);
    return;
  }
  auto type = VectorType::get(
      {width}, cast<MemRefType>(from.getType()).getElementType());
  Value value = vector::LoadOp::create(b, type, from, fromAt);
  vector::StoreOp::create(b, convert(value, element), to, toAt);
}

void BlockLowering::transpose(SmallVectorImpl<Value> &rows) {
  // Each step exchanges the two off-diagonal quarters of all squares of a size.
  // Written as shuffles: canonicalisation takes vector.transpose apart.
  int64_t size = rows.size();
  for (int64_t half = 1; half < size; half *= 2)
    for (int64_t row = 0; row < size; ++row) {
      if (row & half)
        continue;
      Value upper = rows[row], lower = rows[row | half];
      SmallVector<int64_t> low, high;
      for (int64_t column = 0; column < size; ++column) {
        low.push_back(column & half ? size + column - half : column);
        high.push_back(column & half ? size + column : column + half);
      }
      rows[row] = vector::ShuffleOp::create(b, upper, lower, low);
      rows[row | half] = vector::ShuffleOp::create(b, upper, lower, high);
    }
}

SmallVector<Value> BlockLowering::blockSizes(RankedTensorType type,
                                             ValueRange dynamicSizes) {
  SmallVector<Value> sizes;
  unsigned next = 0;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? dynamicSizes[next++]
                                                : constant(size));
  return sizes;
}

FailureOr<Value> BlockLowering::allocate(Operation *op, RankedTensorType type,
                                         ValueRange dynamicSizes) {
  SmallVector<int64_t> shape(type.getShape());
  unsigned next = 0;
  for (int64_t &size : shape) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value dynamic = dynamicSizes[next++];
    FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
        presburger::BoundType::UB, {dynamic, /*dim=*/std::nullopt},
        /*stopCondition=*/nullptr, /*closedUB=*/true);
    if (failed(bound))
      return op->emitOpError("expected dynamic size ")
             << next - 1 << " to have a constant upper bound";
    size = *bound;
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&func.getBody().front());
  // Rows a multiple of 256 bytes apart would fall into few sets of the first level
  // cache when a register tile walks down its columns.
  SmallVector<int64_t> padded(shape);
  int64_t elementBytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  if (type.getRank() > 1 && (shape.back() * elementBytes) % 256 == 0)
    padded.back() += kLineBytes / elementBytes;
  Value buffer =
      memref::AllocOp::create(b, MemRefType::get(padded, type.getElementType()));
  if (padded == shape)
    return buffer;
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), b.getIndexAttr(1));
  return memref::SubViewOp::create(
             b, buffer, offsets, getAsIndexOpFoldResult(b.getContext(), shape), strides)
      .getResult();
}

Value BlockLowering::asTensor(Value buffer, RankedTensorType type,
                              ArrayRef<Value> sizes) {
  Value live = buffer;
  if (!type.hasStaticShape()) {
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
    SmallVector<OpFoldResult> mixed;
    for (auto [size, value] : llvm::zip(type.getShape(), sizes))
      mixed.push_back(ShapedType::isDynamic(size) ? OpFoldResult(value)
                                                  : b.getIndexAttr(size));
    live = memref::SubViewOp::create(b, buffer, offsets, mixed, strides);
  }
  auto tensor = bufferization::ToTensorOp::create(b, type, live);
  tensor.setRestrict(true);
  tensor.setWritable(true);
  return tensor.getResult();
}

Value BlockLowering::fixedDimsInside(AffineMap map, Value buffer,
                                     ValueRange offsets, AccessShape access) {
  Value inside;
  for (int64_t dim = 0; dim < map.getNumResults(); ++dim) {
    if (dim == access.row || dim == access.column)
      continue;
    // A position in the grid is inside.
    if (auto argument = dyn_cast<BlockArgument>(offsets[dim]);
        argument && argument.getOwner() == &func.getBody().front() &&
        argument.getArgNumber() >= func.getNumArguments() - 3)
      continue;
    auto constantOffset = cast<AffineConstantExpr>(map.getResult(dim)).getValue();
    Value position = add(offsets[dim], constant(constantOffset));
    Value test = less(position, extent(buffer, dim));
    inside = inside ? Value(arith::AndIOp::create(b, inside, test)) : test;
  }
  return inside;
}

void BlockLowering::clearRow(Value to, SmallVector<Value> at, int64_t from,
                             int64_t width) {
  Type element = cast<MemRefType>(to.getType()).getElementType();
  int64_t column = from;
  while (column < width) {
    int64_t chunk = lanes;
    while (chunk > width - column)
      chunk /= 2;
    // Long runs as a loop.
    int64_t count = (width - column) / chunk;
    loop(constant(column), constant(column + count * chunk), chunk, [&](Value c) {
      at.back() = c;
      if (chunk == 1)
        memref::StoreOp::create(b, zero(element), to, at);
      else
        vector::StoreOp::create(b, zero(VectorType::get({chunk}, element)), to, at);
    });
    column += count * chunk;
  }
}

void BlockLowering::copyRow(Value from, SmallVector<Value> fromAt, Value to,
                            SmallVector<Value> toAt, Value live, int64_t width,
                            bool clear) {
  Value fromColumn = fromAt.back();
  auto copyAt = [&](Value column, int64_t chunk) {
    fromAt.back() = add(fromColumn, column);
    toAt.back() = column;
    copyVector(from, fromAt, to, toAt, chunk);
  };
  if (std::optional<int64_t> known = getConstantIntValue(live)) {
    int64_t column = 0;
    while (column < *known) {
      int64_t chunk = lanes;
      while (chunk > *known - column)
        chunk /= 2;
      int64_t count = (*known - column) / chunk;
      int64_t unroll = 8; // so many vectors a turn
      while (count % unroll)
        unroll /= 2;
      loop(constant(column), constant(column + count * chunk), chunk * unroll,
           [&](Value c) {
             for (int64_t u = 0; u < unroll; ++u)
               copyAt(add(c, constant(u * chunk)), chunk);
           });
      column += count * chunk;
    }
    if (clear)
      clearRow(to, toAt, *known, width);
    return;
  }
  Value vectors = mul(b.createOrFold<arith::DivUIOp>(live, constant(lanes)),
                      constant(lanes));
  loop(constant(0), vectors, lanes, [&](Value c) { copyAt(c, lanes); });
  loop(vectors, live, 1, [&](Value c) { copyAt(c, 1); });
  if (clear)
    loop(live, constant(width), 1, [&](Value c) {
      toAt.back() = c;
      memref::StoreOp::create(
          b, zero(cast<MemRefType>(to.getType()).getElementType()), to, toAt);
    });
}

/// The number of columns of `buffer` from `offset`, at most `width`; a constant
/// where it is known.
static Value liveColumns(ImplicitLocOpBuilder &b, Value buffer, int64_t column,
                         Value offset, int64_t width) {
  int64_t size = cast<MemRefType>(buffer.getType()).getDimSize(column);
  std::optional<int64_t> start = getConstantIntValue(offset);
  if (!ShapedType::isDynamic(size) && start)
    return arith::ConstantIndexOp::create(
               b, std::clamp<int64_t>(size - *start, 0, width))
        .getResult();
  Value extent = b.createOrFold<memref::DimOp>(buffer, column);
  Value rest = arith::SubIOp::create(b, extent, offset);
  rest = arith::MinSIOp::create(b, rest, arith::ConstantIndexOp::create(b, width));
  return arith::MaxSIOp::create(b, rest, arith::ConstantIndexOp::create(b, 0));
}

void BlockLowering::loadRows(gdpa_tile::LoadOp load, AccessShape access,
                             Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto shape = cast<RankedTensorType>(load.getType()).getShape();
  SmallVector<Value> offsets(load.getOffsets());
  for (auto [offset, expr] :
       llvm::zip(offsets, load.getCoordinateMap().getResults()))
    if (auto fixed = dyn_cast<AffineConstantExpr>(expr); fixed && fixed.getValue())
      offset = add(offset, constant(fixed.getValue()));
  int64_t width = shape.back();
  Value columns = liveColumns(b, source, access.column, offsets.back(), width);
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

void BlockLowering::loadPanels(gdpa_tile::LoadOp load, AccessShape access,
                               Value buffer, ArrayRef<Value> sizes) {
  Value source = load.getSource();
  auto shape = cast<RankedTensorType>(load.getType()).getShape();
  int64_t rank = shape.size(), panel = shape.back();
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Type sourceElement = cast<MemRefType>(source.getType()).getElementType();
  SmallVector<Value> offsets(load.getOffsets());
  for (auto [offset, expr] :
       llvm::zip(offsets, load.getCoordinateMap().getResults()))
    if (auto fixed = dyn_cast<AffineConstantExpr>(expr); fixed && fixed.getValue())
      offset = add(offset, constant(fixed.getValue()));
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
    columns = liveColumns(b, source, access.column, offsets.back(), *known);
  else
    columns = clampTo(sub(extent(source, access.column), offsets.back()), width);
  Value rows = clampTo(sub(extent(source, access.row), offsets[access.row]),
                       mul(sizes[0], constant(panel)));
  if (Value inside = fixedDimsInside(load.getCoordinateMap(), source,
                                     load.getOffsets(), access))
    rows = arith::SelectOp::create(b, inside, rows, constant(0));
  // Without a row there is nothing to read, not even under a mask.
  columns = b.createOrFold<arith::SelectOp>(less(constant(0), rows), columns,
                                            constant(0));
  Value last = sub(rows, constant(1));
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
      SmallVector<Value> row, live; // rows past the end repeat the last, masked
      for (int64_t k = 0; k < side; ++k) {
        Value index = add(first, constant(k));
        row.push_back(add(rowOffset, max(min(index, last), constant(0))));
        live.push_back(less(index, rows));
      }
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
  case AccessShape::Scalars:
    loadScalars(load, *buffer, sizes);
    break;
  }
  load.getResult().replaceAllUsesWith(asTensor(*buffer, type, sizes));
  load.erase();
  return success();
}

Value BlockLowering::blockBuffer(Value block) {
  auto type = cast<RankedTensorType>(block.getType());
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  if (!strides.empty())
    strides.back() = 1;
  auto layout = StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, strides);
  auto buffer = bufferization::ToBufferOp::create(
      b, MemRefType::get(type.getShape(), type.getElementType(), layout), block);
  buffer.setReadOnly(true);
  return buffer.getResult();
}

SmallVector<Value> BlockLowering::bufferSizes(Value buffer) {
  SmallVector<Value> sizes;
  auto type = cast<MemRefType>(buffer.getType());
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    sizes.push_back(type.isDynamicDim(dim) ? extent(buffer, dim)
                                           : constant(type.getDimSize(dim)));
  return sizes;
}

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
  Value columns = liveColumns(b, destination, access.column, offsets.back(), width);
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

LogicalResult BlockLowering::lower(gdpa_tile::AccumulateOp accumulate) {
  b.setInsertionPoint(accumulate);
  b.setLoc(accumulate.getLoc());
  Value buffer = blockBuffer(accumulate.getValue());
  SmallVector<Value> sizes = bufferSizes(buffer);
  Block &body = accumulate.getBody().front();
  loops(sizes, [&](ValueRange position) {
    IRMapping mapping;
    mapping.map(body.getArguments(), position);
    for (Operation &op : body.without_terminator())
      b.clone(op, mapping);
    SmallVector<Value> indices;
    for (Value index :
         cast<gdpa_tile::YieldOp>(body.getTerminator()).getIndices())
      indices.push_back(mapping.lookupOrDefault(index));
    Value value = memref::LoadOp::create(b, buffer, position);
    Value sum = memref::LoadOp::create(b, accumulate.getDestination(), indices);
    if (value.getType() != sum.getType()) // sums may be wider than the block
      value = arith::ExtFOp::create(b, sum.getType(), value);
    sum = arith::AddFOp::create(b, sum, value);
    memref::StoreOp::create(b, sum, accumulate.getDestination(), indices);
  });
  accumulate.erase();
  return success();
}

/// Whether a destination serves only score products that are fused into the
/// activation and never stored.
static bool isScore(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (getRole(user) == "score")
      return isOnlyForActivations(user->getResult(0));
    auto fill = dyn_cast<linalg::FillOp>(user);
    return fill && isScore(fill.getResult(0));
  });
}

LogicalResult BlockLowering::lower(tensor::EmptyOp empty) {
  b.setLoc(empty.getLoc());
  auto type = cast<RankedTensorType>(empty.getType());
  // One buffer for each use: a destination that two operations share would be
  // copied.
  for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
    Operation *user = use.getOwner();
    if (isa<linalg::FillOp>(user) && isScore(user->getResult(0)))
      continue;
    if (getRole(user) == "score" && isOnlyForActivations(user->getResult(0)))
      continue;
    b.setInsertionPoint(user);
    FailureOr<Value> buffer = allocate(empty, type, empty.getDynamicSizes());
    if (failed(buffer))
      return failure();
    use.set(asTensor(*buffer, type, blockSizes(type, empty.getDynamicSizes())));
  }
  if (empty->use_empty())
    empty.erase();
  return success();
}

/// Gives each use of a cleared block a clearing, and so a buffer, of its own:
/// two accumulators may start from one value.
static void separateFills(func::FuncOp func) {
  SmallVector<linalg::FillOp> fills;
  func.walk([&](linalg::FillOp fill) {
    if (!isScore(fill.getResult(0)) && !fill.getResult(0).hasOneUse())
      fills.push_back(fill);
  });
  for (linalg::FillOp fill : fills) {
    OpBuilder builder(fill);
    for (OpOperand &use :
         llvm::make_early_inc_range(llvm::drop_begin(fill.getResult(0).getUses())))
      use.set(builder.clone(*fill)->getResult(0));
  }
}

LogicalResult BlockLowering::run() {
  separateFills(func);
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<gdpa_tile::LoadOp, gdpa_tile::StoreOp, gdpa_tile::AccumulateOp,
            tensor::EmptyOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case<gdpa_tile::LoadOp, gdpa_tile::StoreOp, gdpa_tile::AccumulateOp,
                  tensor::EmptyOp>([&](auto typed) { return lower(typed); });
    if (failed(result))
      return failure();
  }
  return success();
}

struct LowerBlockAccess : gdpa_cpu::impl::GDPACPULowerBlockAccessBase<LowerBlockAccess> {
  using GDPACPULowerBlockAccessBase::GDPACPULowerBlockAccessBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    if (failed(BlockLowering(func, vectorBits).run()))
      return signalPassFailure();
    canonicalize(func);
    eliminateCommonSubexpressions(func);
  }
};
} // namespace
