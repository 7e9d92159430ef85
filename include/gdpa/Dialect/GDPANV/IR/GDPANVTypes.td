//===- GDPANVTypes.td - types of the asynchronous protocol -*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVTYPES_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVTYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.td"

class GDPANV_Type<string name, string typeMnemonic> : TypeDef<GDPANV_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def GDPANV_RingType : GDPANV_Type<"Ring", "ring"> {
  let summary = "slots of shared memory that one warp fills and others read";
  let description = [{
    `slots` places for a block of type `block` (layout `#gdpa_nv.shared`), used one after the other. A
    slot has two barriers: full (its bytes have arrived) and empty (all readers have released it). A block of
    one i32 is a message.

    ```mlir
    !gdpa_nv.ring<tensor<128x64xbf16, #gdpa_nv.shared>, 2>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$block, "int64_t":$slots);
  let assemblyFormat = "`<` $block `,` $slots `>`";
  let genVerifyDecl = 1;
}

def GDPANV_CursorType : GDPANV_Type<"Cursor", "cursor">,
    BuildableType<"$_builder.getType<::mlir::gdpa_nv::CursorType>()"> {
  let summary = "a position in a ring: the slot, and how often it was passed (mod 2)";
}

def GDPANV_PendingType : GDPANV_Type<"Pending", "pending"> {
  let summary = "the result of a product that is in flight";
  let description = [{
    Becomes a value of type `block` by the `gdpa_nv.wait` that names it; until then its registers, and those of
    the operands, belong to the tensor cores. It cannot be carried by a loop or yielded.
  }];
  let parameters = (ins "::mlir::RankedTensorType":$block);
  let assemblyFormat = "`<` $block `>`";
  let genVerifyDecl = 1;
}

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVTYPES_TD
