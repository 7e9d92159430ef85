//===- UniformBuilder.h - scalar code around and in a loop ------*- C++ -*-===//
//
// Builds index arithmetic and conditions, folded where they are constant,
// before a loop where their operands are defined outside of it and in it
// otherwise.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_UNIFORMBUILDER_H
#define GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_UNIFORMBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::gdpa_tile {

/// An index: a constant or a value.
struct Scalar {
  int64_t constant = 0;
  Value value;

  Scalar(int64_t constant) : constant(constant) {}
  Scalar(Value value);
  bool isConstant() const { return !value; }
  bool operator==(const Scalar &other) const {
    return value == other.value && (value || constant == other.constant);
  }
};

/// A condition: known, or an i1 value.
struct Test {
  bool known = true;
  Value value;

  Test(bool known) : known(known) {}
  Test(Value value) : value(value) {}
  bool isTrue() const { return !value && known; }
  bool isFalse() const { return !value && !known; }
};

class UniformBuilder {
public:
  /// Code that depends on `loop` is built before `inside`, an operation in it.
  UniformBuilder(scf::ForOp loop, Operation *inside)
      : loop(loop), inside(inside), builder(loop.getContext()),
        loc(loop.getLoc()) {}

  Scalar add(Scalar a, Scalar b);
  Scalar subtract(Scalar a, Scalar b);
  Scalar multiply(Scalar a, int64_t factor);
  /// By a positive constant.
  Scalar floorDivide(Scalar a, int64_t divisor);
  Scalar ceilDivide(Scalar a, int64_t divisor);
  Scalar minimum(Scalar a, Scalar b);
  Scalar maximum(Scalar a, Scalar b);
  Scalar choose(Test test, Scalar a, Scalar b);
  /// An integer of any width as an index.
  Scalar toIndex(Value value);

  /// a + offset <= b; the offset is added on the side that keeps a test in the
  /// loop short.
  Test atMost(Scalar a, Scalar b, Scalar offset = 0);
  Test both(Test a, Test b);
  Test either(Test a, Test b);
  Test negate(Test a);

  /// An index that is known to be small.
  Value toI32(Value value);

  Value materialize(Scalar a);
  Value materialize(Test a);

  bool isOutside(Value value) { return loop.isDefinedOutsideOfLoop(value); }
  bool isOutside(Scalar a) { return a.isConstant() || isOutside(a.value); }

private:
  void place(ArrayRef<Value> operands);
  template <typename OpTy>
  std::optional<std::pair<Value, Value>> splitInside(Scalar a);
  /// The same operation on the same operands is built once.
  template <typename OpTy> Value create(Value a, Value b) {
    Value &known = made[{TypeID::get<OpTy>(), {a, b}}];
    if (!known) {
      place({a, b});
      known = builder.createOrFold<OpTy>(loc, a, b);
    }
    return known;
  }

  scf::ForOp loop;
  Operation *inside;
  OpBuilder builder;
  Location loc;
  DenseMap<std::pair<TypeID, std::pair<Value, Value>>, Value> made;
  DenseMap<int64_t, Value> constants;
};

} // namespace mlir::gdpa_tile

#endif // GDPA_LIB_DIALECT_GDPATILE_TRANSFORMS_UNIFORMBUILDER_H
