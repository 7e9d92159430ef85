//===- GDPAInterfaces.td - interfaces of the gdpa dialect -*- tablegen -*-===//
//
// A schedule is an attribute of its target's dialect; what every schedule can
// say stands here. Differentiation rules reach an operation through
// DifferentiableOpInterface, so another project adds rules for its own
// operations by an external model.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_IR_GDPAINTERFACES_TD
#define GDPA_DIALECT_GDPA_IR_GDPAINTERFACES_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def GDPA_ScheduleAttrInterface : AttrInterface<"ScheduleAttrInterface"> {
  let cppNamespace = "::mlir::gdpa";
  let description = [{
    How the kernels of one attention operation are blocked on a target. A zero means
    "not fixed": `--gdpa-plan` fills it and leaves what the user wrote.
  }];
  let methods = [
    InterfaceMethod<"Name of the target family, e.g. \"cpu\" or \"nvidia\".",
                    "::llvm::StringRef", "getTargetFamily", (ins)>,
    InterfaceMethod<"Rows of a block of queries and of keys in a kernel.",
                    "::mlir::gdpa::KernelBlocks", "getBlocks", (ins "::mlir::gdpa::KernelKind":$kind)>,
    InterfaceMethod<[{
        Whether block tensors are packed: the stationary side in panels of `getPanelRows`
        transposed rows, the streamed side in groups of `getGroupRows` rows.
      }], "bool", "usesPackedBlocks", (ins)>,
    InterfaceMethod<"Rows of a panel of packed blocks.", "int64_t", "getPanelRows", (ins)>,
    InterfaceMethod<"Rows of a group of packed blocks.", "int64_t", "getGroupRows", (ins)>,
    InterfaceMethod<"Columns of a block are padded to a multiple of this.", "int64_t", "getColumnMultiple", (ins)>,
    InterfaceMethod<"Whether products take operands of the storage type; else of the compute type.",
                    "bool", "multipliesStorageType", (ins)>,
    InterfaceMethod<[{
        Into how many ranges the keys of one K/V head are split where one key-stationary
        kernel makes all gradients (dQ as a sum over the ranges); 0 where dQ has a kernel of its own.
      }], "int64_t", "getKeyRanges", (ins)>
  ];
}

def GDPA_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::mlir::gdpa";
  let description = [{
    An operation of an activation region with a vector-Jacobian product. See
    `gdpa/AutoDiff/VJPBuilder.h` for what a rule may do.
  }];
  let methods = [
    InterfaceMethod<[{
        Adds to `vjp` the cotangents of this operation's float operands, given the
        cotangents of its results (null where a result has none). Failure means that
        this instance has no derivative; the rule has then emitted the error.
      }],
      "::llvm::LogicalResult", "buildVJP", (ins "::mlir::gdpa::VJPBuilder &":$vjp)>
  ];
}

#endif // GDPA_DIALECT_GDPA_IR_GDPAINTERFACES_TD
