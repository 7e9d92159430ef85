//===- AttentionTile.cpp - tiles of attention operations ------------------===//

#include "AttentionTile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace mlir::gdpa;

OpFoldResult gdpa::getSizeOf(OpBuilder &builder, Location loc, Value shaped,
                             unsigned dim) {
  return linalg::createFoldedDimOp(builder, loc, shaped, dim);
}

Extent gdpa::getWhole(OpBuilder &builder, Location loc, Value shaped,
                      unsigned dim) {
  return {builder.getIndexAttr(0), getSizeOf(builder, loc, shaped, dim),
          /*isWhole=*/true};
}

/// Whether `size` is size `dim` of `shaped` for sure.
static bool isSizeOf(OpFoldResult size, Value shaped, unsigned dim) {
  auto type = cast<ShapedType>(shaped.getType());
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return *constant == type.getDimSize(dim);
  auto value = cast<Value>(size);
  auto dimOp = value.getDefiningOp<ShapedDimOpInterface>();
  if (dimOp && dimOp.getShapedValue() == shaped &&
      isConstantIntValue(dimOp.getDimension(), dim))
    return true;
  FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(
      value, ValueBoundsConstraintSet::Variable(shaped, dim));
  return succeeded(equal) && *equal;
}

Extent gdpa::getExtent(Value shaped, unsigned dim, OpFoldResult offset,
                       OpFoldResult size) {
  bool isWhole = isConstantIntValue(offset, 0) && isSizeOf(size, shaped, dim);
  return {offset, size, isWhole};
}

//===----------------------------------------------------------------------===//
// Multiples
//===----------------------------------------------------------------------===//

/// The same for an expression over `operands`, dimensions first.
static bool isMultipleOf(AffineExpr expr, unsigned numDims, ValueRange operands,
                         int64_t factor) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() % factor == 0;
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return gdpa::isMultipleOf(operands[dim.getPosition()], factor);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return gdpa::isMultipleOf(operands[numDims + symbol.getPosition()], factor);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  bool left = isMultipleOf(binary.getLHS(), numDims, operands, factor);
  bool right = isMultipleOf(binary.getRHS(), numDims, operands, factor);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
  case AffineExprKind::Mod: // x - q * y
    return left && right;
  case AffineExprKind::Mul:
    return left || right;
  default:
    return false;
  }
}

bool gdpa::isMultipleOf(OpFoldResult value, int64_t factor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % factor == 0;
  auto operand = cast<Value>(value);
  if (auto argument = dyn_cast<BlockArgument>(operand)) {
    auto loop =
        dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    if (!loop)
      return false;
    auto variables = loop.getLoopInductionVars();
    auto starts = loop.getLoopLowerBounds(), steps = loop.getLoopSteps();
    if (!variables || !starts || !steps)
      return false;
    for (auto [variable, start, step] :
         llvm::zip_equal(*variables, *starts, *steps))
      if (variable == operand)
        return isMultipleOf(start, factor) && isMultipleOf(step, factor);
    return false;
  }
  Operation *op = operand.getDefiningOp();
  auto everyResult = [&](AffineMap map) {
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) {
      return ::isMultipleOf(expr, map.getNumDims(), op->getOperands(), factor);
    });
  };
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return everyResult(apply.getAffineMap());
  if (auto minimum = dyn_cast<affine::AffineMinOp>(op))
    return everyResult(minimum.getAffineMap());
  if (auto maximum = dyn_cast<affine::AffineMaxOp>(op))
    return everyResult(maximum.getAffineMap());
  auto operandIsMultiple = [&](Value x) { return isMultipleOf(x, factor); };
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MinUIOp>(op))
    return llvm::all_of(op->getOperands(), operandIsMultiple);
  if (isa<arith::MulIOp>(op))
    return llvm::any_of(op->getOperands(), operandIsMultiple);
  return false;
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

OpFoldResult gdpa::getGroupSize(OpBuilder &builder, Location loc, Value query,
                                Value key, unsigned headDim) {
  AffineExpr heads, keyHeads;
  bindSymbols(builder.getContext(), heads, keyHeads);
  return affine::makeComposedFoldedAffineApply(
      builder, loc, heads.floorDiv(keyHeads),
      {getSizeOf(builder, loc, query, headDim),
       getSizeOf(builder, loc, key, headDim)});
}

FailureOr<Extent> gdpa::getKeyHeads(OpBuilder &builder, Operation *op,
                                    Value query, Value key, unsigned headDim,
                                    Extent heads) {
  Location loc = op->getLoc();
  auto keyType = cast<ShapedType>(key.getType());
  if (heads.isWhole || keyType.getDimSize(headDim) == 1)
    return getWhole(builder, loc, key, headDim);
  OpFoldResult group = getGroupSize(builder, loc, query, key, headDim);
  AffineExpr head, ratio;
  bindDims(builder.getContext(), head);
  bindSymbols(builder.getContext(), ratio);
  auto divided = [&](OpFoldResult value) {
    return affine::makeComposedFoldedAffineApply(
        builder, loc, head.floorDiv(ratio), {value, group});
  };
  std::optional<int64_t> staticGroup = getConstantIntValue(group);
  std::optional<int64_t> staticSize = getConstantIntValue(heads.size);
  if (staticGroup && *staticGroup > 0) {
    if (isMultipleOf(heads.offset, *staticGroup) &&
        isMultipleOf(heads.size, *staticGroup))
      return Extent{divided(heads.offset), divided(heads.size)};
    if (staticSize && *staticSize > 0 && *staticGroup % *staticSize == 0 &&
        isMultipleOf(heads.offset, *staticSize))
      return Extent{divided(heads.offset), builder.getIndexAttr(1)};
  }
  if (staticSize == 1)
    return Extent{divided(heads.offset), builder.getIndexAttr(1)};
  InFlightDiagnostic error =
      op->emitOpError("expected tiles of heads that hold whole groups of ");
  if (staticGroup)
    error << *staticGroup;
  else
    error << "a number known at run time only of";
  error << " query heads or divide one, found tiles of ";
  if (staticSize)
    return error << *staticSize;
  return error << "a size known at run time only";
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

Value gdpa::takeSlice(OpBuilder &builder, Location loc, Value tensor,
                      ArrayRef<Extent> extents,
                      SmallVector<Operation *> &slices) {
  if (llvm::all_of(extents, [](const Extent &e) { return e.isWhole; }))
    return tensor;
  SmallVector<OpFoldResult> offsets, sizes;
  for (const Extent &extent : extents) {
    offsets.push_back(extent.offset);
    sizes.push_back(extent.size);
  }
  SmallVector<OpFoldResult> strides(extents.size(), builder.getIndexAttr(1));
  auto slice = tensor::ExtractSliceOp::create(builder, loc, tensor, offsets,
                                              sizes, strides);
  slices.push_back(slice);
  return slice;
}

SmallVector<Extent> AttentionTile::of(OpBuilder &builder, Operation *op,
                                      Layout layout, Role role,
                                      Value operand) const {
  TensorDims dims = getTensorDims(layout);
  Location loc = op->getLoc();
  auto rows = [&](const Extent &heads, const Extent &rows,
                  const Extent &columns) {
    SmallVector<Extent> extents(dims.rank);
    if (dims.batch)
      extents[*dims.batch] = batch;
    extents[dims.head] = heads;
    extents[dims.sequence] = rows;
    extents[dims.depth] = columns;
    return extents;
  };
  auto depth = [&] { return getWhole(builder, loc, operand, dims.depth); };
  switch (role) {
  case Role::Query:
  case Role::DQuery:
    return rows(heads, queries, depth());
  case Role::Key:
  case Role::DKey:
    return rows(keyHeads, keys, depth());
  case Role::Value:
  case Role::DValue:
    return rows(keyHeads, keys, columns);
  case Role::Output:
  case Role::DOutput:
  case Role::Accumulator:
    return rows(heads, queries, columns);
  case Role::Statistics:
  case Role::DStatistics:
  case Role::Maximum:
  case Role::Total: {
    StatisticsDims rowDims = getStatisticsDims(layout);
    SmallVector<Extent> extents(rowDims.rank);
    if (rowDims.batch)
      extents[*rowDims.batch] = batch;
    extents[rowDims.head] = heads;
    extents[rowDims.sequence] = queries;
    return extents;
  }
  default:
    return {};
  }
}

template <class Op>
void gdpa::getTilePosition(OpBuilder &builder, Op op, const AttentionTile &tile,
                           SmallVector<Value> &offsets,
                           SmallVector<Value> &lengths) {
  Location loc = op.getLoc();
  AffineExpr outer, inner;
  bindDims(builder.getContext(), outer, inner);
  auto asValue = [&](OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(builder, loc, value);
  };
  bool isCut = false;
  Extent coordinates[] = {tile.batch, tile.heads, tile.queries, tile.keys};
  for (auto [number, extent] : llvm::enumerate(coordinates)) {
    OpFoldResult own = op.getOffsets().empty()
                           ? OpFoldResult(builder.getIndexAttr(0))
                           : OpFoldResult(op.getOffsets()[number]);
    isCut |= !extent.isWhole;
    offsets.push_back(asValue(affine::makeComposedFoldedAffineApply(
        builder, loc, outer + inner, {own, extent.offset})));
  }
  if (!isCut)
    offsets.assign(op.getOffsets().begin(), op.getOffsets().end());
  lengths.assign(op.getLengths().begin(), op.getLengths().end());
  if (lengths.empty() && !(tile.queries.isWhole && tile.keys.isWhole)) {
    unsigned dim = getTensorDims(op.getLayout()).sequence;
    for (Value rows : {op.getQuery(), op.getKey()})
      lengths.push_back(asValue(getSizeOf(builder, loc, rows, dim)));
  }
}
template void gdpa::getTilePosition(OpBuilder &, AttentionOp,
                                    const AttentionTile &, SmallVector<Value> &,
                                    SmallVector<Value> &);

Operation *gdpa::cloneOnto(OpBuilder &builder, Operation *op,
                           ArrayRef<Type> resultTypes, ValueRange operands) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  for (auto [result, type] : llvm::zip_equal(copy->getResults(), resultTypes))
    result.setType(type);
  return copy;
}

template <class Op>
static FailureOr<TilingResult> makeTiled(OpBuilder &builder, Op op,
                                         const AttentionTile &tile) {
  if (!op.hasTensorSemantics())
    return op.emitOpError("expected tensors to take tiles of, found memrefs");
  Location loc = op.getLoc();
  SmallVector<Value> offsets, lengths;
  getTilePosition(builder, op, tile, offsets, lengths);
  SmallVector<Value> operands;
  SmallVector<Operation *> slices;
  SmallVector<Type> resultTypes;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    Role role = getOperandRole(op, operand.getOperandNumber()).role;
    SmallVector<Extent> extents =
        tile.of(builder, op, op.getLayout(), role, value);
    if (!extents.empty())
      value = takeSlice(builder, loc, value, extents, slices);
    operands.push_back(value);
    if (op.isDpsInit(&operand))
      resultTypes.push_back(value.getType());
  }
  auto tiled = cast<Op>(cloneOnto(builder, op, resultTypes, operands));
  tiled.getOffsetsMutable().assign(offsets);
  tiled.getLengthsMutable().assign(lengths);
  return TilingResult{
      {tiled}, llvm::to_vector_of<Value>(tiled->getResults()), slices};
}

FailureOr<TilingResult> gdpa::makeTiledOp(OpBuilder &builder, AttentionOp op,
                                          const AttentionTile &tile) {
  return makeTiled(builder, op, tile);
}
FailureOr<TilingResult> gdpa::makeTiledOp(OpBuilder &builder,
                                          AttentionBackwardOp op,
                                          const AttentionTile &tile) {
  return makeTiled(builder, op, tile);
}
FailureOr<TilingResult> gdpa::makeTiledOp(OpBuilder &builder,
                                          AttentionPartialOp op,
                                          const AttentionTile &tile) {
  return makeTiled(builder, op, tile);
}
