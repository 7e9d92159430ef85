//===- GDPA.h - the gdpa dialect --------------------------------*- C++ -*-===//
//
// Dialect, attributes, interfaces and operations of `gdpa`.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_GDPA_H
#define GDPA_DIALECT_GDPA_IR_GDPA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::gdpa {
class VJPBuilder;

/// Kernels by what stays in their accumulators.
enum class KernelKind {
  Forward,            // queries stationary: o
  KeyStationary,      // dk, dv
  QueryStationary,    // dq
};

/// Rows of a block of queries and of keys.
struct KernelBlocks {
  int64_t query = 0, key = 0;
};
} // namespace mlir::gdpa

#include "gdpa/Dialect/GDPA/IR/GDPADialect.h.inc"
#include "gdpa/Dialect/GDPA/IR/GDPAEnums.h.inc"

#include "gdpa/Dialect/GDPA/IR/GDPAAttrInterfaces.h.inc"
#include "gdpa/Dialect/GDPA/IR/GDPAOpInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPA/IR/GDPAAttributes.h.inc"

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPA/IR/GDPAOps.h.inc"

namespace mlir::gdpa {

/// Positions of the leading block arguments that every region of an attention
/// operation has; the captures follow.
/// activation: s, b, h, i, j, nq, nk, captures...   joint, vjp: s, ct, b, h, ...
/// mask: b, h, i, j, nq, nk, captures...
enum : unsigned { kNumCoordinates = 6 };

} // namespace mlir::gdpa

#endif // GDPA_DIALECT_GDPA_IR_GDPA_H
