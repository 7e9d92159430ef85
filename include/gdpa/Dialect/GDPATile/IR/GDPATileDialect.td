//===- GDPATileDialect.td - the gdpa_tile dialect ---------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPATILE_IR_GDPATILEDIALECT_TD
#define GDPA_DIALECT_GDPATILE_IR_GDPATILEDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def GDPATile_Dialect : Dialect {
  let name = "gdpa_tile";
  let summary = "Block programs: what one block of a kernel computes";
  let description = [{
    A `gdpa_tile.program` is the body of a kernel for one block of the grid. Its values
    are block tensors; between the loads and stores of this dialect everything is
    upstream: `scf.for` over blocks, `linalg.contract` for products, `linalg.generic`
    whose scalar body is the activation, `linalg.reduce`. The same programs are lowered
    to register tiles on CPUs and to thread fragments on GPUs.

    A host function holds `gdpa_tile.launch` operations; its index arithmetic over
    `memref.dim` is what the launch description writes down.
  }];
  let cppNamespace = "::mlir::gdpa_tile";
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::memref::MemRefDialect"
  ];
}

#endif // GDPA_DIALECT_GDPATILE_IR_GDPATILEDIALECT_TD
