//===- Extents.cpp - when two sizes are the same --------------------------===//

#include "Extents.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::gdpa::raising;

static Extent constantExtent(int64_t size) {
  Extent extent;
  extent.factor = size;
  return extent;
}

/// A times a constant.
static Extent times(Extent extent, int64_t factor) {
  extent.factor *= factor;
  return extent;
}

static std::optional<int64_t> getConstant(Value value) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue();
  return std::nullopt;
}

/// s0 * constant, as affine.apply writes sizes of collapsed dimensions.
static std::optional<Extent> readApply(affine::AffineApplyOp apply) {
  AffineExpr expression = apply.getAffineMap().getResult(0);
  int64_t factor = 1;
  if (auto product = dyn_cast<AffineBinaryOpExpr>(expression)) {
    auto constant = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (product.getKind() != AffineExprKind::Mul || !constant)
      return std::nullopt;
    factor = constant.getValue();
    expression = product.getLHS();
  }
  unsigned position;
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    position = dim.getPosition();
  else if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    position = apply.getAffineMap().getNumDims() + symbol.getPosition();
  else
    return std::nullopt;
  return times(getExtent(apply.getMapOperands()[position]), factor);
}

Extent gdpa::raising::getExtent(Value number) {
  Extent unknown;
  unknown.base = number;
  if (std::optional<int64_t> constant = getConstant(number))
    return constantExtent(*constant);
  Operation *op = number.getDefiningOp();
  if (!op)
    return unknown;
  if (auto cast = dyn_cast<arith::IndexCastOp>(op))
    return getExtent(cast.getIn());
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    if (std::optional<int64_t> position = dim.getConstantIndex())
      return getExtent(dim.getSource(), *position);
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return readApply(apply).value_or(unknown);
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op)) {
    std::optional<int64_t> divisor = getConstant(op->getOperand(1));
    Extent dividend = getExtent(op->getOperand(0));
    if (divisor && *divisor > 0 && dividend.factor % *divisor == 0) {
      dividend.factor /= *divisor;
      return dividend;
    }
  }
  if (isa<arith::MulIOp>(op))
    for (unsigned side : {0, 1})
      if (std::optional<int64_t> factor = getConstant(op->getOperand(side)))
        return times(getExtent(op->getOperand(1 - side)), *factor);
  return unknown;
}

/// The product of the extents of some dimensions, if all but one are constants.
static std::optional<Extent> productOf(Value tensor, ArrayRef<int64_t> dims) {
  Extent product;
  for (int64_t dim : dims) {
    Extent extent = getExtent(tensor, dim);
    if (extent.base && product.base)
      return std::nullopt;
    if (extent.base) {
      product.base = extent.base;
      product.dim = extent.dim;
    }
    product.factor *= extent.factor;
  }
  return product;
}

Extent gdpa::raising::getExtent(Value tensor, unsigned dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return constantExtent(type.getDimSize(dim));
  Extent unknown;
  unknown.base = tensor;
  unknown.dim = dim;
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return unknown;
  if (auto conversion = dyn_cast<tensor::CastOp>(op)) {
    if (isa<RankedTensorType>(conversion.getSource().getType()))
      return getExtent(conversion.getSource(), dim);
  } else if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    return getExtent(empty.getDynamicSize(dim));
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    if (Value size = dyn_cast<Value>(expand.getMixedOutputShape()[dim]))
      return getExtent(size);
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    if (std::optional<Extent> product = productOf(
            collapse.getSrc(), collapse.getReassociationIndices()[dim]))
      return *product;
  } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    if (auto list = reshape.getShape().getDefiningOp<tensor::FromElementsOp>())
      return getExtent(list.getElements()[dim]);
  } else if (auto style = dyn_cast<DestinationStyleOpInterface>(op)) {
    return getExtent(style.getTiedOpOperand(cast<OpResult>(tensor))->get(),
                     dim);
  }
  return unknown;
}

/// All sizes that the dimension is known to have: the loop of a linalg
/// operation runs over a dimension of each of its operands.
static void collectExtents(Value tensor, unsigned dim,
                           SmallVectorImpl<Extent> &found) {
  constexpr unsigned maxCount = 32;
  found.push_back(getExtent(tensor, dim));
  auto op = tensor.getDefiningOp<linalg::LinalgOp>();
  if (!op)
    return;
  auto loop = dyn_cast<AffineDimExpr>(
      op.getIndexingMapMatchingResult(cast<OpResult>(tensor)).getResult(dim));
  if (!loop)
    return;
  for (OpOperand *input : op.getDpsInputOperands())
    for (auto [position, expression] :
         llvm::enumerate(op.getMatchingIndexingMap(input).getResults()))
      if (expression == loop && found.size() < maxCount)
        collectExtents(input->get(), position, found);
}

static bool hasExtent(Value tensor, unsigned dim, Value size) {
  SmallVector<Extent> extents;
  collectExtents(tensor, dim, extents);
  return llvm::is_contained(extents, getExtent(size));
}

FailureOr<ReshapeGroups> gdpa::raising::getReshapeGroups(tensor::ReshapeOp op) {
  auto source = dyn_cast<RankedTensorType>(op.getSource().getType());
  auto result = dyn_cast<RankedTensorType>(op.getResult().getType());
  auto list = op.getShape().getDefiningOp<tensor::FromElementsOp>();
  if (!source || !result || !list)
    return failure();
  // From left to right: a dynamic dimension stands against a dynamic one, the
  // static ones between them have one product. The source's size and the
  // result's need a proof for all pairs but one: the number of elements gives
  // that one.
  ReshapeGroups groups;
  unsigned unproven = 0;
  int64_t from = 0, to = 0;
  while (from < source.getRank() || to < result.getRank()) {
    ReassociationIndices sources, results;
    int64_t left = 1, right = 1;
    while (from < source.getRank() && !source.isDynamicDim(from))
      left *= source.getDimSize(from), sources.push_back(from++);
    while (to < result.getRank() && !result.isDynamicDim(to))
      right *= result.getDimSize(to), results.push_back(to++);
    if (left != right)
      return failure();
    if (!sources.empty() || !results.empty()) {
      groups.source.push_back(sources);
      groups.result.push_back(results);
    }
    bool more = from < source.getRank();
    if (more != (to < result.getRank()))
      return failure();
    if (!more)
      break;
    if (!hasExtent(op.getSource(), from, list.getElements()[to]))
      ++unproven;
    groups.source.push_back({from++});
    groups.result.push_back({to++});
  }
  if (unproven > 1)
    return failure();
  return groups;
}
