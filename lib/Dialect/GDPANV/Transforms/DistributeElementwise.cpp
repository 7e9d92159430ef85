//===- DistributeElementwise.cpp - regions on a thread's elements ---------===//

#include "Distribution.h"
#include "gdpa/Dialect/GDPATile/Transforms/VectorizeRegion.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

namespace {

struct DistributeFill : DistributionPattern<linalg::FillOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(linalg::FillOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType type = fragmentOf(op.getResult(0).getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(op, type,
                                                     adaptor.getInputs()[0]);
    return success();
  }
};

struct DistributeEmpty : DistributionPattern<tensor::EmptyOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(tensor::EmptyOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType type = fragmentOf(op.getType());
    if (!type)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op,
                                                   rewriter.getZeroAttr(type));
    return success();
  }
};

struct DistributeConstant : DistributionPattern<arith::ConstantOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
    VectorType type = fragmentOf(op.getType());
    if (!splat || !type)
      return rewriter.notifyMatchFailure(op, "expected a splat in registers");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()));
    return success();
  }
};

/// A slice's vector, repeated over the other dimension of an acc fragment.
Value broadcastSlice(OpBuilder &builder, Location loc, Value vector,
                     SliceAttr slice, ArrayRef<int64_t> shape) {
  auto type = cast<VectorType>(vector.getType());
  Type element = type.getElementType();
  int64_t count = type.getDimSize(0);
  SmallVector<int64_t> expanded =
      slice.getDim() == 0 ? SmallVector<int64_t>{count, 1, 2, 1}
                          : SmallVector<int64_t>{1, count, 1, 2};
  Value cast = vector::ShapeCastOp::create(
      builder, loc, VectorType::get(expanded, element), vector);
  return vector::BroadcastOp::create(builder, loc,
                                     VectorType::get(shape, element), cast);
}

/// The coordinates of a thread's elements along one dimension.
gdpa_tile::SplitIndices coordinates(ThreadBuilder &builder,
                                    LayoutAttrInterface layout, unsigned dim,
                                    ArrayRef<int64_t> shape) {
  gdpa_tile::SplitIndices result;
  forEachPosition(shape, [&](ArrayRef<int64_t> position) {
    result.offsets.push_back(ThreadBuilder::positionOffset(layout, dim, position));
  });
  result.base = builder.threadOffset(layout, dim);
  return result;
}

struct DistributeGeneric : DistributionPattern<linalg::GenericOp> {
  using DistributionPattern::DistributionPattern;
  LogicalResult
  matchAndRewrite(linalg::GenericOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getNumParallelLoops() != op.getNumLoops())
      return rewriter.notifyMatchFailure(op, "a reduction");
    VectorType type = fragmentOf(op.getResult(0).getType());
    LayoutAttrInterface layout = getLayout(op.getResult(0));
    if (!type || !layout)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    Location loc = op.getLoc();
    ThreadBuilder builder(rewriter, loc, thread);
    SmallVector<Value> arguments;
    Block &body = op.getRegion().front();
    for (auto [operand, vector] :
         llvm::zip(op->getOpOperands(), adaptor.getOperands())) {
      if (op.getMatchingBlockArgument(&operand).use_empty()) {
        arguments.push_back({});
        continue;
      }
      Value argument = vector;
      auto slice = dyn_cast_or_null<SliceAttr>(getLayout(operand.get()));
      if (slice && type.getRank() == 4) {
        argument = broadcastSlice(rewriter, loc, argument, slice, type.getShape());
      } else if (auto given = dyn_cast<VectorType>(argument.getType()); !given) {
        // A scalar, or a tensor of rank 0 that became one.
        argument = vector::BroadcastOp::create(
            rewriter, loc, VectorType::get(type.getShape(), argument.getType()),
            argument);
      } else if (given.getShape() != type.getShape()) {
        return rewriter.notifyMatchFailure(op, "operands of other fragments");
      }
      arguments.push_back(argument);
    }
    gdpa_tile::RegionVectorization options;
    options.shape = type.getShape();
    auto coordinate = [&](int64_t dim) {
      return coordinates(builder, layout, dim, type.getShape());
    };
    auto block = cast<RankedTensorType>(op.getResult(0).getType());
    auto extent = [&](int64_t dim) { return block.getDimSize(dim); };
    auto extract = [&](tensor::ExtractOp gather, ValueRange indices) {
      return distributeGather(builder, gather, indices, type.getShape());
    };
    options.coordinate = coordinate;
    options.extent = extent;
    options.extract = extract;
    auto range = [&](Value index) {
      auto known = thread.ranges.find(index);
      return known != thread.ranges.end() ? known->second
                                          : ConstantIntRanges::maxRange(64);
    };
    options.range = range;
    FailureOr<SmallVector<Value>> results =
        gdpa_tile::vectorizeRegion(rewriter, body, arguments, options);
    if (failed(results))
      return failure();
    rewriter.replaceOp(op, *results);
    return success();
  }

  /// One load for each element. The block program has clamped the indices, so that
  /// positions past the end of a block read inside the buffer.
  static FailureOr<Value> distributeGather(ThreadBuilder &builder,
                                           tensor::ExtractOp gather,
                                           ValueRange indices,
                                           ArrayRef<int64_t> shape) {
    OpBuilder &b = builder.builder;
    Location loc = gather.getLoc();
    auto toTensor = gather.getTensor().getDefiningOp<bufferization::ToTensorOp>();
    if (!toTensor) {
      gather.emitError("expected an element of a buffer: elements of block "
                       "tensors are not lowered to NVIDIA kernels");
      return failure();
    }
    Value buffer = toTensor.getBuffer();
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    Value pointer = builder.pointer(buffer);
    auto wide = VectorType::get(shape, b.getI64Type());
    Value offset;
    for (auto [dim, index] : llvm::enumerate(indices)) {
      Value position = index;
      if (position.getType() != wide)
        position = arith::ExtSIOp::create(b, loc, wide, position);
      Value stride = builder.strideI64(buffer, dim);
      if (!matchPattern(stride, m_One()))
        position = arith::MulIOp::create(
            b, loc, position, vector::BroadcastOp::create(b, loc, wide, stride));
      offset = offset ? arith::AddIOp::create(b, loc, offset, position).getResult()
                      : position;
    }
    if (!offset)
      offset = arith::ConstantOp::create(b, loc, b.getZeroAttr(wide));
    SmallVector<Value> elements;
    forEachPosition(shape, [&](ArrayRef<int64_t> position) {
      Value at = vector::ExtractOp::create(b, loc, offset, position);
      Value bytes = arith::MulIOp::create(
          b, loc, at,
          arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(bytesOf(element))));
      elements.push_back(
          loadElement(builder, builder.advance(pointer, bytes), element, {}));
    });
    return Value(vector::FromElementsOp::create(
        b, loc, VectorType::get(shape, element), elements));
  }
};

/// A row reduction: inside the thread, then over the four lanes that share a row.
/// The order is fixed, so that repeated runs agree.
struct DistributeReduction : OpInterfaceConversionPattern<linalg::LinalgOp> {
  DistributeReduction(const TypeConverter &converter, MLIRContext *context)
      : OpInterfaceConversionPattern(converter, context) {}

  LogicalResult
  matchAndRewrite(linalg::LinalgOp op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<linalg::GenericOp, linalg::ReduceOp>(op) ||
        op.getNumParallelLoops() == op.getNumLoops())
      return rewriter.notifyMatchFailure(op, "no reduction");
    Location loc = op.getLoc();
    Value input = operands[0], init = operands[1];
    auto type = dyn_cast<VectorType>(input.getType());
    if (!type || type.getRank() != 4)
      return rewriter.notifyMatchFailure(op, "expected a block in registers");
    Block &body = op->getRegion(0).front();
    for (Operation &inner : body.without_terminator())
      if (!isMemoryEffectFree(&inner) || isa<linalg::IndexOp>(inner))
        return inner.emitError("expected a reduction of pure operations");
    auto combine = [&](Value a, Value b) -> Value {
      IRMapping mapping;
      mapping.map(body.getArgument(0), a);
      mapping.map(body.getArgument(1), b);
      for (Operation &inner : body.without_terminator())
        rewriter.clone(inner, mapping);
      return mapping.lookupOrDefault(body.getTerminator()->getOperand(0));
    };
    Value result = init;
    for (int64_t m = 0; m < type.getDimSize(0); ++m)
      for (int64_t h = 0; h < 2; ++h) {
        SmallVector<Value> terms;
        for (int64_t n = 0; n < type.getDimSize(1); ++n)
          for (int64_t p = 0; p < 2; ++p)
            terms.push_back(vector::ExtractOp::create(
                rewriter, loc, input, ArrayRef<int64_t>{m, n, h, p}));
        while (terms.size() > 1) {
          size_t half = terms.size() / 2, odd = terms.size() % 2;
          for (size_t i = 0; i < half; ++i)
            terms[i] = combine(terms[i], terms[i + half + odd]);
          terms.resize(half + odd);
        }
        Value sum = terms[0];
        for (int32_t distance : {1, 2}) {
          auto other = gpu::ShuffleOp::create(rewriter, loc, sum, distance, 32,
                                              gpu::ShuffleMode::XOR);
          sum = combine(sum, other.getShuffleResult());
        }
        Value before = vector::ExtractOp::create(rewriter, loc, init,
                                                 ArrayRef<int64_t>{m, h});
        result = vector::InsertOp::create(rewriter, loc, combine(sum, before),
                                          result, ArrayRef<int64_t>{m, h});
      }
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void gdpa_nv::populateElementwiseDistribution(RewritePatternSet &patterns,
                                              const TypeConverter &converter,
                                              const ThreadContext &thread) {
  patterns.add<DistributeFill, DistributeEmpty, DistributeConstant,
               DistributeGeneric>(converter, patterns.getContext(), thread);
  patterns.add<DistributeReduction>(converter, patterns.getContext());
}
