//===- ScalarLoops.h - short names for building scalar loops ----*- C++ -*-===//
//
// A builder of f64 and index arithmetic, loops and conditions.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_LIB_CONVERSION_GDPATOREFERENCE_SCALARLOOPS_H
#define GDPA_LIB_CONVERSION_GDPATOREFERENCE_SCALARLOOPS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir::gdpa::reference {

class ScalarLoops {
public:
  ScalarLoops(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value real(double value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(value));
  }
  Value boolean(bool value) {
    return arith::ConstantIntOp::create(builder, loc, value, 1);
  }
  template <class Op> Value binary(Value left, Value right) {
    return Op::create(builder, loc, left, right);
  }
  template <class Op> Value unary(Value value) {
    return Op::create(builder, loc, value);
  }
  Value add(Value a, Value b) { return binary<arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return binary<arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return binary<arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return binary<arith::DivFOp>(a, b); }
  Value max(Value a, Value b) { return binary<arith::MaximumFOp>(a, b); }
  Value abs(Value a) { return unary<math::AbsFOp>(a); }
  Value logicalAnd(Value a, Value b) { return binary<arith::AndIOp>(a, b); }
  Value addIndex(Value a, Value b) { return binary<arith::AddIOp>(a, b); }
  Value subIndex(Value a, Value b) { return binary<arith::SubIOp>(a, b); }
  Value maxIndex(Value a, Value b) { return binary<arith::MaxSIOp>(a, b); }
  Value minIndex(Value a, Value b) { return binary<arith::MinSIOp>(a, b); }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  }
  Value size(Value memref, int64_t dim) {
    return memref::DimOp::create(builder, loc, memref, dim);
  }
  Value load(Value memref, ValueRange indices = {}) {
    return memref::LoadOp::create(builder, loc, memref, indices);
  }
  void store(Value value, Value memref, ValueRange indices = {}) {
    memref::StoreOp::create(builder, loc, value, memref, indices);
  }
  void addTo(Value value, Value memref, ValueRange indices = {}) {
    store(add(load(memref, indices), value), memref, indices);
  }
  SmallVector<Value> call(func::FuncOp function, ValueRange operands) {
    return llvm::to_vector_of<Value>(
        func::CallOp::create(builder, loc, function, operands).getResults());
  }

  /// for (x = 0; x < end; ++x) body(x)
  void loop(Value end, llvm::function_ref<void(Value)> body) {
    scf::ForOp::create(builder, loc, index(0), end, index(1), ValueRange(),
                       [&](OpBuilder &, Location, Value x, ValueRange) {
                         body(x);
                         scf::YieldOp::create(builder, loc);
                       });
  }
  /// value = start; for (x = 0; x < end; ++x) value = body(x, value)
  Value fold(Value end, Value start,
             llvm::function_ref<Value(Value, Value)> body) {
    auto loop = scf::ForOp::create(
        builder, loc, index(0), end, index(1), start,
        [&](OpBuilder &, Location, Value x, ValueRange carried) {
          scf::YieldOp::create(builder, loc, body(x, carried[0]));
        });
    return loop.getResult(0);
  }
  /// The terms may be added in any order, so that LLVM can use vectors.
  Value sum(Value end, llvm::function_ref<Value(Value)> term) {
    return fold(end, real(0), [&](Value x, Value carried) -> Value {
      return arith::AddFOp::create(builder, loc, carried, term(x),
                                   arith::FastMathFlags::reassoc);
    });
  }
  void ifTrue(Value condition, llvm::function_ref<void()> then) {
    scf::IfOp::create(builder, loc, condition, [&](OpBuilder &, Location) {
      then();
      scf::YieldOp::create(builder, loc);
    });
  }
  Value choose(Value condition, llvm::function_ref<Value()> then,
               llvm::function_ref<Value()> otherwise) {
    auto branch = scf::IfOp::create(
        builder, loc, condition,
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, loc, then());
        },
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, loc, otherwise());
        });
    return branch.getResult(0);
  }
  /// Calls `body` for the index of every element of `memref`.
  void forEachElement(Value memref, llvm::function_ref<void(ValueRange)> body) {
    SmallVector<Value> indices;
    nest(memref, indices, body);
  }
  void fill(Value memref, Value value) {
    forEachElement(memref,
                   [&](ValueRange indices) { store(value, memref, indices); });
  }

  OpBuilder &builder;
  Location loc;

private:
  void nest(Value memref, SmallVector<Value> &indices,
            llvm::function_ref<void(ValueRange)> body) {
    int64_t rank = cast<MemRefType>(memref.getType()).getRank();
    if (int64_t(indices.size()) == rank)
      return body(indices);
    loop(size(memref, indices.size()), [&](Value x) {
      indices.push_back(x);
      nest(memref, indices, body);
      indices.pop_back();
    });
  }
};

} // namespace mlir::gdpa::reference

#endif // GDPA_LIB_CONVERSION_GDPATOREFERENCE_SCALARLOOPS_H
