//===- BlockOrder.cpp - which programs of a kernel start first ------------===//

#include "BlockOrder.h"
#include "FoldRegion.h"
#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

/// Rows of the sequences that the mask is tried on, and the distance of the
/// rows that are looked at.
static constexpr int64_t kRows = 1024, kDistance = 64;

/// How many pairs of `row` the mask keeps; none where folding does not tell.
static std::optional<int64_t> countKept(Region &mask, RowKind kind,
                                        int64_t row) {
  Builder builder(mask.getContext());
  int64_t kept = 0;
  for (int64_t other = kDistance / 2; other < kRows; other += kDistance) {
    bool onQuery = kind == RowKind::Query;
    int64_t coordinates[gdpa::kNumCoordinates] = {
        0, 0, onQuery ? row : other, onQuery ? other : row, kRows, kRows};
    DenseMap<Value, Attribute> known;
    for (auto [number, coordinate] : llvm::enumerate(coordinates))
      known[mask.getArgument(number)] = builder.getIndexAttr(coordinate);
    auto result =
        dyn_cast_or_null<IntegerAttr>(foldRegion(mask, std::move(known))[0]);
    if (!result)
      return std::nullopt;
    kept += !result.getValue().isZero();
  }
  return kept;
}

BlockOrder gdpa_tile::orderOf(Region &mask, RowKind kind,
                              const BlockScheme &scheme) {
  if (mask.empty() || scheme.packed)
    return {};
  std::optional<int64_t> early = countKept(mask, kind, kDistance);
  if (!early)
    return {};
  std::optional<int64_t> late = countKept(mask, kind, kRows - kDistance);
  if (!late || *early == *late)
    return {};
  BlockOrder order;
  order.acrossHeads = true;
  order.lastFirst = *late > *early;
  return order;
}
