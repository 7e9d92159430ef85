//===- AttentionShape.cpp - dimensions and roles of attention -------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::gdpa;

TensorDims gdpa::getTensorDims(Layout layout) {
  switch (layout) {
  case Layout::BHSD:
    return {0, 1, 2, 3, 4};
  case Layout::BSHD:
    return {0, 2, 1, 3, 4};
  case Layout::THD:
    return {std::nullopt, 1, 0, 2, 3};
  }
  llvm_unreachable("unknown layout");
}

StatisticsDims gdpa::getStatisticsDims(Layout layout) {
  if (layout == Layout::THD)
    return {std::nullopt, 0, 1, 2};
  return {0, 1, 2, 3};
}

StringRef gdpa::getRoleName(Role role) {
  switch (role) {
  case Role::Query:
    return "q";
  case Role::Key:
    return "k";
  case Role::Value:
    return "v";
  case Role::DOutput:
    return "do";
  case Role::DStatistics:
    return "dstats";
  case Role::Output:
    return "o";
  case Role::Statistics:
    return "stats";
  case Role::DQuery:
    return "dq";
  case Role::DKey:
    return "dk";
  case Role::DValue:
    return "dv";
  case Role::DCapture:
    return "dcapture";
  case Role::Accumulator:
    return "acc";
  case Role::Maximum:
    return "m";
  case Role::Total:
    return "l";
  case Role::Scale:
    return "scale";
  case Role::CuSeqlensQuery:
    return "cu_seqlens_q";
  case Role::CuSeqlensKey:
    return "cu_seqlens_k";
  case Role::Capture:
    return "capture";
  case Role::Offset:
    return "offset";
  case Role::Length:
    return "length";
  }
  llvm_unreachable("unknown role");
}

// The roles of the operand groups, in the order of the operations' definitions.
static constexpr Role forwardGroups[] = {
    Role::Query,          Role::Key,          Role::Value,
    Role::Output,         Role::Statistics,   Role::Scale,
    Role::CuSeqlensQuery, Role::CuSeqlensKey, Role::Capture,
    Role::Offset,         Role::Length};
static constexpr Role backwardGroups[] = {
    Role::Query,          Role::Key,          Role::Value,      Role::DOutput,
    Role::DStatistics,    Role::Output,       Role::Statistics, Role::DQuery,
    Role::DKey,           Role::DValue,       Role::DCapture,   Role::Scale,
    Role::CuSeqlensQuery, Role::CuSeqlensKey, Role::Capture,    Role::Offset,
    Role::Length};
static constexpr Role partialGroups[] = {
    Role::Query,   Role::Key,   Role::Value,   Role::Accumulator,
    Role::Maximum, Role::Total, Role::Scale,   Role::Capture,
    Role::Offset,  Role::Length};
static constexpr Role mergeGroups[] = {Role::Accumulator, Role::Maximum,
                                       Role::Total, Role::Output,
                                       Role::Statistics};

template <class Op>
static OperandRole operandRole(Op op, ArrayRef<Role> groups, unsigned number) {
  for (auto [group, role] : llvm::enumerate(groups)) {
    auto [start, size] = op.getODSOperandIndexAndLength(group);
    if (number < start + size)
      return {role, number - start};
  }
  llvm_unreachable("operand number out of range");
}

OperandRole gdpa::getOperandRole(AttentionOp op, unsigned operandNumber) {
  return operandRole(op, forwardGroups, operandNumber);
}
OperandRole gdpa::getOperandRole(AttentionBackwardOp op,
                                 unsigned operandNumber) {
  return operandRole(op, backwardGroups, operandNumber);
}

OperandRole gdpa::getOperandRole(AttentionPartialOp op,
                                 unsigned operandNumber) {
  return operandRole(op, partialGroups, operandNumber);
}
OperandRole gdpa::getOperandRole(AttentionMergeOp op, unsigned operandNumber) {
  return operandRole(op, mergeGroups, operandNumber);
}

OperandRole gdpa::getResultRole(AttentionOp op, unsigned resultNumber) {
  return {resultNumber == 0 ? Role::Output : Role::Statistics, 0};
}
OperandRole gdpa::getResultRole(AttentionBackwardOp op, unsigned resultNumber) {
  constexpr Role roles[] = {Role::DQuery, Role::DKey, Role::DValue};
  if (resultNumber < 3)
    return {roles[resultNumber], 0};
  return {Role::DCapture, resultNumber - 3};
}

OperandRole gdpa::getResultRole(AttentionPartialOp op, unsigned resultNumber) {
  if (resultNumber == 0)
    return {Role::Accumulator, 0};
  bool isMaximum =
      resultNumber == 1 && op.getNormalizer() == Normalizer::Softmax;
  return {isMaximum ? Role::Maximum : Role::Total, 0};
}
OperandRole gdpa::getResultRole(AttentionMergeOp op, unsigned resultNumber) {
  return {resultNumber == 0 ? Role::Output : Role::Statistics, 0};
}

unsigned gdpa::getNumScoreArguments(AttentionRegion kind) {
  switch (kind) {
  case AttentionRegion::Activation:
    return 1;
  case AttentionRegion::Mask:
    return 0;
  case AttentionRegion::Vjp:
  case AttentionRegion::Joint:
    return 2;
  }
  llvm_unreachable("unknown kind of region");
}

unsigned gdpa::getFirstCaptureArgument(AttentionRegion kind) {
  return getNumScoreArguments(kind) + kNumCoordinates;
}

StringRef gdpa::getLeadingArgumentName(AttentionRegion kind, unsigned number) {
  static constexpr StringLiteral scores[] = {"s", "ct"};
  static constexpr StringLiteral coordinates[kNumCoordinates] = {
      "b", "h", "i", "j", "nq", "nk"};
  unsigned numScores = getNumScoreArguments(kind);
  return number < numScores ? scores[number] : coordinates[number - numScores];
}

SmallVector<Type> gdpa::getRegionArgumentTypes(AttentionRegion kind,
                                               Type computeType,
                                               TypeRange captures) {
  SmallVector<Type> types(getNumScoreArguments(kind), computeType);
  types.append(kNumCoordinates, IndexType::get(computeType.getContext()));
  llvm::append_range(types, captures);
  return types;
}

SmallVector<Type> gdpa::getRegionYieldTypes(AttentionRegion kind,
                                            Type computeType) {
  switch (kind) {
  case AttentionRegion::Activation:
  case AttentionRegion::Vjp:
    return {computeType};
  case AttentionRegion::Mask:
    return {IntegerType::get(computeType.getContext(), 1)};
  case AttentionRegion::Joint:
    return {computeType, computeType};
  }
  llvm_unreachable("unknown kind of region");
}

AttentionRegion gdpa::getAttentionRegion(Region &region) {
  constexpr AttentionRegion forward[] = {
      AttentionRegion::Activation, AttentionRegion::Mask, AttentionRegion::Vjp};
  constexpr AttentionRegion backward[] = {AttentionRegion::Joint,
                                          AttentionRegion::Mask};
  unsigned number = region.getRegionNumber();
  return isa<AttentionBackwardOp>(region.getParentOp()) ? backward[number]
                                                        : forward[number];
}

Type gdpa::getCaptureGradientType(Type capture, bool tensorForm) {
  if (isa<ShapedType>(capture))
    return capture;
  if (tensorForm)
    return RankedTensorType::get({}, capture);
  return MemRefType::get({}, capture);
}

FloatType gdpa::getFloatCaptureType(Type capture) {
  return dyn_cast<FloatType>(getElementTypeOrSelf(capture));
}
