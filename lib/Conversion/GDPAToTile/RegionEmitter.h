//===- RegionEmitter.h - a scalar region on a block of scores ---*- C++ -*-===//
//
// Puts the activation (or the joint region) and the mask of an attention
// operation into the body of one linalg.generic over the score block. What
// depends on neither coordinate nor score becomes scalar code before it,
// captures indexed by i, by j or by both become operands, other reads gathers.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_REGIONEMITTER_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_REGIONEMITTER_H

#include "BlockBuilder.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::gdpa_tile {

/// Of what a value of a region depends, as a set of bits.
enum Dependence : unsigned {
  kUniform = 0,
  kOnScore = 1, // s, the cotangent
  kOnQuery = 2, // i
  kOnKey = 4,   // j
};

/// The regions of one attention operation, flattened.
struct RegionInfo {
  Region *body = nullptr; // activation or joint
  Region *mask = nullptr; // null: every pair is kept
  bool joint = false;
  DenseMap<Value, unsigned> dependence;
  /// Accumulations into gradients of captures, in order.
  SmallVector<gdpa::AccumulateOp> accumulations;
  /// z is finite at a dead pair (s = 0), so zero rows of the other operand
  /// wipe it out; likewise ds.
  bool weightFiniteAtZero = false, dsFiniteAtZero = false;
  /// A division could trap for a pair outside nq x nk.
  bool needsLivePositions = false;

  /// A constant and, not null, a uniform value of the body made of scalar
  /// arguments.
  struct Factor {
    double constant = 1;
    Value uniform;
  };
  /// z and ds are these times what `yielded` says.
  Factor weightFactor, dsFactor;

  /// The body has been rewritten by `foldFactors`.
  bool isFolded = false;

  static RegionInfo analyze(Region &body, Region *mask, bool joint);

  /// Rewrites the body by `foldFactors`; it then takes the scale behind all other
  /// arguments and multiplies the score by it.
  void fold(bool factorsLeave);

  /// Leaves factors of z and ds to who sums them: powers of two, which change no
  /// rounding, and those that `foldFactors` has made the last product. Not for
  /// storage of a narrow range (f16).
  void splitFactors();

  Value yielded(unsigned number) const;
  /// Union over the indices of an accumulation.
  unsigned indexDependence(gdpa::AccumulateOp op) const;
};

/// Between which integers a load of the mask lies in each block of rows of one
/// side: a buffer [least or greatest, dims of the capture with blocks in the
/// place of rows] (see CaptureRanges).
struct CaptureRange {
  Operation *load; // in the mask region
  RowKind kind;
  unsigned dim; // of the capture, along the rows
  int64_t rows; // of a block
  Value buffer;
};

/// What the emitter needs to know about the place of a score block.
struct ScorePlace {
  Value batch, head, queryLength, keyLength; // index
  Value queryBase, keyBase;                  // first row of the block
  bool queryIsStationary = true;
  /// Where the operands above but the streamed base are defined: scalar code
  /// and operands of the stationary side go there.
  OpBuilder::InsertPoint uniformPoint;
  /// The operation's captures as values of the program.
  ValueRange captures;
  ArrayRef<CaptureRange> ranges;
  /// Multiplies the score; null where the product holds it already.
  Value scale;
};

/// Which results the generic has.
struct ScoreRequest {
  /// z and ds, rounded to the storage type; zero at pairs that do not count.
  bool weight = false, ds = false;
  /// z in the compute type: zero at pairs that do not count, or -inf there.
  bool unrounded = false, logit = false;
  SmallVector<unsigned> gradients; // numbers of accumulations
  /// Pairs past the end of the queries, of the keys, must weigh zero.
  bool queryTail = false, keyTail = false;
};

struct ScoreBlocks {
  /// Left operands of products that sum over streamed rows.
  BlockTensor weight, ds;
  /// ds with the dimensions of the scores, for a sum over stationary rows.
  BlockTensor dsOfRows;
  BlockTensor unrounded, logit;
  struct Gradient {
    BlockTensor values;
    /// For each index of the accumulation: its values, i32 and inside the
    /// capture, where it depends on the score; else empty.
    SmallVector<BlockTensor> places;
  };
  SmallVector<Gradient> gradients;
};

class RegionEmitter {
public:
  RegionEmitter(BlockBuilder &blocks, const RegionInfo &info,
                const ScorePlace &place)
      : blocks(blocks), info(info), place(place) {}

  /// Emits the generic at the builder's position; `cotangent` is empty for an
  /// activation.
  ScoreBlocks emit(BlockTensor score, BlockTensor cotangent, const ScoreRequest &request);

  /// The value of an index of an accumulation for a row of one side, at
  /// position `queryRow`, `keyRow` (null where the index does not depend on
  /// it); scalar code at `builder`'s position.
  Value emitIndex(OpBuilder &builder, Value index, Value queryRow,
                  Value keyRow);
  /// `factor` as scalar code at the blocks' position; null for 1.
  Value emitFactor(const RegionInfo::Factor &factor);
  /// The indices of an accumulation into `destination`, whose dimensions are
  /// those of the capture after the first `lead`; brought inside but those that
  /// are one of `asWritten`. `places` has the elements (i32) of the indices that
  /// depend on the score.
  SmallVector<Value> emitIndices(OpBuilder &builder, gdpa::AccumulateOp op,
                                 Value queryRow, Value keyRow,
                                 ValueRange places, Value destination,
                                 unsigned lead,
                                 ArrayRef<Value> asWritten);
  /// `index` brought into the extent of dimension `dim` of `buffer`.
  Value clampIndex(OpBuilder &builder, Location loc, Value index, Value buffer,
                   unsigned dim);

private:
  void seed(Region &region, IRMapping &map);
  Value uniform(Value value);
  Value emitScalar(OpBuilder &builder, Value value, IRMapping &map);
  bool asOperand(Operation *load);
  std::pair<Value, Value> boundsOf(const CaptureRange &range);
  void collectOperands(Value value, llvm::SmallPtrSetImpl<Value> &seen);
  Value inBody(OpBuilder &builder, Value value);
  Value position(OpBuilder &builder, Location loc, bool query);

  BlockBuilder &blocks;
  const RegionInfo &info;
  ScorePlace place;

  IRMapping uniformMap, bodyMap;
  SmallVector<std::pair<Operation *, BlockTensor>> operands;
  Value queryPosition, keyPosition;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_REGIONEMITTER_H
