//===- Decomposition.h - attention as linalg operations ---------*- C++ -*-===//
//
// Score matrix, elementwise activation, product, each a whole tensor. A query
// head is a pair (g, r): key head and position in its group, so that grouped
// heads need no floordiv in an indexing map. Where the number of either kind of
// heads is known at run time only, K and V are repeated for every query head
// and groups have one head: a dimension split in two unknown ones is more than
// upstream's lowering of metadata takes.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOLINALG_DECOMPOSITION_H
#define GDPA_LIB_CONVERSION_GDPATOLINALG_DECOMPOSITION_H

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::gdpa {

/// Decomposes one operation on tensors, of layout bhsd or bshd.
class Decomposition {
public:
  Decomposition(OpBuilder &builder, AttentionOp op);
  Decomposition(OpBuilder &builder, AttentionBackwardOp op);
  Decomposition(OpBuilder &builder, AttentionPartialOp op);

  /// The results, written to the operation's destinations.
  SmallVector<Value> forward(AttentionOp op);
  SmallVector<Value> partial(AttentionPartialOp op);
  SmallVector<Value> backward(AttentionBackwardOp op);

  /// The same without rounding: dq, dk, dv and the captures' gradients in the
  /// compute type. What is accumulated is added to `sums`, one for each entry
  /// of `wrt`. No control flow in the joint region where there are some.
  SmallVector<Value> gradients(AttentionBackwardOp op, ValueRange sums);

  /// Writes `tensor` to the destination, rounding where types differ.
  static Value store(OpBuilder &builder, Location loc, Value tensor,
                     Value destination);
  /// A tensor of the sizes of `like`, filled with a number.
  static Value filledLike(OpBuilder &builder, Location loc, Value like,
                          Type element, double number);

private:
  /// Loops of the products; the depth is that of q and k or that of v and o.
  enum Loop : unsigned {
    kBatch,
    kKeyHead,
    kGroup,
    kQuery,
    kKey,
    kDepth,
    kLoops
  };
  using Loops = SmallVector<unsigned>;

  template <class Op> void initialize(Op op);

  Value asValue(OpFoldResult size);
  /// Loops over the dimensions of a query-like tensor with split heads.
  Loops queryRowLoops() const {
    if (layout == Layout::BSHD)
      return {kBatch, kQuery, kKeyHead, kGroup, kDepth};
    return {kBatch, kKeyHead, kGroup, kQuery, kDepth};
  }
  Loops keyRowLoops() const {
    if (layout == Layout::BSHD)
      return {kBatch, kKey, kKeyHead, kDepth};
    return {kBatch, kKeyHead, kKey, kDepth};
  }
  static Loops scoreLoops() { return {kBatch, kKeyHead, kGroup, kQuery, kKey}; }
  static Loops statisticsLoops() { return {kBatch, kKeyHead, kGroup, kQuery}; }

  SmallVector<OpFoldResult> sizesOf(ArrayRef<unsigned> loops,
                                    OpFoldResult depth);
  AffineMap mapOf(ArrayRef<unsigned> loops, unsigned numLoops = kLoops);

  Value empty(ArrayRef<OpFoldResult> shape, Type element);
  Value filled(ArrayRef<OpFoldResult> shape, Type element, double number);

  /// [.., Hq, ..] -> [.., Hkv, Hq / Hkv, ..] at dimension `head`.
  Value splitHeads(Value tensor, unsigned head);
  Value splitRowHeads(Value tensor) {
    return splitHeads(tensor, getTensorDims(layout).head);
  }
  Value splitStatisticsHeads(Value tensor) {
    return splitHeads(tensor, getStatisticsDims(layout).head);
  }
  /// The inverse.
  Value joinHeads(Value tensor, unsigned head);
  /// [.., Hkv, ..] -> [.., Hq, ..] where heads are repeated, else `tensor`.
  Value repeatHeads(Value tensor);
  /// The transpose of that: sums of `tensor` over the repeats of a head.
  Value sumRepeats(Value tensor, Value like);
  /// A sum of products over the loops that `result` lacks, in the compute
  /// type, added to `start` where there is one.
  Value contract(Value left, ArrayRef<unsigned> leftLoops, Value right,
                 ArrayRef<unsigned> rightLoops, ArrayRef<unsigned> result,
                 OpFoldResult depth, Value start = {});
  using Body = llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)>;
  /// An elementwise operation over loops `loops`; inputs may lack some.
  SmallVector<Value> elementwise(ArrayRef<unsigned> loops, ValueRange inputs,
                                 ArrayRef<Loops> inputLoops,
                                 ArrayRef<Type> elements, OpFoldResult depth,
                                 Body body);
  Value reduceKeys(Value tensor, double start, bool isMaximum);
  Value roundedToStorage(Value scores);
  Value scores();

  /// An accumulation of an inlined joint region.
  struct Accumulation {
    unsigned capture;
    Value gradient; // compute type
    SmallVector<Value> indices;
  };
  /// A region's yielded values at one pair of a score-shaped elementwise body;
  /// accumulations go to `accumulations` or nowhere.
  SmallVector<Value>
  inlineRegion(OpBuilder &b, Region &region, ArrayRef<Value> leading,
               SmallVector<Accumulation> *accumulations = nullptr);
  /// The index of a capture, clamped to its extent.
  Value clampIndex(OpBuilder &b, Value index, Value capture, int64_t dim);
  Value convertFloat(OpBuilder &b, Value value, Type type);
  Value real(OpBuilder &b, double number);
  Value isEqualTo(OpBuilder &b, Value value, double number);
  Value selectOr(OpBuilder &b, Value condition, Value value, double otherwise);

  /// The columns of v.
  OpFoldResult valueDepth();
  /// z of every pair, in the compute type where it is summed, else in that of
  /// storage; where the mask drops a pair 0, of a softmax -inf.
  template <class Op> Value logits(Op op);
  /// exp(z - m) in the compute type, an exact zero where z is -inf.
  Value exponentials(Value logits, Value maximum);
  Value addAt(Value sum, Value gradients, ValueRange places);

  OpBuilder &builder;
  Location loc;
  Layout layout;
  Type compute, storage;
  Value scale;
  Value repeats; // of each key head; null where groups are split
  ValueRange captures, offsets, lengths;
  SmallVector<OpFoldResult> sizes;
  Loops queryRows;
  Value query, key, value;
};

/// Results of the merge of pieces, written to its destinations.
SmallVector<Value> decomposeMerge(OpBuilder &builder, AttentionMergeOp op);

/// The operations of a jagged batch: a loop over its sequences, each decomposed
/// as a batch of one. Rows of no sequence are zero.
SmallVector<Value> decomposeJagged(OpBuilder &builder, AttentionOp op);
SmallVector<Value> decomposeJagged(OpBuilder &builder, AttentionBackwardOp op);

} // namespace mlir::gdpa

#endif // GDPA_LIB_CONVERSION_GDPATOLINALG_DECOMPOSITION_H
