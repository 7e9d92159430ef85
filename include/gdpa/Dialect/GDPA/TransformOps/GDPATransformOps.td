//===- GDPATransformOps.td - transform.gdpa.* -------------*- tablegen -*-===//
//
// What a transform script does with attention that upstream's operations do not:
// tiling, fusion, split keys and decomposition are theirs
// (transform.structured.*), through the interfaces that gdpa's operations have.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_TD
#define GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_TD

include "gdpa/Dialect/GDPA/IR/GDPAAttributes.td"
include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"
include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/IR/TransformTypes.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MatchAttentionOp : Op<Transform_Dialect, "gdpa.match_attention", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<TransformOpInterface>]> {
  let summary = "finds attention operations by what they compute";
  let description = [{
    The operations `gdpa.attention` inside `root` (with `backward`, those
    `gdpa.attention_backward`) that have the layout, the normalizer, the storage type, a
    mask (or none) and heads that share key heads (or do not) as far as the attributes
    say; those that are absent match everything. Heads whose numbers are not both static do
    not match `grouped`, whichever it is. `transform.structured.match` finds them by name
    alone.

    Produces one handle, to the operations in the order in which they stand; none is no
    failure.

    ```mlir
    %a = transform.gdpa.match_attention in %root
        {layout = #gdpa.layout<bhsd>, normalizer = #gdpa.normalizer<softmax>, storage = bf16, masked = true}
        : (!transform.any_op) -> !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$root,
                       OptionalAttr<GDPA_LayoutAttr>:$layout,
                       OptionalAttr<GDPA_NormalizerAttr>:$normalizer,
                       OptionalAttr<TypeAttr>:$storage,
                       OptionalAttr<BoolAttr>:$masked,
                       OptionalAttr<BoolAttr>:$grouped,
                       UnitAttr:$backward);
  let results = (outs TransformHandleTypeInterface:$matches);
  let assemblyFormat = "`in` $root attr-dict `:` functional-type(operands, results)";
}

def SetScheduleOp : Op<Transform_Dialect, "gdpa.set_schedule", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    TransformOpInterface, TransformEachOpTrait]> {
  let summary = "attaches a schedule to attention operations";
  let description = [{
    Replaces the schedule of each operation of `target`, which must be a `gdpa.attention` or
    a `gdpa.attention_backward`; `--gdpa-plan` completes it. Silenceable failure for another
    operation.

    ```mlir
    transform.gdpa.set_schedule #gdpa_cpu.schedule<block_q = 128, block_kv = 64> on %a : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target, GDPA_ScheduleAttrInterface:$schedule);
  let results = (outs);
  let assemblyFormat = "$schedule `on` $target attr-dict `:` type($target)";
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter, ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

def SplitKeysOp : Op<Transform_Dialect, "gdpa.split_keys", [
    FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
    TransformOpInterface, TransformEachOpTrait]> {
  let summary = "splits attention into the state of its rows and its merge";
  let description = [{
    Replaces each `gdpa.attention` by a `gdpa.attention_partial` that continues an empty
    state and a `gdpa.attention_merge` of that one state. The keys of the partial operation
    are then tiled by `transform.structured.tile_using_for`: rows go through the keys tile by
    tile with one state (`transform.structured.tile_reduction_using_for` carries as many
    states as a tile has keys).

    Produces a handle to the partial operations and one to the merges. Silenceable failure
    for another operation, definite for one whose keys are not split (layout `thd`).

    ```mlir
    %partial, %merge = transform.gdpa.split_keys %a : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %tile, %loop = transform.structured.tile_using_for %partial tile_sizes [0, 0, 0, 0, 64]
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target);
  let results = (outs TransformHandleTypeInterface:$partial, TransformHandleTypeInterface:$merge);
  let assemblyFormat = "$target attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter, ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

def DecomposeAttentionOp : Op<Transform_Dialect, "gdpa.decompose", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    TransformOpInterface, TransformEachOpTrait]> {
  let summary = "decomposes operations into linalg";
  let description = [{
    Replaces each operation of `target` by its decomposition (AggregatedOpInterface), one of
    `gdpa` as `--gdpa-to-linalg` does. `transform.structured.decompose_interface` takes
    operations of one result only. Consumes the handle. Silenceable failure for an operation
    without a decomposition, definite for one that has none as it stands (memrefs).

    ```mlir
    transform.gdpa.decompose %a : !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target);
  let results = (outs);
  let assemblyFormat = "$target attr-dict `:` type($target)";
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter, ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

def FuseConsumerOp : Op<Transform_Dialect, "gdpa.fuse_consumer", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<TransformOpInterface>]> {
  let summary = "fuses the consumer of a tiled operation into the loops over its tiles";
  let description = [{
    The counterpart of `transform.structured.fuse_into_containing_op`, which fuses producers:
    `consumer`, one operation that can be tiled and reads results of `loops`, is computed
    inside them, a tile of it for each tile that they make. `loops` are one `scf.forall`, or
    a nest of `scf.for` from the outermost to the innermost, as tiling makes them. Attention
    after a projection of its queries that is tiled, an output gate after attention that is.

    Consumes both handles; produces one to the fused operation and one to the loops that took
    the place of `loops`. Silenceable failure where upstream's fusion refuses.

    ```mlir
    %fused, %new_loops = transform.gdpa.fuse_consumer %gate into %loop
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$consumer, TransformHandleTypeInterface:$loops);
  let results = (outs TransformHandleTypeInterface:$fused, TransformHandleTypeInterface:$new_loops);
  let assemblyFormat = "$consumer `into` $loops attr-dict `:` functional-type(operands, results)";
}

def ReplaceWithCallOp : Op<Transform_Dialect, "gdpa.replace_with_call", [
    FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
    TransformOpInterface, TransformEachOpTrait]> {
  let summary = "replaces attention by a call of a function";
  let description = [{
    Each operation of `target`, one of `gdpa`, becomes a call of `function`, with the
    operands of the operation in their order (query, key, value, destinations, scale,
    captures, offsets, lengths for `gdpa.attention`) and its results: a kernel of the
    user's own in its place. That the function computes the same is the script's business.

    Produces a handle to the calls. Silenceable failure for another operation, and where the
    nearest symbol table has no function of that name or one of another type.

    ```mlir
    %call = transform.gdpa.replace_with_call %a, @my_attention : (!transform.any_op) -> !transform.any_op
    ```
  }];
  let arguments = (ins TransformHandleTypeInterface:$target, FlatSymbolRefAttr:$function);
  let results = (outs TransformHandleTypeInterface:$call);
  let assemblyFormat = "$target `,` $function attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    ::mlir::DiagnosedSilenceableFailure applyToOne(
        ::mlir::transform::TransformRewriter &rewriter, ::mlir::Operation *target,
        ::mlir::transform::ApplyToEachResultList &results,
        ::mlir::transform::TransformState &state);
  }];
}

#endif // GDPA_DIALECT_GDPA_TRANSFORMOPS_GDPATRANSFORMOPS_TD
