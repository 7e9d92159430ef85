//===- RegionEmitter.cpp - a scalar region on a block of scores -----------===//

#include "RegionEmitter.h"
#include "FoldFactors.h"
#include "FoldRegion.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::gdpa_tile;

//===----------------------------------------------------------------------===//
// RegionInfo
//===----------------------------------------------------------------------===//

namespace {
/// Positions of the block arguments of a region.
struct ArgumentLayout {
  unsigned leading; // s, ct before the coordinates
  BlockArgument at(Region &region, unsigned coordinate) const {
    return region.getArgument(leading + coordinate);
  }
};
enum Coordinate : unsigned { kBatch, kHead, kI, kJ, kNq, kNk, kFirstCapture };
} // namespace

static ArgumentLayout layoutOf(Region &region, const RegionInfo &info) {
  if (&region == info.mask)
    return {0};
  return {info.joint ? 2u : 1u};
}

/// A division that traps on zero and whose divisor is not a constant.
static bool mayTrap(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
             arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op) &&
         !matchPattern(op->getOperand(1), m_Constant());
}

/// Whether each value that a region yields is known and finite at s = 0 (and
/// cotangent 0).
static SmallVector<bool> finiteAtZero(Region &region, unsigned numLeading) {
  DenseMap<Value, Attribute> known;
  for (unsigned number = 0; number < numLeading; ++number) {
    BlockArgument argument = region.getArgument(number);
    known[argument] = FloatAttr::get(argument.getType(), 0.0);
  }
  SmallVector<bool> finite;
  for (Attribute value : foldRegion(region, std::move(known))) {
    auto constant = dyn_cast_or_null<FloatAttr>(value);
    finite.push_back(constant && constant.getValue().isFinite());
  }
  return finite;
}

RegionInfo RegionInfo::analyze(Region &body, Region *mask, bool joint) {
  RegionInfo info;
  info.body = &body;
  info.mask = mask && !mask->empty() ? mask : nullptr;
  info.joint = joint;
  for (Region *region : {info.body, info.mask}) {
    if (!region)
      continue;
    ArgumentLayout layout = layoutOf(*region, info);
    for (unsigned number = 0; number < layout.leading; ++number)
      info.dependence[region->getArgument(number)] = kOnScore;
    info.dependence[layout.at(*region, kI)] = kOnQuery;
    info.dependence[layout.at(*region, kJ)] = kOnKey;
    for (Operation &op : region->front()) {
      unsigned bits = kUniform;
      for (Value operand : op.getOperands())
        bits |= info.dependence.lookup(operand);
      if (mayTrap(&op)) {
        // Evaluated only for pairs that exist, at positions that exist.
        bits |= kOnQuery | kOnKey;
        info.needsLivePositions = true;
      }
      for (Value result : op.getResults())
        info.dependence[result] = bits;
      if (auto accumulate = dyn_cast<gdpa::AccumulateOp>(op))
        info.accumulations.push_back(accumulate);
    }
  }
  SmallVector<bool> finite = finiteAtZero(body, joint ? 2 : 1);
  info.weightFiniteAtZero = finite[0];
  info.dsFiniteAtZero = !joint || finite[1];
  return info;
}

void RegionInfo::fold(bool factorsLeave) {
  Block &block = body->front();
  BlockArgument scale =
      block.addArgument(block.getArgument(0).getType(), body->getLoc());
  unsigned numLeading = joint ? 2 : 1;
  // Where blocks at an edge have code of their own, both codes are long in registers:
  // a score that is read more than once is better scaled before them.
  if (mask || !weightFiniteAtZero || !dsFiniteAtZero) {
    Region trial;
    IRMapping map;
    body->cloneInto(&trial, map);
    foldFactors(trial, numLeading, map.lookup(Value(scale)), factorsLeave);
    BlockArgument score = trial.getArgument(0);
    if (!score.use_empty() && !score.hasOneUse()) {
      block.eraseArgument(scale.getArgNumber());
      return;
    }
  }
  foldFactors(*body, numLeading, scale, factorsLeave);
  RegionInfo folded = analyze(*body, mask, joint);
  // At s = 0 the scale, which folding does not know, changes nothing.
  folded.weightFiniteAtZero = weightFiniteAtZero;
  folded.dsFiniteAtZero = dsFiniteAtZero;
  folded.isFolded = true;
  *this = std::move(folded);
}

/// `value` without the scalar argument or constant that it is multiplied by at last.
static Value withoutParameter(Value value, unsigned numLeading,
                              RegionInfo::Factor &factor) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product || !value.hasOneUse() || !isParameter(product.getRhs(), numLeading))
    return value;
  APFloat constant(0.0);
  if (matchPattern(product.getRhs(), m_ConstantFloat(&constant)))
    factor.constant = constant.convertToDouble();
  else
    factor.uniform = product.getRhs();
  return product.getLhs();
}

/// `value` without the powers of two that it is multiplied by at last, which
/// nothing else sees; multiplies `factor` by them.
static Value withoutFactor(Value value, double &factor) {
  while (auto product = value.getDefiningOp<arith::MulFOp>()) {
    if (!value.hasOneUse())
      break;
    bool found = false;
    for (unsigned index : {0u, 1u}) {
      APFloat constant(0.0);
      if (found || !matchPattern(product->getOperand(index),
                                 m_ConstantFloat(&constant)))
        continue;
      double number = constant.convertToDouble(), most = 256;
      int exponent;
      if (std::frexp(std::fabs(number), &exponent) != 0.5 ||
          std::fabs(factor * number) > most ||
          std::fabs(factor * number) < 1 / most)
        continue;
      found = true;
      factor *= number;
      value = product->getOperand(1 - index);
    }
    if (!found)
      break;
  }
  return value;
}

void RegionInfo::splitFactors() {
  Operation *end = body->front().getTerminator();
  for (unsigned number = 0; number < (joint ? 2u : 1u); ++number) {
    Factor &factor = number == 0 ? weightFactor : dsFactor;
    if (isFolded)
      withoutParameter(end->getOperand(number), joint ? 2 : 1, factor);
    else
      withoutFactor(end->getOperand(number), factor.constant);
  }
}

Value RegionInfo::yielded(unsigned number) const {
  Value value = body->front().getTerminator()->getOperand(number);
  const Factor &factor = number == 0 ? weightFactor : dsFactor;
  if (factor.constant == 1 && !factor.uniform)
    return value;
  Factor split;
  return isFolded ? withoutParameter(value, joint ? 2 : 1, split)
                  : withoutFactor(value, split.constant);
}

unsigned RegionInfo::indexDependence(gdpa::AccumulateOp op) const {
  unsigned bits = kUniform;
  for (Value index : op.getIndices())
    bits |= dependence.lookup(index);
  return bits;
}

//===----------------------------------------------------------------------===//
// Scalar code
//===----------------------------------------------------------------------===//

void RegionEmitter::seed(Region &region, IRMapping &map) {
  ArgumentLayout layout = layoutOf(region, info);
  map.map(layout.at(region, kBatch), place.batch);
  map.map(layout.at(region, kHead), place.head);
  map.map(layout.at(region, kNq), place.queryLength);
  map.map(layout.at(region, kNk), place.keyLength);
  // Row terms are behind the captures, in a joint region only.
  unsigned first = layout.leading + kFirstCapture;
  for (auto [argument, capture] :
       llvm::zip(region.getArguments().drop_front(first), place.captures))
    map.map(argument, capture);
}

/// `index` brought into the extent of dimension `dim` of `buffer`.
Value RegionEmitter::clampIndex(OpBuilder &builder, Location loc, Value index,
                                Value buffer, unsigned dim) {
  auto type = cast<MemRefType>(buffer.getType());
  APInt constant;
  if (matchPattern(index, m_ConstantInt(&constant)) &&
      !type.isDynamicDim(dim) && constant.sge(0) &&
      constant.slt(type.getDimSize(dim)))
    return index;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value last;
  {
    // The extent is scalar code: not once an element.
    OpBuilder::InsertionGuard guard(builder);
    builder.restoreInsertionPoint(place.uniformPoint);
    Value extent =
        memref::DimOp::create(builder, loc, buffer,
                              arith::ConstantIndexOp::create(builder, loc, dim));
    Value unit = arith::ConstantIndexOp::create(builder, loc, 1);
    last = arith::SubIOp::create(builder, loc, extent, unit);
  }
  Value low = arith::MaxSIOp::create(builder, loc, index, zero);
  return arith::MinSIOp::create(builder, loc, low, last);
}

/// `value` as scalar code at `builder`'s position; every argument it needs is
/// in `map`.
Value RegionEmitter::emitScalar(OpBuilder &builder, Value value,
                                IRMapping &map) {
  if (Value done = map.lookupOrNull(value))
    return done;
  Operation *op = value.getDefiningOp();
  assert(op && "an argument of a region without a value");
  for (Value operand : op->getOperands())
    emitScalar(builder, operand, map);
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    Value buffer = map.lookup(load.getMemRef());
    SmallVector<Value> indices;
    for (auto [dim, index] : llvm::enumerate(load.getIndices()))
      indices.push_back(clampIndex(builder, load.getLoc(), map.lookup(index),
                                   buffer, dim));
    Value loaded =
        memref::LoadOp::create(builder, load.getLoc(), buffer, indices);
    map.map(value, loaded);
    return loaded;
  }
  builder.clone(*op, map);
  return map.lookup(value);
}

Value RegionEmitter::uniform(Value value) {
  if (Value done = uniformMap.lookupOrNull(value))
    return done;
  OpBuilder::InsertionGuard guard(blocks.builder);
  blocks.builder.restoreInsertionPoint(place.uniformPoint);
  return emitScalar(blocks.builder, value, uniformMap);
}

//===----------------------------------------------------------------------===//
// Captures as operands
//===----------------------------------------------------------------------===//

/// Whether each index of a load is uniform, i itself or j itself, and at least
/// one is i or j.
bool RegionEmitter::asOperand(Operation *op) {
  auto load = cast<memref::LoadOp>(op);
  Region &region = *op->getParentRegion();
  ArgumentLayout layout = layoutOf(region, info);
  unsigned found = 0;
  for (Value index : load.getIndices()) {
    unsigned bits = info.dependence.lookup(index);
    if (bits == kUniform)
      continue;
    unsigned which = index == layout.at(region, kI)   ? kOnQuery
                     : index == layout.at(region, kJ) ? kOnKey
                                                      : 0u;
    if (!which || (found & which))
      return false;
    found |= which;
  }
  if (!found)
    return false;

  Value buffer = uniformMap.lookup(load.getMemRef());
  SmallVector<Value> offsets;
  SmallVector<unsigned> queryDims, keyDims;
  for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
    if (info.dependence.lookup(index) == kUniform) {
      offsets.push_back(uniform(index));
      continue;
    }
    bool query = index == layout.at(region, kI);
    offsets.push_back(query ? place.queryBase : place.keyBase);
    (query ? queryDims : keyDims).push_back(dim);
  }
  Side querySide =
      place.queryIsStationary ? Side::Stationary : Side::Streamed;
  Side keySide = place.queryIsStationary ? Side::Streamed : Side::Stationary;
  Dims dims = found == (kOnQuery | kOnKey)
                  ? blocks.scheme.score()
                  : blocks.scheme.rows(found == kOnQuery ? querySide : keySide);
  SmallVector<std::pair<unsigned, AffineExpr>> positions;
  for (unsigned dim : queryDims)
    positions.push_back({dim, blocks.rowExpr(dims, querySide)});
  for (unsigned dim : keyDims)
    positions.push_back({dim, blocks.rowExpr(dims, keySide)});
  bool stationaryOnly =
      found == (place.queryIsStationary ? kOnQuery : kOnKey);
  OpBuilder::InsertionGuard guard(blocks.builder);
  if (stationaryOnly)
    blocks.builder.restoreInsertionPoint(place.uniformPoint);
  BlockTensor block = blocks.load(buffer, offsets, dims, load.getType(), positions,
                            /*clamp=*/true);
  operands.push_back({op, block});
  return true;
}

/// Between which integers a load of the mask lies in the block at hand.
std::pair<Value, Value> RegionEmitter::boundsOf(const CaptureRange &range) {
  OpBuilder &builder = blocks.builder;
  Location loc = range.load->getLoc();
  OpBuilder::InsertionGuard guard(builder);
  bool query = range.kind == RowKind::Query;
  if (query == place.queryIsStationary)
    builder.restoreInsertionPoint(place.uniformPoint);
  auto load = cast<memref::LoadOp>(range.load);
  SmallVector<Value> indices = {Value()};
  for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
    Value at;
    if (dim == range.dim)
      at = arith::DivUIOp::create(
          builder, loc, query ? place.queryBase : place.keyBase,
          arith::ConstantIndexOp::create(builder, loc, range.rows));
    else
      at = uniform(index);
    indices.push_back(clampIndex(builder, loc, at, range.buffer, 1 + dim));
  }
  auto bound = [&](int64_t which) -> Value {
    indices[0] = arith::ConstantIndexOp::create(builder, loc, which);
    Value value = memref::LoadOp::create(builder, loc, range.buffer, indices);
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value);
  };
  Value low = bound(0);
  return {low, bound(1)};
}

/// Finds the loads that `value` needs, before the body is built.
void RegionEmitter::collectOperands(Value value,
                                    llvm::SmallPtrSetImpl<Value> &seen) {
  if (!seen.insert(value).second)
    return;
  Operation *op = value.getDefiningOp();
  if (!op || op->hasTrait<OpTrait::ConstantLike>())
    return;
  if (info.dependence.lookup(value) == kUniform) {
    uniform(value);
    return;
  }
  if (isa<memref::LoadOp>(op) && asOperand(op))
    return;
  for (Value operand : op->getOperands())
    collectOperands(operand, seen);
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    OpBuilder::InsertionGuard guard(blocks.builder);
    blocks.builder.restoreInsertionPoint(place.uniformPoint);
    auto type = cast<MemRefType>(load.getMemRef().getType());
    Value tensor = bufferization::ToTensorOp::create(
        blocks.builder, load.getLoc(),
        RankedTensorType::get(type.getShape(), type.getElementType()),
        uniformMap.lookup(load.getMemRef()), /*restrict=*/true,
        /*writable=*/false);
    bodyMap.map(load.getMemRef(), tensor);
  }
}

//===----------------------------------------------------------------------===//
// The body of the generic
//===----------------------------------------------------------------------===//

/// i or j of an element of the score block.
Value RegionEmitter::position(OpBuilder &builder, Location loc, bool query) {
  Value &cached = query ? queryPosition : keyPosition;
  if (cached)
    return cached;
  Side side = query == place.queryIsStationary ? Side::Stationary
                                               : Side::Streamed;
  Dims loops = blocks.scheme.score();
  AffineExpr row = blocks.rowExpr(loops, side);
  Value base = query ? place.queryBase : place.keyBase;
  // base + row, in arith: linalg.index and arith distribute and vectorise.
  Value sum = base;
  std::function<Value(AffineExpr)> expand = [&](AffineExpr expr) -> Value {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return linalg::IndexOp::create(builder, loc, dim.getPosition());
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return arith::ConstantIndexOp::create(builder, loc, constant.getValue());
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value lhs = expand(binary.getLHS()), rhs = expand(binary.getRHS());
    if (expr.getKind() == AffineExprKind::Mul)
      return arith::MulIOp::create(builder, loc, lhs, rhs);
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  };
  sum = arith::AddIOp::create(builder, loc, expand(row), base);
  if (info.needsLivePositions) {
    Value length = query ? place.queryLength : place.keyLength;
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value last = arith::SubIOp::create(builder, loc, length, one);
    sum = arith::MinSIOp::create(builder, loc, sum, last);
  }
  return cached = sum;
}

Value RegionEmitter::inBody(OpBuilder &builder, Value value) {
  if (Value done = bodyMap.lookupOrNull(value))
    return done;
  Operation *op = value.getDefiningOp();
  if (!op) {
    auto argument = cast<BlockArgument>(value);
    Region &region = *argument.getOwner()->getParent();
    ArgumentLayout layout = layoutOf(region, info);
    bool query = argument == layout.at(region, kI);
    if (query || argument == layout.at(region, kJ))
      return position(builder, value.getLoc(), query);
    return uniformMap.lookup(value);
  }
  if (info.dependence.lookup(value) == kUniform &&
      !op->hasTrait<OpTrait::ConstantLike>())
    return uniformMap.lookup(value);
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    Value buffer = uniformMap.lookup(load.getMemRef());
    SmallVector<Value> indices;
    for (auto [dim, index] : llvm::enumerate(load.getIndices()))
      indices.push_back(clampIndex(builder, load.getLoc(),
                                   inBody(builder, index), buffer, dim));
    Value element = tensor::ExtractOp::create(
        builder, load.getLoc(), bodyMap.lookup(load.getMemRef()), indices);
    bodyMap.map(value, element);
    return element;
  }
  SmallVector<Value> values;
  for (Value operand : op->getOperands())
    values.push_back(inBody(builder, operand));
  Operation *copy = builder.clone(*op);
  copy->setOperands(values);
  for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
    bodyMap.map(from, to);
  return bodyMap.lookup(value);
}

ScoreBlocks RegionEmitter::emit(BlockTensor score, BlockTensor cotangent,
                                const ScoreRequest &request) {
  const BlockScheme &scheme = blocks.scheme;
  uniformMap.clear();
  bodyMap.clear();
  operands.clear();
  queryPosition = keyPosition = Value();
  seed(*info.body, uniformMap);
  if (info.mask)
    seed(*info.mask, uniformMap);

  SmallVector<Value> roots;
  if (request.weight || request.unrounded || request.logit)
    roots.push_back(info.yielded(0));
  if (request.ds)
    roots.push_back(info.yielded(1));
  for (unsigned number : request.gradients)
    roots.push_back(const_cast<gdpa::AccumulateOp &>(
                        info.accumulations[number])
                        .getGradient());
  // Indices that depend on the score are results, too.
  SmallVector<std::tuple<unsigned, unsigned, Value>> places; // gradient, dim
  for (auto [at, number] : llvm::enumerate(request.gradients)) {
    auto accumulate = info.accumulations[number];
    for (auto [dim, index] : llvm::enumerate(accumulate.getIndices()))
      if (info.dependence.lookup(index) & kOnScore) {
        places.push_back({at, dim, index});
        roots.push_back(index);
      }
  }
  if (info.mask)
    roots.push_back(info.mask->front().getTerminator()->getOperand(0));
  llvm::SmallPtrSet<Value, 16> seen;
  for (Value root : roots)
    collectOperands(root, seen);

  SmallVector<std::pair<Operation *, std::pair<Value, Value>>> ranges;
  for (const CaptureRange &range : place.ranges)
    if (llvm::any_of(operands, [&](const auto &operand) {
          return operand.first == range.load;
        }))
      ranges.push_back({range.load, boundsOf(range)});

  SmallVector<Value> inputs = {score.tensor};
  SmallVector<AffineMap> maps = {blocks.mapOf(score.dims, score.dims)};
  if (cotangent) {
    inputs.push_back(cotangent.tensor);
    maps.push_back(blocks.mapOf(score.dims, cotangent.dims));
  }
  for (auto &[load, block] : operands) {
    inputs.push_back(block.tensor);
    maps.push_back(blocks.mapOf(score.dims, block.dims));
  }
  SmallVector<Value> outputs;
  SmallVector<Type> types;
  auto output = [&](Type element, const Dims &dims) {
    outputs.push_back(blocks.empty(dims, element).tensor);
    types.push_back(outputs.back().getType());
    maps.push_back(blocks.mapOf(score.dims, dims));
  };
  bool hasPairs = scheme.dot > 1;
  Dims weightDims = hasPairs ? scheme.weight() : score.dims;
  if (request.weight)
    output(scheme.operandType, weightDims);
  if (request.ds)
    output(scheme.operandType, weightDims);
  if (request.ds && hasPairs)
    output(scheme.operandType, score.dims);
  // The weight is the same where nothing is rounded.
  bool unrounded = request.unrounded &&
                   !(request.weight && scheme.storageType == scheme.computeType);
  if (unrounded)
    output(scheme.computeType, score.dims);
  if (request.logit)
    output(scheme.computeType, score.dims);
  for (size_t number = 0; number < request.gradients.size(); ++number)
    output(scheme.computeType, score.dims);
  for (size_t number = 0; number < places.size(); ++number)
    output(blocks.builder.getI32Type(), score.dims);

  SmallVector<utils::IteratorType> iterators(score.dims.size(),
                                             utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange args) {
    Value s = args[0];
    if (place.scale)
      s = arith::MulFOp::create(builder, loc, s, place.scale);
    bodyMap.map(info.body->getArgument(0), s);
    unsigned next = 1;
    if (cotangent)
      bodyMap.map(info.body->getArgument(1), args[next++]);
    for (auto &[load, block] : operands)
      bodyMap.map(load->getResult(0), args[next++]);

    // The unclamped position decides whether a pair exists.
    auto row = [&](bool query) -> Value {
      Value at = position(builder, loc, query);
      return info.needsLivePositions ? at.getDefiningOp()->getOperand(0) : at;
    };
    Value keep;
    if (info.mask || request.queryTail || request.keyTail) {
      Value mask;
      if (info.mask)
        mask = inBody(builder,
                      info.mask->front().getTerminator()->getOperand(0));
      Side querySide =
          place.queryIsStationary ? Side::Stationary : Side::Streamed;
      Side keySide =
          place.queryIsStationary ? Side::Streamed : Side::Stationary;
      SmallVector<Value> values, lows, highs;
      for (auto &[load, bounds] : ranges) {
        values.push_back(bodyMap.lookup(load->getResult(0)));
        lows.push_back(bounds.first);
        highs.push_back(bounds.second);
      }
      keep = KeepOp::create(
          builder, loc, builder.getI1Type(), mask, row(/*query=*/true),
          place.queryBase,
          place.queryLength, scheme.block(querySide), request.queryTail,
          row(/*query=*/false), place.keyBase, place.keyLength,
          scheme.block(keySide), request.keyTail, values, lows, highs);
    }

    auto keptOr = [&](Value value, double otherwise) -> Value {
      if (!keep)
        return value;
      Value other = arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(value.getType(), otherwise));
      return arith::SelectOp::create(builder, loc, keep, value, other);
    };
    auto kept = [&](Value value) { return keptOr(value, 0.0); };
    auto rounded = [&](Value value) -> Value {
      if (scheme.storageType == value.getType())
        return value;
      Value narrow = arith::TruncFOp::create(builder, loc, scheme.storageType,
                                             value);
      if (scheme.operandType == scheme.storageType)
        return narrow;
      return arith::ExtFOp::create(builder, loc, scheme.operandType, narrow);
    };
    SmallVector<Value> results;
    if (request.weight)
      results.push_back(rounded(kept(inBody(builder, info.yielded(0)))));
    if (request.ds)
      results.push_back(rounded(kept(inBody(builder, info.yielded(1)))));
    if (request.ds && hasPairs)
      results.push_back(results.back());
    if (unrounded)
      results.push_back(kept(inBody(builder, info.yielded(0))));
    if (request.logit)
      results.push_back(keptOr(inBody(builder, info.yielded(0)),
                               -std::numeric_limits<double>::infinity()));
    for (unsigned number : request.gradients) {
      Value gradient = inBody(builder, const_cast<gdpa::AccumulateOp &>(
                                           info.accumulations[number])
                                           .getGradient());
      if (gradient.getType() != scheme.computeType)
        gradient = arith::ExtFOp::create(builder, loc, scheme.computeType,
                                         gradient);
      results.push_back(kept(gradient));
    }
    for (auto [at, dim, index] : places) {
      auto accumulate = info.accumulations[request.gradients[at]];
      Value place =
          clampIndex(builder, loc, inBody(builder, index),
                     uniformMap.lookup(accumulate.getCapture()), dim);
      results.push_back(arith::IndexCastOp::create(
          builder, loc, builder.getI32Type(), place));
    }
    linalg::YieldOp::create(builder, loc, results);
  };
  auto generic = linalg::GenericOp::create(blocks.builder, blocks.loc, types,
                                           inputs, outputs, maps, iterators,
                                           body);
  generic->setAttr("gdpa_tile.role",
                   blocks.builder.getStringAttr("activation"));

  ScoreBlocks result;
  unsigned number = 0;
  if (request.weight)
    result.weight = {generic.getResult(number++), weightDims};
  if (request.ds) {
    result.ds = {generic.getResult(number++), weightDims};
    result.dsOfRows = hasPairs
                          ? BlockTensor{generic.getResult(number++), score.dims}
                          : result.ds;
  }
  if (unrounded)
    result.unrounded = {generic.getResult(number++), score.dims};
  else if (request.unrounded)
    result.unrounded = result.weight;
  if (request.logit)
    result.logit = {generic.getResult(number++), score.dims};
  for (unsigned gradient : request.gradients) {
    auto accumulate = info.accumulations[gradient];
    result.gradients.push_back({{generic.getResult(number++), score.dims}, {}});
    result.gradients.back().places.resize(accumulate.getIndices().size());
  }
  for (auto [at, dim, index] : places)
    result.gradients[at].places[dim] = {generic.getResult(number++), score.dims};
  return result;
}

SmallVector<Value>
RegionEmitter::emitIndices(OpBuilder &builder, gdpa::AccumulateOp op,
                           Value queryRow, Value keyRow, ValueRange places,
                           Value destination, unsigned lead,
                           ArrayRef<Value> asWritten) {
  SmallVector<Value> indices;
  for (auto [dim, index] : llvm::enumerate(op.getIndices())) {
    if (info.dependence.lookup(index) & kOnScore) {
      indices.push_back(arith::IndexCastOp::create(
          builder, op.getLoc(), builder.getIndexType(), places.front()));
      places = places.drop_front();
      continue;
    }
    Value at = emitIndex(builder, index, queryRow, keyRow);
    if (!llvm::is_contained(asWritten, index))
      at = clampIndex(builder, op.getLoc(), at, destination, lead + dim);
    indices.push_back(at);
  }
  return indices;
}

Value RegionEmitter::emitIndex(OpBuilder &builder, Value index, Value queryRow,
                               Value keyRow) {
  IRMapping map;
  seed(*info.body, map);
  ArgumentLayout layout = layoutOf(*info.body, info);
  if (queryRow)
    map.map(layout.at(*info.body, kI), queryRow);
  if (keyRow)
    map.map(layout.at(*info.body, kJ), keyRow);
  return emitScalar(builder, index, map);
}

Value RegionEmitter::emitFactor(const RegionInfo::Factor &factor) {
  Value product;
  if (factor.uniform) {
    IRMapping map;
    seed(*info.body, map);
    product = emitScalar(blocks.builder, factor.uniform, map);
  }
  if (factor.constant == 1)
    return product;
  Value constant = arith::ConstantOp::create(
      blocks.builder, blocks.loc,
      blocks.builder.getFloatAttr(blocks.scheme.computeType, factor.constant));
  if (!product)
    return constant;
  return arith::MulFOp::create(blocks.builder, blocks.loc, product, constant);
}
