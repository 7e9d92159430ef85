//===- GDPAToReference.cpp - attention as scalar f64 loops ----------------===//
//
// Writes the definition of the operation down, pair by pair, in double
// precision. Derivatives of the activation are central differences, so that
// nothing is shared with the differentiation and the kernels under test.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Conversion/GDPAToReference/GDPAToReference.h"
#include "RegionToF64.h"
#include "ScalarLoops.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

namespace mlir::gdpa {
#define GEN_PASS_DEF_CONVERTGDPATOREFERENCEPASS
#include "gdpa/Conversion/GDPAToReference/Passes.h.inc"
} // namespace mlir::gdpa

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::reference;

/// Step of a difference at x: kStep * max(1, |x|). The cube root of the
/// rounding error of f64 balances truncation against cancellation.
static constexpr double kStep = 6.0554544523933429e-6;
/// One-sided differences that differ by more than this part of 1 + their size
/// are taken for a kink between them.
static constexpr double kKink = 1e-3;
/// The part of a capture's gradient that pairs at kinks may hold.
static constexpr double kKinkShare = 1e-6;

namespace {

/// An argument of an entry.
struct EntryArgument {
  std::string name, role;
  bool isWritten;
  Type type;
  /// The function's argument that it stands for; null for a result.
  BlockArgument source;
};

/// Writes the entries of one function.
class EntryBuilder {
public:
  EntryBuilder(func::FuncOp function, AttentionOp op)
      : function(function), op(op), builder(function), f(builder, op.getLoc()) {}

  LogicalResult collect();
  LogicalResult buildForward();
  LogicalResult buildBackward();

private:
  /// Where one head of one sequence lies.
  struct Head {
    Value b, h, g, lengthQuery, lengthKey, baseQuery, baseKey;
  };
  /// A row's weights; its statistic (r, or the log of the sum of exponentials).
  struct RowWeights {
    Value statistic, hasWeight;
  };
  /// A derivative by central differences; whether it can be trusted.
  struct Difference {
    Value slope, isSmooth, magnitude;
  };

  bool isJagged() { return op.getLayout() == Layout::THD; }
  bool hasStatistics() { return op.getNormalizer() != Normalizer::None; }
  std::string nameOfCapture(unsigned number);

  LogicalResult beginEntry(StringRef name, StringRef kind,
                           ArrayRef<EntryArgument> arguments);
  void endEntry();
  Value written(StringRef name) { return outputs.lookup(name); }
  LogicalResult buildRegions(bool withGradients);

  void forEachHead(llvm::function_ref<void(const Head &)> body);
  SmallVector<Value> rowIndex(const Head &head, bool isKey, Value h, Value row,
                              Value column);
  SmallVector<Value> queryIndex(const Head &head, Value i, Value d) {
    return rowIndex(head, false, head.h, i, d);
  }
  SmallVector<Value> keyIndex(const Head &head, Value j, Value d) {
    return rowIndex(head, true, head.g, j, d);
  }
  SmallVector<Value> statisticsIndex(const Head &head, Value i);
  SmallVector<Value> regionArguments(ArrayRef<Value> leading, const Head &head,
                                     Value i, Value j);

  void scoreRow(const Head &head, Value i);
  RowWeights weighRow(const Head &head);
  Difference difference(Value x, Value center,
                        llvm::function_ref<Value(Value)> evaluate);
  void differentiatePair(const Head &head, Value i, Value j, Value ct);
  void accumulateCaptures(ArrayRef<Value> arguments, Value ct, Value isSmooth);

  func::FuncOp function;
  AttentionOp op;
  OpBuilder builder;
  ScalarLoops f;

  std::vector<EntryArgument> inputs;
  func::FuncOp activation, mask, probe, vjp;

  // Of the entry being written.
  func::FuncOp entry;
  llvm::StringMap<Value> outputs;
  Value query, key, value, scale, cuQuery, cuKey;
  SmallVector<Value> captures;
  Value rowScore, rowLogit, rowWeight, rowProduct, rowKept;
  Value probeFields, probeValue;
  /// By capture: sum of what pairs at kinks contribute; null for integers.
  SmallVector<Value> kinkSums;
  /// By capture: gradient and sum of absolute terms; null for integers.
  SmallVector<std::pair<Value, Value>> gradients;
};

} // namespace

static bool isFloatCapture(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

std::string EntryBuilder::nameOfCapture(unsigned number) {
  Value operand = op.getCaptures()[number];
  for (const EntryArgument &argument : inputs)
    if (argument.source == operand)
      return argument.name;
  return "c" + std::to_string(number);
}

/// Gives each argument of the function its name and role.
LogicalResult EntryBuilder::collect() {
  for (BlockArgument source : function.getArguments()) {
    std::string role, name;
    auto is = [&](Value operand, StringRef candidate) {
      if (role.empty() && operand == source)
        role = name = candidate.str();
    };
    is(op.getQuery(), "q");
    is(op.getKey(), "k");
    is(op.getValue(), "v");
    for (auto [number, capture] : llvm::enumerate(op.getCaptures()))
      if (role.empty() && capture == source) {
        role = "capture";
        name = "c" + std::to_string(number);
      }
    is(op.getScale(), "scale");
    is(op.getCuSeqlensQuery(), "cu_seqlens_q");
    is(op.getCuSeqlensKey(), "cu_seqlens_k");
    // A destination is overwritten: the entry's own results take its place.
    if (role.empty() && isa<ShapedType>(source.getType()))
      continue;
    if (role.empty())
      role = name = "unused";
    if (auto given = function.getArgAttrOfType<StringAttr>(
            source.getArgNumber(), "gdpa.name"))
      name = given.str();
    bool hasRows = role == "q" || role == "k" || role == "v";
    inputs.push_back({name, role, false,
                      hasRows ? Type(convertRowsType(source.getType()))
                              : convertType(source.getType()),
                      source});
  }

  // The entry writes the operation's results, whatever the function returns.
  Operation *terminator = function.getBody().back().getTerminator();
  for (auto [position, returned] : llvm::enumerate(terminator->getOperands())) {
    Value value = returned;
    if (auto cast = value.getDefiningOp<tensor::CastOp>())
      value = cast.getSource();
    if (value.getDefiningOp() != op)
      return terminator->emitError("expected result ")
             << position << " to be a result of the gdpa.attention";
  }

  // What is no argument must be a scalar constant.
  auto check = [&](Value operand, StringRef what) -> LogicalResult {
    auto argument = dyn_cast_or_null<BlockArgument>(operand);
    if (!operand ||
        (argument && argument.getOwner() == &function.getBody().front()))
      return success();
    if (operand.getDefiningOp<arith::ConstantOp>() &&
        !isa<ShapedType>(operand.getType()))
      return success();
    return op.emitOpError("expected its ")
           << what << " to be an argument of the function or a scalar constant";
  };
  if (failed(check(op.getQuery(), "query")) ||
      failed(check(op.getKey(), "key")) ||
      failed(check(op.getValue(), "value")) ||
      failed(check(op.getScale(), "scale")) ||
      failed(check(op.getCuSeqlensQuery(), "query sequence bounds")) ||
      failed(check(op.getCuSeqlensKey(), "key sequence bounds")))
    return failure();
  for (Value capture : op.getCaptures())
    if (failed(check(capture, "captures")))
      return failure();
  return success();
}

LogicalResult EntryBuilder::beginEntry(StringRef name, StringRef kind,
                                       ArrayRef<EntryArgument> arguments) {
  SmallVector<Type> types;
  llvm::StringSet<> names;
  for (const EntryArgument &argument : arguments) {
    if (!names.insert(argument.name).second)
      return function.emitError("expected arguments with different names, "
                                "found two called '")
             << argument.name << "' in the " << kind << " entry";
    types.push_back(argument.type);
  }
  builder.setInsertionPoint(function);
  entry = func::FuncOp::create(builder, op.getLoc(), name,
                               builder.getFunctionType(types, {}));
  entry->setAttr("gdpa.entry", builder.getStringAttr(kind));
  if (op.getLayout() != Layout::BHSD)
    entry->setAttr("gdpa.layout",
                   builder.getStringAttr(stringifyLayout(op.getLayout())));
  Block *block = entry.addEntryBlock();
  builder.setInsertionPointToStart(block);

  outputs.clear();
  IRMapping mapping;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    entry.setArgAttr(i, "gdpa.name", builder.getStringAttr(argument.name));
    entry.setArgAttr(i, "gdpa.role", builder.getStringAttr(argument.role));
    entry.setArgAttr(
        i, "gdpa.access",
        builder.getStringAttr(argument.isWritten ? "write" : "read"));
    if (argument.isWritten || !argument.source)
      outputs[argument.name] = block->getArgument(i);
    else
      mapping.map(argument.source, block->getArgument(i));
  }
  auto operand = [&](Value source) -> Value {
    if (!source)
      return Value();
    if (auto constant = source.getDefiningOp<arith::ConstantOp>()) {
      if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
        return f.real(number.getValueAsDouble());
      return builder.clone(*constant)->getResult(0);
    }
    return mapping.lookup(source);
  };
  query = operand(op.getQuery());
  key = operand(op.getKey());
  value = operand(op.getValue());
  scale = operand(op.getScale());
  cuQuery = operand(op.getCuSeqlensQuery());
  cuKey = operand(op.getCuSeqlensKey());
  captures.clear();
  for (Value capture : op.getCaptures())
    captures.push_back(operand(capture));

  // One row of scores at a time.
  Value rows = f.size(key, isJagged() ? 0 : op.getLayout() == Layout::BHSD ? 2 : 1);
  auto alloc = [&](Type type) -> Value {
    return memref::AllocOp::create(
        builder, op.getLoc(), MemRefType::get({ShapedType::kDynamic}, type),
        rows);
  };
  rowScore = alloc(builder.getF64Type());
  rowLogit = alloc(builder.getF64Type());
  rowWeight = alloc(builder.getF64Type());
  rowProduct = alloc(builder.getF64Type());
  rowKept = alloc(builder.getI1Type());
  return success();
}

void EntryBuilder::endEntry() {
  for (Value scratch : {rowScore, rowLogit, rowWeight, rowProduct, rowKept})
    memref::DeallocOp::create(builder, op.getLoc(), scratch);
  func::ReturnOp::create(builder, op.getLoc());
}

LogicalResult EntryBuilder::buildRegions(bool withGradients) {
  std::string name = function.getSymName().str();
  // Names of helpers hold a dot, so they cannot meet an entry of another function.
  auto build = [&](StringRef suffix, Region &region, unsigned firstCapture,
                   RegionMode mode, func::FuncOp &result) -> LogicalResult {
    if (result)
      return success();
    builder.setInsertionPoint(function);
    FailureOr<func::FuncOp> built = buildRegionFunction(
        builder, name + "." + suffix.str(), region, firstCapture, mode);
    if (failed(built))
      return failure();
    result = *built;
    return success();
  };
  unsigned coordinates = kNumCoordinates;
  if (failed(build("activation", op.getActivation(), coordinates + 1,
                   RegionMode::Plain, activation)))
    return failure();
  if (op.hasMask() && failed(build("mask", op.getMask(), coordinates,
                                   RegionMode::Plain, mask)))
    return failure();
  if (!withGradients)
    return success();
  if (op.hasVjp())
    return build("vjp", op.getVjp(), coordinates + 2, RegionMode::Accumulate,
                 vjp);
  if (llvm::any_of(op.getCaptures(), isFloatCapture))
    return build("probe", op.getActivation(), coordinates + 1,
                 RegionMode::Probe, probe);
  return success();
}

void EntryBuilder::forEachHead(llvm::function_ref<void(const Head &)> body) {
  bool isHeadFirst = op.getLayout() == Layout::BHSD;
  unsigned headDim = isJagged() || isHeadFirst ? 1 : 2;
  unsigned rowDim = isJagged() ? 0 : isHeadFirst ? 2 : 1;
  Value zero = f.index(0), one = f.index(1);
  Value batches = isJagged() ? f.subIndex(f.size(cuQuery, 0), one)
                             : f.size(query, 0);
  Value queryHeads = f.size(query, headDim), keyHeads = f.size(key, headDim);
  Value queryRows = f.size(query, rowDim), keyRows = f.size(key, rowDim);
  Value hasKeyHeads = f.compare(arith::CmpIPredicate::sgt, keyHeads, zero);
  Value heads = f.select(hasKeyHeads, queryHeads, zero);
  f.loop(batches, [&](Value b) {
    Head head;
    head.b = b;
    head.baseQuery = head.baseKey = zero;
    head.lengthQuery = queryRows;
    head.lengthKey = keyRows;
    if (isJagged()) {
      auto bound = [&](Value bounds, Value at, Value low, Value rows) {
        Value raw = f.load(bounds, at);
        Value bound = arith::IndexCastOp::create(builder, f.loc,
                                                 builder.getIndexType(), raw);
        return f.minIndex(f.maxIndex(bound, low), rows);
      };
      Value next = f.addIndex(b, one);
      head.baseQuery = bound(cuQuery, b, zero, queryRows);
      head.lengthQuery = f.subIndex(
          bound(cuQuery, next, head.baseQuery, queryRows), head.baseQuery);
      head.baseKey = bound(cuKey, b, zero, keyRows);
      head.lengthKey =
          f.subIndex(bound(cuKey, next, head.baseKey, keyRows), head.baseKey);
    }
    f.loop(heads, [&](Value h) {
      head.h = h;
      Value group = f.maxIndex(
          f.binary<arith::DivUIOp>(queryHeads, keyHeads), one);
      head.g = f.minIndex(f.binary<arith::DivUIOp>(h, group),
                          f.subIndex(keyHeads, one));
      body(head);
    });
  });
}

SmallVector<Value> EntryBuilder::rowIndex(const Head &head, bool isKey, Value h,
                                          Value row, Value column) {
  switch (op.getLayout()) {
  case Layout::BHSD:
    return {head.b, h, row, column};
  case Layout::BSHD:
    return {head.b, row, h, column};
  case Layout::THD:
    return {f.addIndex(isKey ? head.baseKey : head.baseQuery, row), h, column};
  }
  llvm_unreachable("unknown layout");
}

SmallVector<Value> EntryBuilder::statisticsIndex(const Head &head, Value i) {
  if (isJagged())
    return {head.h, f.addIndex(head.baseQuery, i)};
  return {head.b, head.h, i};
}

SmallVector<Value> EntryBuilder::regionArguments(ArrayRef<Value> leading,
                                                 const Head &head, Value i,
                                                 Value j) {
  SmallVector<Value> arguments(leading);
  arguments.append({head.b, head.h, i, j, head.lengthQuery, head.lengthKey});
  arguments.append(captures);
  return arguments;
}

/// Fills the scores, the kept bits and the logits z of a row; z is 0, and the
/// activation not evaluated, where the mask drops the pair.
void EntryBuilder::scoreRow(const Head &head, Value i) {
  Value depth = f.size(query, isJagged() ? 2 : 3);
  f.loop(head.lengthKey, [&](Value j) {
    Value product = f.sum(depth, [&](Value d) {
      return f.mul(f.load(query, queryIndex(head, i, d)),
                   f.load(key, keyIndex(head, j, d)));
    });
    Value score = f.mul(scale, product);
    Value kept = mask ? f.call(mask, regionArguments({}, head, i, j))[0]
                      : f.boolean(true);
    Value logit = f.choose(
        kept,
        [&] {
          return f.call(activation, regionArguments({score}, head, i, j))[0];
        },
        [&] { return f.real(0); });
    f.store(score, rowScore, j);
    f.store(kept, rowKept, j);
    f.store(logit, rowLogit, j);
  });
}

EntryBuilder::RowWeights EntryBuilder::weighRow(const Head &head) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value keys = head.lengthKey;
  auto keptOr = [&](Value j, double otherwise,
                    llvm::function_ref<Value(Value)> term) {
    return f.choose(
        f.load(rowKept, j), [&] { return term(f.load(rowLogit, j)); },
        [&] { return f.real(otherwise); });
  };
  auto storeWeights = [&](Value hasWeight,
                          llvm::function_ref<Value(Value)> weight) {
    f.loop(keys, [&](Value j) {
      Value counts = f.logicalAnd(f.load(rowKept, j), hasWeight);
      Value w = f.choose(
          counts, [&] { return weight(f.load(rowLogit, j)); },
          [&] { return f.real(0); });
      f.store(w, rowWeight, j);
    });
  };

  RowWeights row;
  switch (op.getNormalizer()) {
  case Normalizer::None:
    row.hasWeight = f.boolean(true);
    storeWeights(row.hasWeight, [&](Value z) { return z; });
    break;
  case Normalizer::Sum:
    row.statistic = f.sum(keys, [&](Value j) {
      return keptOr(j, 0, [&](Value z) { return z; });
    });
    row.hasWeight =
        f.compare(arith::CmpFPredicate::UNE, row.statistic, f.real(0));
    storeWeights(row.hasWeight,
                 [&](Value z) { return f.div(z, row.statistic); });
    break;
  case Normalizer::Softmax: {
    Value top = f.fold(keys, f.real(-infinity), [&](Value j, Value carried) {
      return f.max(carried, keptOr(j, -infinity, [&](Value z) { return z; }));
    });
    row.hasWeight = f.compare(arith::CmpFPredicate::UNE, top, f.real(-infinity));
    Value total = f.sum(keys, [&](Value j) {
      return keptOr(j, 0, [&](Value z) {
        return f.unary<math::ExpOp>(f.sub(z, top));
      });
    });
    Value sum = f.add(top, f.unary<math::LogOp>(total));
    row.statistic = f.select(row.hasWeight, sum, f.real(-infinity));
    storeWeights(row.hasWeight, [&](Value z) {
      return f.div(f.unary<math::ExpOp>(f.sub(z, top)), total);
    });
    break;
  }
  }
  return row;
}

LogicalResult EntryBuilder::buildForward() {
  if (failed(buildRegions(/*withGradients=*/false)))
    return failure();
  std::vector<EntryArgument> arguments = inputs;
  arguments.push_back(
      {"o", "o", true, convertRowsType(op.getOutputInit().getType()), {}});
  if (hasStatistics())
    arguments.push_back({"stats", "stats", true,
                         convertType(op.getStatisticsInit().getType()),
                         {}});
  std::string name = function.getSymName().str();
  if (failed(beginEntry(name, "forward", arguments)))
    return failure();
  Value output = written("o"), statistics = written("stats");
  f.fill(output, f.real(0));
  if (statistics)
    f.fill(statistics, f.real(0));
  Value depth = f.size(value, isJagged() ? 2 : 3);
  forEachHead([&](const Head &head) {
    f.loop(head.lengthQuery, [&](Value i) {
      scoreRow(head, i);
      RowWeights row = weighRow(head);
      if (statistics)
        f.store(row.statistic, statistics, statisticsIndex(head, i));
      f.loop(head.lengthKey, [&](Value j) {
        f.ifTrue(f.logicalAnd(row.hasWeight, f.load(rowKept, j)), [&] {
          Value weight = f.load(rowWeight, j);
          f.loop(depth, [&](Value d) {
            f.addTo(f.mul(weight, f.load(value, keyIndex(head, j, d))), output,
                    queryIndex(head, i, d));
          });
        });
      });
    });
  });
  endEntry();
  return success();
}

EntryBuilder::Difference
EntryBuilder::difference(Value x, Value center,
                         llvm::function_ref<Value(Value)> evaluate) {
  Value step = f.mul(f.real(kStep), f.max(f.abs(x), f.real(1)));
  // Divide by the distances that were really made.
  Value above = f.add(x, step), below = f.sub(x, step);
  Value high = evaluate(above), low = evaluate(below);
  Value right = f.div(f.sub(high, center), f.sub(above, x));
  Value left = f.div(f.sub(center, low), f.sub(x, below));
  Difference result;
  result.slope = f.div(f.sub(high, low), f.sub(above, below));
  result.magnitude = f.max(f.abs(right), f.abs(left));
  Value bound = f.mul(f.real(kKink), f.add(f.real(1), result.magnitude));
  // A NaN on either side is not smooth.
  result.isSmooth = f.compare(arith::CmpFPredicate::OLE,
                              f.abs(f.sub(right, left)), bound);
  return result;
}

/// Adds one kept pair's part of dq, dk and of the captures' gradients, given
/// the cotangent of its logit.
void EntryBuilder::differentiatePair(const Head &head, Value i, Value j,
                                     Value ct) {
  Value score = f.load(rowScore, j);
  Value depth = f.size(query, isJagged() ? 2 : 3);
  Value ds;
  if (vjp) {
    SmallVector<Value> arguments = regionArguments({score, ct}, head, i, j);
    for (auto [gradient, absolute] : gradients)
      if (gradient)
        arguments.append({gradient, absolute});
    ds = f.call(vjp, arguments)[0];
  } else {
    Difference difference =
        this->difference(score, f.load(rowLogit, j), [&](Value s) {
          return f.call(activation, regionArguments({s}, head, i, j))[0];
        });
    ds = f.mul(ct, difference.slope);
    Value isKink = f.binary<arith::XOrIOp>(difference.isSmooth, f.boolean(true));
    f.ifTrue(isKink, [&] {
      Value invalid = arith::ConstantIntOp::create(builder, f.loc, 0, 8);
      f.loop(depth, [&](Value d) {
        f.store(invalid, written("dq.valid"), queryIndex(head, i, d));
        f.store(invalid, written("dk.valid"), keyIndex(head, j, d));
      });
    });
    if (probe)
      accumulateCaptures(regionArguments({score}, head, i, j), ct,
                         difference.isSmooth);
  }
  Value scaled = f.mul(scale, ds);
  f.loop(depth, [&](Value d) {
    f.addTo(f.mul(scaled, f.load(key, keyIndex(head, j, d))), written("dq"),
            queryIndex(head, i, d));
    f.addTo(f.mul(scaled, f.load(query, queryIndex(head, i, d))), written("dk"),
            keyIndex(head, j, d));
  });
}

/// Differences in every value that the activation reads from a float capture.
void EntryBuilder::accumulateCaptures(ArrayRef<Value> arguments, Value ct,
                                      Value isSmooth) {
  auto evaluate = [&](Value target, Value delta) {
    f.store(f.index(0), probeFields, f.index(kCounter));
    f.store(target, probeFields, f.index(kTarget));
    SmallVector<Value> all(arguments);
    all.append({delta, probeFields, probeValue});
    return f.call(probe, all)[0];
  };
  Value center = evaluate(f.index(-1), f.real(0));
  Value reads = f.load(probeFields, f.index(kCounter));
  f.loop(reads, [&](Value read) {
    evaluate(read, f.real(0));
    Value x = f.load(probeValue);
    // The probe adds its delta to x: subtract x from the points asked for.
    Difference difference = this->difference(x, center, [&](Value point) {
      return evaluate(read, f.sub(point, x));
    });
    Value capture = f.load(probeFields, f.index(kCapture));
    Value isTrusted = f.logicalAnd(isSmooth, difference.isSmooth);
    for (unsigned c = 0, e = captures.size(); c < e; ++c) {
      if (!kinkSums[c])
        continue;
      Value isThis =
          f.compare(arith::CmpIPredicate::eq, capture, f.index(c));
      f.ifTrue(isThis, [&] {
        auto [gradient, absolute] = gradients[c];
        int64_t rank = cast<MemRefType>(gradient.getType()).getRank();
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < rank; ++dim)
          indices.push_back(f.load(probeFields, f.index(kIndices + dim)));
        Value zero = f.real(0);
        Value term =
            f.select(isTrusted, f.mul(ct, difference.slope), zero);
        Value lost = f.select(isTrusted, zero,
                              f.mul(f.abs(ct), difference.magnitude));
        f.addTo(term, gradient, indices);
        f.addTo(f.abs(term), absolute, indices);
        f.addTo(lost, kinkSums[c], indices);
      });
    }
  });
}

LogicalResult EntryBuilder::buildBackward() {
  if (failed(buildRegions(/*withGradients=*/true)))
    return failure();
  Type f64 = builder.getF64Type(), i8 = builder.getI8Type();
  auto withElement = [](Type type, Type element) -> Type {
    auto memref = cast<MemRefType>(type);
    return MemRefType::get(memref.getShape(), element, memref.getLayout());
  };

  std::vector<EntryArgument> arguments = inputs;
  arguments.push_back(
      {"do", "do", false, convertRowsType(op.getOutputInit().getType()), {}});
  if (hasStatistics())
    arguments.push_back({"dstats", "dstats", false,
                         convertType(op.getStatisticsInit().getType()),
                         {}});
  auto addResult = [&](std::string name, std::string role, Type type) {
    arguments.push_back({name, role, true, type, {}});
  };
  Type queryType = convertRowsType(op.getQuery().getType());
  Type keyType = convertRowsType(op.getKey().getType());
  addResult("dq", "dq", queryType);
  addResult("dk", "dk", keyType);
  addResult("dv", "dv", convertRowsType(op.getValue().getType()));
  SmallVector<unsigned> floatCaptures;
  for (auto [c, capture] : llvm::enumerate(op.getCaptures())) {
    if (!isFloatCapture(capture) || !isa<BlockArgument>(capture))
      continue;
    floatCaptures.push_back(c);
    Type type = isa<ShapedType>(capture.getType())
                    ? convertType(capture.getType())
                    : convertType(RankedTensorType::get({}, f64));
    addResult("d_" + nameOfCapture(c), "dcapture", type);
  }
  if (!op.hasVjp()) {
    addResult("dq.valid", "valid", withElement(queryType, i8));
    addResult("dk.valid", "valid", withElement(keyType, i8));
  }
  std::vector<EntryArgument> companions;
  for (const EntryArgument &argument : arguments)
    if (argument.role == "dcapture") {
      companions.push_back(
          {argument.name + ".scale", "scale_of", true, argument.type, {}});
      if (!op.hasVjp())
        companions.push_back({argument.name + ".valid", "valid", true,
                              withElement(argument.type, i8),
                              {}});
    }
  llvm::append_range(arguments, companions);

  std::string name = function.getSymName().str() + "_vjp";
  if (failed(beginEntry(name, "backward", arguments)))
    return failure();
  Value dOutput = written("do"), dStatistics = written("dstats");

  for (const EntryArgument &argument : arguments) {
    if (!argument.isWritten)
      continue;
    bool isValidity = argument.role == "valid";
    Value initial = isValidity
                        ? Value(arith::ConstantIntOp::create(builder, f.loc, 1, 8))
                        : f.real(0);
    f.fill(written(argument.name), initial);
  }
  kinkSums.assign(captures.size(), Value());
  gradients.assign(captures.size(), {});
  for (unsigned c : floatCaptures) {
    std::string name = "d_" + nameOfCapture(c);
    gradients[c] = {written(name), written(name + ".scale")};
  }
  SmallVector<Value> dropped;
  if (vjp)
    // A capture that is a constant has no gradient to return.
    for (unsigned c = 0, e = captures.size(); c < e; ++c)
      if (isFloatCapture(op.getCaptures()[c]) && !gradients[c].first) {
        dropped.push_back(memref::AllocOp::create(builder, op.getLoc(),
                                                  MemRefType::get({}, f64)));
        Value memref = memref::CastOp::create(
            builder, op.getLoc(), convertType(RankedTensorType::get({}, f64)),
            dropped.back());
        f.fill(memref, f.real(0));
        gradients[c] = {memref, memref};
      }
  if (probe) {
    Location loc = op.getLoc();
    probeFields = memref::AllocOp::create(
        builder, loc, MemRefType::get({kProbeSize}, builder.getIndexType()));
    probeValue =
        memref::AllocOp::create(builder, loc, MemRefType::get({}, f64));
    for (unsigned c : floatCaptures) {
      Value gradient = written("d_" + nameOfCapture(c));
      auto type = cast<MemRefType>(gradient.getType());
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(f.size(gradient, dim));
      kinkSums[c] = memref::AllocOp::create(
          builder, loc, MemRefType::get(type.getShape(), f64), sizes);
      f.fill(kinkSums[c], f.real(0));
    }
  }

  Value depth = f.size(value, isJagged() ? 2 : 3);
  Value infinity = f.real(-std::numeric_limits<double>::infinity());
  forEachHead([&](const Head &head) {
    f.loop(head.lengthQuery, [&](Value i) {
      scoreRow(head, i);
      RowWeights row = weighRow(head);
      // Whether the pair has any part in a result.
      auto counts = [&](Value j) {
        Value counts = f.logicalAnd(row.hasWeight, f.load(rowKept, j));
        if (op.getNormalizer() == Normalizer::Softmax)
          counts = f.logicalAnd(counts,
                                f.compare(arith::CmpFPredicate::UNE,
                                          f.load(rowLogit, j), infinity));
        return counts;
      };
      Value delta = f.sum(head.lengthKey, [&](Value j) {
        return f.choose(
            counts(j),
            [&] {
              Value product = f.sum(depth, [&](Value d) {
                return f.mul(f.load(dOutput, queryIndex(head, i, d)),
                             f.load(value, keyIndex(head, j, d)));
              });
              f.store(product, rowProduct, j);
              return f.mul(f.load(rowWeight, j), product);
            },
            [&] { return f.real(0); });
      });
      Value dStatistic = dStatistics
                             ? f.load(dStatistics, statisticsIndex(head, i))
                             : Value();
      f.loop(head.lengthKey, [&](Value j) {
        f.ifTrue(counts(j), [&] {
          Value ct = f.load(rowProduct, j), weight = f.load(rowWeight, j);
          if (op.getNormalizer() == Normalizer::Sum)
            ct = f.add(f.div(f.sub(ct, delta), row.statistic), dStatistic);
          else if (op.getNormalizer() == Normalizer::Softmax)
            ct = f.mul(weight, f.add(f.sub(ct, delta), dStatistic));
          differentiatePair(head, i, j, ct);
          f.loop(depth, [&](Value d) {
            f.addTo(f.mul(weight, f.load(dOutput, queryIndex(head, i, d))),
                    written("dv"), keyIndex(head, j, d));
          });
        });
      });
    });
  });

  for (unsigned c : floatCaptures) {
    if (!kinkSums[c])
      continue;
    std::string name = "d_" + nameOfCapture(c);
    f.forEachElement(kinkSums[c], [&](ValueRange indices) {
      Value bound = f.mul(f.real(kKinkShare),
                          f.load(written(name + ".scale"), indices));
      Value isValid = f.compare(arith::CmpFPredicate::OLE,
                                f.load(kinkSums[c], indices), bound);
      Value bit = arith::ExtUIOp::create(builder, f.loc, i8, isValid);
      f.store(bit, written(name + ".valid"), indices);
    });
    memref::DeallocOp::create(builder, f.loc, kinkSums[c]);
  }
  for (Value memref : dropped)
    memref::DeallocOp::create(builder, f.loc, memref);
  if (probe) {
    memref::DeallocOp::create(builder, f.loc, probeFields);
    memref::DeallocOp::create(builder, f.loc, probeValue);
  }
  endEntry();
  return success();
}

namespace {
struct ConvertGDPAToReferencePass
    : gdpa::impl::ConvertGDPAToReferencePassBase<ConvertGDPAToReferencePass> {
  using Base = gdpa::impl::ConvertGDPAToReferencePassBase<ConvertGDPAToReferencePass>;
  using Base::Base;

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      SmallVector<AttentionOp> found;
      function.walk([&](AttentionOp op) { found.push_back(op); });
      if (found.empty())
        continue;
      if (found.size() > 1) {
        InFlightDiagnostic error = function.emitError(
            "expected one gdpa.attention in a function, found ");
        error << found.size();
        error.attachNote(found[1].getLoc()) << "the second one is here";
        return signalPassFailure();
      }
      AttentionOp op = found.front();
      if (!op.hasTensorSemantics()) {
        op.emitOpError("expected tensors, found memrefs: the reference target "
                       "starts from the tensor form");
        return signalPassFailure();
      }
      EntryBuilder builder(function, op);
      if (failed(builder.collect()) || failed(builder.buildForward()) ||
          (gradients && failed(builder.buildBackward())))
        return signalPassFailure();
      function.erase();
    }
  }
};
} // namespace
