//===- GDPANV.h - the gdpa_nv dialect ----------------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANV_H
#define GDPA_DIALECT_GDPANV_IR_GDPANV_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"

#include "gdpa/Dialect/GDPANV/IR/GDPANVDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.h.inc"

#endif // GDPA_DIALECT_GDPANV_IR_GDPANV_H
