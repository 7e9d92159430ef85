//===- Decomposition.cpp - what the decompositions share ------------------===//

#include "Decomposition.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::gdpa;

template <class Op> void Decomposition::initialize(Op op) {
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
  query = splitRowHeads(op.getQuery());
  key = repeatHeads(op.getKey());
  value = repeatHeads(op.getValue());
}

Decomposition::Decomposition(OpBuilder &builder, AttentionOp op)
    : builder(builder), loc(op.getLoc()), layout(op.getLayout()),
      compute(op.getComputeType()), storage(op.getStorageType()),
      scale(op.getScale()), captures(op.getCaptures()),
      offsets(op.getOffsets()), lengths(op.getLengths()) {
  initialize(op);
}
Decomposition::Decomposition(OpBuilder &builder, AttentionBackwardOp op)
    : builder(builder), loc(op.getLoc()), layout(op.getLayout()),
      compute(op.getComputeType()), storage(op.getStorageType()),
      scale(op.getScale()), captures(op.getCaptures()),
      offsets(op.getOffsets()), lengths(op.getLengths()) {
  initialize(op);
}
Decomposition::Decomposition(OpBuilder &builder, AttentionPartialOp op)
    : builder(builder), loc(op.getLoc()), layout(op.getLayout()),
      compute(op.getComputeType()), storage(op.getStorageType()),
      scale(op.getScale()), captures(op.getCaptures()),
      offsets(op.getOffsets()), lengths(op.getLengths()) {
  initialize(op);
}

Value Decomposition::asValue(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, loc, size);
}

SmallVector<OpFoldResult> Decomposition::sizesOf(ArrayRef<unsigned> loops,
                                                 OpFoldResult depth) {
  SmallVector<OpFoldResult> result;
  for (unsigned loop : loops)
    result.push_back(loop == kDepth ? depth : sizes[loop]);
  return result;
}

AffineMap Decomposition::mapOf(ArrayRef<unsigned> loops, unsigned numLoops) {
  SmallVector<AffineExpr> results;
  for (unsigned loop : loops)
    results.push_back(builder.getAffineDimExpr(loop));
  return AffineMap::get(numLoops, 0, results, builder.getContext());
}

Value Decomposition::empty(ArrayRef<OpFoldResult> shape, Type element) {
  return tensor::EmptyOp::create(builder, loc, shape, element);
}

static Value fillTensor(OpBuilder &builder, Location loc,
                        ArrayRef<OpFoldResult> shape, Type element,
                        double number) {
  Value constant = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(element, number));
  Value init = tensor::EmptyOp::create(builder, loc, shape, element);
  return linalg::FillOp::create(builder, loc, constant, init).getResult(0);
}

Value Decomposition::filled(ArrayRef<OpFoldResult> shape, Type element,
                            double number) {
  return fillTensor(builder, loc, shape, element, number);
}

Value Decomposition::filledLike(OpBuilder &builder, Location loc, Value like,
                                Type element, double number) {
  return fillTensor(builder, loc, tensor::getMixedSizes(builder, loc, like),
                    element, number);
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

Value Decomposition::splitHeads(Value tensor, unsigned head) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(builder, loc, tensor);
  shape[head] = sizes[kKeyHead];
  shape.insert(shape.begin() + head + 1, sizes[kGroup]);
  // Another operand may know the number of heads, or not know it.
  std::optional<int64_t> keyHeads = getConstantIntValue(sizes[kKeyHead]);
  std::optional<int64_t> group = getConstantIntValue(sizes[kGroup]);
  int64_t heads = keyHeads && group ? *keyHeads * *group : ShapedType::kDynamic;
  if (type.getDimSize(head) != heads) {
    SmallVector<int64_t> known(type.getShape());
    known[head] = heads;
    type = type.clone(known);
    tensor = tensor::CastOp::create(builder, loc, type, tensor);
  }
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
               Value sum = arith::AddFOp::create(b, loc, arguments[1], element);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Operations on whole tensors
//===----------------------------------------------------------------------===//

Value Decomposition::contract(Value left, ArrayRef<unsigned> leftLoops,
                              Value right, ArrayRef<unsigned> rightLoops,
                              ArrayRef<unsigned> result, OpFoldResult depth,
                              Value start) {
  Value init = start ? start : filled(sizesOf(result, depth), compute, 0);
  SmallVector<AffineMap> maps{mapOf(leftLoops), mapOf(rightLoops),
                              mapOf(result)};
  // A loop that no map names would have no extent.
  SmallVector<AffineMap> compressed = compressUnusedDims(maps);
  return linalg::ContractOp::create(builder, loc, init.getType(),
                                    ValueRange{left, right}, init,
                                    builder.getAffineMapArrayAttr(compressed))
      .getResult(0);
}

SmallVector<Value> Decomposition::elementwise(ArrayRef<unsigned> loops,
                                              ValueRange inputs,
                                              ArrayRef<Loops> inputLoops,
                                              ArrayRef<Type> elements,
                                              OpFoldResult depth, Body body) {
  // Loops are numbered by their place in `loops`.
  auto place = [&](ArrayRef<unsigned> named) {
    SmallVector<unsigned> result;
    for (unsigned loop : named)
      result.push_back(llvm::find(loops, loop) - loops.begin());
    return mapOf(result, loops.size());
  };
  SmallVector<AffineMap> maps;
  for (const Loops &named : inputLoops)
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

static Value convertFloatTo(OpBuilder &b, Location loc, Value value,
                            Type type) {
  if (value.getType() == type)
    return value;
  if (value.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, loc, type, value);
  return arith::TruncFOp::create(b, loc, type, value);
}

Value Decomposition::store(OpBuilder &builder, Location loc, Value tensor,
                           Value destination) {
  auto type = cast<RankedTensorType>(destination.getType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, tensor, destination,
      ArrayRef<AffineMap>{identity, identity}, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        linalg::YieldOp::create(
            b, loc,
            convertFloatTo(b, loc, arguments[0], type.getElementType()));
      });
  return generic.getResult(0);
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

Value Decomposition::roundedToStorage(Value scores) {
  if (compute == storage)
    return scores;
  return elementwise(
      scoreLoops(), scores, {scoreLoops()}, storage, {},
      [&](OpBuilder &b, ValueRange arguments) -> SmallVector<Value> {
        return {convertFloat(b, arguments[0], storage)};
      })[0];
}

Value Decomposition::scores() {
  OpFoldResult depth =
      tensor::getMixedSize(builder, loc, key, getTensorDims(layout).depth);
  return contract(query, queryRows, key, keyRowLoops(), scoreLoops(), depth);
}

//===----------------------------------------------------------------------===//
// Scalar code of a pair
//===----------------------------------------------------------------------===//

Value Decomposition::convertFloat(OpBuilder &b, Value value, Type type) {
  return convertFloatTo(b, loc, value, type);
}

Value Decomposition::real(OpBuilder &b, double number) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(compute, number));
}

Value Decomposition::isEqualTo(OpBuilder &b, Value value, double number) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, value,
                               real(b, number));
}

Value Decomposition::selectOr(OpBuilder &b, Value condition, Value value,
                              double otherwise) {
  return arith::SelectOp::create(b, loc, condition, value, real(b, otherwise));
}

Value Decomposition::clampIndex(OpBuilder &b, Value index, Value capture,
                                int64_t dim) {
  Value size = tensor::DimOp::create(b, loc, capture, dim);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value last = arith::SubIOp::create(b, loc, size, one);
  Value low = arith::MinSIOp::create(b, loc, index, last);
  return arith::MaxSIOp::create(b, loc, low, zero);
}

SmallVector<Value>
Decomposition::inlineRegion(OpBuilder &b, Region &region,
                            ArrayRef<Value> leading,
                            SmallVector<Accumulation> *accumulations) {
  auto index = [&](Loop loop) -> Value {
    return linalg::IndexOp::create(b, loc, loop);
  };
  auto constant = [&](OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(b, loc, size);
  };
  Value head = arith::AddIOp::create(
      b, loc,
      arith::MulIOp::create(b, loc, index(kKeyHead), constant(sizes[kGroup])),
      index(kGroup));
  SmallVector<Value> coordinates{index(kBatch), head, index(kQuery),
                                 index(kKey)};
  for (auto [coordinate, offset] : llvm::zip(coordinates, offsets))
    coordinate = arith::AddIOp::create(b, loc, coordinate, offset);
  SmallVector<Value> arguments(leading);
  llvm::append_range(arguments, coordinates);
  if (lengths.empty())
    arguments.append({constant(sizes[kQuery]), constant(sizes[kKey])});
  else
    llvm::append_range(arguments, lengths);
  llvm::append_range(arguments, captures);
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);

  Block &block = region.front();
  unsigned firstCapture = getFirstCaptureArgument(getAttentionRegion(region));
  for (Operation &op : block.without_terminator()) {
    if (auto accumulate = dyn_cast<AccumulateOp>(op)) {
      if (!accumulations)
        continue;
      Accumulation accumulation;
      accumulation.capture =
          cast<BlockArgument>(accumulate.getCapture()).getArgNumber() -
          firstCapture;
      accumulation.gradient =
          convertFloat(b, mapping.lookup(accumulate.getGradient()), compute);
      Value capture = captures[accumulation.capture];
      for (auto [dim, place] : llvm::enumerate(accumulate.getIndices()))
        accumulation.indices.push_back(
            clampIndex(b, mapping.lookup(place), capture, dim));
      accumulations->push_back(accumulation);
      continue;
    }
    Operation *clone = b.clone(op, mapping);
    // A run-time index of a capture is clamped to its extent.
    clone->walk([&](tensor::ExtractOp extract) {
      OpBuilder inner(extract);
      for (auto [dim, operand] : llvm::enumerate(extract.getIndicesMutable()))
        operand.set(clampIndex(inner, operand.get(), extract.getTensor(), dim));
    });
  }
  SmallVector<Value> yielded;
  for (Value value : block.getTerminator()->getOperands())
    yielded.push_back(mapping.lookup(value));
  return yielded;
}
