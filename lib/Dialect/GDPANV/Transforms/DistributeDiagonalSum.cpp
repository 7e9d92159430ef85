//===- DistributeDiagonalSum.cpp - sums along the diagonals of a block ----===//
//
// A block goes through shared memory. One thread adds the elements of a diagonal,
// row after row, and adds their sum to the destination: the order is fixed.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// Coefficients of the two positions in an index.
struct Coefficients {
  int64_t row = 0, column = 0;
};

/// Words between rows in shared memory. Eight more than the columns, a multiple of
/// 16: the pairs that half a warp writes at once, eight rows of four pairs, lie
/// in different banks, and so do neighbouring diagonals.
int64_t rowWords(RankedTensorType block) { return block.getDimSize(1) + 8; }

} // namespace

std::optional<int64_t> gdpa_nv::getDiagonalStep(gdpa_tile::AccumulateOp op) {
  auto block = dyn_cast<RankedTensorType>(op.getValue().getType());
  if (op.getDistinct() || !op.getPlaces().empty() || !block || block.getRank() != 2)
    return std::nullopt;
  Block &body = op.getBody().front();
  DenseMap<Value, Coefficients> known = {{body.getArgument(0), {1, 0}},
                                         {body.getArgument(1), {0, 1}}};
  for (Operation &inner : body.without_terminator()) {
    if (isa<arith::AddIOp, arith::SubIOp>(inner)) {
      int64_t sign = isa<arith::SubIOp>(inner) ? -1 : 1;
      Coefficients left = known.lookup(inner.getOperand(0)),
                   right = known.lookup(inner.getOperand(1));
      known[inner.getResult(0)] = {left.row + sign * right.row,
                                   left.column + sign * right.column};
      continue;
    }
    for (Value operand : inner.getOperands())
      if (Coefficients other = known.lookup(operand); other.row || other.column)
        return std::nullopt;
  }
  std::optional<int64_t> step;
  for (Value index : body.getTerminator()->getOperands()) {
    Coefficients found = known.lookup(index);
    if (!found.row && !found.column)
      continue;
    if (step || std::abs(found.row) != 1 || std::abs(found.column) != 1)
      return std::nullopt;
    step = -found.row * found.column;
  }
  return step;
}

int64_t gdpa_nv::getDiagonalSumBytes(RankedTensorType block) {
  return block.getDimSize(0) * rowWords(block) * 4;
}

void gdpa_nv::addDiagonals(
    ThreadBuilder &b, gdpa_tile::AccumulateOp op, Value vector, Value scratch,
    function_ref<Value(ArrayRef<Value>, Value &)> addressOf) {
  OpBuilder &builder = b.builder;
  Location loc = b.loc;
  auto block = cast<RankedTensorType>(op.getValue().getType());
  auto type = cast<VectorType>(vector.getType());
  LayoutAttrInterface layout = getLayout(op.getValue());
  int64_t rows = block.getDimSize(0), columns = block.getDimSize(1);
  int64_t words = rowWords(block), step = *getDiagonalStep(op);
  // The block, by pairs of columns.
  gpu::BarrierOp::create(builder, loc); // of the block before
  Value own = b.advance(scratch,
                        b.mul(b.add(b.mul(b.threadOffset(layout, 0), words),
                                    b.threadOffset(layout, 1)),
                              4));
  forEachPosition(type.getShape().drop_back(), [&](ArrayRef<int64_t> position) {
    SmallVector<int64_t> first(position);
    first.push_back(0);
    int64_t at = ThreadBuilder::positionOffset(layout, 0, first) * words +
                 ThreadBuilder::positionOffset(layout, 1, first);
    Value pair = vector::ExtractOp::create(builder, loc, vector, position);
    LLVM::StoreOp::create(builder, loc, pair, b.advance(own, at * 4), 8);
  });
  gpu::BarrierOp::create(builder, loc);

  // Diagonal d has the elements (d - (columns - 1) + c, c), or (d - c, c).
  int64_t count = rows + columns - 1;
  auto loop = scf::ForOp::create(builder, loc, b.thread.thread, b.constant(count),
                                 b.constant(b.thread.threads));
  OpBuilder::InsertionGuard insertion(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value diagonal = loop.getInductionVar();
  auto minus = [&](Value x, Value y) -> Value {
    return arith::SubIOp::create(builder, loc, x, y);
  };
  Value row, column;
  if (step > 0) {
    Value shifted = b.add(diagonal, 1 - columns);
    row = arith::MaxSIOp::create(builder, loc, shifted, b.constant(0));
    column = minus(row, shifted);
  } else {
    row = arith::MinSIOp::create(builder, loc, diagonal, b.constant(rows - 1));
    column = minus(diagonal, row);
  }
  SmallVector<Value> position;
  for (Value coordinate : {row, column})
    position.push_back(arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), coordinate));
  Value inside;
  Value address = addressOf(position, inside);
  if (inside)
    builder.setInsertionPointToStart(
        scf::IfOp::create(builder, loc, inside, false).thenBlock());
  Type f32 = builder.getF32Type();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  Value before = LLVM::LoadOp::create(builder, loc, f32, address, 4);
  // Elements of other diagonals are read in place of those outside the block.
  Value sum = zero;
  for (int64_t c = 0; c < columns; ++c) {
    Value r = step > 0 ? b.add(diagonal, c + 1 - columns) : b.add(diagonal, -c);
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, r,
                                       b.constant(rows));
    Value bounded =
        arith::MinUIOp::create(builder, loc, r, b.constant(rows - 1));
    Value element = LLVM::LoadOp::create(
        builder, loc, f32,
        b.advance(b.advance(scratch, b.mul(bounded, words * 4)), c * 4), 4);
    sum = arith::AddFOp::create(builder, loc, sum,
                                b.select(fits, element, zero));
  }
  sum = arith::AddFOp::create(builder, loc, before, sum);
  LLVM::StoreOp::create(builder, loc, sum, address, 4);
}
