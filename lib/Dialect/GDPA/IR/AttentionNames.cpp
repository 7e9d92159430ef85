//===- AttentionNames.cpp - names of values of attention operations -------===//
//
// What the printer calls results and arguments of regions.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/AttentionShape.h"
#include "gdpa/Dialect/GDPA/IR/GDPA.h"

using namespace mlir;
using namespace mlir::gdpa;

/// %s [, %ct], %b, %h, %i, %j, %nq, %nk, %c0, %c1, ...
static void nameRegionArguments(Region &region, OpAsmSetValueNameFn setNameFn) {
  AttentionRegion kind = getAttentionRegion(region);
  unsigned first = getFirstCaptureArgument(kind);
  for (BlockArgument argument : region.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (number < first)
      setNameFn(argument, getLeadingArgumentName(kind, number));
    else
      setNameFn(argument, ("c" + Twine(number - first)).str());
  }
}

void AttentionOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setNameFn) {
  nameRegionArguments(region, setNameFn);
}

void AttentionBackwardOp::getAsmBlockArgumentNames(
    Region &region, OpAsmSetValueNameFn setNameFn) {
  nameRegionArguments(region, setNameFn);
}

void AttentionPartialOp::getAsmBlockArgumentNames(
    Region &region, OpAsmSetValueNameFn setNameFn) {
  nameRegionArguments(region, setNameFn);
}

template <class Op>
static void nameResults(Op op, OpAsmSetValueNameFn setNameFn) {
  for (OpResult result : op->getResults()) {
    OperandRole role = getResultRole(op, result.getResultNumber());
    std::string name = getRoleName(role.role).str();
    if (role.role == Role::DCapture)
      name = "dc" + std::to_string(role.index);
    setNameFn(result, name);
  }
}

void AttentionOp::getAsmResultNames(OpAsmSetValueNameFn setNameFn) {
  nameResults(*this, setNameFn);
}

void AttentionBackwardOp::getAsmResultNames(OpAsmSetValueNameFn setNameFn) {
  nameResults(*this, setNameFn);
}

void AttentionPartialOp::getAsmResultNames(OpAsmSetValueNameFn setNameFn) {
  nameResults(*this, setNameFn);
}

void AttentionMergeOp::getAsmResultNames(OpAsmSetValueNameFn setNameFn) {
  nameResults(*this, setNameFn);
}
