//===- Expressions.cpp - index arithmetic of host code as JSON ------------===//

#include "Expressions.h"
#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa;
using llvm::json::Array;
using Expression = llvm::json::Value;

static StringRef nameOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<arith::AddIOp>([](auto) { return "add"; })
      .Case<arith::SubIOp>([](auto) { return "sub"; })
      .Case<arith::MulIOp>([](auto) { return "mul"; })
      .Case<arith::MinSIOp, arith::MinUIOp>([](auto) { return "min"; })
      .Case<arith::MaxSIOp, arith::MaxUIOp>([](auto) { return "max"; })
      .Case<arith::CeilDivSIOp, arith::CeilDivUIOp>(
          [](auto) { return "ceildiv"; })
      // Sizes are not negative: truncation and floor agree.
      .Case<arith::FloorDivSIOp, arith::DivUIOp, arith::DivSIOp>(
          [](auto) { return "floordiv"; })
      .Default([](Operation *) { return ""; });
}

static FailureOr<Expression> toExpression(AffineExpr expr,
                                          ArrayRef<Expression> dims,
                                          ArrayRef<Expression> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Expression(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  FailureOr<Expression> left = toExpression(binary.getLHS(), dims, symbols);
  FailureOr<Expression> right = toExpression(binary.getRHS(), dims, symbols);
  if (failed(left) || failed(right))
    return failure();
  auto make = [&](StringRef op) {
    return Expression(Array{op, *left, *right});
  };
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return make("add");
  case AffineExprKind::Mul:
    return make("mul");
  case AffineExprKind::FloorDiv:
    return make("floordiv");
  case AffineExprKind::CeilDiv:
    return make("ceildiv");
  case AffineExprKind::Mod: // a mod b = a - b * (a floordiv b)
    return Expression(
        Array{"sub", *left, Array{"mul", *right, make("floordiv")}});
  default:
    return failure();
  }
}

BufferBehind gdpa::bufferBehind(Value view) {
  BufferBehind behind{view, {}};
  for (int64_t dim = 0; dim < cast<MemRefType>(view.getType()).getRank(); ++dim)
    behind.dims.push_back(dim);
  while (Operation *op = behind.buffer.getDefiningOp()) {
    if (auto transpose = dyn_cast<memref::TransposeOp>(op)) {
      for (int64_t &dim : behind.dims)
        dim = transpose.getPermutation().getDimPosition(dim);
      behind.buffer = transpose.getIn();
    } else if (auto cast = dyn_cast<memref::CastOp>(op)) {
      behind.buffer = cast.getSource();
    } else if (auto cast = dyn_cast<UnrealizedConversionCastOp>(op);
               cast && cast.getNumOperands() == 1) {
      behind.buffer = cast.getOperand(0); // booleans as bytes
    } else {
      break;
    }
  }
  return behind;
}

FailureOr<Expression> gdpa::toExpression(Value value, SizeOfArgument sizeOf) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return Expression(constant.getSExtValue());
  Operation *op = value.getDefiningOp();
  if (!op)
    return emitError(value.getLoc(), "expected a size in host code, found a "
                                     "run-time argument of the entry");
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp, arith::TruncIOp>(op))
    return toExpression(op->getOperand(0), sizeOf);
  if (isa<gdpa_nv::ProcessorsOp>(op))
    return Expression("sm_count");
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    BufferBehind behind = bufferBehind(dim.getSource());
    auto argument = dyn_cast<BlockArgument>(behind.buffer);
    std::optional<int64_t> number = dim.getConstantIndex();
    if (argument && number)
      return sizeOf(argument, behind.dims[*number]);
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<Expression> operands;
    for (Value operand : apply.getMapOperands()) {
      FailureOr<Expression> expression = toExpression(operand, sizeOf);
      if (failed(expression))
        return failure();
      operands.push_back(*expression);
    }
    AffineMap map = apply.getAffineMap();
    ArrayRef<Expression> all(operands);
    FailureOr<Expression> result =
        ::toExpression(map.getResult(0), all.take_front(map.getNumDims()),
                       all.drop_front(map.getNumDims()));
    if (succeeded(result))
      return result;
  }
  StringRef name = nameOf(op);
  if (name.empty())
    return op->emitError("expected index arithmetic that a launch description "
                         "can express, found ")
           << op->getName();
  FailureOr<Expression> left = toExpression(op->getOperand(0), sizeOf);
  FailureOr<Expression> right = toExpression(op->getOperand(1), sizeOf);
  if (failed(left) || failed(right))
    return failure();
  return Expression(Array{name, *left, *right});
}
