//===- Outside.cpp - the dialect and the derivative of its operation ------===//

#include "Outside.h"
#include "gdpa/AutoDiff/VJPBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace outside;

#include "OutsideDialect.cpp.inc"

#define GET_OP_CLASSES
#include "OutsideOps.cpp.inc"

void OutsideDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "OutsideOps.cpp.inc"
      >();
}

/// With r = sqrt(x * x + b): dy/dx = y / r, dy/db = 1 / (4 r).
LogicalResult SquareplusOp::buildVJP(gdpa::VJPBuilder &vjp) {
  gdpa::Scalar x = vjp.getOperand(0), b = vjp.getOperand(1);
  gdpa::Scalar root = (x * x + b).apply<math::SqrtOp>();
  gdpa::Scalar quotient = vjp.getCotangent() / root;
  vjp.addCotangent(0, quotient * vjp.getResult());
  vjp.addCotangent(1, 0.25 * quotient);
  return success();
}
