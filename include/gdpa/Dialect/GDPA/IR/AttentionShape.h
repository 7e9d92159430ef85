//===- AttentionShape.h - dimensions and roles of attention -----*- C++ -*-===//
//
// Where batch, head, sequence and depth lie in each layout, what each operand
// of an attention operation stands for, and the arguments of its regions. Every
// consumer of the operations asks here instead of counting dimensions itself.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_ATTENTIONSHAPE_H
#define GDPA_DIALECT_GDPA_IR_ATTENTIONSHAPE_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include <optional>

namespace mlir::gdpa {

/// Positions of the dimensions of a query, key, value, output or one of their
/// gradients. A jagged tensor (thd) has no batch: its rows are those of all
/// sequences, one after the other.
struct TensorDims {
  std::optional<unsigned> batch;
  unsigned head;
  unsigned sequence;
  unsigned depth;
  unsigned rank;
};
TensorDims getTensorDims(Layout layout);

/// The same for row statistics: [B, H, Sq] for bhsd and bshd, [H, total] for
/// thd.
struct StatisticsDims {
  std::optional<unsigned> batch;
  unsigned head;
  unsigned sequence;
  unsigned rank;
};
StatisticsDims getStatisticsDims(Layout layout);

/// What an operand or a result of an attention operation stands for.
enum class Role {
  Query,
  Key,
  Value,
  DOutput,
  DStatistics,
  Output,
  Statistics,
  DQuery,
  DKey,
  DValue,
  DCapture,
  Accumulator,
  Maximum,
  Total,
  Scale,
  CuSeqlensQuery,
  CuSeqlensKey,
  Capture,
  Offset,
  Length
};

/// Short name of a role as launch descriptions and `gdpa.role` spell it: q, k,
/// v, do, dstats, o, stats, dq, dk, dv, dcapture, acc, m, l, scale,
/// cu_seqlens_q, cu_seqlens_k, capture, offset, length.
StringRef getRoleName(Role role);

/// The role of an operand of `gdpa.attention` or `gdpa.attention_backward`, and
/// its position among the operands of that role (not 0 for captures, their
/// gradients, offsets and lengths only). Destinations have the role of the
/// result that they hold.
struct OperandRole {
  Role role;
  unsigned index;
};
OperandRole getOperandRole(AttentionOp op, unsigned operandNumber);
OperandRole getOperandRole(AttentionBackwardOp op, unsigned operandNumber);
OperandRole getOperandRole(AttentionPartialOp op, unsigned operandNumber);
OperandRole getOperandRole(AttentionMergeOp op, unsigned operandNumber);

/// The role of a result; a DCapture's index counts the entries of `wrt`.
OperandRole getResultRole(AttentionOp op, unsigned resultNumber);
OperandRole getResultRole(AttentionBackwardOp op, unsigned resultNumber);
OperandRole getResultRole(AttentionPartialOp op, unsigned resultNumber);
OperandRole getResultRole(AttentionMergeOp op, unsigned resultNumber);

/// The four kinds of region. Their arguments are
///   activation: s,     b, h, i, j, nq, nk, captures...
///   vjp, joint: s, ct, b, h, i, j, nq, nk, captures...
///   mask:              b, h, i, j, nq, nk, captures...
enum class AttentionRegion { Activation, Mask, Vjp, Joint };

/// Number of leading arguments that are s or ct.
unsigned getNumScoreArguments(AttentionRegion kind);
/// Position of the argument of the first capture.
unsigned getFirstCaptureArgument(AttentionRegion kind);
/// Name of one of the arguments before the captures: s, ct, b, h, i, j, nq or
/// nk.
StringRef getLeadingArgumentName(AttentionRegion kind, unsigned number);
/// Types of the arguments of a region; `computeType` is that of s and ct.
SmallVector<Type> getRegionArgumentTypes(AttentionRegion kind, Type computeType,
                                         TypeRange captures);
/// Types that the region's `gdpa.yield` takes.
SmallVector<Type> getRegionYieldTypes(AttentionRegion kind, Type computeType);

/// The kind of `region`, which must belong to one of the attention operations.
AttentionRegion getAttentionRegion(Region &region);

/// Type of the gradient of a capture of type `capture`: tensor<T> for a scalar
/// T (memref<T> in the memref form), the type itself for a tensor or memref.
Type getCaptureGradientType(Type capture, bool tensorForm);

/// Element type of a float capture, scalar or shaped; null for another capture.
FloatType getFloatCaptureType(Type capture);

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_IR_ATTENTIONSHAPE_H
