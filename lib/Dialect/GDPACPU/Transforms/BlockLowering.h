//===- BlockLowering.h - loads and stores of blocks -------------*- C++ -*-===//
//
// Every block gets a buffer of its own, filled here by explicit loops, so that
// bufferization later has nothing to decide.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_BLOCKLOWERING_H
#define GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_BLOCKLOWERING_H

#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::gdpa_cpu {

/// How the dimensions of a block lie in a buffer.
struct AccessShape {
  enum Kind {
    Rows,   // block [r...][c]: rows of the buffer, contiguous
    Panels, // block [p][c...][i]: rows p * size(i) + i of the buffer, transposed
    // With pairs of neighbours beside each other:
    RowsOfPairs,   // block [r...][c][2]: columns 2 * c + (0, 1); as Rows in memory
    PairsOfRows,   // block [r...][c][2]: rows 2 * r + (0, 1), interleaved
    PanelsOfPairs, // block [p][c][i][2]: Panels whose columns are pairs
    Scalars // anything else
  };
  Kind kind = Scalars;
  int row = -1;    // the buffer's dimension that holds rows; -1: a single row
  int column = -1; // the buffer's last dimension
};

/// `map` is the coordinate map of a load or store of `block`.
AccessShape classify(AffineMap map, RankedTensorType block, MemRefType buffer);

/// Lowers the loads, stores and destinations of one program.
class BlockLowering {
public:
  BlockLowering(func::FuncOp func, int64_t vectorBits)
      : func(func), lanes(vectorBits / 32), b(func.getLoc(), func.getContext()) {}

  LogicalResult run();

private:
  // Index arithmetic.
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, value).getResult();
  }
  Value add(Value x, Value y) { return b.createOrFold<arith::AddIOp>(x, y); }
  Value sub(Value x, Value y) { return b.createOrFold<arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return b.createOrFold<arith::MulIOp>(x, y); }
  Value min(Value x, Value y) { return b.createOrFold<arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return b.createOrFold<arith::MaxSIOp>(x, y); }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x, y).getResult();
  }
  /// value in [0, limit]
  Value clampTo(Value value, Value limit) {
    return max(min(value, limit), constant(0));
  }
  Value extent(Value buffer, int64_t dim) {
    return b.createOrFold<memref::DimOp>(buffer, dim);
  }
  void loop(Value from, Value to, int64_t step, function_ref<void(Value)> body);
  void loops(ArrayRef<Value> sizes, function_ref<void(ValueRange)> body);

  // Elements.
  Value zero(Type type) {
    return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type))).getResult();
  }
  Value convert(Value value, Type element);
  void copyVector(Value from, ValueRange fromAt, Value to, ValueRange toAt,
                  int64_t width);

  /// Transposes as many vectors as each has elements, a power of two.
  void transpose(SmallVectorImpl<Value> &rows);

  /// A buffer at the top of the program that holds a block of this type.
  FailureOr<Value> allocate(Operation *op, RankedTensorType type,
                            ValueRange dynamicSizes);
  /// The part of `buffer` that holds a block of `type`, as a tensor.
  Value asTensor(Value buffer, RankedTensorType type, ArrayRef<Value> sizes);
  SmallVector<Value> blockSizes(RankedTensorType type, ValueRange dynamicSizes);

  /// Whether the offset of each dimension in which the block has one position
  /// is inside the buffer.
  Value fixedDimsInside(AffineMap map, Value buffer, ValueRange offsets,
                        AccessShape access);
  /// Copies `live` (a constant where it is known) of a row's `width` elements;
  /// clears the rest where `clear` is set.
  void copyRow(Value from, SmallVector<Value> fromAt, Value to,
               SmallVector<Value> toAt, Value live, int64_t width, bool clear);
  /// The number of columns of `buffer` from `offset`, at most `width`; a
  /// constant where it is known.
  Value liveColumns(Value buffer, int64_t column, Value offset, int64_t width);
  /// How many of a load's `limit` rows exist; `columns` becomes zero where none
  /// does: without a row there is nothing to read, not even under a mask.
  Value liveRows(gdpa_tile::LoadOp load, AccessShape access,
                 ArrayRef<Value> offsets, Value limit, Value &columns);
  /// Rows `first` to `first` + `count` of the source and whether they exist
  /// (among `rows`); those past the end repeat the last.
  void rowsOfPanel(Value first, int64_t count, Value rows, Value rowOffset,
                   SmallVectorImpl<Value> &row, SmallVectorImpl<Value> &live);
  void clearRow(Value to, SmallVector<Value> at, int64_t from, int64_t width);

  void loadRows(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                ArrayRef<Value> sizes);
  void loadPanels(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                  ArrayRef<Value> sizes);
  void loadPairsOfRows(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                       ArrayRef<Value> sizes);
  void loadPanelsOfPairs(gdpa_tile::LoadOp load, AccessShape access, Value buffer,
                         ArrayRef<Value> sizes);
  void loadScalars(gdpa_tile::LoadOp load, Value buffer, ArrayRef<Value> sizes);
  /// `buffer` with its last two dimensions as one.
  Value joinPairs(Value buffer);
  /// The offsets of a load with the constants of its map added.
  SmallVector<Value> fixedOffsets(gdpa_tile::LoadOp load);
  LogicalResult lower(gdpa_tile::LoadOp load);
  LogicalResult lower(gdpa_tile::StoreOp store);
  LogicalResult lower(gdpa_tile::AccumulateOp accumulate);
  /// The indices that `accumulate` gives an element.
  SmallVector<Value> placeOf(gdpa_tile::AccumulateOp accumulate,
                             ValueRange arguments);
  void addTo(Value destination, ValueRange indices, Value value);
  /// The sum of the elements of `buffer` past `outer`, in one dimension or two.
  Value sumOfTile(Value buffer, ValueRange outer, Type sumType);
  LogicalResult lower(tensor::EmptyOp empty);
  Value blockBuffer(Value block);
  SmallVector<Value> bufferSizes(Value buffer);

  func::FuncOp func;
  int64_t lanes; // f32 elements of a vector register
  ImplicitLocOpBuilder b;
  /// Destinations of what an `scf.if` yields, by the number of the result.
  DenseMap<std::pair<Operation *, int64_t>, Value> versions;
};

} // namespace mlir::gdpa_cpu

#endif // GDPA_LIB_DIALECT_GDPACPU_TRANSFORMS_BLOCKLOWERING_H
