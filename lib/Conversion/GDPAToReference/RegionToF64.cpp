//===- RegionToF64.cpp - scalar regions in double precision ---------------===//
//
// Operations are cloned one by one: constants and result types become f64,
// conversions between float types vanish, reads of captures become clamped
// loads.
//
//===----------------------------------------------------------------------===//

#include "RegionToF64.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::reference;

Type reference::convertType(Type type) {
  MLIRContext *context = type.getContext();
  if (isa<FloatType>(type))
    return Float64Type::get(context);
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !isa<RankedTensorType, MemRefType>(type))
    return type;
  Type element = convertType(shaped.getElementType());
  if (shaped.getRank() == 0)
    return MemRefType::get({}, element);
  SmallVector<int64_t> strides(shaped.getRank(), ShapedType::kDynamic);
  return MemRefType::get(shaped.getShape(), element,
                         StridedLayoutAttr::get(context, 0, strides));
}

MemRefType reference::convertRowsType(Type type) {
  auto memref = cast<MemRefType>(convertType(type));
  SmallVector<int64_t> strides(memref.getRank(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(memref.getShape(), memref.getElementType(),
                         StridedLayoutAttr::get(type.getContext(), 0, strides));
}

namespace {

class RegionCloner {
public:
  RegionCloner(OpBuilder &builder, Block &source, unsigned firstCapture,
               RegionMode mode)
      : builder(builder), source(source), firstCapture(firstCapture),
        mode(mode) {}

  FailureOr<func::FuncOp> run(StringRef name);

private:
  LogicalResult cloneBlock(Block &block);
  LogicalResult cloneOp(Operation *op);
  LogicalResult cloneGeneric(Operation *op);
  LogicalResult cloneConstant(arith::ConstantOp op);
  /// math.isinf, math.isnormal: a number is normal in the type that the program has.
  Value classify(Operation *op);
  Value clonePower(math::IPowIOp op);
  void cloneLoad(Operation *op, Value capture, ValueRange indices);
  void cloneAccumulate(AccumulateOp op);

  /// Index values held inside the extents of `memref`; adds to `nonEmpty`
  /// whether the memref has any element.
  SmallVector<Value> clampIndices(Location loc, Value memref,
                                  ValueRange indices, Value &nonEmpty);
  /// Gives `value`, read from a capture, its number; returns it with `delta`
  /// added where it is the target.
  Value probeRead(Location loc, Value value, int64_t capture,
                  ValueRange indices);
  Value constantIndex(Location loc, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  std::optional<unsigned> captureNumber(Value value) const {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != &source ||
        argument.getArgNumber() < firstCapture)
      return std::nullopt;
    return argument.getArgNumber() - firstCapture;
  }

  OpBuilder &builder;
  Block &source;
  unsigned firstCapture;
  RegionMode mode;
  IRMapping mapping;
  Value delta, probe, probedValue;
  /// Gradient and sum of absolute terms of each capture, null for integers.
  SmallVector<std::pair<Value, Value>> gradients;
};

} // namespace

static bool isFloatCapture(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type));
}

FailureOr<func::FuncOp> RegionCloner::run(StringRef name) {
  Location loc = source.getParentOp()->getLoc();
  Type f64 = builder.getF64Type();
  SmallVector<Type> inputs, results;
  for (Type type : source.getArgumentTypes())
    inputs.push_back(convertType(type));
  unsigned extra = inputs.size();
  if (mode == RegionMode::Probe) {
    inputs.push_back(f64);
    inputs.push_back(MemRefType::get({kProbeSize}, builder.getIndexType()));
    inputs.push_back(MemRefType::get({}, f64));
  } else if (mode == RegionMode::Accumulate) {
    for (BlockArgument capture : source.getArguments().drop_front(firstCapture))
      if (isFloatCapture(capture.getType())) {
        Type type = capture.getType();
        Type memref = isa<ShapedType>(type)
                          ? convertType(type)
                          : convertType(RankedTensorType::get({}, type));
        inputs.append({memref, memref});
      }
  }
  for (Type type : source.getTerminator()->getOperandTypes())
    results.push_back(convertType(type));

  auto function = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType(inputs, results));
  function.setPrivate();
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  mapping.map(source.getArguments(), entry->getArguments().take_front(extra));

  if (mode == RegionMode::Probe) {
    delta = entry->getArgument(extra);
    probe = entry->getArgument(extra + 1);
    probedValue = entry->getArgument(extra + 2);
    // A scalar capture counts as read once: all its uses move together.
    for (auto [number, capture] :
         llvm::enumerate(source.getArguments().drop_front(firstCapture)))
      if (isa<FloatType>(capture.getType()))
        mapping.map(capture,
                    probeRead(loc, mapping.lookup(capture), number, {}));
  } else if (mode == RegionMode::Accumulate) {
    unsigned next = extra;
    for (BlockArgument capture :
         source.getArguments().drop_front(firstCapture)) {
      bool isFloat = isFloatCapture(capture.getType());
      gradients.push_back(
          isFloat ? std::make_pair<Value, Value>(entry->getArgument(next),
                                                 entry->getArgument(next + 1))
                  : std::make_pair(Value(), Value()));
      next += isFloat ? 2 : 0;
    }
  }

  if (failed(cloneBlock(source))) {
    function.erase();
    return failure();
  }
  return function;
}

LogicalResult RegionCloner::cloneBlock(Block &block) {
  for (Operation &op : block)
    if (failed(cloneOp(&op)))
      return failure();
  return success();
}

LogicalResult RegionCloner::cloneOp(Operation *op) {
  Location loc = op->getLoc();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<YieldOp>([&](YieldOp yield) {
        SmallVector<Value> values;
        for (Value value : yield.getValues())
          values.push_back(mapping.lookup(value));
        func::ReturnOp::create(builder, loc, values);
        return success();
      })
      .Case<arith::ConstantOp>(
          [&](arith::ConstantOp constant) { return cloneConstant(constant); })
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto cast) {
        mapping.map(cast.getOut(), mapping.lookup(cast.getIn()));
        return success();
      })
      .Case<arith::BitcastOp>([&](arith::BitcastOp cast) -> LogicalResult {
        if (isa<FloatType>(cast.getIn().getType()) ||
            isa<FloatType>(cast.getOut().getType()))
          return cast.emitOpError("of a float type has no meaning in the "
                                  "reference target, which computes in f64");
        return cloneGeneric(cast);
      })
      // Upstream's expansion of clampf takes the bounds the wrong way round.
      .Case<math::ClampFOp>([&](math::ClampFOp clamp) {
        Value low = arith::MaximumFOp::create(builder, loc,
                                              mapping.lookup(clamp.getValue()),
                                              mapping.lookup(clamp.getMin()));
        mapping.map(clamp.getResult(),
                    arith::MinimumFOp::create(builder, loc, low,
                                              mapping.lookup(clamp.getMax()))
                        .getResult());
        return success();
      })
      .Case<math::IsInfOp, math::IsNormalOp>([&](auto classification) {
        mapping.map(classification.getResult(), classify(classification));
        return success();
      })
      .Case<math::IPowIOp>([&](math::IPowIOp power) {
        mapping.map(power.getResult(), clonePower(power));
        return success();
      })
      .Case<tensor::ExtractOp>([&](tensor::ExtractOp extract) {
        cloneLoad(extract, extract.getTensor(), extract.getIndices());
        return success();
      })
      .Case<memref::LoadOp>([&](memref::LoadOp load) {
        cloneLoad(load, load.getMemRef(), load.getIndices());
        return success();
      })
      .Case<tensor::DimOp, memref::DimOp>([&](auto dim) {
        Value size =
            memref::DimOp::create(builder, loc, mapping.lookup(dim.getSource()),
                                  mapping.lookup(dim.getIndex()));
        mapping.map(dim.getResult(), size);
        return success();
      })
      .Case<AccumulateOp>([&](AccumulateOp accumulate) {
        cloneAccumulate(accumulate);
        return success();
      })
      .Default([&](Operation *other) { return cloneGeneric(other); });
}

LogicalResult RegionCloner::cloneGeneric(Operation *op) {
  OperationState state(op->getLoc(), op->getName());
  for (Value operand : op->getOperands())
    state.operands.push_back(mapping.lookup(operand));
  for (Type type : op->getResultTypes())
    state.types.push_back(convertType(type));
  state.attributes.append(op->getAttrDictionary().begin(),
                          op->getAttrDictionary().end());
  for (unsigned i = 0, e = op->getNumRegions(); i < e; ++i)
    state.addRegion();
  Operation *clone = builder.create(state);
  // The oracle follows IEEE arithmetic whatever the program allows.
  if (clone->hasAttr("fastmath") && isa<arith::ArithFastMathInterface>(clone))
    clone->setAttr("fastmath",
                   arith::FastMathFlagsAttr::get(builder.getContext(),
                                                 arith::FastMathFlags::none));
  mapping.map(op->getResults(), clone->getResults());
  for (auto [region, target] : llvm::zip(op->getRegions(), clone->getRegions()))
    for (Block &block : region) {
      OpBuilder::InsertionGuard guard(builder);
      SmallVector<Type> types;
      SmallVector<Location> locations;
      for (BlockArgument argument : block.getArguments()) {
        types.push_back(convertType(argument.getType()));
        locations.push_back(argument.getLoc());
      }
      Block *copy =
          builder.createBlock(&target, target.end(), types, locations);
      mapping.map(&block, copy);
      mapping.map(block.getArguments(), copy->getArguments());
      if (failed(cloneBlock(block)))
        return failure();
    }
  return success();
}

LogicalResult RegionCloner::cloneConstant(arith::ConstantOp op) {
  auto value = dyn_cast<FloatAttr>(op.getValue());
  if (!value)
    return cloneGeneric(op);
  APFloat number = value.getValue();
  bool losesInfo = false;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  Value constant = arith::ConstantOp::create(
      builder, op.getLoc(), FloatAttr::get(builder.getF64Type(), number));
  mapping.map(op.getResult(), constant);
  return success();
}

Value RegionCloner::classify(Operation *op) {
  Location loc = op->getLoc();
  Value operand = op->getOperand(0);
  Value x = math::AbsFOp::create(builder, loc, mapping.lookup(operand));
  auto compare = [&](arith::CmpFPredicate predicate, APFloat bound) -> Value {
    bool losesInfo = false;
    bound.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &losesInfo);
    Value constant = arith::ConstantOp::create(
        builder, loc, FloatAttr::get(builder.getF64Type(), bound));
    return arith::CmpFOp::create(builder, loc, predicate, x, constant);
  };
  const llvm::fltSemantics &semantics =
      cast<FloatType>(operand.getType()).getFloatSemantics();
  APFloat infinity = APFloat::getInf(semantics);
  if (isa<math::IsInfOp>(op))
    return compare(arith::CmpFPredicate::OEQ, infinity);
  Value finite = compare(arith::CmpFPredicate::OLT, infinity);
  Value large = compare(arith::CmpFPredicate::OGE,
                        APFloat::getSmallestNormalized(semantics));
  return arith::AndIOp::create(builder, loc, finite, large);
}

/// Multiplies |exponent| times, counted down; a negative exponent divides.
Value RegionCloner::clonePower(math::IPowIOp op) {
  Location loc = op.getLoc();
  Type type = op.getType();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, value));
  };
  Value base = mapping.lookup(op.getLhs());
  Value exponent = mapping.lookup(op.getRhs());
  Value zero = constant(0), one = constant(1);
  auto loop = scf::WhileOp::create(
      builder, loc, TypeRange{type, type},
      ValueRange{math::AbsIOp::create(builder, loc, exponent), one},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                           args[0], zero);
        scf::ConditionOp::create(b, loc, more, args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value rest = arith::SubIOp::create(b, loc, args[0], one);
        Value product = arith::MulIOp::create(b, loc, args[1], base);
        scf::YieldOp::create(b, loc, ValueRange{rest, product});
      });
  Value power = loop.getResult(1);
  // 1 / power: only 1 and -1 have an inverse among the integers.
  Value isNegative = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::slt, exponent, zero);
  Value square = arith::MulIOp::create(builder, loc, base, base);
  Value isUnit = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       square, one);
  Value inverse = arith::SelectOp::create(builder, loc, isUnit, power, zero);
  return arith::SelectOp::create(builder, loc, isNegative, inverse, power);
}

SmallVector<Value> RegionCloner::clampIndices(Location loc, Value memref,
                                              ValueRange indices,
                                              Value &nonEmpty) {
  SmallVector<Value> clamped;
  Value zero = constantIndex(loc, 0), one = constantIndex(loc, 1);
  nonEmpty = arith::ConstantIntOp::create(builder, loc, 1, 1);
  for (auto [dim, index] : llvm::enumerate(indices)) {
    Value size = memref::DimOp::create(builder, loc, memref, int64_t(dim));
    Value last = arith::SubIOp::create(builder, loc, size, one);
    Value low = arith::MaxSIOp::create(builder, loc, index, zero);
    clamped.push_back(arith::MinSIOp::create(builder, loc, low, last));
    Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                                       size, zero);
    nonEmpty = arith::AndIOp::create(builder, loc, nonEmpty, some);
  }
  return clamped;
}

void RegionCloner::cloneLoad(Operation *op, Value capture, ValueRange indices) {
  Location loc = op->getLoc();
  Value memref = mapping.lookup(capture), nonEmpty;
  SmallVector<Value> mapped;
  for (Value index : indices)
    mapped.push_back(mapping.lookup(index));
  mapped = clampIndices(loc, memref, mapped, nonEmpty);
  // An empty capture has nothing to clamp to: a read of it is zero.
  Type type = cast<MemRefType>(memref.getType()).getElementType();
  auto guarded = scf::IfOp::create(
      builder, loc, nonEmpty,
      [&](OpBuilder &b, Location loc) {
        Value value = memref::LoadOp::create(b, loc, memref, mapped);
        scf::YieldOp::create(b, loc, value);
      },
      [&](OpBuilder &b, Location loc) {
        Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
        scf::YieldOp::create(b, loc, zero);
      });
  Value value = guarded.getResult(0);
  std::optional<unsigned> number = captureNumber(capture);
  if (mode == RegionMode::Probe && number && isa<FloatType>(type))
    value = probeRead(loc, value, *number, mapped);
  mapping.map(op->getResult(0), value);
}

Value RegionCloner::probeRead(Location loc, Value value, int64_t capture,
                              ValueRange indices) {
  auto field = [&](int64_t i) { return constantIndex(loc, i); };
  Value count = memref::LoadOp::create(builder, loc, probe, field(kCounter));
  Value target = memref::LoadOp::create(builder, loc, probe, field(kTarget));
  Value next = arith::AddIOp::create(builder, loc, count, field(1));
  memref::StoreOp::create(builder, loc, next, probe, field(kCounter));
  Value isTarget = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         count, target);
  auto branch = scf::IfOp::create(
      builder, loc, isTarget,
      [&](OpBuilder &b, Location loc) {
        memref::StoreOp::create(b, loc, value, probedValue, ValueRange());
        memref::StoreOp::create(b, loc, field(capture), probe, field(kCapture));
        for (auto [i, index] : llvm::enumerate(indices))
          memref::StoreOp::create(b, loc, index, probe, field(kIndices + i));
        Value moved = arith::AddFOp::create(b, loc, value, delta);
        scf::YieldOp::create(b, loc, moved);
      },
      [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, value); });
  return branch.getResult(0);
}

void RegionCloner::cloneAccumulate(AccumulateOp op) {
  Location loc = op.getLoc();
  std::optional<unsigned> number = captureNumber(op.getCapture());
  if (mode != RegionMode::Accumulate || !number || !gradients[*number].first)
    return;
  auto [gradient, absolute] = gradients[*number];
  Value term = mapping.lookup(op.getGradient()), nonEmpty;
  SmallVector<Value> indices;
  for (Value index : op.getIndices())
    indices.push_back(mapping.lookup(index));
  indices = clampIndices(loc, gradient, indices, nonEmpty);
  auto guard = scf::IfOp::create(builder, loc, nonEmpty, /*withElse=*/false);
  OpBuilder::InsertionGuard insertion(builder);
  builder.setInsertionPoint(guard.thenYield());
  Value magnitude = math::AbsFOp::create(builder, loc, term);
  for (auto [memref, value] :
       {std::make_pair(gradient, term), std::make_pair(absolute, magnitude)}) {
    Value old = memref::LoadOp::create(builder, loc, memref, indices);
    Value sum = arith::AddFOp::create(builder, loc, old, value);
    memref::StoreOp::create(builder, loc, sum, memref, indices);
  }
}

FailureOr<func::FuncOp> reference::buildRegionFunction(OpBuilder &builder,
                                                       StringRef name,
                                                       Region &region,
                                                       unsigned firstCapture,
                                                       RegionMode mode) {
  return RegionCloner(builder, region.front(), firstCapture, mode).run(name);
}
