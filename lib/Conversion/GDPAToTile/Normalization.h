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

class Normalization {
public:
  Normalization(BlockBuilder &blocks, gdpa::Normalizer normalizer)
      : blocks(blocks), normalizer(normalizer) {}

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
};

/// A constant of a float type.
Value floatConstant(OpBuilder &builder, Location loc, Type type, double value);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_NORMALIZATION_H
