//===- GDPAOps.cpp - generated code of the operations ---------------------===//
//
// The hand-written parts stand in Attention*.cpp, one concern a file.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::gdpa;

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPA/IR/GDPAOps.cpp.inc"
