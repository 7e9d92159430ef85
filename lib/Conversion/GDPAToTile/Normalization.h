//===- Normalization.h - row statistics of a forward ------------*- C++ -*-===//
//
// Normalizers `sum` and `softmax` in one pass over the keys: the statistics of
// the queries of a program are vectors that its loop carries beside the output.
//
//   sum      r += rows of z                                      o = acc / r
//   softmax  m' = max(m, rows of z), p = exp(z - m'), a = exp(m - m')
//            l = a l + rows of p, acc = a acc + p v       o = acc / l,
//                                                         lse = m + log l
//
// A row without weight (r or l = 0) has o = 0; its lse is -inf.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_NORMALIZATION_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_NORMALIZATION_H

#include "BlockBuilder.h"
#include "RegionEmitter.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"

namespace mlir::gdpa_tile {

/// Exponentials of differences, exp(x - shift), as the weights of a softmax need
/// them. Exact: as written. Fast: 2^(x log2 e - y) with y = shift log2 e, one
/// fused multiply-add beside the hardware's 2^x; the rounding of y is common to
/// a row and cancels in its quotients. There |x| > 2.3e38 counts as infinite.
struct ShiftedExp {
  bool fast;
  /// x is at most shift: where shift is the largest x.
  bool nonPositive = false;
  /// What is subtracted: shift or y. A shift of -inf (no weight) becomes 0,
  /// or whatever `none` is.
  Value shift(OpBuilder &builder, Location loc, Value shift, double none) const;
  /// exp(x - shift), from the result of `shift`.
  Value exp(OpBuilder &builder, Location loc, Value x, Value shift) const;
};

/// Whether an operation's exponentials are fast: as its precision says, else
/// exact on packed blocks (CPUs) and fast elsewhere.
bool isFast(std::optional<gdpa::Precision> precision, const BlockScheme &scheme);

class Normalization {
public:
  Normalization(BlockBuilder &blocks, gdpa::Normalizer normalizer, bool fast)
      : blocks(blocks), normalizer(normalizer), weights{fast, /*nonPositive=*/true} {}

  bool exists() const { return normalizer != gdpa::Normalizer::None; }

  /// What the generic over a score block must give.
  ScoreRequest request(const RegionInfo &info) const;

  /// The statistics before the first key.
  SmallVector<BlockTensor> start();

  /// Takes one score block into `statistics`, rescales `output` to them and
  /// returns the weights that multiply the values.
  BlockTensor advance(const ScoreBlocks &scores,
                      MutableArrayRef<BlockTensor> statistics,
                      BlockTensor &output);

  /// Divides `output` by the weight of its rows; returns the statistics' value
  /// as a result of the operation.
  BlockTensor finish(ArrayRef<BlockTensor> statistics, BlockTensor &output);

private:
  BlockBuilder &blocks;
  gdpa::Normalizer normalizer;
  ShiftedExp weights;
};

/// A constant of a float type.
Value floatConstant(OpBuilder &builder, Location loc, Type type, double value);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_NORMALIZATION_H
