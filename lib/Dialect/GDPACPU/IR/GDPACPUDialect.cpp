//===- GDPACPUDialect.cpp - the gdpa_cpu dialect ----------------------------------===//

#include "gdpa/Dialect/GDPACPU/IR/GDPACPU.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_cpu;

#include "gdpa/Dialect/GDPACPU/IR/GDPACPUDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPACPU/IR/GDPACPUAttributes.cpp.inc"

void GDPACPUDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "gdpa/Dialect/GDPACPU/IR/GDPACPUAttributes.cpp.inc"
      >();
}

StringRef ScheduleAttr::getTargetFamily() const { return "cpu"; }
