//===- BlockBuilder.cpp - builds block tensors and products ---------------===//

#include "BlockBuilder.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

//===----------------------------------------------------------------------===//
// BlockScheme
//===----------------------------------------------------------------------===//

Dims BlockScheme::rows(Side side) const {
  if (side == Side::Stationary)
    return packed ? Dims{Dim::Panel, Dim::PanelRow} : Dims{Dim::PanelRow};
  if (dot > 1)
    return {Dim::Group, Dim::GroupRow, Dim::GroupElement};
  return packed ? Dims{Dim::Group, Dim::GroupRow} : Dims{Dim::GroupRow};
}

Dims BlockScheme::rowsBy(Side side, Dim column) const {
  Dims dims = rows(side);
  dims.push_back(column);
  return dims;
}

Dims BlockScheme::transposed(Dim column) const {
  if (!packed)
    return rowsBy(Side::Stationary, column);
  return {Dim::Panel, column, Dim::PanelRow};
}

Dims BlockScheme::score() const {
  if (!packed)
    return {Dim::PanelRow, Dim::GroupRow};
  if (dot > 1)
    return {Dim::Panel, Dim::Group, Dim::GroupRow, Dim::GroupElement,
            Dim::PanelRow};
  return {Dim::Panel, Dim::Group, Dim::GroupRow, Dim::PanelRow};
}

Dims BlockScheme::scoreOperand(Side side, Dim column) const {
  if (dot == 1)
    return side == Side::Stationary ? transposed(column) : rowsBy(side, column);
  Dim pair = column == Dim::Depth ? Dim::DepthPair : Dim::ValueDepthPair;
  if (side == Side::Stationary)
    return {Dim::Panel, pair, Dim::PanelRow, Dim::DepthElement};
  return {Dim::Group, Dim::GroupRow, Dim::GroupElement, pair,
          Dim::DepthElement};
}

Dims BlockScheme::sumOperand(Side side, Dim column) const {
  if (dot == 1)
    return rowsBy(side, column);
  if (side == Side::Stationary)
    return {Dim::Panel, Dim::PanelPair, column, Dim::PanelElement};
  return {Dim::Group, Dim::GroupRow, column, Dim::GroupElement};
}

Dims BlockScheme::weight() const {
  if (dot == 1)
    return score();
  return {Dim::Panel, Dim::Group, Dim::GroupRow, Dim::PanelRow,
          Dim::GroupElement};
}

//===----------------------------------------------------------------------===//
// Sizes and positions
//===----------------------------------------------------------------------===//

void BlockBuilder::setLiveRows(Side side, Value rows) {
  if (!scheme.packed)
    return;
  int64_t unit = side == Side::Stationary ? scheme.panel : scheme.group;
  liveCount[static_cast<unsigned>(side)] = ceilDiv(rows, unit);
}

Value BlockBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value BlockBuilder::zero(Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

Value BlockBuilder::rowsFrom(Value base, Value extent, int64_t block) {
  AffineExpr d0, s0;
  bindDims(builder.getContext(), d0);
  bindSymbols(builder.getContext(), s0);
  auto map = AffineMap::get(
      1, 1, {builder.getAffineConstantExpr(block), s0 - d0},
      builder.getContext());
  return affine::AffineMinOp::create(builder, loc, map,
                                     ValueRange{base, extent});
}

Value BlockBuilder::ceilDiv(Value value, int64_t divisor) {
  AffineExpr d0 = builder.getAffineDimExpr(0);
  return affine::AffineApplyOp::create(
      builder, loc, AffineMap::get(1, 0, d0.ceilDiv(divisor)),
      ValueRange{value});
}

AffineExpr BlockBuilder::dimExpr(ArrayRef<Dim> dims, Dim dim) const {
  const Dim *found = llvm::find(dims, dim);
  if (found == dims.end())
    return builder.getAffineConstantExpr(0);
  return builder.getAffineDimExpr(found - dims.begin());
}

AffineExpr BlockBuilder::rowExpr(ArrayRef<Dim> dims, Side side) const {
  bool stationary = side == Side::Stationary;
  AffineExpr row =
      dimExpr(dims, stationary ? Dim::PanelRow : Dim::GroupRow);
  if (!stationary && scheme.dot > 1)
    row = row * scheme.dot + dimExpr(dims, Dim::GroupElement);
  if (stationary && llvm::is_contained(dims, Dim::PanelPair))
    row = dimExpr(dims, Dim::PanelPair) * scheme.dot +
          dimExpr(dims, Dim::PanelElement);
  if (!scheme.packed)
    return row;
  AffineExpr outer = dimExpr(dims, stationary ? Dim::Panel : Dim::Group);
  return outer * (stationary ? scheme.panel : scheme.group) + row;
}

int64_t BlockBuilder::staticSize(Dim dim) const {
  switch (dim) {
  case Dim::Panel:
  case Dim::Group:
    return ShapedType::kDynamic;
  case Dim::PanelRow:
    return scheme.panel;
  case Dim::GroupRow:
    return scheme.group / scheme.dot;
  case Dim::PanelPair:
    return scheme.panel / scheme.dot;
  case Dim::DepthPair:
    return scheme.depth / scheme.dot;
  case Dim::ValueDepthPair:
    return scheme.valueDepth / scheme.dot;
  case Dim::GroupElement:
  case Dim::PanelElement:
  case Dim::DepthElement:
    return scheme.dot;
  case Dim::Depth:
    return scheme.depth;
  case Dim::ValueDepth:
    return scheme.valueDepth;
  }
  llvm_unreachable("unknown dimension");
}

RankedTensorType BlockBuilder::type(ArrayRef<Dim> dims, Type element) const {
  SmallVector<int64_t> shape;
  for (Dim dim : dims)
    shape.push_back(staticSize(dim));
  return RankedTensorType::get(shape, element);
}

SmallVector<Value> BlockBuilder::dynamicSizes(ArrayRef<Dim> dims) const {
  SmallVector<Value> sizes;
  for (Dim dim : dims) {
    if (dim == Dim::Panel)
      sizes.push_back(liveCount[static_cast<unsigned>(Side::Stationary)]);
    if (dim == Dim::Group)
      sizes.push_back(liveCount[static_cast<unsigned>(Side::Streamed)]);
  }
  return sizes;
}

AffineMap BlockBuilder::mapOf(ArrayRef<Dim> loops, ArrayRef<Dim> dims) const {
  SmallVector<AffineExpr> results;
  for (Dim dim : dims)
    results.push_back(dimExpr(loops, dim));
  return AffineMap::get(loops.size(), 0, results, builder.getContext());
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

static AffineMap
bufferMap(MLIRContext *context, unsigned rank, unsigned bufferRank,
          ArrayRef<std::pair<unsigned, AffineExpr>> positions) {
  SmallVector<AffineExpr> results(bufferRank,
                                  getAffineConstantExpr(0, context));
  for (auto [dim, expr] : positions)
    results[dim] = expr;
  return AffineMap::get(rank, 0, results, context);
}

/// The map, or none where the operation's default says the same.
static AffineMapAttr mapAttribute(AffineMap map) {
  unsigned lead = map.getNumResults() - map.getNumDims();
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    if (position < lead) {
      auto constant = dyn_cast<AffineConstantExpr>(expr);
      if (!constant || constant.getValue() != 0)
        return AffineMapAttr::get(map);
    } else if (expr !=
               getAffineDimExpr(position - lead, map.getContext())) {
      return AffineMapAttr::get(map);
    }
  }
  return {};
}

BlockTensor BlockBuilder::load(Value buffer, ValueRange offsets, ArrayRef<Dim> dims,
                         Type element,
                         ArrayRef<std::pair<unsigned, AffineExpr>> positions,
                         bool clamp) {
  auto bufferType = cast<MemRefType>(buffer.getType());
  AffineMap map = bufferMap(builder.getContext(), dims.size(),
                            bufferType.getRank(), positions);
  Value tensor = LoadOp::create(builder, loc, type(dims, element), buffer,
                                offsets, mapAttribute(map), dynamicSizes(dims),
                                clamp);
  return {tensor, Dims(dims)};
}

SmallVector<std::pair<unsigned, AffineExpr>>
BlockBuilder::rowPositions(Value buffer, Side side, ArrayRef<Dim> dims) const {
  unsigned rank = cast<MemRefType>(buffer.getType()).getRank();
  for (Dim column : {Dim::Depth, Dim::ValueDepth})
    if (llvm::is_contained(dims, column))
      return {{rank - 2, rowExpr(dims, side)},
              {rank - 1, dimExpr(dims, column)}};
  for (Dim pair : {Dim::DepthPair, Dim::ValueDepthPair})
    if (llvm::is_contained(dims, pair))
      return {{rank - 2, rowExpr(dims, side)},
              {rank - 1, dimExpr(dims, pair) * scheme.dot +
                             dimExpr(dims, Dim::DepthElement)}};
  return {{rank - 1, rowExpr(dims, side)}};
}

BlockTensor BlockBuilder::loadRows(const RowsView &view, Value head, Value row,
                                   Side side, ArrayRef<Dim> dims,
                                   Type element, Value column) {
  SmallVector<Value> offsets = view.at(builder, loc, head, row);
  if (column)
    offsets.back() = column;
  return load(view.buffer, offsets, dims, element,
              rowPositions(view.buffer, side, dims));
}

void BlockBuilder::storeRows(BlockTensor block, const RowsView &view,
                             Value head, Value row, Side side) {
  unsigned rank = cast<MemRefType>(view.buffer.getType()).getRank();
  AffineMap map =
      bufferMap(builder.getContext(), block.dims.size(), rank,
                rowPositions(view.buffer, side, block.dims));
  StoreOp::create(builder, loc, block.tensor, view.buffer,
                  view.at(builder, loc, head, row), mapAttribute(map));
}

//===----------------------------------------------------------------------===//
// Products and element-wise operations
//===----------------------------------------------------------------------===//

BlockTensor BlockBuilder::empty(ArrayRef<Dim> dims, Type element) {
  Value tensor = tensor::EmptyOp::create(builder, loc, type(dims, element),
                                         dynamicSizes(dims));
  return {tensor, Dims(dims)};
}

BlockTensor BlockBuilder::filled(ArrayRef<Dim> dims, Value value) {
  BlockTensor block = empty(dims, value.getType());
  block.tensor =
      linalg::FillOp::create(builder, loc, value, block.tensor).getResult(0);
  return block;
}

BlockTensor BlockBuilder::zeros(ArrayRef<Dim> dims, Type element) {
  return filled(dims, zero(element));
}

BlockTensor BlockBuilder::contract(BlockTensor lhs, BlockTensor rhs, BlockTensor accumulator,
                             StringRef role) {
  Dims loops = accumulator.dims;
  for (Dim dim : llvm::concat<const Dim>(lhs.dims, rhs.dims))
    if (!llvm::is_contained(loops, dim))
      loops.push_back(dim);
  ArrayAttr maps = builder.getAffineMapArrayAttr(
      {mapOf(loops, lhs.dims), mapOf(loops, rhs.dims),
       mapOf(loops, accumulator.dims)});
  auto product = linalg::ContractOp::create(
      builder, loc, TypeRange{accumulator.tensor.getType()},
      ValueRange{lhs.tensor, rhs.tensor}, ValueRange{accumulator.tensor}, maps);
  product->setAttr("gdpa_tile.role", builder.getStringAttr(role));
  return {product.getResult(0), accumulator.dims};
}

/// A generic over `accumulator`'s dimensions, then those only `inputs` have
/// (reductions), that writes to `accumulator`.
static BlockTensor
elementwise(BlockBuilder &blocks, ArrayRef<BlockTensor> inputs, BlockTensor accumulator,
            StringRef role,
            function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  Dims loops = accumulator.dims;
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (const BlockTensor &input : inputs)
    for (Dim dim : input.dims)
      if (!llvm::is_contained(loops, dim))
        loops.push_back(dim);
  for (const BlockTensor &input : inputs) {
    maps.push_back(blocks.mapOf(loops, input.dims));
    operands.push_back(input.tensor);
  }
  maps.push_back(blocks.mapOf(loops, accumulator.dims));
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), accumulator.dims.size(),
              utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      blocks.builder, blocks.loc, TypeRange{accumulator.tensor.getType()},
      operands, ValueRange{accumulator.tensor}, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        linalg::YieldOp::create(builder, loc, body(builder, loc, args));
      });
  generic->setAttr("gdpa_tile.role", blocks.builder.getStringAttr(role));
  return {generic.getResult(0), accumulator.dims};
}

BlockTensor BlockBuilder::scale(BlockTensor block, Value factor) {
  return elementwise(*this, {}, block, "scale",
                     [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                       return arith::MulFOp::create(b, l, args[0], factor);
                     });
}

BlockTensor BlockBuilder::scaleBy(BlockTensor block, double factor) {
  if (factor == 1)
    return block;
  Type element = cast<RankedTensorType>(block.tensor.getType()).getElementType();
  return scale(block, arith::ConstantOp::create(
                          builder, loc, builder.getFloatAttr(element, factor)));
}

Value BlockBuilder::scaledFactor(Value factor, double more) {
  if (more == 1)
    return factor;
  Value constant = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(factor.getType(), more));
  return arith::MulFOp::create(builder, loc, factor, constant);
}

BlockTensor BlockBuilder::scaledCopy(BlockTensor block, Value factor) {
  Type element = cast<RankedTensorType>(block.tensor.getType()).getElementType();
  return elementwise(*this, {block}, empty(block.dims, element), "scale",
                     [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                       return arith::MulFOp::create(b, l, args[0], factor);
                     });
}

BlockTensor BlockBuilder::reduce(BlockTensor block, BlockTensor accumulator) {
  return elementwise(*this, {block}, accumulator, "reduce",
                     [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                       return arith::AddFOp::create(b, l, args[0], args[1]);
                     });
}

Value BlockBuilder::larger(OpBuilder &b, Location l, Value lhs, Value rhs) const {
  // One instruction each: maxnum on NVIDIA, compare and select on x86.
  if (!scheme.packed)
    return arith::MaxNumFOp::create(b, l, lhs, rhs);
  Value isLarger =
      arith::CmpFOp::create(b, l, arith::CmpFPredicate::OGT, lhs, rhs);
  return arith::SelectOp::create(b, l, isLarger, lhs, rhs);
}

BlockTensor BlockBuilder::reduceMax(BlockTensor block, BlockTensor accumulator) {
  return elementwise(*this, {block}, accumulator, "reduce",
                     [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                       return larger(b, l, args[0], args[1]);
                     });
}

BlockTensor BlockBuilder::map(ArrayRef<BlockTensor> inputs, ArrayRef<Dim> dims,
                              Type element, Body body) {
  return elementwise(*this, inputs, empty(dims, element), "map", body);
}

BlockTensor BlockBuilder::update(BlockTensor block, ArrayRef<BlockTensor> inputs,
                                 Body body) {
  return elementwise(*this, inputs, block, "map", body);
}

BlockTensor BlockBuilder::add(BlockTensor lhs, BlockTensor rhs) {
  return elementwise(*this, {rhs}, lhs, "add",
                     [&](OpBuilder &b, Location l, ValueRange args) -> Value {
                       return arith::AddFOp::create(b, l, args[0], args[1]);
                     });
}

BlockTensor BlockBuilder::splitPanelRows(BlockTensor block) {
  if (scheme.dot == 1)
    return block;
  Dims dims = block.dims;
  assert(dims.back() == Dim::PanelRow && "expected lanes along panel rows");
  dims.pop_back();
  dims.append({Dim::PanelPair, Dim::PanelElement});
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0, rank = block.dims.size(); dim < rank; ++dim)
    groups.push_back({dim});
  groups.back().push_back(block.dims.size());
  Value tensor = tensor::ExpandShapeOp::create(
      builder, loc,
      type(dims, cast<RankedTensorType>(block.tensor.getType()).getElementType()),
      block.tensor, groups);
  return {tensor, dims};
}

BlockTensor BlockBuilder::score(BlockTensor stationary, BlockTensor streamed) {
  BlockTensor accumulator = zeros(scheme.score(), scheme.computeType);
  return scheme.packed ? contract(streamed, stationary, accumulator, "score")
                       : contract(stationary, streamed, accumulator, "score");
}
