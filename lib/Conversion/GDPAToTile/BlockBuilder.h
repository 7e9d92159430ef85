//===- BlockBuilder.h - builds block tensors and products -------*- C++ -*-===//
//
// A block program multiplies blocks of a stationary side (loaded once, its
// results stay in accumulators) with blocks of a streamed side (one for each
// iteration of its loop). How rows of a side are spread over dimensions of a
// block tensor is the target's choice:
//
//   plain (GPU)    stationary rows: [row]            streamed rows: [row]
//   packed (CPU)   stationary rows: [panel][row]     streamed rows: [group][row]
//
// Where one multiply-add takes pairs of neighbours along the summed dimension,
// that dimension of a product's operands is split and the elements of a pair
// come last: [.../2]...[2]. Streamed rows are split everywhere, so that scores
// know their pairs.
//
// A block tensor is described by the list of its dimensions; indexing maps of
// products and of element-wise operations follow from the lists alone.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKBUILDER_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKBUILDER_H

#include "Rows.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::gdpa_tile {

/// A dimension of a block tensor.
enum class Dim : unsigned {
  Panel,      // panels of stationary rows (packed blocks only)
  PanelRow,   // stationary rows, of one panel where packed
  Group,      // groups of streamed rows (packed blocks only)
  GroupRow,   // streamed rows, of one group where packed
  Depth,      // columns of query and key
  ValueDepth, // columns of value and output
  // Where products take pairs, GroupRow and the following count pairs, and
  // elements their members.
  GroupElement,
  PanelPair,
  PanelElement,
  DepthPair,
  ValueDepthPair,
  DepthElement, // of both kinds of columns
};
constexpr unsigned kNumDims = 12;
using Dims = SmallVector<Dim, 4>;

enum class Side { Stationary, Streamed };

/// How the blocks of one program are shaped.
struct BlockScheme {
  bool packed = false;
  /// Rows of a block of each side.
  int64_t stationaryBlock = 0, streamedBlock = 0;
  /// Rows of a panel and of a group; the whole block where not packed.
  int64_t panel = 0, group = 0;
  /// Neighbours along a summed dimension that one multiply-add takes.
  int64_t dot = 1;
  /// Columns of a block, padded.
  int64_t depth = 0, valueDepth = 0;
  /// Element type of the blocks that enter a product: the storage type where
  /// the target multiplies it, the compute type where it does not.
  Type operandType;
  Type storageType, computeType;

  /// Whether the stationary operand of the scores is scaled; else the scores.
  bool scalesOperands() const { return packed && operandType == computeType; }
  int64_t block(Side side) const {
    return side == Side::Stationary ? stationaryBlock : streamedBlock;
  }
  /// Dimensions of the rows of a side.
  Dims rows(Side side) const;
  /// Rows of a side, then columns.
  Dims rowsBy(Side side, Dim column) const;
  /// Rows of the stationary side with the columns before the rows of a panel,
  /// so that lanes run along stationary rows; as `rowsBy` where not packed.
  Dims transposed(Dim column) const;
  /// The score block.
  Dims score() const;

  /// Rows of a side as an operand of the scores, which sum over `column`.
  Dims scoreOperand(Side side, Dim column) const;
  /// Rows of a side as the right operand of a product that sums over them.
  Dims sumOperand(Side side, Dim column) const;
  /// A score block as the left operand of a product that sums over its streamed
  /// rows.
  Dims weight() const;
};

/// A value with the dimensions of its tensor.
struct BlockTensor {
  Value tensor;
  Dims dims;
  explicit operator bool() const { return static_cast<bool>(tensor); }
};

class BlockBuilder {
public:
  BlockBuilder(OpBuilder &builder, Location loc, const BlockScheme &scheme)
      : builder(builder), loc(loc), scheme(scheme) {}

  OpBuilder &builder;
  Location loc;
  const BlockScheme &scheme;

  /// Sets how many panels or groups `rows` (an index value, at most a block)
  /// live rows of a side take. No effect where blocks are not packed.
  void setLiveRows(Side side, Value rows);

  Value index(int64_t value);
  Value zero(Type type);
  /// min(`block`, `extent` - `base`), with a bound that analyses can see.
  Value rowsFrom(Value base, Value extent, int64_t block);
  Value ceilDiv(Value value, int64_t divisor);

  /// Position of a row inside its block as an expression over the positions
  /// in a tensor of dimensions `dims`.
  AffineExpr rowExpr(ArrayRef<Dim> dims, Side side) const;
  AffineExpr dimExpr(ArrayRef<Dim> dims, Dim dim) const;

  RankedTensorType type(ArrayRef<Dim> dims, Type element) const;
  SmallVector<Value> dynamicSizes(ArrayRef<Dim> dims) const;

  /// The block at `offsets` of `buffer` whose buffer dimension
  /// `positions[n].first` runs along `positions[n].second`.
  BlockTensor load(Value buffer, ValueRange offsets, ArrayRef<Dim> dims, Type element,
             ArrayRef<std::pair<unsigned, AffineExpr>> positions,
             bool clamp = false);
  /// Rows of `side` of one head, from `row` on, and their columns where `dims`
  /// has them.
  BlockTensor loadRows(const RowsView &view, Value head, Value row, Side side,
                       ArrayRef<Dim> dims, Type element, Value column = {});
  void storeRows(BlockTensor block, const RowsView &view, Value head, Value row,
                 Side side);

  BlockTensor empty(ArrayRef<Dim> dims, Type element);
  BlockTensor zeros(ArrayRef<Dim> dims, Type element);
  /// accumulator + lhs * rhs, summed over the dimensions that the accumulator
  /// does not have.
  BlockTensor contract(BlockTensor lhs, BlockTensor rhs, BlockTensor accumulator, StringRef role);
  /// A score block as the left operand of a product that sums over its
  /// stationary rows.
  BlockTensor splitPanelRows(BlockTensor block);
  /// The scores of two blocks of rows: the streamed rows are the left operand
  /// where blocks are packed (its elements are broadcast to lanes).
  BlockTensor score(BlockTensor stationary, BlockTensor streamed);
  /// block * factor (a scalar of the block's type), in place.
  BlockTensor scale(BlockTensor block, Value factor);
  /// The same for a constant; the block itself where it is 1.
  BlockTensor scaleBy(BlockTensor block, double factor);
  /// factor * `more` as scalar code.
  Value scaledFactor(Value factor, double more);
  /// block * factor as a block of its own, where others need the block, too.
  BlockTensor scaledCopy(BlockTensor block, Value factor);
  /// accumulator + the sum of `block` over the dimensions that the accumulator
  /// does not have.
  BlockTensor reduce(BlockTensor block, BlockTensor accumulator);
  /// The larger of the accumulator and the largest element of `block` over the
  /// dimensions that the accumulator does not have.
  BlockTensor reduceMax(BlockTensor block, BlockTensor accumulator);
  /// The larger of two scalars; the right one where the left one is NaN.
  Value larger(OpBuilder &b, Location l, Value lhs, Value rhs) const;
  /// lhs + rhs, element by element.
  BlockTensor add(BlockTensor lhs, BlockTensor rhs);

  /// Scalar code for one element; its arguments are the inputs' elements.
  using Body = function_ref<Value(OpBuilder &, Location, ValueRange)>;
  /// A new block of `dims`, computed element by element from inputs that have
  /// all or some of them (a vector of rows is repeated along columns).
  BlockTensor map(ArrayRef<BlockTensor> inputs, ArrayRef<Dim> dims,
                  Type element, Body body);
  /// `block` overwritten element by element; its own element is the last
  /// argument.
  BlockTensor update(BlockTensor block, ArrayRef<BlockTensor> inputs,
                     Body body);
  /// All of a new block's elements are `value`.
  BlockTensor filled(ArrayRef<Dim> dims, Value value);

  AffineMap mapOf(ArrayRef<Dim> loops, ArrayRef<Dim> dims) const;

private:
  int64_t staticSize(Dim dim) const;
  /// Where the dimensions of a block of rows lie in a buffer of rows.
  SmallVector<std::pair<unsigned, AffineExpr>>
  rowPositions(Value buffer, Side side, ArrayRef<Dim> dims) const;

  Value liveCount[2];
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_BLOCKBUILDER_H
