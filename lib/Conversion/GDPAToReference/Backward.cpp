//===- Backward.cpp - gradients in f64 ------------------------------------===//
//
// Derivatives of the activation are central differences, so that nothing is
// shared with the differentiation under test; a pair at which the one-sided
// differences disagree is marked.
//
//===----------------------------------------------------------------------===//

#include "EntryBuilder.h"
#include "RegionToF64.h"
#include <limits>

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
  result.isSmooth =
      f.compare(arith::CmpFPredicate::OLE, f.abs(f.sub(right, left)), bound);
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
    Value isKink =
        f.binary<arith::XOrIOp>(difference.isSmooth, f.boolean(true));
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
      Value isThis = f.compare(arith::CmpIPredicate::eq, capture, f.index(c));
      f.ifTrue(isThis, [&] {
        auto [gradient, absolute] = gradients[c];
        int64_t rank = cast<MemRefType>(gradient.getType()).getRank();
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < rank; ++dim)
          indices.push_back(f.load(probeFields, f.index(kIndices + dim)));
        Value zero = f.real(0);
        Value term = f.select(isTrusted, f.mul(ct, difference.slope), zero);
        Value lost =
            f.select(isTrusted, zero, f.mul(f.abs(ct), difference.magnitude));
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
  for (const EntryArgument &argument : unread)
    if (isa<ShapedType>(argument.type))
      arguments.push_back(argument);
  arguments.push_back(
      {"do", "do", false, convertRowsType(op.getOutputInit().getType()), {}});
  if (hasStatistics())
    arguments.push_back({"dstats",
                         "dstats",
                         false,
                         convertType(op.getStatisticsInit().getType()),
                         {}});
  auto addResult = [&](std::string name, std::string role, Type type) {
    arguments.push_back({name, role, true, type, {}});
  };
  Type queryType = convertRowsType(op.getQuery().getType());
  Type keyType = convertRowsType(op.getKey().getType());
  addResult("dq", "dq", queryType);
  // An argument that is several of q, k and v has the sum of their gradients.
  StringRef dKey = op.getKey() == op.getQuery() ? "dq" : "dk";
  StringRef dValue = op.getValue() == op.getQuery() ? "dq"
                     : op.getValue() == op.getKey() ? dKey
                                                    : "dv";
  if (dKey == "dk")
    addResult("dk", "dk", keyType);
  if (dValue == "dv")
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
  for (const EntryArgument &argument : unread) // stays zero
    addResult("d_" + argument.name, "dcapture",
              isa<ShapedType>(argument.type)
                  ? argument.type
                  : convertType(RankedTensorType::get({}, f64)));
  if (!op.hasVjp()) {
    addResult("dq.valid", "valid", withElement(queryType, i8));
    if (dKey == "dk")
      addResult("dk.valid", "valid", withElement(keyType, i8));
  }
  std::vector<EntryArgument> companions;
  for (const EntryArgument &argument : arguments)
    if (argument.role == "dcapture") {
      companions.push_back(
          {argument.name + ".scale", "scale_of", true, argument.type, {}});
      if (!op.hasVjp())
        companions.push_back({argument.name + ".valid",
                              "valid",
                              true,
                              withElement(argument.type, i8),
                              {}});
    }
  llvm::append_range(arguments, companions);

  std::string name = function.getSymName().str() + "_vjp";
  if (failed(beginEntry(name, "backward", arguments)))
    return failure();
  outputs["dk"] = written(dKey.str());
  outputs["dv"] = written(dValue.str());
  if (!op.hasVjp() && dKey != "dk")
    outputs["dk.valid"] = written("dq.valid");
  Value dOutput = written("do"), dStatistics = written("dstats");

  for (const EntryArgument &argument : arguments) {
    if (!argument.isWritten)
      continue;
    bool isValidity = argument.role == "valid";
    Value initial =
        isValidity ? Value(arith::ConstantIntOp::create(builder, f.loc, 1, 8))
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
          counts =
              f.logicalAnd(counts, f.compare(arith::CmpFPredicate::UNE,
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
      Value dStatistic =
          dStatistics ? f.load(dStatistics, statisticsIndex(head, i)) : Value();
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
      Value bound =
          f.mul(f.real(kKinkShare), f.load(written(name + ".scale"), indices));
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
