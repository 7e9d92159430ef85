//===- Backward.cpp - the kernels of the backward, entry point ------------===//

#include "Backward.h"
#include "gdpa/Conversion/FlattenRegion.h"
#include "Normalization.h"
#include "RowTerms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// Block arguments of a joint region before the captures: s, ct, coordinates.
static constexpr unsigned kFirstJointCapture = 2 + gdpa::kNumCoordinates;

BackwardContext::BackwardContext(gdpa::AttentionBackwardOp op, StringRef name,
                                 ArrayRef<Value> rowTerms)
    : op(op), name(name), loc(op.getLoc()), host(op),
      schedule(op.getScheduleAttr()),
      sizes(HostSizes::of(host, loc, op.getQuery(), op.getKey(), op.getValue(),
                          op.getCuSeqlensQuery(), op.getCuSeqlensKey())),
      info(RegionInfo::analyze(op.getJoint(), &op.getMask(), /*joint=*/true)),
      rowTerms(rowTerms),
      captureRanges(op, name, op.getMask(), op.getCaptures(), sizes) {
  bool factorsLeave = !op.getStorageType().isF16();
  BlockScheme forward = scheme(gdpa::KernelKind::Forward);
  if (isFast(op.getPrecision(), forward) && !forward.packed)
    info.fold(factorsLeave);
  if (factorsLeave)
    info.splitFactors();
  for (auto [number, accumulate] : llvm::enumerate(info.accumulations)) {
    auto argument = cast<BlockArgument>(accumulate.getCapture());
    int64_t capture = argument.getArgNumber() - kFirstJointCapture;
    for (auto [position, wrt] : llvm::enumerate(op.getWrt()))
      if (wrt == capture)
        gradients.push_back({static_cast<unsigned>(number), accumulate,
                             op.getDCaptureInits()[position],
                             info.indexDependence(accumulate)});
  }
}

BlockScheme BackwardContext::scheme(gdpa::KernelKind kind) const {
  auto operation = op;
  return makeScheme(schedule, kind, sizes, operation.getStorageType(),
                    operation.getComputeType());
}

SmallVector<Value> BackwardContext::inputs(ArrayRef<Value> more) const {
  auto operation = op;
  SmallVector<Value> values = {operation.getQuery(), operation.getKey(),
                               operation.getValue(), operation.getDOutput(),
                               operation.getScale()};
  llvm::append_range(values, sizes.inputs());
  llvm::append_range(values, operation.getCaptures());
  llvm::append_range(values, rowTerms);
  llvm::append_range(values, more);
  return values;
}

SmallVector<Value>
BackwardContext::captures(Program &program, Sequences &sequences,
                          const Sequence &sequence) const {
  auto operation = op;
  SmallVector<Value> values = program.all(operation.getCaptures());
  for (Value term : rowTerms)
    values.push_back(sequences.rows(term, sequence, RowKind::Query).buffer);
  if (info.isFolded)
    values.push_back(program[operation.getScale()]);
  return values;
}

Value BackwardContext::hostIndex(int64_t value) {
  return arith::ConstantIndexOp::create(host, loc, value);
}

Value BackwardContext::hostCeilDiv(Value value, int64_t divisor) {
  return host.createOrFold<arith::CeilDivUIOp>(loc, value, hostIndex(divisor));
}

ScoreRequest
BackwardContext::request(bool weight, bool ds, bool sumsOverQueries,
                         bool sumsOverKeys,
                         ArrayRef<CaptureGradient> gradients) const {
  ScoreRequest request;
  request.weight = weight;
  request.ds = ds;
  bool finite = (!weight || info.weightFiniteAtZero) &&
                (!ds || info.dsFiniteAtZero);
  bool all = !gradients.empty();
  request.queryTail = all || (sumsOverQueries && !finite);
  request.keyTail = all || (sumsOverKeys && !finite);
  for (const CaptureGradient &gradient : gradients)
    request.gradients.push_back(gradient.number);
  return request;
}

LogicalResult gdpa_tile::lowerBackward(gdpa::AttentionBackwardOp op,
                                       StringRef name) {
  if (failed(gdpa::flattenRegion(op.getJoint())) ||
      failed(gdpa::flattenRegion(op.getMask())))
    return failure();
  FailureOr<SmallVector<Value>> rowTerms = lowerNormalizer(op, name);
  if (failed(rowTerms))
    return failure();
  BackwardContext context(op, name, *rowTerms);
  LogicalResult result = context.schedule.getKeyRanges() > 0
                             ? lowerSingleBackward(context)
                             : lowerSeparateBackward(context);
  if (succeeded(result))
    op.erase();
  return result;
}
