//===- Kernels.h - block programs of the attention operations ---*- C++ -*-===//

#ifndef GDPA_LIB_CONVERSION_GDPATOTILE_KERNELS_H
#define GDPA_LIB_CONVERSION_GDPATOTILE_KERNELS_H

#include "BlockBuilder.h"
#include "RegionEmitter.h"
#include "Rows.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::gdpa_tile {

/// A program under construction: host values and what stands for them inside.
class Program {
public:
  /// Creates an empty program over `hostValues` (buffers and scalars).
  static Program create(Operation *attention, StringRef name,
                        ArrayRef<Value> hostValues);

  Value operator[](Value hostValue) const { return arguments.lookup(hostValue); }
  SmallVector<Value> all(ValueRange hostValues) const;

  ProgramOp op;
  OpBuilder builder; // in the body, before its end
  Location loc;

  Value id(int64_t dimension);
  Value index(int64_t value);
  Value dim(Value buffer, int64_t dimension);
  /// The blocks of `block` rows that hold `length` rows. An unsigned division of
  /// a sum, whose range is easily inferred, in place of an affine one.
  Value countBlocks(Value length, int64_t block);
  /// Ends the body.
  void finish();
  /// Launches the program at `host`'s position.
  void launch(OpBuilder &host, ValueRange grid);

private:
  Program(ProgramOp op, OpBuilder builder, Location loc)
      : op(op), builder(builder), loc(loc) {}

  SmallVector<Value> hostValues;
  DenseMap<Value, Value> arguments;
};

BlockScheme makeScheme(gdpa::ScheduleAttrInterface schedule,
                       gdpa::KernelKind kind, const HostSizes &sizes,
                       Type storageType, Type computeType);

/// Lowers one operation in memref form: its kernels become programs of the
/// module, launched where the operation stood. `name` is unique in the module.
LogicalResult lowerForward(gdpa::AttentionOp op, StringRef name);
LogicalResult lowerBackward(gdpa::AttentionBackwardOp op, StringRef name);
/// Lowers a sum of two buffers of rows.
LogicalResult lowerSum(linalg::AddOp op, StringRef name);

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_CONVERSION_GDPATOTILE_KERNELS_H
