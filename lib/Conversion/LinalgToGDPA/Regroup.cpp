//===- Regroup.cpp - a tensor with other groups of digits -----------------===//

#include "Regroup.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::gdpa::raising;

namespace {
/// Neighbouring dimensions that hold the same digits on both sides.
struct Segment {
  ReassociationIndices from, to;
};
} // namespace

/// The finest such segments; the order of digits must agree. Dimensions of size
/// 1 join a neighbour.
static SmallVector<Segment> getSegments(ArrayRef<Digits> from,
                                        ArrayRef<Digits> to) {
  SmallVector<Segment> segments;
  unsigned left = 0, right = 0;
  while (left < from.size() || right < to.size()) {
    Segment segment;
    unsigned taken = 0, given = 0;
    auto takeLeft = [&] {
      taken += from[left].size();
      segment.from.push_back(left++);
    };
    auto takeRight = [&] {
      given += to[right].size();
      segment.to.push_back(right++);
    };
    if (left < from.size())
      takeLeft();
    if (right < to.size())
      takeRight();
    while (taken != given)
      taken < given ? takeLeft() : takeRight();
    if ((segment.from.empty() || segment.to.empty()) && !segments.empty()) {
      llvm::append_range(segments.back().from, segment.from);
      llvm::append_range(segments.back().to, segment.to);
      continue;
    }
    segments.push_back(segment);
  }
  return segments;
}

/// One dimension for each digit.
static Place explode(ArrayRef<Digits> place) {
  Place result;
  for (Atom atom : flatten(place))
    result.push_back({atom});
  return result;
}

/// The digits of `place` that `among` has.
static Place restrict(ArrayRef<Digits> place, ArrayRef<Digits> among) {
  Digits kept = flatten(among);
  Place result;
  for (Atom atom : flatten(place))
    if (llvm::is_contained(kept, atom))
      result.push_back({atom});
  return result;
}

static bool canReshape(ArrayRef<Digits> from, ArrayRef<Digits> to,
                       const Coordinates &coordinates) {
  for (const Segment &segment : getSegments(from, to)) {
    unsigned dynamic = 0;
    for (int64_t dim : segment.to)
      dynamic += ShapedType::isDynamic(coordinates.sizeOf(to[dim]));
    if (segment.to.size() > 1 && dynamic > 1)
      return false;
  }
  return true;
}

bool gdpa::raising::movesData(ArrayRef<Digits> from, ArrayRef<Digits> to) {
  return flatten(from) != flatten(to);
}

bool gdpa::raising::canRegroup(ArrayRef<Digits> from, ArrayRef<Digits> to,
                               const Coordinates &coordinates) {
  if (!movesData(from, to))
    return canReshape(from, to, coordinates);
  return canReshape(from, explode(from), coordinates) &&
         canReshape(explode(to), to, coordinates);
}

static Value reshape(OpBuilder &builder, Location loc, Value tensor,
                     ArrayRef<Digits> from, ArrayRef<Digits> to,
                     const Coordinates &coordinates) {
  SmallVector<Segment> segments = getSegments(from, to);
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<ReassociationIndices> collapsed, expanded;
  for (const Segment &segment : segments) {
    collapsed.push_back(segment.from);
    expanded.push_back(segment.to);
  }
  if (type.getRank() > int64_t(segments.size()) && !segments.empty() &&
      llvm::none_of(collapsed, [](auto &group) { return group.empty(); }))
    tensor = tensor::CollapseShapeOp::create(builder, loc, tensor, collapsed);
  if (to.size() == segments.size() || segments.empty())
    return tensor;
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> sizes;
  for (auto [number, segment] : llvm::enumerate(segments)) {
    int64_t known = 1;
    for (int64_t dim : segment.to)
      if (int64_t size = coordinates.sizeOf(to[dim]);
          !ShapedType::isDynamic(size))
        known *= size;
    for (int64_t dim : segment.to) {
      shape.push_back(coordinates.sizeOf(to[dim]));
      if (!ShapedType::isDynamic(shape.back())) {
        sizes.push_back(builder.getIndexAttr(shape.back()));
        continue;
      }
      OpFoldResult size = tensor::getMixedSize(builder, loc, tensor, number);
      if (known != 1) {
        Value whole = getValueOrCreateConstantIndexOp(builder, loc, size);
        Value divisor = arith::ConstantIndexOp::create(builder, loc, known);
        size = arith::DivUIOp::create(builder, loc, whole, divisor).getResult();
      }
      sizes.push_back(size);
      if (std::optional<int64_t> constant = getConstantIntValue(size))
        shape.back() = *constant;
    }
  }
  return tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), tensor,
      expanded, sizes);
}

Value gdpa::raising::regroupTensor(OpBuilder &builder, Location loc,
                                   Value tensor, ArrayRef<Digits> from,
                                   ArrayRef<Digits> to,
                                   const Coordinates &coordinates,
                                   DigitSize missingSize) {
  if (!movesData(from, to))
    return reshape(builder, loc, tensor, from, to, coordinates);
  Place atoms = explode(from);
  tensor = reshape(builder, loc, tensor, from, atoms, coordinates);
  Type element = getElementTypeOrSelf(tensor);
  auto empty = [&](ArrayRef<OpFoldResult> sizes) {
    return tensor::EmptyOp::create(builder, loc, sizes, element);
  };
  Place ordered = restrict(to, from);
  if (ordered != atoms) {
    SmallVector<int64_t> permutation;
    SmallVector<OpFoldResult> sizes;
    for (const Digits &digits : ordered) {
      permutation.push_back(llvm::find(atoms, digits) - atoms.begin());
      sizes.push_back(
          tensor::getMixedSize(builder, loc, tensor, permutation.back()));
    }
    tensor = linalg::TransposeOp::create(builder, loc, tensor, empty(sizes),
                                         permutation)
                 ->getResult(0);
  }
  Place all = explode(to);
  if (all.size() != ordered.size()) {
    SmallVector<int64_t> added;
    SmallVector<OpFoldResult> sizes;
    unsigned next = 0;
    for (auto [dim, digits] : llvm::enumerate(all)) {
      if (next < ordered.size() && ordered[next] == digits) {
        sizes.push_back(tensor::getMixedSize(builder, loc, tensor, next++));
        continue;
      }
      added.push_back(dim);
      sizes.push_back(missingSize(digits[0]));
    }
    tensor =
        linalg::BroadcastOp::create(builder, loc, tensor, empty(sizes), added)
            ->getResult(0);
  }
  return reshape(builder, loc, tensor, all, to, coordinates);
}
