//===- GDPANV.h - the gdpa_nv dialect ----------------------------*- C++ -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANV_H
#define GDPA_DIALECT_GDPANV_IR_GDPANV_H

#include "gdpa/Dialect/GDPA/IR/GDPA.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::gdpa_nv {
/// How a block of one layout becomes one of another.
enum class LayoutConversion {
  None,       ///< not at all
  Same,       ///< it is one
  Reshape,    ///< the fragment's vector changes its shape
  LoadMatrix, ///< read from shared memory with ldmatrix
  Load        ///< read from shared memory element by element
};
} // namespace mlir::gdpa_nv

#include "gdpa/Dialect/GDPANV/IR/GDPANVDialect.h.inc"

#include "gdpa/Dialect/GDPANV/IR/GDPANVInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVTypes.h.inc"

#define GET_OP_CLASSES
#include "gdpa/Dialect/GDPANV/IR/GDPANVOps.h.inc"

namespace mlir::gdpa_nv {

/// The layout of a block tensor, null where it has none (yet) or `value` is no tensor.
LayoutAttrInterface getLayout(Value value);

/// `type` with the encoding `layout`.
RankedTensorType withLayout(Type type, Attribute layout);

/// Alignment of swizzled tiles in shared memory, bytes of an mbarrier.
constexpr int64_t kTileAlignment = 1024, kBarrierBytes = 8;

/// Attribute of a kernel: bytes of dynamic shared memory that a launch provides.
constexpr llvm::StringLiteral kSharedBytesAttr = "gdpa_nv.shared_bytes";
/// Attribute of a `gdpa_tile.accumulate`: byte offset of its place in shared memory.
constexpr llvm::StringLiteral kScratchAttr = "gdpa_nv.scratch";
/// Attribute of a loop over blocks: it has at least one.
constexpr llvm::StringLiteral kNotEmptyAttr = "gdpa_nv.not_empty";
/// Attribute of a kernel: its trailing tensor-map parameters, an array of dictionaries {argument, rows, columns, swizzle}; `argument` is
/// the number of a launch's operand.
constexpr llvm::StringLiteral kTensorMapsAttr = "gdpa_nv.tensor_maps";

} // namespace mlir::gdpa_nv

#endif // GDPA_DIALECT_GDPANV_IR_GDPANV_H
