//===- GDPATileDialect.cpp - the gdpa_tile dialect ------------------------===//

#include "gdpa/Dialect/GDPATile/IR/GDPATile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::gdpa_tile;

#include "gdpa/Dialect/GDPATile/IR/GDPATileDialect.cpp.inc"

void GDPATileDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "gdpa/Dialect/GDPATile/IR/GDPATileOps.cpp.inc"
      >();
}
