//===- GDPANVInterfaces.td - block layouts on NVIDIA ------*- tablegen -*-===//
//
// The layout of a block tensor is its encoding. The set of layouts is closed
// and small; passes ask an encoding through this interface.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVINTERFACES_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVINTERFACES_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"

def GDPANV_LayoutAttrInterface : AttrInterface<"LayoutAttrInterface", [VerifiableTensorEncoding]> {
  let cppNamespace = "::mlir::gdpa_nv";
  let description = [{
    Where the elements of a block tensor lie: in the registers of the threads of a
    block of warps, or in shared memory.
  }];
  let methods = [
    InterfaceMethod<[{
        What one thread holds of a block of this layout; null where the block lies in
        shared memory.
      }], "::mlir::VectorType", "getFragmentType", (ins "::mlir::RankedTensorType":$block)>,
    InterfaceMethod<[{
        Takes (warp, lane, position in the fragment ...) to the element's position in
        the block. The part of the thread and the part of the position are summands, so
        that the latter is a constant of the code. Null for a block in shared memory.
      }], "::mlir::AffineMap", "getCoordinates", (ins)>,
    InterfaceMethod<"How a value of this layout becomes one of `target`.",
      "::mlir::gdpa_nv::LayoutConversion", "getConversionTo", (ins "::mlir::Attribute":$target)>
  ];
}

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVINTERFACES_TD
