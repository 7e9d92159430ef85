//===- GDPAToLinalg.cpp - the unfused decomposition -----------------------===//
//
// Score matrix, elementwise activation, product, each a whole tensor. A query
// head is a pair (g, r): key head and position in its group, so that grouped
// heads need no floordiv in an indexing map. Where the number of either kind of
// heads is known at run time only, K and V are repeated for every query head
// and groups have one head: a dimension split in two unknown ones is more than
// upstream's lowering of metadata takes.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToLinalg/GDPAToLinalg.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include <limits>

namespace mlir::gdpa {
#define GEN_PASS_DEF_GDPATOLINALGPASS
#include "gdpa/Conversion/GDPAToLinalg/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;

namespace {

/// Loops of the products; the depth is that of q and k or that of v and o.
enum Loop : unsigned { kBatch, kKeyHead, kGroup, kQuery, kKey, kDepth, kLoops };

/// Decomposes one operation, forward or backward.
class Decomposition {
public:
  template <class Op>
  Decomposition(OpBuilder &builder, Op op)
      : builder(builder), loc(op.getLoc()), layout(op.getLayout()),
        compute(op.getComputeType()), storage(op.getStorageType()),
        scale(op.getScale()), captures(op.getCaptures()) {
    TensorDims dims = getTensorDims(layout);
    auto size = [&](Value tensor, unsigned dim) {
      return tensor::getMixedSize(builder, loc, tensor, dim);
    };
    sizes.resize(kLoops);
    sizes[kBatch] = size(op.getQuery(), *dims.batch);
    sizes[kKeyHead] = size(op.getKey(), dims.head);
    sizes[kQuery] = size(op.getQuery(), dims.sequence);
    sizes[kKey] = size(op.getKey(), dims.sequence);
    OpFoldResult heads = size(op.getQuery(), dims.head);
    std::optional<int64_t> queryHeads = getConstantIntValue(heads);
    std::optional<int64_t> keyHeads = getConstantIntValue(sizes[kKeyHead]);
    if (queryHeads && keyHeads && *keyHeads > 0) {
      sizes[kGroup] = builder.getIndexAttr(*queryHeads / *keyHeads);
    } else {
      Value one = arith::ConstantIndexOp::create(builder, loc, 1);
      Value divisor =
          arith::MaxUIOp::create(builder, loc, asValue(sizes[kKeyHead]), one);
      repeats = arith::DivUIOp::create(builder, loc, asValue(heads), divisor);
      sizes[kKeyHead] = heads;
      sizes[kGroup] = builder.getIndexAttr(1);
    }
    queryRows = queryRowLoops();
    query = splitHeads(op.getQuery());
    key = repeatHeads(op.getKey());
    value = repeatHeads(op.getValue());
  }

  void forward(AttentionOp op);
  void backward(AttentionBackwardOp op);

private:
  Value asValue(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(builder, loc, size);
  }
  /// Loops over the dimensions of a query-like tensor with split heads.
  SmallVector<unsigned> queryRowLoops() const {
    if (layout == Layout::BSHD)
      return {kBatch, kQuery, kKeyHead, kGroup, kDepth};
    return {kBatch, kKeyHead, kGroup, kQuery, kDepth};
  }
  SmallVector<unsigned> keyRowLoops() const {
    if (layout == Layout::BSHD)
      return {kBatch, kKey, kKeyHead, kDepth};
    return {kBatch, kKeyHead, kKey, kDepth};
  }
  static SmallVector<unsigned> scoreLoops() {
    return {kBatch, kKeyHead, kGroup, kQuery, kKey};
  }
  static SmallVector<unsigned> statisticsLoops() {
    return {kBatch, kKeyHead, kGroup, kQuery};
  }

  SmallVector<OpFoldResult> sizesOf(ArrayRef<unsigned> loops,
                                    OpFoldResult depth) {
    SmallVector<OpFoldResult> result;
    for (unsigned loop : loops)
      result.push_back(loop == kDepth ? depth : sizes[loop]);
    return result;
  }
  AffineMap mapOf(ArrayRef<unsigned> loops, unsigned numLoops = kLoops) {
    SmallVector<AffineExpr> results;
    for (unsigned loop : loops)
      results.push_back(builder.getAffineDimExpr(loop));
    return AffineMap::get(numLoops, 0, results, builder.getContext());
  }

  Value empty(ArrayRef<OpFoldResult> shape, Type element) {
    return tensor::EmptyOp::create(builder, loc, shape, element);
  }
  Value filled(ArrayRef<OpFoldResult> shape, Type element, double number) {
    Value constant = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(element, number));
    Value init = empty(shape, element);
    return linalg::FillOp::create(builder, loc, constant, init).getResult(0);
  }

  /// [.., Hq, ..] -> [.., Hkv, Hq / Hkv, ..]
  Value splitHeads(Value tensor);
  /// The inverse, to the shape that `type` says.
  Value joinHeads(Value tensor, unsigned head);
  /// [.., Hkv, ..] -> [.., Hq, ..] where heads are repeated, else `tensor`.
  Value repeatHeads(Value tensor);
  /// The transpose of that: sums of `tensor` over the repeats of a head.
  Value sumRepeats(Value tensor, Value like);
  /// A sum of products over the loops that `result` lacks, in the compute
  /// type.
  Value contract(Value left, ArrayRef<unsigned> leftLoops, Value right,
                 ArrayRef<unsigned> rightLoops, ArrayRef<unsigned> result,
                 OpFoldResult depth);
  using Body = llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)>;
  /// An elementwise operation over loops `loops`; inputs may lack some.
  SmallVector<Value> elementwise(ArrayRef<unsigned> loops, ValueRange inputs,
                                 ArrayRef<SmallVector<unsigned>> inputLoops,
                                 ArrayRef<Type> elements, OpFoldResult depth,
                                 Body body);
  /// Writes `tensor` to the destination, rounding where types differ.
  Value store(Value tensor, Value destination);

  /// A region's yielded values at one pair of a score-shaped elementwise body.
  SmallVector<Value> inlineRegion(OpBuilder &b, Region &region,
                                  ArrayRef<Value> leading);
  Value convertFloat(OpBuilder &b, Value value, Type type) {
    if (value.getType() == type)
      return value;
    if (value.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(b, loc, type, value);
    return arith::TruncFOp::create(b, loc, type, value);
  }
  Value real(OpBuilder &b, double number) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(compute, number));
  }
  Value scores() {
    OpFoldResult depth =
        tensor::getMixedSize(builder, loc, key, getTensorDims(layout).depth);
    return contract(query, queryRows, key, keyRowLoops(), scoreLoops(), depth);
  }
  Value reduceKeys(Value tensor, double start, bool isMaximum);

  OpBuilder &builder;
  Location loc;
  Layout layout;
  Type compute, storage;
  Value scale;
  Value repeats; // of each key head; null where groups are split
  ValueRange captures;
  SmallVector<OpFoldResult> sizes;
  SmallVector<unsigned> queryRows;
  Value query, key, value;
};

} // namespace

Value Decomposition::splitHeads(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  unsigned head = getTensorDims(layout).head;
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(builder, loc, tensor);
  shape[head] = sizes[kKeyHead];
  shape.insert(shape.begin() + head + 1, sizes[kGroup]);
  SmallVector<int64_t> staticShape;
  for (OpFoldResult size : shape)
    staticShape.push_back(
        getConstantIntValue(size).value_or(ShapedType::kDynamic));
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0, next = 0; dim < type.getRank(); ++dim) {
    groups.push_back({next++});
    if (dim == int64_t(head))
      groups.back().push_back(next++);
  }
  return tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(staticShape, type.getElementType()),
      tensor, groups, shape);
}

Value Decomposition::joinHeads(Value tensor, unsigned head) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    groups.push_back({dim});
    if (dim == int64_t(head))
      groups.back().push_back(++dim);
  }
  return tensor::CollapseShapeOp::create(builder, loc, tensor, groups);
}

Value Decomposition::repeatHeads(Value tensor) {
  if (!repeats)
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  unsigned head = getTensorDims(layout).head;
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(builder, loc, tensor);
  shape[head] = sizes[kKeyHead];
  Value init = empty(shape, type.getElementType());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), ValueRange(), init,
             builder.getMultiDimIdentityMap(type.getRank()), iterators,
             [&](OpBuilder &b, Location, ValueRange) {
               SmallVector<Value> indices;
               for (int64_t dim = 0; dim < type.getRank(); ++dim)
                 indices.push_back(linalg::IndexOp::create(b, loc, dim));
               indices[head] =
                   arith::DivUIOp::create(b, loc, indices[head], repeats);
               Value element =
                   tensor::ExtractOp::create(b, loc, tensor, indices);
               linalg::YieldOp::create(b, loc, element);
             })
      .getResult(0);
}

Value Decomposition::sumRepeats(Value tensor, Value like) {
  if (!repeats)
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  unsigned head = getTensorDims(layout).head;
  int64_t rank = type.getRank();
  Value init = filled(tensor::getMixedSizes(builder, loc, like),
                      type.getElementType(), 0);
  // Only its size is used: that of the loop over the repeats.
  Value extent = empty(OpFoldResult(repeats), type.getElementType());
  MLIRContext *context = builder.getContext();
  SmallVector<AffineMap> maps{
      AffineMap::get(rank + 1, 0, getAffineDimExpr(rank, context)),
      AffineMap::getMultiDimIdentityMap(rank + 1, context).dropResult(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), extent, init, maps, iterators,
             [&](OpBuilder &b, Location, ValueRange arguments) {
               SmallVector<Value> indices;
               for (int64_t dim = 0; dim < rank; ++dim)
                 indices.push_back(linalg::IndexOp::create(b, loc, dim));
               Value first =
                   arith::MulIOp::create(b, loc, indices[head], repeats);
               indices[head] = arith::AddIOp::create(
                   b, loc, first, linalg::IndexOp::create(b, loc, rank));
               Value element =
                   tensor::ExtractOp::create(b, loc, tensor, indices);
               Value sum =
                   arith::AddFOp::create(b, loc, arguments[1], element);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

Value Decomposition::contract(Value left, ArrayRef<unsigned> leftLoops,
                              Value right, ArrayRef<unsigned> rightLoops,
                              ArrayRef<unsigned> result, OpFoldResult depth) {
  Value init = filled(sizesOf(result, depth), compute, 0);
  SmallVector<AffineMap> maps{mapOf(leftLoops), mapOf(rightLoops),
                              mapOf(result)};
  // A loop that no map names would have no extent.
  SmallVector<AffineMap> compressed = compressUnusedDims(maps);
  return linalg::ContractOp::create(builder, loc, init.getType(),
                                    ValueRange{left, right}, init,
                                    builder.getAffineMapArrayAttr(compressed))
      .getResult(0);
}

SmallVector<Value>
Decomposition::elementwise(ArrayRef<unsigned> loops, ValueRange inputs,
                           ArrayRef<SmallVector<unsigned>> inputLoops,
                           ArrayRef<Type> elements, OpFoldResult depth,
                           Body body) {
  // Loops are numbered by their place in `loops`.
  auto place = [&](ArrayRef<unsigned> named) {
    SmallVector<unsigned> result;
    for (unsigned loop : named)
      result.push_back(llvm::find(loops, loop) - loops.begin());
    return mapOf(result, loops.size());
  };
  SmallVector<AffineMap> maps;
  for (const SmallVector<unsigned> &named : inputLoops)
    maps.push_back(place(named));
  SmallVector<Value> inits;
  SmallVector<Type> types;
  for (Type element : elements) {
    inits.push_back(empty(sizesOf(loops, depth), element));
    types.push_back(inits.back().getType());
    maps.push_back(place(loops));
  }
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, types, inputs, inits, maps, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        linalg::YieldOp::create(b, loc,
                                body(b, arguments.take_front(inputs.size())));
      });
  return llvm::to_vector_of<Value>(generic.getResults());
}

Value Decomposition::store(Value tensor, Value destination) {
  auto type = cast<RankedTensorType>(destination.getType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, tensor, destination,
      ArrayRef<AffineMap>{identity, identity}, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        linalg::YieldOp::create(
            b, loc, convertFloat(b, arguments[0], type.getElementType()));
      });
  return generic.getResult(0);
}

SmallVector<Value> Decomposition::inlineRegion(OpBuilder &b, Region &region,
                                               ArrayRef<Value> leading) {
  auto index = [&](Loop loop) -> Value {
    return linalg::IndexOp::create(b, loc, loop);
  };
  Value head = arith::AddIOp::create(
      b, loc,
      arith::MulIOp::create(
          b, loc, index(kKeyHead),
          getValueOrCreateConstantIndexOp(b, loc, sizes[kGroup])),
      index(kGroup));
  SmallVector<Value> arguments(leading);
  arguments.append({index(kBatch), head, index(kQuery), index(kKey),
                    getValueOrCreateConstantIndexOp(b, loc, sizes[kQuery]),
                    getValueOrCreateConstantIndexOp(b, loc, sizes[kKey])});
  llvm::append_range(arguments, captures);
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);

  Block &block = region.front();
  for (Operation &op : block.without_terminator()) {
    Operation *clone = b.clone(op, mapping);
    // A run-time index of a capture is clamped to its extent.
    clone->walk([&](tensor::ExtractOp extract) {
      OpBuilder inner(extract);
      for (auto [dim, operand] : llvm::enumerate(extract.getIndicesMutable())) {
        Value size = tensor::DimOp::create(inner, loc, extract.getTensor(),
                                           int64_t(dim));
        Value one = arith::ConstantIndexOp::create(inner, loc, 1);
        Value zero = arith::ConstantIndexOp::create(inner, loc, 0);
        Value last = arith::SubIOp::create(inner, loc, size, one);
        Value low = arith::MinSIOp::create(inner, loc, operand.get(), last);
        operand.set(arith::MaxSIOp::create(inner, loc, low, zero));
      }
    });
  }
  SmallVector<Value> yielded;
  for (Value value : block.getTerminator()->getOperands())
    yielded.push_back(mapping.lookup(value));
  return yielded;
}

Value Decomposition::reduceKeys(Value tensor, double start, bool isMaximum) {
  Value init = filled(sizesOf(statisticsLoops(), {}), compute, start);
  return linalg::ReduceOp::create(
             builder, loc, tensor, init, ArrayRef<int64_t>{kKey},
             [&](OpBuilder &b, Location, ValueRange arguments) {
               Value next =
                   isMaximum ? Value(arith::MaximumFOp::create(
                                   b, loc, arguments[0], arguments[1]))
                             : Value(arith::AddFOp::create(b, loc, arguments[0],
                                                           arguments[1]));
               linalg::YieldOp::create(b, loc, next);
             })
      .getResult(0);
}

void Decomposition::forward(AttentionOp op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  bool isSoftmax = op.getNormalizer() == Normalizer::Softmax;
  bool hasStatistics = op.hasStatistics();
  OpFoldResult valueDepth =
      tensor::getMixedSize(builder, loc, value, getTensorDims(layout).depth);

  // Logits; what the mask drops has no weight.
  Value logits = elementwise(
      scoreLoops(), scores(), {scoreLoops()}, hasStatistics ? compute : storage,
      {}, [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        Value s = arith::MulFOp::create(b, loc, arguments[0], scale);
        Value z = inlineRegion(b, op.getActivation(), {s})[0];
        if (op.hasMask()) {
          Value keep = inlineRegion(b, op.getMask(), {})[0];
          z = arith::SelectOp::create(b, loc, keep, z,
                                      real(b, isSoftmax ? -infinity : 0));
        }
        return {hasStatistics ? z : convertFloat(b, z, storage)};
      })[0];

  Value weights = logits, statistics, total;
  if (isSoftmax) {
    Value top = reduceKeys(logits, -infinity, /*isMaximum=*/true);
    weights = elementwise(
        scoreLoops(), ValueRange{logits, top},
        {scoreLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          // Nothing kept: -inf - -inf would be a NaN.
          Value z = arguments[0], m = arguments[1];
          Value isDropped = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OEQ, z, real(b, -infinity));
          Value e =
              math::ExpOp::create(b, loc, arith::SubFOp::create(b, loc, z, m));
          return {arith::SelectOp::create(b, loc, isDropped, real(b, 0), e)};
        })[0];
    total = reduceKeys(weights, 0, /*isMaximum=*/false);
    statistics = elementwise(
        statisticsLoops(), ValueRange{total, top},
        {statisticsLoops(), statisticsLoops()}, compute, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          Value log = math::LogOp::create(b, loc, arguments[0]);
          return {arith::AddFOp::create(b, loc, log, arguments[1])};
        })[0];
  } else if (hasStatistics) {
    statistics = total = reduceKeys(weights, 0, /*isMaximum=*/false);
  }
  if (hasStatistics && compute != storage)
    weights = elementwise(
        scoreLoops(), weights, {scoreLoops()}, storage, {},
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          return {convertFloat(b, arguments[0], storage)};
        })[0];

  Value output = contract(weights, scoreLoops(), value, keyRowLoops(),
                          queryRows, valueDepth);
  if (hasStatistics)
    output = elementwise(
        queryRows, ValueRange{output, total}, {queryRows, statisticsLoops()},
        compute, valueDepth,
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          // A row without weight is zero.
          Value isEmpty = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OEQ, arguments[1], real(b, 0));
          Value quotient =
              arith::DivFOp::create(b, loc, arguments[0], arguments[1]);
          return {
              arith::SelectOp::create(b, loc, isEmpty, real(b, 0), quotient)};
        })[0];
  SmallVector<Value> results{
      store(joinHeads(output, getTensorDims(layout).head), op.getOutputInit())};
  if (hasStatistics)
    results.push_back(store(joinHeads(statistics, 1), op.getStatisticsInit()));
  op->replaceAllUsesWith(results);
  op->erase();
}

void Decomposition::backward(AttentionBackwardOp op) {
  TensorDims dims = getTensorDims(layout);
  OpFoldResult depth = tensor::getMixedSize(builder, loc, key, dims.depth);
  OpFoldResult valueDepth =
      tensor::getMixedSize(builder, loc, value, dims.depth);
  Value dOutput = splitHeads(op.getDOutput());
  Value products = contract(dOutput, queryRows, value, keyRowLoops(),
                            scoreLoops(), valueDepth);
  // Weights and the scores' cotangents; what the mask drops has neither.
  SmallVector<Value> pairs = elementwise(
      scoreLoops(), ValueRange{scores(), products},
      {scoreLoops(), scoreLoops()}, {storage, storage}, {},
      [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        Value s = arith::MulFOp::create(b, loc, arguments[0], scale);
        SmallVector<Value> joint =
            inlineRegion(b, op.getJoint(), {s, arguments[1]});
        if (op.hasMask()) {
          Value keep = inlineRegion(b, op.getMask(), {})[0];
          for (Value &part : joint)
            part = arith::SelectOp::create(b, loc, keep, part, real(b, 0));
        }
        return {convertFloat(b, joint[0], storage),
                convertFloat(b, joint[1], storage)};
      });
  Value weights = pairs[0], dScores = pairs[1];
  auto scaled = [&](Value tensor, ArrayRef<unsigned> loops) {
    return elementwise(
        loops, tensor, {SmallVector<unsigned>(loops)}, compute, depth,
        [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
          return {arith::MulFOp::create(b, loc, arguments[0], scale)};
        })[0];
  };
  Value dQuery = scaled(
      contract(dScores, scoreLoops(), key, keyRowLoops(), queryRows, depth),
      queryRows);
  Value dKey = scaled(
      contract(dScores, scoreLoops(), query, queryRows, keyRowLoops(), depth),
      keyRowLoops());
  Value dValue = contract(weights, scoreLoops(), dOutput, queryRows,
                          keyRowLoops(), valueDepth);
  SmallVector<Value> results{
      store(joinHeads(dQuery, dims.head), op.getDQueryInit()),
      store(sumRepeats(dKey, op.getDKeyInit()), op.getDKeyInit()),
      store(sumRepeats(dValue, op.getDValueInit()), op.getDValueInit())};
  op->replaceAllUsesWith(results);
  op->erase();
}

template <class Op> static LogicalResult checkSupported(Op op) {
  if (!op.hasTensorSemantics())
    return op.emitOpError("expected tensors for the decomposition into linalg, "
                          "found memrefs");
  if (op.isJagged())
    return op.emitOpError("expected layout bhsd or bshd for the decomposition "
                          "into linalg, found thd");
  return success();
}

namespace {
struct GDPAToLinalgPass : gdpa::impl::GDPAToLinalgPassBase<GDPAToLinalgPass> {
  void runOnOperation() override {
    SmallVector<AttentionOp> forwards;
    SmallVector<AttentionBackwardOp> backwards;
    getOperation()->walk([&](Operation *op) {
      if (auto forward = dyn_cast<AttentionOp>(op))
        forwards.push_back(forward);
      else if (auto backward = dyn_cast<AttentionBackwardOp>(op))
        backwards.push_back(backward);
    });
    for (AttentionOp op : forwards) {
      if (failed(checkSupported(op)))
        return signalPassFailure();
      OpBuilder builder(op);
      Decomposition(builder, op).forward(op);
    }
    for (AttentionBackwardOp op : backwards) {
      if (failed(checkSupported(op)))
        return signalPassFailure();
      if (op.hasStatistics() || !op.getWrt().empty()) {
        op.emitOpError("expected normalizer none and no gradients of captures "
                       "for the decomposition into linalg");
        return signalPassFailure();
      }
      OpBuilder builder(op);
      Decomposition(builder, op).backward(op);
    }
  }
};
} // namespace
