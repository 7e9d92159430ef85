//===- GDPADialect.td - the gdpa dialect ------------------*- tablegen -*-===//
//
// Generalized dot-product attention as one operation on tensors or memrefs.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_GDPADIALECT_TD
#define GDPA_DIALECT_GDPA_IR_GDPADIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def GDPA_Dialect : Dialect {
  let name = "gdpa";
  let summary = "Generalized dot-product attention";
  let description = [{
    Attention in which the softmax is any function its user writes: the function is a
    region of scalar operations, differentiated, tiled and fused by the compiler.

    The dialect holds the forward operation `gdpa.attention`, its gradient
    `gdpa.attention_backward`, the two halves of a forward whose keys lie in pieces,
    `gdpa.attention_partial` and `gdpa.attention_merge`, and the two operations of their
    regions, `gdpa.yield` and `gdpa.accumulate`. Kernels are described by the `gdpa_tile`
    dialect.
  }];
  let cppNamespace = "::mlir::gdpa";
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // GDPA_DIALECT_GDPA_IR_GDPADIALECT_TD
