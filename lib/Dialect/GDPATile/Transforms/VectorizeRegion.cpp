//===- VectorizeRegion.cpp - scalar regions on vectors --------------------===//

#include "gdpa/Dialect/GDPATile/Transforms/VectorizeRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

namespace {

class Vectorizer {
public:
  Vectorizer(OpBuilder &builder, const RegionVectorization &options)
      : builder(builder), options(options) {}

  LogicalResult run(Block &body, ValueRange arguments,
                    SmallVector<Value> &results) {
    for (auto [argument, vector] : llvm::zip(body.getArguments(), arguments))
      if (vector)
        vectors[argument] = fromIndex(argument.getLoc(), vector);
    for (Operation &op : body.without_terminator())
      if (failed(vectorize(op)))
        return failure();
    for (Value value : body.getTerminator()->getOperands())
      results.push_back(get(value));
    return success();
  }

private:
  LogicalResult vectorize(Operation &op) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      vectors[index] = options.coordinate(index.getDim());
      ranges.insert({index, ConstantIntRanges::fromSigned(
                                APInt(64, 0),
                                APInt(64, options.extent(index.getDim()) - 1))});
      return success();
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<Value> indices;
      for (Value index : extract.getIndices())
        indices.push_back(get(index));
      FailureOr<Value> value = options.extract(extract, indices);
      if (failed(value))
        return failure();
      vectors[extract] = fromIndex(extract.getLoc(), *value);
      return success();
    }
    if (op.hasTrait<OpTrait::ConstantLike>() && op.getNumResults() == 1) {
      (void)get(op.getResult(0));
      return success();
    }
    if (!OpTrait::hasElementwiseMappableTraits(&op))
      return op.emitError("expected an elementwise operation on scalars in the "
                          "region of a block operation, found ")
             << op.getName();
    inferRanges(op);
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
      return castIndex(op);
    return repeat(op);
  }

  /// The same operation on vectors. Where it works on indices, in the width that
  /// holds its operands and its result.
  LogicalResult repeat(Operation &op) {
    unsigned width = 32;
    for (Value value : op.getOperands())
      if (value.getType().isIndex())
        width = std::max(width, widthOf(value));
    for (Value value : op.getResults())
      if (value.getType().isIndex())
        width = std::max(width, widthOf(value));
    // Zero extension and these operations do not commute for negative values.
    if (isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp, arith::ShRUIOp>(op))
      for (Value value : op.getOperands())
        if (value.getType().isIndex() && rangeOf(value).smin().isNegative())
          width = 64;
    OperationState state(op.getLoc(), op.getName());
    for (Value value : op.getOperands()) {
      Value vector = get(value);
      if (options.narrowIndices && value.getType().isIndex())
        vector = resize(op.getLoc(), vector, width);
      state.operands.push_back(vector);
    }
    for (Type type : op.getResultTypes())
      state.types.push_back(VectorType::get(
          options.shape, type.isIndex() && options.narrowIndices
                             ? builder.getIntegerType(width)
                             : type));
    state.attributes = llvm::to_vector(op.getDiscardableAttrs());
    state.propertiesAttr = op.getPropertiesAsAttribute();
    Operation *made = builder.create(state);
    for (auto [scalar, vector] : llvm::zip(op.getResults(), made->getResults()))
      vectors[scalar] =
          options.narrowIndices && scalar.getType().isIndex()
              ? resize(op.getLoc(), vector, widthOf(scalar))
              : Value(vector);
    return success();
  }

  LogicalResult castIndex(Operation &op) {
    if (!options.narrowIndices)
      return repeat(op);
    Value vector = get(op.getOperand(0));
    Type to = op.getResult(0).getType();
    unsigned width = to.isIndex() ? widthOf(op.getResult(0))
                                  : to.getIntOrFloatBitWidth();
    // An index is signed unless the cast widens an integer without sign.
    bool isSigned = isa<arith::IndexCastOp>(op) || !to.isIndex();
    vectors[op.getResult(0)] = resize(op.getLoc(), vector, width, isSigned);
    return success();
  }

  /// An index that was read somewhere: nothing is known of its range.
  Value fromIndex(Location loc, Value vector) {
    if (!options.narrowIndices || !getElementTypeOrSelf(vector).isIndex())
      return vector;
    Type type = VectorType::get(options.shape, builder.getI64Type());
    return arith::IndexCastOp::create(builder, loc, type, vector);
  }

  Value resize(Location loc, Value vector, unsigned width,
               bool isSigned = true) {
    Type type = VectorType::get(options.shape, builder.getIntegerType(width));
    unsigned from = getElementTypeOrSelf(vector).getIntOrFloatBitWidth();
    if (from == width)
      return vector;
    if (from > width)
      return arith::TruncIOp::create(builder, loc, type, vector);
    if (isSigned)
      return arith::ExtSIOp::create(builder, loc, type, vector);
    return arith::ExtUIOp::create(builder, loc, type, vector);
  }

  /// The vector of a value; constants and values from outside are broadcast.
  Value get(Value value) {
    if (Value vector = vectors.lookup(value))
      return vector;
    Location loc = value.getLoc();
    bool narrow = options.narrowIndices && value.getType().isIndex();
    Value vector;
    if (TypedAttr constant; matchPattern(value, m_Constant(&constant))) {
      if (narrow)
        constant = builder.getIntegerAttr(
            builder.getIntegerType(widthOf(value)),
            cast<IntegerAttr>(constant).getValue().getSExtValue());
      auto type = VectorType::get(options.shape, constant.getType());
      vector = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(type, Attribute(constant)));
    } else {
      Value scalar = value;
      if (narrow)
        scalar = arith::IndexCastOp::create(
            builder, loc, builder.getIntegerType(widthOf(value)), value);
      vector = vector::BroadcastOp::create(
          builder, loc, VectorType::get(options.shape, scalar.getType()),
          scalar);
    }
    vectors[value] = vector;
    return vector;
  }

  ConstantIntRanges rangeOf(Value value) {
    if (auto known = ranges.find(value); known != ranges.end())
      return known->second;
    if (APInt constant; matchPattern(value, m_ConstantInt(&constant)))
      return ConstantIntRanges::constant(constant);
    unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
    if (value.getType().isIndex() && options.range &&
        value.getParentBlock() != body(value))
      return options.range(value);
    return ConstantIntRanges::maxRange(width);
  }
  /// The block being vectorized if `value` is defined in it.
  Block *body(Value value) {
    Operation *parent = value.getParentBlock()->getParentOp();
    return isa_and_nonnull<linalg::LinalgOp>(parent) ? value.getParentBlock()
                                                     : nullptr;
  }

  unsigned widthOf(Value index) {
    ConstantIntRanges range = rangeOf(index);
    return range.smin().isSignedIntN(32) && range.smax().isSignedIntN(32) ? 32
                                                                          : 64;
  }

  void inferRanges(Operation &op) {
    auto inferrable = dyn_cast<InferIntRangeInterface>(op);
    if (!options.narrowIndices || !inferrable)
      return;
    SmallVector<ConstantIntRanges> operands;
    for (Value operand : op.getOperands()) {
      if (!operand.getType().isIntOrIndex())
        return;
      operands.push_back(rangeOf(operand));
    }
    inferrable.inferResultRanges(
        operands, [&](Value result, const ConstantIntRanges &range) {
          ranges.insert({result, range});
        });
  }

  OpBuilder &builder;
  const RegionVectorization &options;
  DenseMap<Value, Value> vectors;
  DenseMap<Value, ConstantIntRanges> ranges;
};
} // namespace

FailureOr<SmallVector<Value>>
gdpa_tile::vectorizeRegion(OpBuilder &builder, Block &body, ValueRange arguments,
                           const RegionVectorization &options) {
  SmallVector<Value> results;
  if (failed(Vectorizer(builder, options).run(body, arguments, results)))
    return failure();
  return results;
}
