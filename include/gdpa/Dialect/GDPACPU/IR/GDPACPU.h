//===- GDPACPU.h - the gdpa_cpu dialect ----------------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPACPU_IR_GDPACPU_H
#define GDPA_DIALECT_GDPACPU_IR_GDPACPU_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"

#include "gdpa/Dialect/GDPACPU/IR/GDPACPUDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPACPU/IR/GDPACPUAttributes.h.inc"

#endif // GDPA_DIALECT_GDPACPU_IR_GDPACPU_H
