//===- GDPAOps.td - operations of the gdpa dialect --------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPA_IR_GDPAOPS_TD
#define GDPA_DIALECT_GDPA_IR_GDPAOPS_TD

include "gdpa/Dialect/GDPA/IR/GDPAAttributes.td"
include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

class GDPA_Op<string mnemonic, list<Trait> traits = []>
    : Op<GDPA_Dialect, mnemonic, traits>;

def GDPA_Shaped : AnyTypeOf<[AnyRankedTensor, AnyMemRef], "ranked tensor or memref">;


class GDPA_AttentionOpBase<string mnemonic>
    : GDPA_Op<mnemonic, [
        AttrSizedOperandSegments, IsolatedFromAbove,
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames", "getAsmResultNames"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let hasFolder = 1;
}

def GDPA_AttentionOp : GDPA_AttentionOpBase<"attention"> {
  let summary = "generalized dot-product attention";
  let description = [{ }];
  let arguments = (ins
    GDPA_Shaped:$query, GDPA_Shaped:$key, GDPA_Shaped:$value,
    GDPA_Shaped:$output_init, Optional<GDPA_Shaped>:$statistics_init,
    AnyFloat:$scale,
    Optional<GDPA_Shaped>:$cu_seqlens_query, Optional<GDPA_Shaped>:$cu_seqlens_key,
    Variadic<AnyType>:$captures,
    GDPA_LayoutAttr:$layout, GDPA_NormalizerAttr:$normalizer,
    OptionalAttr<GDPA_PrecisionAttr>:$precision,
    OptionalAttr<GDPA_ScheduleAttrInterface>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  // mask and vjp are empty where the operation has none.
  let regions = (region SizedRegion<1>:$activation, AnyRegion:$mask, AnyRegion:$vjp);

  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    bool hasMask() { return !getMask().empty(); }
    bool hasVjp() { return !getVjp().empty(); }
    bool isJagged() { return getLayout() == ::mlir::gdpa::Layout::THD; }
    bool hasStatistics() { return getNormalizer() != ::mlir::gdpa::Normalizer::None; }
    /// Element type of query, key, value and output.
    ::mlir::Type getStorageType();
    /// f64 where the storage is f64, else f32: the type of scale, s, z and statistics.
    ::mlir::Type getComputeType();
    bool hasTensorSemantics() { return ::llvm::isa<::mlir::RankedTensorType>(getQuery().getType()); }
  }];
}

def GDPA_AttentionBackwardOp : GDPA_AttentionOpBase<"attention_backward"> {
  let summary = "gradients of generalized dot-product attention";
  let description = [{ }];
  let arguments = (ins
    GDPA_Shaped:$query, GDPA_Shaped:$key, GDPA_Shaped:$value,
    GDPA_Shaped:$d_output, Optional<GDPA_Shaped>:$d_statistics,
    Optional<GDPA_Shaped>:$output, Optional<GDPA_Shaped>:$statistics,
    GDPA_Shaped:$d_query_init, GDPA_Shaped:$d_key_init, GDPA_Shaped:$d_value_init,
    Variadic<GDPA_Shaped>:$d_capture_inits,
    AnyFloat:$scale,
    Optional<GDPA_Shaped>:$cu_seqlens_query, Optional<GDPA_Shaped>:$cu_seqlens_key,
    Variadic<AnyType>:$captures,
    GDPA_LayoutAttr:$layout, GDPA_NormalizerAttr:$normalizer,
    DenseI64ArrayAttr:$wrt,
    OptionalAttr<GDPA_PrecisionAttr>:$precision,
    OptionalAttr<GDPA_ScheduleAttrInterface>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$joint, AnyRegion:$mask);

  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    bool hasMask() { return !getMask().empty(); }
    bool isJagged() { return getLayout() == ::mlir::gdpa::Layout::THD; }
    bool hasStatistics() { return getNormalizer() != ::mlir::gdpa::Normalizer::None; }
    ::mlir::Type getStorageType();
    ::mlir::Type getComputeType();
    bool hasTensorSemantics() { return ::llvm::isa<::mlir::RankedTensorType>(getQuery().getType()); }
  }];
}

def GDPA_YieldOp : GDPA_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["AttentionOp", "AttentionBackwardOp"]>]> {
  let summary = "ends a region of an attention operation";
  let description = [{
    Yields z from an activation, the kept bit (i1) from a mask, ds from a vjp region,
    z and ds from a joint region.

    ```mlir
    gdpa.yield %z : f32
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def GDPA_AccumulateOp : GDPA_Op<"accumulate", [MemoryEffects<[MemWrite]>]> {
  let summary = "adds to the gradient of one element of a capture";
  let description = [{
    Legal in a joint or vjp region, also below `scf.if`. `$gradient` is added to the
    gradient of element `$indices` of the capture that the block argument `$capture`
    stands for; the pair's mask applies. A scalar capture has no indices.

    ```mlir
    gdpa.accumulate %g, %B[%h, %j] : f32, tensor<16x?xf32>
    gdpa.accumulate %g, %T : f32, f32
    ```
  }];
  let arguments = (ins AnyFloat:$gradient, AnyType:$capture, Variadic<Index>:$indices);
  let assemblyFormat = "$gradient `,` $capture (`[` $indices^ `]`)? attr-dict `:` type($gradient) `,` type($capture)";
  let hasVerifier = 1;
  // Not removable: it writes a gradient that no value names.
}

#endif // GDPA_DIALECT_GDPA_IR_GDPAOPS_TD
