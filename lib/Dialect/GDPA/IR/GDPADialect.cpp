//===- GDPADialect.cpp - the gdpa dialect ---------------------------------===//
//
// Registration of operations and attributes; generated code of attributes and
// interfaces.
//
//===----------------------------------------------------------------------===//

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "Bytecode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa;

#include "gdpa/Dialect/GDPA/IR/GDPADialect.cpp.inc"
#include "gdpa/Dialect/GDPA/IR/GDPAEnums.cpp.inc"

#include "gdpa/Dialect/GDPA/IR/GDPAAttrInterfaces.cpp.inc"
#include "gdpa/Dialect/GDPA/IR/GDPAOpInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPA/IR/GDPAAttributes.cpp.inc"

void GDPADialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "gdpa/Dialect/GDPA/IR/GDPAAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "gdpa/Dialect/GDPA/IR/GDPAOps.cpp.inc"
      >();
  addInterfaces<GDPABytecodeInterface>();
}
