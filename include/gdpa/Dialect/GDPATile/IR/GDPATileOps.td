//===- GDPATileOps.td - operations of the gdpa_tile dialect *- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPATILE_IR_GDPATILEOPS_TD
#define GDPA_DIALECT_GDPATILE_IR_GDPATILEOPS_TD

include "gdpa/Dialect/GDPATile/IR/GDPATileDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class GDPATile_Op<string mnemonic, list<Trait> traits = []>
    : Op<GDPATile_Dialect, mnemonic, traits>;

def GDPATile_ProgramOp : GDPATile_Op<"program", [
    FunctionOpInterface, IsolatedFromAbove, AutomaticAllocationScope]> {
  let summary = "what one block of a kernel computes";
  let description = [{
    A function without results over memrefs and scalars, run once for each point of the
    grid of the `gdpa_tile.launch` that names it. Points may run in any order and at the
    same time.

    ```mlir
    gdpa_tile.program @forward(%q: memref<?x?x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>>, ...) {
      %block = gdpa_tile.program_id 0
      ...
      gdpa_tile.return
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
    OptionalAttr<StrAttr>:$sym_visibility,
    OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region MinSizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def GDPATile_ReturnOp : GDPATile_Op<"return", [Pure, Terminator, ReturnLike, HasParent<"ProgramOp">]> {
  let summary = "ends a block program";
  let assemblyFormat = "attr-dict";
}

def GDPATile_ProgramIdOp : GDPATile_Op<"program_id", [Pure]> {
  let summary = "position of this block in the grid";
  let description = [{ `%x = gdpa_tile.program_id 0` is the position along dimension 0, 1 or 2 of the grid. }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntMinValue<0>, IntMaxValue<2>]>:$dimension);
  let results = (outs Index:$result);
  let assemblyFormat = "$dimension attr-dict";
}

def GDPATile_LaunchOp : GDPATile_Op<"launch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a block program for every point of a grid";
  let description = [{
    Launches of a host function run in order.

    ```mlir
    gdpa_tile.launch @forward grid(%blocks, %heads, %batch) (%q, %k) : memref<...>, memref<...>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$program, Variadic<Index>:$grid, Variadic<AnyType>:$arguments);
  let assemblyFormat = [{
    $program `grid` `(` $grid `)` `(` $arguments `)` attr-dict (`:` type($arguments)^)?
  }];
  let hasVerifier = 1;
}

def GDPATile_WorkspaceOp : GDPATile_Op<"workspace"> {
  let summary = "device memory that lives for one call of a host function";
  let description = [{
    A buffer that the runtime provides; `zero` says that it is cleared before the first launch.

    ```mlir
    %partial = gdpa_tile.workspace(%ranges, %queries) zero : memref<?x?x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$dynamic_sizes, UnitAttr:$zero);
  let results = (outs Res<AnyMemRef, "", [MemAlloc]>:$result);
  let assemblyFormat = "`(` $dynamic_sizes `)` (`zero` $zero^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def GDPATile_LoadOp : GDPATile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "reads a block of a buffer; what lies past its end is zero";
  let description = [{
    Element (r0, r1, ...) of the result is element `offsets + map(r0, r1, ...)` of the
    source, where `map` takes the positions of the result to one offset for each dimension
    of the source; without a map the result's dimensions are the last dimensions of the
    source. Elements at or past the source's extents are zero and are not read; with
    `clamp` they are those of the nearest position inside instead (zero where there is none).
    A result of a wider float type holds the extended values. Dynamic sizes of the result
    stand in `sizes`.

    ```mlir
    // 64 rows from %j0 of one head
    %K = gdpa_tile.load %k[%b, %h, %j0, %c0] : memref<?x?x?x64xbf16> -> tensor<64x64xbf16>
    // the same rows as panels of 16, transposed, in f32
    %Kt = gdpa_tile.load %k[%b, %h, %j0, %c0] map affine_map<(p, d, i) -> (0, 0, p * 16 + i, d)>
        sizes(%panels) : memref<?x?x?x64xbf16> -> tensor<?x64x16xf32>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
    OptionalAttr<AffineMapAttr>:$map, Variadic<Index>:$sizes, UnitAttr:$clamp);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source `[` $offsets `]` (`map` $map^)? (`sizes` `(` $sizes^ `)`)? (`clamp` $clamp^)? attr-dict `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The map, or the one that stands for its absence.
    ::mlir::AffineMap getCoordinateMap();
  }];
}

def GDPATile_StoreOp : GDPATile_Op<"store"> {
  let summary = "writes a block to a buffer; what lies past its end is dropped";
  let description = [{
    The mirror image of `gdpa_tile.load`: elements outside the destination are dropped, a
    narrower float type of the destination takes the rounded values.

    ```mlir
    gdpa_tile.store %O, %o[%b, %h, %i0, %c0] : tensor<128x64xf32>, memref<?x?x?x64xbf16>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$value, Arg<AnyMemRef, "", [MemWrite]>:$destination,
    Variadic<Index>:$offsets, OptionalAttr<AffineMapAttr>:$map);
  let assemblyFormat = [{
    $value `,` $destination `[` $offsets `]` (`map` $map^)? attr-dict `:` type($value) `,` type($destination)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{ ::mlir::AffineMap getCoordinateMap(); }];
}

def GDPATile_AccumulateOp : GDPATile_Op<"accumulate", [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "adds every element of a block to an element of a buffer";
  let description = [{
    The region takes the position of an element inside the block and yields the index of
    the element of the destination to which it is added. Several elements may name the
    same destination; the order of the sums is fixed for one program, so that repeated
    runs agree bit by bit. `distinct` promises that all indices differ. Elements whose index
    lies outside the destination are dropped. Where an index is itself computed for each element,
    it comes as a block of i32 after `at`, whose element the region takes after the position.
    The block is f32 or f64; a destination of f64
    sums the extended values of an f32 block.

    ```mlir
    gdpa_tile.accumulate %G into %dB : tensor<64x64xf32>, memref<?x?xf32> {
    ^bb0(%r: index, %c: index):
      %j = arith.addi %j0, %c : index
      gdpa_tile.yield %h, %j : index, index
    }
    gdpa_tile.accumulate %G at(%I : tensor<64x64xi32>) into %dTable : tensor<64x64xf32>, memref<?xf32> {
    ^bb0(%r: index, %c: index, %i: i32):
      %at = arith.index_cast %i : i32 to index
      gdpa_tile.yield %at : index
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$value, Variadic<AnyRankedTensor>:$places, Arg<AnyMemRef, "", [MemRead, MemWrite]>:$destination,
    UnitAttr:$distinct);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$value (`at` `(` $places^ `:` type($places) `)`)? `into` $destination (`distinct` $distinct^)? attr-dict `:` type($value) `,` type($destination) $body";
  let hasVerifier = 1;
}

def GDPATile_KeepOp : GDPATile_Op<"keep", [Pure, AttrSizedOperandSegments]> {
  let summary = "whether a pair of a score block counts";
  let description = [{
    Stands in the body of an operation over a block of scores. `query(%i from %i0 to %nq by
    128)` says that the element at hand lies at query `%i` of a block of at most 128 rows that
    begins at `%i0`, of `%nq` queries; `key(...)` likewise. The result is `mask` (true where
    there is none) and, for each side marked `tail`, that the position is below the end.
    What `mask` says of a position at or past an end has no meaning. `where` names integers
    that the body takes, each the value of a row of one side, and between which numbers those of
    the whole block lie; the numbers are below 2^59, or say nothing by being -2^59 and 2^59.

    A promise comes with it: where the result is false for every pair of the block, one
    iteration of the innermost loop around changes neither the values that the loop carries
    nor memory, so it may be left out. `--gdpa-tile-mask-bounds` makes use of it and puts
    ordinary operations in the place of this one.

    ```mlir
    %keep = gdpa_tile.keep mask(%causal) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64 tail)
    %w = arith.select %keep, %z, %zero : f32
    // %same compares two documents of the body
    %keep = gdpa_tile.keep mask(%same) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64)
        where(%of_i, %of_j : i32, i32 from %low_i, %low_j to %high_i, %high_j)
    ```
  }];
  let arguments = (ins Optional<I1>:$mask,
    Index:$query, Index:$query_base, Index:$query_end,
    ConfinedAttr<I64Attr, [IntPositive]>:$query_block, UnitAttr:$query_tail,
    Index:$key, Index:$key_base, Index:$key_end,
    ConfinedAttr<I64Attr, [IntPositive]>:$key_block, UnitAttr:$key_tail,
    Variadic<AnySignlessIntegerOrIndex>:$values, Variadic<Index>:$lows, Variadic<Index>:$highs);
  let results = (outs I1:$result);
  let assemblyFormat = [{
    (`mask` `(` $mask^ `)`)?
    `query` `(` $query `from` $query_base `to` $query_end `by` $query_block (`tail` $query_tail^)? `)`
    `key` `(` $key `from` $key_base `to` $key_end `by` $key_block (`tail` $key_tail^)? `)`
    (`where` `(` $values^ `:` type($values) `from` $lows `to` $highs `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def GDPATile_YieldOp : GDPATile_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"AccumulateOp">]> {
  let summary = "yields the index of the destination";
  let arguments = (ins Variadic<Index>:$indices);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
  let assemblyFormat = "attr-dict ($indices^ `:` type($indices))?";
}

#endif // GDPA_DIALECT_GDPATILE_IR_GDPATILEOPS_TD
