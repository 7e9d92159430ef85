//===- AttentionRegionVerifier.cpp - regions of attention operations ------===//
//
// What a region may take, do and yield: (C13) to (C17). Errors stand at the
// operation that breaks the rule, with a note at the attention operation.
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::gdpa;

StringRef verifier::getRegionName(AttentionRegion kind) {
  switch (kind) {
  case AttentionRegion::Activation:
    return "activation";
  case AttentionRegion::Mask:
    return "mask";
  case AttentionRegion::Vjp:
    return "vjp";
  case AttentionRegion::Joint:
    return "joint";
  }
  llvm_unreachable("unknown region");
}

/// Name of argument `number` in messages.
static std::string getArgumentName(AttentionRegion kind, unsigned number) {
  unsigned first = getFirstCaptureArgument(kind);
  if (number >= first)
    return ("capture #" + Twine(number - first)).str();
  return getLeadingArgumentName(kind, number).str();
}

LogicalResult verifier::verifyRegionArguments(Operation *op, Region &region,
                                              Type computeType,
                                              TypeRange captures) {
  if (region.empty())
    return success();
  AttentionRegion kind = getAttentionRegion(region);
  StringRef name = getRegionName(kind);
  if (!region.hasOneBlock())
    return op->emitOpError("expected one block in ")
           << name << ", found " << region.getBlocks().size();
  SmallVector<Type> types = getRegionArgumentTypes(kind, computeType, captures);
  if (region.getNumArguments() != types.size())
    return op->emitOpError("expected ")
           << types.size() << " arguments of " << name << " ("
           << getFirstCaptureArgument(kind)
           << " and one for each capture), found " << region.getNumArguments();
  for (auto [argument, type] : llvm::zip_equal(region.getArguments(), types))
    if (argument.getType() != type)
      return op->emitOpError("expected argument #")
             << argument.getArgNumber() << " of " << name << " ("
             << getArgumentName(kind, argument.getArgNumber())
             << ") to have type " << type << ", found " << argument.getType();
  return success();
}

/// (C14)
static LogicalResult verifyTerminator(Operation *op, Region &region,
                                      AttentionRegion kind, Type computeType) {
  StringRef name = verifier::getRegionName(kind);
  Block &block = region.front();
  auto yield = block.empty() ? nullptr : dyn_cast<YieldOp>(block.back());
  if (!yield) {
    InFlightDiagnostic error =
        op->emitOpError("expected gdpa.yield at the end of ") << name;
    return block.empty()
               ? error << ", found an empty block"
               : error << ", found '" << block.back().getName() << "'";
  }
  SmallVector<Type> expected = getRegionYieldTypes(kind, computeType);
  if (TypeRange(expected) == yield.getValues().getTypes())
    return success();
  InFlightDiagnostic error = yield.emitOpError("expected ")
                             << name << " to yield " << expected << ", found ";
  if (yield.getValues().empty())
    error << "nothing";
  else
    error << yield.getValues().getTypes();
  error.attachNote(op->getLoc()) << "in the " << name << " of this operation";
  return error;
}

LogicalResult verifier::verifyConstantIndices(Operation *access,
                                              ShapedType type,
                                              ValueRange indices) {
  for (auto [dim, index] : llvm::enumerate(indices)) {
    std::optional<int64_t> constant = getConstantIntValue(index);
    int64_t size = type.getDimSize(dim);
    if (constant &&
        (*constant < 0 || (!ShapedType::isDynamic(size) && *constant >= size)))
      return access->emitOpError("expected index ")
             << dim << " of the capture to lie in [0, "
             << (ShapedType::isDynamic(size) ? "?" : std::to_string(size))
             << "), found " << *constant;
  }
  return success();
}

/// (C16) A load of `source` at `indices` reads an argument of the region.
static LogicalResult verifyLoad(Operation *load, Region &region, Value source,
                                ValueRange indices) {
  auto argument = dyn_cast<BlockArgument>(source);
  if (!argument || argument.getParentRegion() != &region)
    return load->emitOpError("expected to read a capture, an argument of the "
                             "region, found another ")
           << (isa<TensorType>(source.getType()) ? "tensor" : "memref");
  return verifier::verifyConstantIndices(
      load, cast<ShapedType>(source.getType()), indices);
}

/// (C15) scf.for whose trip count the compiler knows.
static LogicalResult verifyLoop(scf::ForOp loop) {
  for (auto [name, bound] :
       {std::pair<StringRef, Value>{"lower bound", loop.getLowerBound()},
        std::pair<StringRef, Value>{"upper bound", loop.getUpperBound()},
        std::pair<StringRef, Value>{"step", loop.getStep()}})
    if (!getConstantIntValue(bound))
      return loop.emitOpError("expected a constant ")
             << name << " in a region of attention, found " << bound;
  return success();
}

/// (C15) and (C16) for one operation of the region.
static LogicalResult verifyRegionOp(Operation *op, Region &region,
                                    AttentionRegion kind) {
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return verifyLoad(op, region, extract.getTensor(), extract.getIndices());
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return verifyLoad(op, region, load.getMemref(), load.getIndices());
  if (isa<AccumulateOp>(op)) {
    // Its own verifier has seen it; it also knows where it may stand.
    return success();
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return verifyLoop(loop);
  if (isa<scf::IfOp, scf::YieldOp>(op))
    return success();
  if (isa_and_present<scf::SCFDialect>(op->getDialect()))
    return op->emitOpError(
               "expected scf.if or scf.for in a region of attention, found '")
           << op->getName() << "'";
  if (isa<DifferentiableOpInterface>(op) || isMemoryEffectFree(op))
    return success();
  return op->emitOpError("expected an operation without memory effects in ")
         << verifier::getRegionName(kind);
}

LogicalResult verifier::verifyRegionBody(Operation *op, Region &region,
                                         Type computeType) {
  if (region.empty())
    return success();
  AttentionRegion kind = getAttentionRegion(region);
  if (failed(verifyTerminator(op, region, kind, computeType)))
    return failure();
  WalkResult result = region.walk<WalkOrder::PreOrder>([&](Operation *nested) {
    return failed(verifyRegionOp(nested, region, kind))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult AttentionOp::verifyRegions() {
  for (Region &region : (*this)->getRegions())
    if (failed(verifier::verifyRegionBody(*this, region, getComputeType())))
      return failure();
  return success();
}

LogicalResult AttentionPartialOp::verifyRegions() {
  for (Region &region : (*this)->getRegions())
    if (failed(verifier::verifyRegionBody(*this, region, getComputeType())))
      return failure();
  return success();
}

LogicalResult AttentionBackwardOp::verifyRegions() {
  for (Region &region : (*this)->getRegions())
    if (failed(verifier::verifyRegionBody(*this, region, getComputeType())))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// gdpa.accumulate
//===----------------------------------------------------------------------===//

/// The region of an attention operation around `op`, if nothing but scf.if and
/// scf.for stands between; else null.
static Region *getEnclosingAttentionRegion(Operation *op) {
  Region *region = op->getParentRegion();
  while (region &&
         isa_and_present<scf::IfOp, scf::ForOp>(region->getParentOp()))
    region = region->getParentRegion();
  return region && isa_and_present<AttentionOp, AttentionBackwardOp>(
                       region->getParentOp())
             ? region
             : nullptr;
}

LogicalResult AccumulateOp::verify() {
  // (C17) Where it stands.
  Region *region = getEnclosingAttentionRegion(*this);
  if (!region)
    return emitOpError(
        "expected to stand in a joint or vjp region, below scf.if "
        "and scf.for alone");
  AttentionRegion kind = getAttentionRegion(*region);
  if (kind != AttentionRegion::Joint && kind != AttentionRegion::Vjp)
    return emitOpError("expected to stand in a joint or vjp region, found ")
           << verifier::getRegionName(kind);
  // (C17) What it names.
  auto argument = dyn_cast<BlockArgument>(getCapture());
  unsigned first = getFirstCaptureArgument(kind);
  if (!argument || argument.getParentRegion() != region ||
      argument.getArgNumber() < first)
    return emitOpError("expected the argument of a capture, found ")
           << (argument && argument.getParentRegion() == region
                   ? getArgumentName(kind, argument.getArgNumber())
                   : "another value");
  unsigned index = argument.getArgNumber() - first;
  Type type = argument.getType();
  FloatType element = getFloatCaptureType(type);
  if (!element)
    return emitOpError("expected a float capture, found capture #")
           << index << " of type " << type;
  auto backward = dyn_cast<AttentionBackwardOp>(region->getParentOp());
  if (backward && !llvm::is_contained(backward.getWrt(), index))
    return emitOpError("expected a capture that wrt names, found capture #")
           << index << " and wrt " << backward.getWrtAttr();
  // (C17) How.
  auto shaped = dyn_cast<ShapedType>(type);
  unsigned rank = shaped ? shaped.getRank() : 0;
  if (getIndices().size() != rank)
    return emitOpError("expected ")
           << rank << " indices into capture #" << index << " of type " << type
           << ", found " << getIndices().size();
  Type compute =
      backward ? backward.getComputeType()
               : cast<AttentionOp>(region->getParentOp()).getComputeType();
  Type gradient = getGradient().getType();
  if (gradient != element && gradient != compute) {
    InFlightDiagnostic error = emitOpError("expected a gradient of type ");
    error << element;
    if (element != compute)
      error << " or " << compute;
    return error << ", found " << gradient;
  }
  if (shaped)
    return verifier::verifyConstantIndices(*this, shaped, getIndices());
  return success();
}
