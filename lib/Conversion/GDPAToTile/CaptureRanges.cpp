//===- CaptureRanges.cpp - what captures hold in a block of rows ----------===//

#include "CaptureRanges.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseSet.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa_tile;

/// Greater integers are not told apart: gdpa_tile.keep.
static constexpr int64_t kBeyond = int64_t(1) << 59;

/// The values of a mask region that are not the same for all pairs.
static DenseSet<Value> findVarying(Region &mask) {
  DenseSet<Value> varying = {mask.getArgument(2), mask.getArgument(3)}; // i, j
  for (Operation &op : mask.front())
    if (llvm::any_of(op.getOperands(), [&](Value operand) {
          return varying.contains(operand);
        }))
      varying.insert(op.result_begin(), op.result_end());
  return varying;
}

/// The dimension of a load that one position runs along, where all other
/// indices are the same for all pairs.
static std::optional<unsigned> rowDim(memref::LoadOp load, Value position,
                                      const DenseSet<Value> &varying) {
  std::optional<unsigned> found;
  for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
    if (index == position && !found)
      found = dim;
    else if (varying.contains(index))
      return std::nullopt;
  }
  return found;
}

SmallVector<CaptureRange> CaptureRanges::of(const BlockScheme &scheme,
                                            bool queryIsStationary) {
  SmallVector<CaptureRange> ranges;
  if (mask.empty())
    return ranges;
  DenseSet<Value> varying = findVarying(mask);
  for (auto load : mask.getOps<memref::LoadOp>()) {
    auto capture = cast<BlockArgument>(load.getMemRef());
    if (!load.getType().isIntOrIndex())
      continue;
    for (RowKind kind : {RowKind::Query, RowKind::Key}) {
      Value position = mask.getArgument(kind == RowKind::Query ? 2 : 3);
      std::optional<unsigned> dim = rowDim(load, position, varying);
      if (!dim)
        continue;
      bool stationary = (kind == RowKind::Query) == queryIsStationary;
      int64_t rows =
          scheme.block(stationary ? Side::Stationary : Side::Streamed);
      unsigned number = capture.getArgNumber() - gdpa::kNumCoordinates;
      ranges.push_back(
          {load, kind, *dim, rows, bufferOf(number, *dim, rows, kind)});
    }
  }
  return ranges;
}

SmallVector<Value> CaptureRanges::buffers(ArrayRef<CaptureRange> ranges) {
  SmallVector<Value> values;
  for (const CaptureRange &range : ranges)
    values.push_back(range.buffer);
  return values;
}

SmallVector<CaptureRange> CaptureRanges::in(Program &program,
                                            ArrayRef<CaptureRange> ranges) {
  SmallVector<CaptureRange> inside(ranges);
  for (CaptureRange &range : inside)
    range.buffer = program[range.buffer];
  return inside;
}

/// [least or greatest, dims of the capture with blocks in the place of rows], and
/// the program that fills it. Rows past the end of all sequences do not count.
Value CaptureRanges::bufferOf(unsigned capture, unsigned dim, int64_t rows,
                              RowKind kind) {
  Value length = sizes.isJagged() ? Value() : sizes.length(kind);
  for (const Known &made : known)
    if (made.capture == capture && made.dim == dim && made.rows == rows &&
        made.length == length)
      return made.buffer;
  OpBuilder host(attention);
  Location loc = attention->getLoc();
  Value source = captures[capture];
  auto type = cast<MemRefType>(source.getType());
  SmallVector<int64_t> shape = {2};
  SmallVector<Value> sizes;
  Value count = arith::ConstantIndexOp::create(host, loc, 1);
  for (unsigned at = 0; at < type.getRank(); ++at) {
    Value size = host.createOrFold<memref::DimOp>(loc, source, at);
    if (at == dim) {
      // Nothing has a block, too: kernels may ask for it.
      size = host.createOrFold<arith::CeilDivUIOp>(
          loc, size, arith::ConstantIndexOp::create(host, loc, rows));
      size = host.createOrFold<arith::MaxUIOp>(
          loc, size, arith::ConstantIndexOp::create(host, loc, 1));
    }
    shape.push_back(ShapedType::kDynamic);
    sizes.push_back(size);
    count = host.createOrFold<arith::MulIOp>(loc, count, size);
  }
  Value buffer =
      WorkspaceOp::create(host, loc, MemRefType::get(shape, host.getI64Type()),
                          sizes, /*zero=*/false);

  Program program = Program::create(
      attention, (name + "_ranges" + Twine(known.size())).str(),
      {source, buffer, length});
  OpBuilder &builder = program.builder;
  Value zero = program.index(0), one = program.index(1);
  Value from = program[source], to = program[buffer];
  Value rest = program.id(0);
  SmallVector<Value> place(type.getRank());
  for (int64_t at = type.getRank() - 1; at >= 0; --at) {
    Value size = program.dim(to, 1 + at);
    place[at] = arith::RemUIOp::create(builder, loc, rest, size);
    rest = arith::DivUIOp::create(builder, loc, rest, size);
  }
  Value extent = program.dim(from, dim), blockRows = program.index(rows);
  Value begin = arith::MulIOp::create(builder, loc, place[dim], blockRows);
  Value end = arith::MinSIOp::create(
      builder, loc, arith::AddIOp::create(builder, loc, begin, blockRows),
      extent);
  if (length)
    end = arith::MinSIOp::create(builder, loc, end, program[length]);
  auto loop = scf::ForOp::create(
      builder, loc, begin, end, one,
      ValueRange{program.index(std::numeric_limits<int64_t>::max()),
                 program.index(std::numeric_limits<int64_t>::min())});
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> indices(place);
    indices[dim] = loop.getInductionVar();
    Value value = memref::LoadOp::create(builder, loc, from, indices);
    if (!value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                         value);
    scf::YieldOp::create(
        builder, loc,
        ValueRange{arith::MinSIOp::create(builder, loc,
                                          loop.getRegionIterArg(0), value),
                   arith::MaxSIOp::create(builder, loc,
                                          loop.getRegionIterArg(1), value)});
  }
  // Large integers could be anything; nothing reads as zero.
  Value low = loop.getResult(0), high = loop.getResult(1);
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  };
  Value least = program.index(-kBeyond), greatest = program.index(kBeyond);
  Value inside = arith::AndIOp::create(
      builder, loc, compare(arith::CmpIPredicate::sgt, low, least),
      compare(arith::CmpIPredicate::slt, high, greatest));
  Value isEmpty = compare(arith::CmpIPredicate::sge, begin, end);
  auto store = [&](Value which, Value value, Value otherwise) {
    value = arith::SelectOp::create(builder, loc, inside, value, otherwise);
    value = arith::SelectOp::create(builder, loc, isEmpty, zero, value);
    SmallVector<Value> indices = {which};
    llvm::append_range(indices, place);
    value =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
    memref::StoreOp::create(builder, loc, value, to, indices);
  };
  store(zero, low, least);
  store(one, high, greatest);
  program.finish();
  program.launch(host, {count});
  known.push_back({capture, dim, rows, length, buffer});
  return buffer;
}
