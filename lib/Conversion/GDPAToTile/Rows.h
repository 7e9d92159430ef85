//===- Rows.h - where the rows of a batch entry lie -------------*- C++ -*-===//
//
// Kernels know batch entries, heads and rows, not dimensions of buffers: a row
// of a head is found through a view of the entry's rows. Layouts differ here
// and nowhere else in this directory. Buffers have been brought to
//
//   one length for all    [leading..., batch, head, row (, column)]
//   jagged                [leading..., head, row of all sequences (, column)]
//
// before (see normalizeLayout); row statistics have no column.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_ROWS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_ROWS_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::gdpa_tile {

class Program;

/// Brings the rows of an attention operation on buffers to the order above by
/// transposing views of them (the operation's layout attribute stays).
void normalizeLayout(Operation *attention, gdpa::Layout layout);

/// Reads captured booleans as bytes, which is how they lie in memory: a vector of
/// i1 would be read as packed bits.
void readBooleansAsBytes(Operation *attention);

/// Queries (with outputs and statistics) or keys (with values).
enum class RowKind { Query, Key };

/// The rows of one batch entry in one buffer. Rows past `buffer`'s extent do
/// not belong to it, so that loads and stores are bounded by the entry.
struct RowsView {
  Value buffer;
  /// Positions before the head.
  SmallVector<Value> lead;

  /// Offsets of `row` of `head` in `buffer`, from column 0.
  SmallVector<Value> at(OpBuilder &builder, Location loc, Value head,
                        Value row) const;
};

/// One batch entry inside a program.
struct Sequence {
  Value batch;                  // index
  Value queryLength, keyLength; // its rows
  /// Its first row among those of all sequences; null where not jagged.
  Value queryStart, keyStart;

  Value length(RowKind kind) const {
    return kind == RowKind::Query ? queryLength : keyLength;
  }
  Value start(RowKind kind) const {
    return kind == RowKind::Query ? queryStart : keyStart;
  }
};

/// In which order the programs of a grid take the blocks of all heads.
struct BlockOrder {
  /// One block of every head after the other, not all blocks of a head. Up to
  /// `kHeads` heads take turns, so that those that run at a time share keys.
  bool acrossHeads = false;
  /// From the last block of a head to its first.
  bool lastFirst = false;

  static constexpr int64_t kHeads = 32;
  /// Most bytes of the rows that the heads of a part walk over: two thirds of the
  /// second-level cache of an H100.
  static constexpr int64_t kCacheBytes = 32 << 20;
};

/// Sizes and row layout of an attention operation on buffers, as host values.
struct HostSizes {
  Value query, key;
  /// First rows of the sequences of a jagged batch, and their end; else null.
  Value cuSeqlensQuery, cuSeqlensKey;
  /// `queryLength` and `keyLength` are the rows of all sequences if jagged.
  Value batch, queryHeads, keyHeads, queryLength, keyLength;
  int64_t depth, valueDepth;
  /// Query heads of a K/V head where both are static, else 0.
  int64_t staticRatio;

  static HostSizes of(OpBuilder &host, Location loc, Value query, Value key,
                      Value value, Value cuSeqlensQuery, Value cuSeqlensKey);

  bool isJagged() const { return static_cast<bool>(cuSeqlensQuery); }
  Value length(RowKind kind) const {
    return kind == RowKind::Query ? queryLength : keyLength;
  }
  /// Buffers that a program needs to find its sequence.
  SmallVector<Value> inputs() const;
  /// A grid in which `Sequences::ofProgram` finds every block of `blockRows`
  /// rows of every head.
  SmallVector<Value> grid(OpBuilder &host, Location loc, RowKind kind,
                          int64_t blockRows, Value heads,
                          BlockOrder order = {}) const;
  /// A workspace for rows of the query heads: `lead`, then as the buffers
  /// above; `depth` 0: no column.
  Value rowsWorkspace(OpBuilder &host, Location loc, RowKind kind,
                      ArrayRef<Value> lead, int64_t depth, Type element,
                      bool zero) const;
};

/// The batch entries of an operation, seen from inside one of its programs.
class Sequences {
public:
  Sequences(Program &program, const HostSizes &sizes)
      : program(program), sizes(sizes) {}

  Value count();
  Value queryHeads();
  Value keyHeads();
  /// Query heads of a K/V head.
  Value ratio();

  /// The query heads [first, second) of this program of a grid with one for
  /// each of them along dimension 1, where programs add to element h of a
  /// dimension of `extent`: the last element takes all heads from it on.
  std::pair<Value, Value> ownHeads(Value extent);

  /// The entry at `batch`, 0 <= batch < count.
  Sequence at(Value batch);

  struct Work {
    Sequence sequence;
    Value head;
    /// First row of the block of `blockRows` rows, at most the sequence's
    /// length.
    Value base;
    /// Rows of the other side to walk: none where the block has no row.
    Value walked;
  };
  /// What this program of a grid of `HostSizes::grid` works on; `heads` and
  /// `order` as there (a jagged batch keeps the grid's own order). In a jagged
  /// batch sequence b owns the programs from start(b) floordiv blockRows + b
  /// on, found by a binary search: nobody reads lengths on the host.
  Work ofProgram(RowKind kind, int64_t blockRows, Value heads,
                 BlockOrder order = {});

  /// The rows of `sequence` in `hostBuffer`; `lead` are positions in the
  /// dimensions before batch and head.
  RowsView rows(Value hostBuffer, const Sequence &sequence, RowKind kind,
                ArrayRef<Value> lead = {});
  /// The rows at `batch`, or of all sequences if jagged.
  RowsView allRows(Value hostBuffer, Value batch, ArrayRef<Value> lead = {});

private:
  Work ofOrderedProgram(RowKind kind, int64_t blockRows, Value heads,
                        BlockOrder order);
  Value cuSeqlen(RowKind kind, Value position);

  Program &program;
  const HostSizes &sizes;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_ROWS_H
