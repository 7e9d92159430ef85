//===- EntryBuilder.cpp - arguments, loops and weights of an entry --------===//
//
// What both directions share.
//
//===----------------------------------------------------------------------===//

#include "EntryBuilder.h"
#include "RegionToF64.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

using namespace mlir;
using namespace mlir::gdpa;
using namespace mlir::gdpa::reference;

bool reference::isFloatCapture(Value value) {
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
    if (role.empty() && llvm::is_contained(op.getDpsInits(), source))
      continue;
    if (role.empty())
      role = name = "unused";
    if (auto given = function.getArgAttrOfType<StringAttr>(
            source.getArgNumber(), "gdpa.name"))
      name = given.str();
    if (role == "unused") {
      bool isShaped = isa<ShapedType>(source.getType());
      EntryArgument argument = {name, role, false, convertType(source.getType()),
                                source};
      if (isFloatCapture(source))
        unread.push_back(argument);
      if (!isShaped)
        inputs.push_back(argument);
      continue;
    }
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
  Value rows = f.size(key, isJagged()                       ? 0
                           : op.getLayout() == Layout::BHSD ? 2
                                                            : 1);
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
  // Names of helpers hold a dot, so they cannot meet an entry of another
  // function.
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
  if (op.hasMask() &&
      failed(build("mask", op.getMask(), coordinates, RegionMode::Plain, mask)))
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
  Value batches =
      isJagged() ? f.subIndex(f.size(cuQuery, 0), one) : f.size(query, 0);
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
      Value group =
          f.maxIndex(f.binary<arith::DivUIOp>(queryHeads, keyHeads), one);
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
    row.hasWeight =
        f.compare(arith::CmpFPredicate::UNE, top, f.real(-infinity));
    Value total = f.sum(keys, [&](Value j) {
      return keptOr(
          j, 0, [&](Value z) { return f.unary<math::ExpOp>(f.sub(z, top)); });
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
