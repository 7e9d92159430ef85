//===- BlockLowering.cpp - what loads and stores of blocks share ----------===//

#include "BlockLowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

/// A line of the caches.
static constexpr int64_t kLineBytes = 64;

/// Whether `expr` is the row-major position of dimensions `dims` of a block of
/// `shape`.
static bool isRowMajorPosition(AffineExpr expr, ArrayRef<int64_t> shape,
                               ArrayRef<unsigned> dims) {
  AffineExpr expected = getAffineDimExpr(dims.front(), expr.getContext());
  for (unsigned dim : dims.drop_front()) {
    if (ShapedType::isDynamic(shape[dim]))
      return false;
    expected = expected * shape[dim] + getAffineDimExpr(dim, expr.getContext());
  }
  return simplifyAffineExpr(expr, shape.size(), 0) ==
         simplifyAffineExpr(expected, shape.size(), 0);
}

/// The same for dimensions first..last (inclusive).
static bool isRowMajorPosition(AffineExpr expr, ArrayRef<int64_t> shape,
                               unsigned first, unsigned last) {
  return isRowMajorPosition(expr, shape,
                            llvm::to_vector(llvm::seq(first, last + 1)));
}

static bool hasUnitLastStride(MemRefType type) {
  return type.getRank() > 0 && type.isLastDimUnitStride();
}

/// Whether the last dimension of a block holds pairs that one 32-bit lane takes.
static bool isPairBlock(ShapedType block) {
  return block.getRank() >= 3 && block.getShape().back() == 2 &&
         block.getElementType().isIntOrFloat() &&
         block.getElementTypeBitWidth() == 16;
}

AccessShape gdpa_cpu::classify(AffineMap map, RankedTensorType block, MemRefType buffer) {
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
  if (isPairBlock(block)) {
    AffineExpr row = map.getResult(access.row);
    SmallVector<unsigned> pairRows = llvm::to_vector(llvm::seq<unsigned>(0, rank - 2));
    pairRows.push_back(rank - 1);
    if (isRowMajorPosition(row, shape, 0, rank - 3) &&
        isRowMajorPosition(column, shape, rank - 2, rank - 1))
      access.kind = AccessShape::RowsOfPairs;
    else if (isRowMajorPosition(row, shape, pairRows) &&
             isRowMajorPosition(column, shape, rank - 2, rank - 2))
      access.kind = AccessShape::PairsOfRows;
    else if (rank == 4 && isRowMajorPosition(row, shape, {0u, 2u}) &&
             isRowMajorPosition(column, shape, {1u, 3u}))
      access.kind = AccessShape::PanelsOfPairs;
    if (access.kind != AccessShape::Scalars)
      return access;
  }
  MLIRContext *context = map.getContext();
  AffineExpr panelRow = getAffineDimExpr(0, context) * shape.back() +
                        getAffineDimExpr(rank - 1, context);
  if (simplifyAffineExpr(map.getResult(access.row), rank, 0) ==
          simplifyAffineExpr(panelRow, rank, 0) &&
      isRowMajorPosition(column, shape, 1, rank - 2))
    access.kind = AccessShape::Panels;
  return access;
}

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
  Type element = type.getElementType();
  int64_t elementBytes =
      element.isIndex() ? 8
                        : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  if (isPairBlock(type)) {
    if (shape.end()[-2] * 2 * elementBytes % 256 == 0)
      padded.end()[-2] += kLineBytes / (2 * elementBytes);
  } else if (type.getRank() > 1 && (shape.back() * elementBytes) % 256 == 0) {
    padded.back() += kLineBytes / elementBytes;
  }
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

Value BlockLowering::liveColumns(Value buffer, int64_t column, Value offset,
                                 int64_t width) {
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
