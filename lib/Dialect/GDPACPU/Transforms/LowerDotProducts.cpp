//===- LowerDotProducts.cpp - products of pairs of bf16 -------------------===//
//
// vdpbf16ps multiplies pairs of bf16 and adds both products to a lane's f32
// sum. Operands come with the pairs as their last dimension.
//
//===----------------------------------------------------------------------===//

#include "Utils.h"
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::gdpa_cpu {
#define GEN_PASS_DEF_GDPACPULOWERDOTPRODUCTS
#include "gdpa/Dialect/GDPACPU/Transforms/Passes.h.inc"
} // namespace mlir::gdpa_cpu

using namespace mlir;
using namespace mlir::gdpa_cpu;

namespace {

/// Lanes of a sum.
constexpr int64_t kLanes = 16;

/// A vector operand of pairs, in memory where it is a read of a buffer.
class PairOperand {
public:
  PairOperand(ImplicitLocOpBuilder &b, Value value) : b(b), value(value) {
    read = value.getDefiningOp<vector::TransferReadOp>();
    if (!read || read.getMask() || read.hasOutOfBoundsDim() ||
        !isa<MemRefType>(read.getBase().getType()) ||
        !read.getPermutationMap().isProjectedPermutation(
            /*allowZeroInResults=*/false))
      read = nullptr;
  }

  /// `count` pairs from `position` on (without the pair dimension) along the
  /// last but one dimension, as vector<2*count x bf16>.
  Value get(ArrayRef<int64_t> position, int64_t count) {
    auto type = cast<VectorType>(value.getType());
    auto flat = VectorType::get({2 * count}, type.getElementType());
    if (Value memory = joined()) {
      SmallVector<Value> indices(read.getIndices());
      AffineMap map = read.getPermutationMap();
      // The last two dimensions are one now, and the pair's position is 0.
      for (int64_t dim = 0, rank = type.getRank(); dim < rank - 1; ++dim) {
        if (position[dim] == 0)
          continue;
        unsigned at = map.getDimPosition(dim);
        Value offset = arith::ConstantIndexOp::create(b, position[dim]);
        indices[at] = arith::AddIOp::create(b, indices[at], offset);
      }
      indices.pop_back();
      Value two = arith::ConstantIndexOp::create(b, 2);
      indices.back() = arith::MulIOp::create(b, indices.back(), two);
      return vector::LoadOp::create(b, flat, memory, indices);
    }
    // Read into registers: a slice of the vector.
    Value slice = value;
    if (ArrayRef<int64_t> outer = position.drop_back(); !outer.empty())
      slice = vector::ExtractOp::create(b, value, outer);
    slice = vector::ExtractStridedSliceOp::create(
        b, slice, ArrayRef<int64_t>{position.back(), 0},
        ArrayRef<int64_t>{count, 2}, ArrayRef<int64_t>{1, 1});
    return vector::ShapeCastOp::create(b, flat, slice);
  }

private:
  /// The buffer with pairs and the dimension before them as one, or null.
  Value joined() {
    if (!read)
      return Value();
    if (memory)
      return memory;
    auto type = cast<MemRefType>(read.getBase().getType());
    AffineMap map = read.getPermutationMap();
    int64_t rank = type.getRank();
    std::optional<int64_t> pair = getConstantIntValue(read.getIndices().back());
    if (rank < 2 || type.getShape().back() != 2 || !pair || *pair != 0 ||
        map.getNumResults() < 2 ||
        map.getDimPosition(map.getNumResults() - 1) != rank - 1)
      return Value();
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < rank - 1; ++dim)
      groups.push_back({dim});
    groups.back().push_back(rank - 1);
    if (!memref::CollapseShapeOp::isGuaranteedCollapsible(type, groups))
      return Value();
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(read.getBase());
    return memory = memref::CollapseShapeOp::create(b, read.getBase(), groups);
  }

  ImplicitLocOpBuilder &b;
  Value value;
  vector::TransferReadOp read;
  Value memory;
};

/// sum[..., lane] += left[...][2] . right[..., lane][2], for each group of 16
/// lanes one instruction whose left operand is one pair in all lanes.
struct LowerContract : OpRewritePattern<vector::ContractionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::ContractionOp op,
                                PatternRewriter &rewriter) const override {
    auto accumulatorType = dyn_cast<VectorType>(op.getAccType());
    if (!op.getLhsType().getElementType().isBF16() ||
        !op.getRhsType().getElementType().isBF16() || !accumulatorType ||
        !accumulatorType.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "expected bf16 operands, f32 sums");
    if (op.getKind() != vector::CombiningKind::ADD)
      return rewriter.notifyMatchFailure(op, "expected a sum");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineMap left = maps[0], right = maps[1], result = maps[2];
    if (!llvm::all_of(maps, [](AffineMap map) {
          return map.isProjectedPermutation(/*allowZeroInResults=*/false);
        }))
      return rewriter.notifyMatchFailure(op, "expected permutations");
    unsigned leftRank = left.getNumResults(), rightRank = right.getNumResults();
    if (leftRank < 2 || rightRank < 2 || result.getNumResults() < 1)
      return rewriter.notifyMatchFailure(op, "expected pairs and a dimension before them");
    unsigned pair = left.getDimPosition(leftRank - 1);
    unsigned lane = result.getDimPosition(result.getNumResults() - 1);
    SmallVector<int64_t> extents = *op.getShapeForUnroll();
    if (right.getDimPosition(rightRank - 1) != pair ||
        right.getDimPosition(rightRank - 2) != lane || extents[pair] != 2 ||
        extents[lane] % kLanes || left.isFunctionOfDim(lane) ||
        result.isFunctionOfDim(pair))
      return rewriter.notifyMatchFailure(op, "expected lanes, then pairs, on the right");

    // Loads stand where the operands were read: nothing writes in between.
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    PairOperand leftOperand(b, op.getLhs()), rightOperand(b, op.getRhs());
    auto sumType = VectorType::get({kLanes}, b.getF32Type());
    auto pairsType = VectorType::get({2 * kLanes}, b.getBF16Type());
    auto wordsType = VectorType::get({kLanes}, b.getI32Type());
    SmallVector<unsigned> sums; // reductions but the pairs
    for (auto [dim, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
      if (iterator == vector::IteratorType::reduction && dim != pair)
        sums.push_back(dim);
    SmallVector<unsigned> rows;
    for (unsigned at = 0; at + 1 < result.getNumResults(); ++at)
      rows.push_back(result.getDimPosition(at));

    SmallVector<int64_t> at(extents.size(), 0);
    auto positions = [&](AffineMap map) {
      SmallVector<int64_t> position;
      for (unsigned n = 0; n + 1 < map.getNumResults(); ++n)
        position.push_back(at[map.getDimPosition(n)]);
      return position;
    };
    Value total = op.getAcc();
    DenseMap<std::pair<int64_t, int64_t>, Value> chunks; // by row, chunk
    auto forEach = [&](ArrayRef<unsigned> dims, function_ref<void(int64_t)> body) {
      int64_t count = 1;
      for (unsigned dim : dims)
        count *= extents[dim];
      for (int64_t linear = 0; linear < count; ++linear) {
        int64_t rest = linear;
        for (unsigned dim : llvm::reverse(dims)) {
          at[dim] = rest % extents[dim];
          rest /= extents[dim];
        }
        body(linear);
      }
    };
    auto rowOf = [&](int64_t) {
      SmallVector<int64_t> position;
      for (unsigned dim : rows)
        position.push_back(at[dim]);
      return position;
    };
    int64_t numChunks = extents[lane] / kLanes;
    forEach(rows, [&](int64_t row) {
      Value line = total;
      if (!rows.empty())
        line = vector::ExtractOp::create(b, total, rowOf(row));
      for (int64_t chunk = 0; chunk < numChunks; ++chunk)
        chunks[{row, chunk}] =
            numChunks == 1 ? line
                           : vector::ExtractStridedSliceOp::create(
                                 b, line, ArrayRef<int64_t>{chunk * kLanes},
                                 ArrayRef<int64_t>{kLanes}, ArrayRef<int64_t>{1})
                                 .getResult();
    });
    forEach(sums, [&](int64_t) {
      // The right operand depends on no row here, or is read again for each.
      DenseMap<std::pair<int64_t, int64_t>, Value> rightChunks;
      bool shared = llvm::none_of(
          rows, [&](unsigned dim) { return right.isFunctionOfDim(dim); });
      forEach(rows, [&](int64_t row) {
        Value word = leftOperand.get(positions(left), 1);
        word = vector::BitCastOp::create(b, VectorType::get({1}, b.getI32Type()), word);
        word = vector::ExtractOp::create(b, word, 0);
        Value everywhere = vector::BroadcastOp::create(b, wordsType, word);
        everywhere = vector::BitCastOp::create(b, pairsType, everywhere);
        for (int64_t chunk = 0; chunk < numChunks; ++chunk) {
          Value &pairs = rightChunks[{shared ? 0 : row, chunk}];
          if (!pairs) {
            at[lane] = chunk * kLanes;
            pairs = rightOperand.get(positions(right), kLanes);
            at[lane] = 0;
          }
          Value &sum = chunks[{row, chunk}];
          sum = x86vector::DotBF16Op::create(b, sumType, sum, everywhere, pairs);
        }
      });
    });
    forEach(rows, [&](int64_t row) {
      Value line = chunks[{row, 0}];
      if (numChunks > 1) {
        line = rows.empty() ? total
                            : vector::ExtractOp::create(b, total, rowOf(row)).getResult();
        for (int64_t chunk = 0; chunk < numChunks; ++chunk)
          line = vector::InsertStridedSliceOp::create(
              b, chunks[{row, chunk}], line, ArrayRef<int64_t>{chunk * kLanes},
              ArrayRef<int64_t>{1});
      }
      total = rows.empty()
                  ? line
                  : vector::InsertOp::create(b, line, total, rowOf(row)).getResult();
    });
    rewriter.replaceOp(op, total);
    return success();
  }
};

/// Writes the pairs of a transposed tile, [row][pair][lane] -> [row][lane][pair],
/// rounded two vectors at a time.
struct LowerPairWrite : OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::TransferWriteOp op,
                                PatternRewriter &rewriter) const override {
    auto memory = dyn_cast<MemRefType>(op.getBase().getType());
    if (!memory || !memory.getElementType().isBF16() || op.getMask() ||
        op.hasOutOfBoundsDim() || memory.getRank() < 2 ||
        memory.getShape().back() != 2)
      return rewriter.notifyMatchFailure(op, "expected a buffer of pairs");
    // The tile before the transpose, and where its dimensions lie in memory.
    Value tile = op.getVector();
    AffineMap map = op.getPermutationMap();
    if (auto transpose = tile.getDefiningOp<vector::TransposeOp>()) {
      tile = transpose.getVector();
      SmallVector<AffineExpr> exprs(map.getNumResults());
      for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
        exprs[from] = map.getResult(to);
      map = AffineMap::get(map.getNumDims(), 0, exprs, op.getContext());
    }
    auto round = tile.getDefiningOp<arith::TruncFOp>();
    auto type = cast<VectorType>(tile.getType());
    int64_t rank = type.getRank();
    if (!round || !getElementTypeOrSelf(round.getIn().getType()).isF32() ||
        rank < 2 || !map.isProjectedPermutation(/*allowZeroInResults=*/false) ||
        type.getShape().back() % kLanes || type.getDimSize(rank - 2) != 2 ||
        map.getDimPosition(rank - 2) != memory.getRank() - 1 ||
        map.getDimPosition(rank - 1) != memory.getRank() - 2)
      return rewriter.notifyMatchFailure(op, "expected a rounded tile of lanes, pairs before them");
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < memory.getRank() - 1; ++dim)
      groups.push_back({dim});
    groups.back().push_back(memory.getRank() - 1);
    if (!memref::CollapseShapeOp::isGuaranteedCollapsible(memory, groups))
      return rewriter.notifyMatchFailure(op, "expected pairs beside each other");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value joined = memref::CollapseShapeOp::create(b, op.getBase(), groups);
    SmallVector<int64_t> interleaved;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      interleaved.append({lane, kLanes + lane});
    Value two = arith::ConstantIndexOp::create(b, 2);
    SmallVector<int64_t> outer(type.getShape().drop_back(2));
    int64_t count = 1;
    for (int64_t size : outer)
      count *= size;
    auto pairsType = VectorType::get({2 * kLanes}, b.getBF16Type());
    for (int64_t linear = 0; linear < count; ++linear) {
      SmallVector<int64_t> position(outer.size());
      int64_t rest = linear;
      for (int64_t dim = outer.size() - 1; dim >= 0; --dim) {
        position[dim] = rest % outer[dim];
        rest /= outer[dim];
      }
      SmallVector<Value> indices(op.getIndices());
      for (auto [dim, value] : llvm::enumerate(position))
        if (value)
          indices[map.getDimPosition(dim)] =
              arith::AddIOp::create(b, indices[map.getDimPosition(dim)],
                                    arith::ConstantIndexOp::create(b, value));
      indices.pop_back();
      Value line = indices.back();
      for (int64_t first = 0; first < type.getShape().back(); first += kLanes) {
        Value half[2];
        for (int64_t k = 0; k < 2; ++k) {
          SmallVector<int64_t> row(position);
          row.push_back(k);
          half[k] = vector::ExtractStridedSliceOp::create(
              b, vector::ExtractOp::create(b, round.getIn(), row),
              ArrayRef<int64_t>{first}, ArrayRef<int64_t>{kLanes},
              ArrayRef<int64_t>{1});
        }
        // The first operand becomes the upper half.
        Value pairs =
            LLVM::CallIntrinsicOp::create(
                b, pairsType,
                b.getStringAttr("llvm.x86.avx512bf16.cvtne2ps2bf16.512"),
                ValueRange{half[1], half[0]})
                .getResult(0);
        pairs = vector::ShuffleOp::create(b, pairs, pairs, interleaved);
        Value at = arith::AddIOp::create(b, line, arith::ConstantIndexOp::create(b, first));
        indices.back() = arith::MulIOp::create(b, at, two);
        vector::StoreOp::create(b, pairs, joined, indices);
      }
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerDotProducts : gdpa_cpu::impl::GDPACPULowerDotProductsBase<LowerDotProducts> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!isProgram(func))
      return;
    auto schedule = func->getAttrOfType<ScheduleAttr>("schedule");
    if (!schedule || !schedule.multipliesStorageType())
      return;
    applyPatterns(func, [&](RewritePatternSet &patterns) {
      patterns.add<LowerContract, LowerPairWrite>(&getContext());
    });
    eliminateCommonSubexpressions(func);
    // What is left multiplies storage elements and would go through libraries.
    WalkResult left = func.walk([](vector::ContractionOp op) {
      if (!op.getLhsType().getElementType().isBF16())
        return WalkResult::advance();
      op.emitOpError("expected a product of pairs of bf16, found ") << op.getLhsType();
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
