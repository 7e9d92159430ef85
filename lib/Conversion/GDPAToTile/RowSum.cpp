//===- RowSum.cpp - captures' gradients that depend on one position -----===//

#include "CaptureSums.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {
/// See sumRows.
class RowSum {
public:
  RowSum(BackwardContext &context, const RowGradient &row, Value sums,
         std::string suffix)
      : context(context), op(context.op), loc(context.loc), row(row),
        sums(sums), suffix(std::move(suffix)) {}

  void run() {
    bool distinctRows = emit(/*tail=*/false);
    if (distinctRows)
      emit(/*tail=*/true);
  }

private:
  /// Programs own the elements that rows name; rows past the capture's extent
  /// all name its last element and are added by a program of their own, the
  /// tail. Returns whether rows name elements.
  bool emit(bool tail) {
    auto accumulate = row.gradient.op;
    bool onKey = row.gradient.dependence & kOnKey;
    Region &region = op.getJoint();
    auto coordinate = [&](unsigned number) -> Value {
      return region.getArgument(2 + number);
    };
    Value rowCoordinate = coordinate(onKey ? 3 : 2); // b, h, i, j
    auto dimOf = [&](Value index) -> std::optional<int64_t> {
      auto found = llvm::find(accumulate.getIndices(), index);
      if (found == accumulate.getIndices().end())
        return std::nullopt;
      return found - accumulate.getIndices().begin();
    };
    std::optional<int64_t> rowDim = dimOf(rowCoordinate);
    std::optional<int64_t> headDim = dimOf(coordinate(1));
    bool distinctRows = rowDim && !tail;

    SmallVector<Value> values = {row.rows, sums};
    llvm::append_range(values, context.sizes.inputs());
    llvm::append_range(values, op.getCaptures());
    Program program =
        Program::create(op, context.name.str() + suffix + (tail ? "_tail" : ""), values);
    OpBuilder &builder = program.builder;
    Value zero = program.index(0), one = program.index(1);
    Sequences sequences(program, context.sizes);
    bool uniform = !(row.gradient.dependence & (kOnQuery | kOnKey));
    int64_t columns = uniform ? kUniformSumColumns : kSumColumns;
    Value blockRows = program.index(kSumRows * columns);
    ScorePlace place;
    SmallVector<Value> captures = program.all(op.getCaptures());
    place.captures = captures;

    // What the index tells apart is spread over programs, the rest summed in
    // one program.
    SmallVector<scf::ForOp> loops;
    auto loopOver = [&](Value begin, Value end, Value step) -> Value {
      auto loop = scf::ForOp::create(builder, loc, begin, end, step);
      builder.setInsertionPointToStart(loop.getBody());
      loops.push_back(loop);
      return loop.getInductionVar();
    };
    Value destination = program[sums];
    std::pair<Value, Value> heads = {zero, sequences.queryHeads()};
    if (headDim)
      heads = sequences.ownHeads(program.dim(destination, *headDim));
    place.batch = loopOver(zero, sequences.count(), one);
    Sequence sequence = sequences.at(place.batch);
    place.queryLength = sequence.queryLength;
    place.keyLength = sequence.keyLength;
    RowKind kind = onKey ? RowKind::Key : RowKind::Query;
    RowsView view = sequences.rows(row.rows, sequence, kind);
    place.head = loopOver(heads.first, heads.second, one);
    Value base = distinctRows
                     ? arith::MulIOp::create(builder, loc, program.id(0),
                                             blockRows)
                           .getResult()
                     : loopOver(tail ? program.dim(destination, *rowDim) : zero,
                                sequence.length(kind), blockRows);
    (onKey ? place.keyBase : place.queryBase) = base;

    auto type = RankedTensorType::get({kSumRows, columns},
                                      builder.getF32Type());
    AffineExpr r = builder.getAffineDimExpr(0), c = builder.getAffineDimExpr(1);
    SmallVector<Value> offsets = view.at(builder, loc, place.head, base);
    SmallVector<AffineExpr> exprs(offsets.size(),
                                  builder.getAffineConstantExpr(0));
    exprs.back() = r * columns + c;
    auto map = AffineMap::get(2, 0, exprs, builder.getContext());
    Value block = LoadOp::create(builder, loc, type, view.buffer, offsets,
                                 AffineMapAttr::get(map), ValueRange{},
                                 /*clamp=*/false);
    auto add = AccumulateOp::create(builder, loc, block, ValueRange(),
                                    destination, distinctRows);
    // Scalar code of the index stands before the sum that uses it.
    place.uniformPoint =
        OpBuilder::InsertPoint(add->getBlock(), mlir::Block::iterator(add));
    BlockBuilder blocks(builder, loc, scheme);
    RegionEmitter emitter(blocks, context.info, place);
    {
      OpBuilder::InsertionGuard guard(builder);
      mlir::Block *body = builder.createBlock(
          &add.getBody(), {},
          {builder.getIndexType(), builder.getIndexType()}, {loc, loc});
      SmallVector<Value> operands(body->getArguments());
      operands.push_back(base);
      AffineExpr position =
          r * columns + c + builder.getAffineDimExpr(2);
      Value rowPosition = affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(3, 0, position), operands);
      SmallVector<Value> indices = emitter.emitIndices(
          builder, accumulate, onKey ? Value() : rowPosition,
          onKey ? rowPosition : Value(), /*places=*/{}, destination,
          /*lead=*/0,
          distinctRows ? ArrayRef(rowCoordinate) : ArrayRef<Value>());
      gdpa_tile::YieldOp::create(builder, loc, indices);
    }
    if (!loops.empty())
      builder.setInsertionPointAfter(loops.front());
    program.finish();
    Value lengthOnHost = onKey ? context.sizes.keyLength
                               : context.sizes.queryLength;
    program.launch(
        context.host,
        {distinctRows ? context.hostCeilDiv(lengthOnHost, kSumRows * columns)
                      : context.hostIndex(1),
         headDim ? context.sizes.queryHeads : context.hostIndex(1)});
    return distinctRows;
  }

  BackwardContext &context;
  gdpa::AttentionBackwardOp op;
  Location loc;
  const RowGradient &row;
  Value sums;
  std::string suffix;
  BlockScheme scheme;
};
} // namespace

void gdpa_tile::sumRows(BackwardContext &context, const RowGradient &row,
                        Value sums, StringRef suffix) {
  RowSum(context, row, sums, suffix.str()).run();
}
