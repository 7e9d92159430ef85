//===- DistributeAsyncProduct.cpp - products on the tensor cores of Hopper ===//
//
// NVVM's wgmma operations take no left operand from registers and its wait names
// no registers, so that nothing would order what reads them after it: both are
// inline assembly whose results are tied to its operands.
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "KernelThreads.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

/// The positions of a fragment's pairs of narrow elements.
SmallVector<SmallVector<int64_t>> pairsOf(VectorType type) {
  SmallVector<SmallVector<int64_t>> positions;
  forEachPosition(type.getShape().drop_back(), [&](ArrayRef<int64_t> position) {
    positions.emplace_back(position);
  });
  return positions;
}

/// The registers of a fragment: f32 elements, or pairs of narrow ones as i32.
SmallVector<Value> toRegisters(OpBuilder &builder, Location loc, Value fragment) {
  auto type = cast<VectorType>(fragment.getType());
  if (type.getElementTypeBitWidth() != 16)
    return llvm::to_vector_of<Value>(
        vector::ToElementsOp::create(builder, loc, fragment).getResults());
  SmallVector<Value> registers;
  for (ArrayRef<int64_t> position : pairsOf(type))
    registers.push_back(LLVM::BitcastOp::create(
        builder, loc, builder.getI32Type(),
        vector::ExtractOp::create(builder, loc, fragment, position)));
  return registers;
}

Value fromRegisters(OpBuilder &builder, Location loc, VectorType type,
                    ValueRange registers) {
  if (type.getElementTypeBitWidth() != 16)
    return vector::FromElementsOp::create(builder, loc, type, registers);
  auto pair = VectorType::get({2}, type.getElementType());
  Value result = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  for (auto [position, value] : llvm::zip_equal(pairsOf(type), registers))
    result = vector::InsertOp::create(
        builder, loc, LLVM::BitcastOp::create(builder, loc, pair, value), result, position);
  return result;
}

SmallVector<Value> assemble(OpBuilder &builder, Location loc, StringRef text,
                            StringRef constraints, ValueRange operands,
                            TypeRange results) {
  MLIRContext *context = builder.getContext();
  Type type;
  if (results.size() == 1)
    type = results[0];
  else if (!results.empty())
    type = LLVM::LLVMStructType::getLiteral(context, llvm::to_vector(results));
  auto op = LLVM::InlineAsmOp::create(
      builder, loc, type ? TypeRange(type) : TypeRange(), operands, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(context, LLVM::AsmDialect::AD_ATT), ArrayAttr());
  if (results.size() <= 1)
    return llvm::to_vector_of<Value>(op->getResults());
  SmallVector<Value> values;
  for (int64_t i = 0, e = results.size(); i < e; ++i)
    values.push_back(LLVM::ExtractValueOp::create(builder, loc, op->getResult(0),
                                                  ArrayRef<int64_t>{i}));
  return values;
}

/// `text` with all registers of `fragments` as operands that are results as well.
SmallVector<Value> passThrough(OpBuilder &builder, Location loc, StringRef text,
                               ValueRange fragments) {
  SmallVector<Value> registers;
  SmallVector<int64_t> counts;
  for (Value fragment : fragments) {
    SmallVector<Value> own = toRegisters(builder, loc, fragment);
    counts.push_back(own.size());
    registers.append(own);
  }
  std::string constraints, ties;
  for (auto [number, value] : llvm::enumerate(registers)) {
    constraints += (number ? "," : "") + std::string(value.getType().isF32() ? "=f" : "=r");
    ties += "," + std::to_string(number);
  }
  SmallVector<Value> results = assemble(builder, loc, text, constraints + ties, registers,
                                        TypeRange(ValueRange(registers)));
  SmallVector<Value> rebuilt;
  ArrayRef<Value> rest = results;
  for (auto [fragment, count] : llvm::zip(fragments, counts)) {
    rebuilt.push_back(fromRegisters(builder, loc, cast<VectorType>(fragment.getType()),
                                    rest.take_front(count)));
    rest = rest.drop_front(count);
  }
  return rebuilt;
}

struct DistributeFence : DistributionPattern<FenceOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(FenceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, passThrough(rewriter, op.getLoc(), "wgmma.fence.sync.aligned;",
                                       adaptor.getValues()));
    return success();
  }
};

struct DistributeHold : DistributionPattern<HoldOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(HoldOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, passThrough(rewriter, op.getLoc(), "", adaptor.getValues()));
    return success();
  }
};

struct DistributeWait : DistributionPattern<WaitOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(WaitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> fragments(adaptor.getPending());
    llvm::append_range(fragments, adaptor.getKept());
    std::string text = "wgmma.wait_group.sync.aligned " + std::to_string(op.getInflight()) + ";";
    rewriter.replaceOp(op, passThrough(rewriter, op.getLoc(), text, fragments));
    return success();
  }
};

/// Shared-memory operands of products: 128-byte swizzled panels of 64 columns.
class Descriptor {
public:
  /// `stride` in bytes from one panel to the next where the summed dimension runs along
  /// rows (MN-major); ignored else.
  Descriptor(ThreadBuilder &b, Value byteOffset, int64_t stride) : b(b) {
    Value base = LLVM::PtrToIntOp::create(b.builder, b.loc, b.builder.getI32Type(),
                                          b.thread.shared);
    Value address = b.add(base, byteOffset);
    constexpr int64_t swizzle = int64_t(1) << 62, rowGroup = 1024;
    Value low = b.bitAnd(b.shiftRight(address, 4), 0x3fff);
    Value wide = arith::ExtUIOp::create(b.builder, b.loc, b.builder.getI64Type(), low);
    first = arith::OrIOp::create(
        b.builder, b.loc, wide,
        b.constantI64(swizzle | (rowGroup >> 4) << 32 | (stride >> 4) << 16));
  }
  Value at(int64_t bytes) {
    return bytes ? arith::AddIOp::create(b.builder, b.loc, first, b.constantI64(bytes >> 4))
                       .getResult()
                 : first;
  }

private:
  ThreadBuilder &b;
  Value first;
};

struct DistributeMmaAsync : DistributionPattern<MmaAsyncOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(MmaAsyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ThreadBuilder b(rewriter, loc, thread);
    auto left = cast<RankedTensorType>(op.getLhs().getType());
    auto right = cast<RankedTensorType>(op.getRhs().getType());
    auto acc = cast<AccAttr>(op.getType().getBlock().getEncoding());
    VectorType type = fragmentOf(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "expected an accumulator in registers");
    if (acc.getWarps() != 4 * thread.consumers)
      return op.emitError("expected rows spread over the warps of the consumers, ")
             << 4 * thread.consumers << ", found " << acc.getWarps();
    constexpr int64_t rowBytes = SharedAttr::kPanel * 2, step = 16, group = 64;
    int64_t tiles = acc.getTiles(), depth = left.getDimSize(1) / step;
    int64_t columns = type.getDimSize(1) * 8;
    bool transposed = op.getTransposed(), inRegisters = isa<VectorType>(adaptor.getLhs().getType());
    int64_t panelBytes = right.getDimSize(0) * rowBytes;
    Descriptor rhs(b, adaptor.getRhs(), transposed ? step : panelBytes);
    SmallVector<Value> registers, accumulators;
    std::optional<Descriptor> lhs;
    if (inRegisters) {
      registers = toRegisters(rewriter, loc, adaptor.getLhs());
    } else {
      Value row = b.mul(b.shiftRight(thread.warp, 2), group * rowBytes);
      lhs.emplace(b, b.add(adaptor.getLhs(), row), step);
    }
    if (adaptor.getAccumulator())
      accumulators = toRegisters(rewriter, loc, adaptor.getAccumulator());
    else
      accumulators.assign(type.getNumElements(),
                          LLVM::UndefOp::create(rewriter, loc, rewriter.getF32Type()));
    NVVM::WgmmaFenceAlignedOp::create(rewriter, loc);
    int64_t perTile = columns / 2;
    SmallVector<Value> results;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      SmallVector<Value> sum(ArrayRef(accumulators).slice(tile * perTile, perTile));
      SmallVector<Value> leftOperands, rightOperands;
      for (int64_t k = 0; k < depth; ++k) {
        // Along rows of 64 columns: 32 bytes a step.
        auto along = [&](int64_t rows) { return k / 4 * rows * rowBytes + k % 4 * 32; };
        if (!inRegisters)
          leftOperands.push_back(lhs->at(along(left.getDimSize(0)) +
                                         tile * group * thread.consumers * rowBytes));
        rightOperands.push_back(
            rhs.at(transposed ? along(right.getDimSize(0)) : k * step * rowBytes));
      }
      if (inRegisters)
        leftOperands.append(registers.begin() + tile * depth * 4,
                            registers.begin() + (tile + 1) * depth * 4);
      sum = multiply(rewriter, loc, sum, leftOperands, rightOperands, columns,
                     left.getElementType(), transposed, /*adds=*/!!adaptor.getAccumulator());
      results.append(sum);
    }
    NVVM::WgmmaGroupSyncAlignedOp::create(rewriter, loc);
    rewriter.replaceOp(op, fromRegisters(rewriter, loc, type, results));
    return success();
  }

  /// m64nNk16 products for each 16 columns of the left operand: four registers or one
  /// descriptor. They are one piece of assembly, so that the accumulators have one name.
  static SmallVector<Value> multiply(OpBuilder &builder, Location loc, ValueRange accumulators,
                                     ValueRange lhs, ValueRange rhs, int64_t columns,
                                     Type element, bool transposed, bool adds) {
    int64_t count = accumulators.size(), steps = rhs.size();
    int64_t perStep = lhs.size() / steps;
    bool inRegisters = perStep == 4;
    auto number = [](int64_t n) { return "$" + std::to_string(n); };
    std::string sums, constraints, ties;
    for (int64_t i = 0; i < count; ++i) {
      sums += (i ? ", " : "") + number(i);
      constraints += i ? ",=f" : "=f";
      ties += "," + std::to_string(i);
    }
    for (size_t i = 0; i < lhs.size(); ++i)
      ties += inRegisters ? ",r" : ",l";
    for (int64_t k = 0; k < steps; ++k)
      ties += ",l";
    std::string text = "{ .reg .pred adds, sets; setp.ne.b32 adds, 1, 0; setp.ne.b32 sets, 0, 0;";
    for (int64_t k = 0; k < steps; ++k) {
      text += " wgmma.mma_async.sync.aligned.m64n" + std::to_string(columns) +
              (element.isF16() ? "k16.f32.f16.f16 {" : "k16.f32.bf16.bf16 {") + sums + "}, ";
      int64_t first = 2 * count + k * perStep;
      if (inRegisters)
        text += "{" + number(first) + ", " + number(first + 1) + ", " + number(first + 2) +
                ", " + number(first + 3) + "}, ";
      else
        text += number(first) + ", ";
      // Whether it adds, the operands' signs, then which of them are MN-major.
      text += number(2 * count + lhs.size() + k) + (adds || k ? ", adds" : ", sets") +
              ", 1, 1, " + (inRegisters ? "" : "0, ") + (transposed ? "0" : "1") + ";";
    }
    text += " }";
    SmallVector<Value> operands(accumulators);
    llvm::append_range(operands, lhs);
    llvm::append_range(operands, rhs);
    return assemble(builder, loc, text, constraints + ties, operands,
                    SmallVector<Type>(count, builder.getF32Type()));
  }
};

} // namespace

void gdpa_nv::populateAsyncProductDistribution(RewritePatternSet &patterns,
                                               const TypeConverter &converter,
                                               const ThreadContext &thread) {
  patterns.add<DistributeFence, DistributeHold, DistributeWait, DistributeMmaAsync>(
      converter, patterns.getContext(), thread);
}
