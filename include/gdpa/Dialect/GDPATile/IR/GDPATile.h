//===- GDPATile.h - the gdpa_tile dialect -----------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPATILE_IR_GDPATILE_H
#define GDPA_DIALECT_GDPATILE_IR_GDPATILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "gdpa/Dialect/GDPATile/IR/GDPATileDialect.h.inc"

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPATile/IR/GDPATileOps.h.inc"

#endif // GDPA_DIALECT_GDPATILE_IR_GDPATILE_H
