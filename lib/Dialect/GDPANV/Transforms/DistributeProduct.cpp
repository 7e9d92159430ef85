//===- DistributeProduct.cpp - products as ldmatrix and mma.sync ----------===//

#include "Distribution.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// Reads 16x16 blocks of a swizzled tile in shared memory with ldmatrix.x4.
class MatrixLoader {
public:
  /// `rows` is the number of rows of the tile, that is of one of its panels.
  MatrixLoader(ThreadBuilder &b, Value byteOffset, int64_t rows)
      : b(b), rows(rows), tile(b.advance(b.thread.shared, byteOffset)) {}

  /// The block at (row, column). Its four 8x8 matrices come in the order
  /// of (row half, column half) = (0,0) (1,0) (0,1) (1,1), or with
  /// `columnsFirst` (0,0) (0,1) (1,0) (1,1).
  SmallVector<Value> load(int64_t row, int64_t column, bool columnsFirst,
                          bool transpose, Value rowOffset = {}) {
    constexpr int64_t panel = SharedAttr::kPanel, rowBytes = panel * 2;
    int64_t chunk = column % panel / 8;
    Value &lanes = laneOffsets[columnsFirst][chunk];
    if (!lanes) {
      // Lane l names row l%8 of matrix l/8.
      Value low = b.bitAnd(b.thread.lane, 7);
      Value bit3 = b.bitAnd(b.shiftRight(b.thread.lane, 3), 1);
      Value bit4 = b.shiftRight(b.thread.lane, 4);
      Value laneRow = b.add(b.mul(columnsFirst ? bit4 : bit3, 8), low);
      Value laneChunk = b.bitXor(columnsFirst ? bit3 : bit4, low);
      Value offset =
          b.add(b.mul(laneRow, rowBytes),
                b.mul(b.bitXor(laneChunk, b.constant(chunk)), 16));
      if (rowOffset)
        offset = b.add(offset, b.mul(rowOffset, rowBytes));
      lanes = b.advance(tile, offset);
    }
    Value address =
        b.advance(lanes, (column / panel * rows + row) * rowBytes);
    MLIRContext *context = b.builder.getContext();
    Type i32 = b.builder.getI32Type();
    auto quad = LLVM::LLVMStructType::getLiteral(context, {i32, i32, i32, i32});
    auto shape = NVVM::LdStMatrixShapeAttr::get(context, 8, 8);
    Value loaded = NVVM::LdMatrixOp::create(
        b.builder, b.loc, quad, address, 4,
        transpose ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape,
        NVVM::LdStMatrixEltType::B16);
    SmallVector<Value> registers;
    for (int64_t i = 0; i < 4; ++i)
      registers.push_back(LLVM::ExtractValueOp::create(b.builder, b.loc, loaded,
                                                       ArrayRef<int64_t>{i}));
    return registers;
  }

private:
  ThreadBuilder &b;
  int64_t rows;
  Value tile;
  Value laneOffsets[2][8];
};

/// Row of the block at which the thread's warp begins its tiles.
Value warpRow(ThreadBuilder &b) { return b.mul(b.thread.warp, 16); }

struct DistributeConvert : DistributionPattern<ConvertOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(ConvertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttrInterface from = getLayout(op.getSource());
    VectorType type = fragmentOf(op.getType());
    Location loc = op.getLoc();
    if (!from || !type)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    switch (from.getConversionTo(getLayout(op.getResult()))) {
    case LayoutConversion::Same:
      rewriter.replaceOp(op, adaptor.getSource());
      return success();
    case LayoutConversion::Reshape:
      rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(op, type,
                                                       adaptor.getSource());
      return success();
    case LayoutConversion::LoadMatrix: {
      ThreadBuilder b(rewriter, loc, thread);
      auto lhs = cast<LhsAttr>(getLayout(op.getResult()));
      auto block = cast<RankedTensorType>(op.getType());
      MatrixLoader loader(b, adaptor.getSource(), block.getDimSize(0));
      Value first = warpRow(b);
      Value result =
          arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
      auto pair = VectorType::get({2}, type.getElementType());
      for (int64_t m = 0; m < lhs.getTiles(); ++m)
        for (int64_t k = 0; k < type.getDimSize(1); ++k) {
          SmallVector<Value> registers =
              loader.load(m * 16 * lhs.getWarps(), k * 16,
                          /*columnsFirst=*/false, /*transpose=*/false, first);
          for (auto [i, value] : llvm::enumerate(registers))
            result = vector::InsertOp::create(
                rewriter, loc,
                LLVM::BitcastOp::create(rewriter, loc, pair, value), result,
                ArrayRef<int64_t>{m, k, static_cast<int64_t>(i)});
        }
      rewriter.replaceOp(op, result);
      return success();
    }
    default:
      return rewriter.notifyMatchFailure(op, "another conversion");
    }
  }
};

struct DistributeContract : DistributionPattern<linalg::ContractOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(linalg::ContractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    auto left = cast<RankedTensorType>(op.getInputs()[0].getType());
    auto right = cast<RankedTensorType>(op.getInputs()[1].getType());
    auto type = dyn_cast<VectorType>(adaptor.getOutputs()[0].getType());
    auto acc = dyn_cast_or_null<AccAttr>(getLayout(op.getResult(0)));
    if (!type || !acc || !isa_and_nonnull<SharedAttr>(getLayout(op.getInputs()[1])))
      return rewriter.notifyMatchFailure(op, "operands of other layouts");
    // The right operand is [n][k], rows of keys, or [k][n], rows of values.
    bool columnsFirst = maps[1].getDimPosition(1) == maps[0].getDimPosition(1);
    int64_t tiles = acc.getTiles(), columns = type.getDimSize(1);
    int64_t depth = left.getDimSize(1) / 16;
    if (columns % 2 || left.getDimSize(1) % 16)
      return op.emitError("expected a product of blocks in multiples of 16");
    ThreadBuilder b(rewriter, loc, thread);
    MatrixLoader rightLoader(b, adaptor.getInputs()[1], right.getDimSize(0));
    Value a = adaptor.getInputs()[0], c = adaptor.getOutputs()[0];
    bool inRegisters = isa<VectorType>(a.getType());
    std::optional<MatrixLoader> leftLoader;
    if (!inRegisters)
      leftLoader.emplace(b, a, left.getDimSize(0));
    Value first = inRegisters ? Value() : warpRow(b);

    bool isHalf = left.getElementType().isF16();
    Type f32 = rewriter.getF32Type();
    Type registerType = rewriter.getI32Type();
    auto halfPair = VectorType::get({2}, rewriter.getF16Type());
    auto asOperand = [&](Value value) -> Value {
      Type wanted = isHalf ? Type(halfPair) : registerType;
      if (value.getType() == wanted)
        return value;
      return LLVM::BitcastOp::create(rewriter, loc, wanted, value);
    };
    SmallVector<std::array<Value, 4>> accumulators;
    for (int64_t m = 0; m < tiles; ++m)
      for (int64_t n = 0; n < columns; ++n) {
        std::array<Value, 4> tile;
        for (int64_t i = 0; i < 4; ++i)
          tile[i] = vector::ExtractOp::create(
              rewriter, loc, c, ArrayRef<int64_t>{m, n, i / 2, i % 2});
        accumulators.push_back(tile);
      }
    auto quad = LLVM::LLVMStructType::getLiteral(rewriter.getContext(),
                                                 {f32, f32, f32, f32});
    auto elementType = isHalf ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
    for (int64_t k = 0; k < depth; ++k) {
      SmallVector<SmallVector<Value>> leftRegisters;
      for (int64_t m = 0; m < tiles; ++m) {
        SmallVector<Value> registers;
        if (inRegisters)
          for (int64_t i = 0; i < 4; ++i)
            registers.push_back(vector::ExtractOp::create(
                rewriter, loc, a, ArrayRef<int64_t>{m, k, i}));
        else
          registers = leftLoader->load(m * 16 * acc.getWarps(), k * 16,
                                       /*columnsFirst=*/false,
                                       /*transpose=*/false, first);
        for (Value &value : registers)
          value = asOperand(value);
        leftRegisters.push_back(registers);
      }
      for (int64_t n = 0; n < columns; n += 2) {
        SmallVector<Value> registers =
            columnsFirst
                ? rightLoader.load(n * 8, k * 16, /*columnsFirst=*/true,
                                   /*transpose=*/false)
                : rightLoader.load(k * 16, n * 8, /*columnsFirst=*/false,
                                   /*transpose=*/true);
        for (Value &value : registers)
          value = asOperand(value);
        for (int64_t half = 0; half < 2; ++half)
          for (int64_t m = 0; m < tiles; ++m) {
            std::array<Value, 4> &tile = accumulators[m * columns + n + half];
            Value product = NVVM::MmaOp::create(
                rewriter, loc, quad, ValueRange(leftRegisters[m]),
                ValueRange{registers[2 * half], registers[2 * half + 1]},
                ValueRange(tile), ArrayRef<int64_t>{16, 8, 16},
                /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
                std::array<NVVM::MMATypes, 2>{elementType, elementType},
                std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                               NVVM::MMALayout::col});
            for (int64_t i = 0; i < 4; ++i)
              tile[i] = LLVM::ExtractValueOp::create(rewriter, loc, product,
                                                     ArrayRef<int64_t>{i});
          }
      }
    }
    Value result = c;
    auto pair = VectorType::get({2}, f32);
    for (int64_t m = 0; m < tiles; ++m)
      for (int64_t n = 0; n < columns; ++n)
        for (int64_t h = 0; h < 2; ++h) {
          std::array<Value, 4> &tile = accumulators[m * columns + n];
          Value elements = vector::FromElementsOp::create(
              rewriter, loc, pair, ValueRange{tile[2 * h], tile[2 * h + 1]});
          result = vector::InsertOp::create(rewriter, loc, elements, result,
                                            ArrayRef<int64_t>{m, n, h});
        }
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void gdpa_nv::populateProductDistribution(RewritePatternSet &patterns,
                                          const TypeConverter &converter,
                                          const ThreadContext &thread) {
  patterns.add<DistributeConvert, DistributeContract>(
      converter, patterns.getContext(), thread);
}
