//===- VectorizeRegion.cpp - scalar regions on vectors --------------------===//

#include "gdpa/Dialect/GDPATile/Transforms/VectorizeRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

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
      splits[index] = options.coordinate(index.getDim());
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
    if (auto compare = dyn_cast<arith::CmpIOp>(op); compare && split(compare))
      return success();
    if (isa<arith::AddIOp, arith::SubIOp>(op) && split(op))
      return success();
    return repeat(op);
  }

  /// A sum or difference of split indices is one: its vector is not made before
  /// something else needs it.
  bool split(Operation &op) {
    if (!op.getResult(0).getType().isIndex() || widthOf(op.getResult(0)) != 32)
      return false;
    std::optional<SplitIndices> left = splitOf(op.getOperand(0)),
                                right = splitOf(op.getOperand(1));
    if (!left || !right)
      return false;
    splits[op.getResult(0)] = combine(op.getLoc(), isa<arith::SubIOp>(op), *left,
                                      *right);
    return true;
  }

  /// Two split indices are compared by the difference of what their elements share
  /// and constants: nothing is kept for each element.
  bool split(arith::CmpIOp op) {
    Value lhs = op.getLhs(), rhs = op.getRhs();
    if (!lhs.getType().isIndex())
      return false;
    arith::CmpIPredicate predicate = op.getPredicate();
    ConstantIntRanges left = rangeOf(lhs), right = rangeOf(rhs);
    if (predicate >= arith::CmpIPredicate::ult) {
      if (left.smin().isNegative() || right.smin().isNegative())
        return false;
      constexpr auto toSigned = static_cast<int>(arith::CmpIPredicate::ult) -
                                static_cast<int>(arith::CmpIPredicate::slt);
      predicate = static_cast<arith::CmpIPredicate>(static_cast<int>(predicate) -
                                                    toSigned);
    }
    if (splitOf(lhs) && isFromOutside(rhs) && widthOf(rhs) != 32)
      return compareWide(op, predicate, lhs, rhs);
    if (splitOf(rhs) && isFromOutside(lhs) && widthOf(lhs) != 32)
      return compareWide(op, swapped(predicate), rhs, lhs);
    std::optional<SplitIndices> a = splitOf(lhs), b = splitOf(rhs);
    if (!a || !b)
      return false;
    // lhs - rhs = base + offset; the base alone must not wrap either.
    SplitIndices difference = combine(op.getLoc(), /*subtract=*/true, *a, *b);
    int64_t slack = 0;
    for (int32_t offset : difference.offsets)
      slack = std::max<int64_t>(slack, std::abs(static_cast<int64_t>(offset)));
    int64_t least = left.smin().getSExtValue() - right.smax().getSExtValue() - slack;
    int64_t most = left.smax().getSExtValue() - right.smin().getSExtValue() + slack;
    if (!difference.base || !llvm::isInt<32>(least) || !llvm::isInt<32>(most))
      return false;
    for (int32_t &offset : difference.offsets)
      offset = -offset;
    vectors[op] = arith::CmpIOp::create(builder, op.getLoc(), predicate,
                                        broadcast(op.getLoc(), difference.base),
                                        constant(op.getLoc(), difference.offsets));
    return true;
  }

  /// Compares `index` with a number of 64 bits: one beyond the index's range on
  /// either side stands for all that lie further out.
  bool compareWide(arith::CmpIOp op, arith::CmpIPredicate predicate, Value index,
                   Value number) {
    ConstantIntRanges range = rangeOf(index);
    int64_t least = range.smin().getSExtValue() - 1;
    int64_t most = range.smax().getSExtValue() + 1;
    if (!llvm::isInt<32>(least) || !llvm::isInt<32>(most))
      return false;
    Location loc = op.getLoc();
    auto bound = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, loc, value);
    };
    Value clamped = arith::MinSIOp::create(
        builder, loc, arith::MaxSIOp::create(builder, loc, number, bound(least)),
        bound(most));
    vectors[op] = arith::CmpIOp::create(
        builder, loc, predicate, get(index),
        broadcast(loc, arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                                  clamped)));
    return true;
  }

  static arith::CmpIPredicate swapped(arith::CmpIPredicate predicate) {
    switch (predicate) {
    case arith::CmpIPredicate::slt:
      return arith::CmpIPredicate::sgt;
    case arith::CmpIPredicate::sle:
      return arith::CmpIPredicate::sge;
    case arith::CmpIPredicate::sgt:
      return arith::CmpIPredicate::slt;
    case arith::CmpIPredicate::sge:
      return arith::CmpIPredicate::sle;
    default:
      return predicate;
    }
  }

  SplitIndices combine(Location loc, bool subtract, const SplitIndices &left,
                       const SplitIndices &right) {
    SplitIndices result = left;
    for (auto [offset, other] : llvm::zip(result.offsets, right.offsets))
      offset = subtract ? offset - other : offset + other;
    if (!right.base)
      return result;
    Value base = left.base;
    if (!base && subtract)
      base = arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), 0);
    if (!base)
      result.base = right.base;
    else if (subtract)
      result.base = arith::SubIOp::create(builder, loc, base, right.base);
    else
      result.base = arith::AddIOp::create(builder, loc, base, right.base);
    return result;
  }

  /// Coordinates, constants and indices from outside, and what is made of them,
  /// where i32 holds them.
  std::optional<SplitIndices> splitOf(Value value) {
    if (auto known = splits.find(value); known != splits.end())
      return known->second;
    if (!value.getType().isIndex() || widthOf(value) != 32)
      return std::nullopt;
    SplitIndices result;
    int32_t offset = 0;
    if (APInt number; matchPattern(value, m_ConstantInt(&number)))
      offset = number.getSExtValue();
    else if (isFromOutside(value))
      result.base = arith::IndexCastOp::create(builder, value.getLoc(),
                                               builder.getI32Type(), value);
    else
      return std::nullopt;
    result.offsets.assign(llvm::product_of(options.shape), offset);
    splits[value] = result;
    return result;
  }

  bool isFromOutside(Value value) {
    return !vectors.lookup(value) && !splits.contains(value) && !body(value) &&
           !matchPattern(value, m_Constant());
  }

  Value broadcast(Location loc, Value scalar) {
    return vector::BroadcastOp::create(
        builder, loc, VectorType::get(options.shape, scalar.getType()), scalar);
  }
  Value constant(Location loc, ArrayRef<int32_t> values) {
    auto type = VectorType::get(options.shape, builder.getI32Type());
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(type, values));
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
      if (value.getType().isIndex())
        vector = resize(op.getLoc(), vector, width);
      state.operands.push_back(vector);
    }
    for (Type type : op.getResultTypes())
      state.types.push_back(VectorType::get(
          options.shape, type.isIndex() ? builder.getIntegerType(width) : type));
    state.attributes = llvm::to_vector(op.getDiscardableAttrs());
    state.propertiesAttr = op.getPropertiesAsAttribute();
    Operation *made = builder.create(state);
    for (auto [scalar, vector] : llvm::zip(op.getResults(), made->getResults()))
      vectors[scalar] =
          scalar.getType().isIndex()
              ? resize(op.getLoc(), vector, widthOf(scalar))
              : Value(vector);
    return success();
  }

  LogicalResult castIndex(Operation &op) {
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
    if (!getElementTypeOrSelf(vector).isIndex())
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
    bool narrow = value.getType().isIndex();
    Value vector;
    if (auto split = splits.find(value); split != splits.end()) {
      vector = constant(loc, split->second.offsets);
      if (split->second.base)
        vector = arith::AddIOp::create(
            builder, loc, broadcast(loc, split->second.base), vector);
    } else if (TypedAttr constant; matchPattern(value, m_Constant(&constant))) {
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
      vector = broadcast(loc, scalar);
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
    if (!inferrable)
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
  DenseMap<Value, SplitIndices> splits;
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
