//===- GDPANVDialect.cpp - the gdpa_nv dialect ----------------------------------===//

#include "gdpa/Dialect/GDPANV/IR/GDPANV.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::gdpa_nv;

#include "gdpa/Dialect/GDPANV/IR/GDPANVDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.cpp.inc"

void GDPANVDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.cpp.inc"
      >();
}

StringRef ScheduleAttr::getTargetFamily() const { return "nvidia"; }
