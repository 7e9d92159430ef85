//===- GDPANVOps.td - operations of the gdpa_nv dialect ---*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVOPS_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVOPS_TD

include "gdpa/Dialect/GDPANV/IR/GDPANVAttributes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class GDPANV_Op<string mnemonic, list<Trait> traits = []> : Op<GDPANV_Dialect, mnemonic, traits>;

def GDPANV_LaunchOp : GDPANV_Op<"launch", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel for every point of a grid";
  let description = [{
    What `gdpa_tile.launch` becomes once its program is a kernel of a `gpu.module`. The arguments are
    those of the program; `--gdpa-nv-flatten-parameters` says which parameters of the kernel they stand for. The kernel's
    attributes say the rest: `nvvm.maxntid` (threads) and `gdpa_nv.shared_bytes` (dynamic shared memory).

    ```mlir
    gdpa_nv.launch @kernels::@forward grid(%blocks, %heads, %batch) (%q, %k) : memref<...>, memref<...>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<Index>:$grid, Variadic<AnyType>:$arguments);
  let assemblyFormat = [{
    $kernel `grid` `(` $grid `)` `(` $arguments `)` attr-dict (`:` type($arguments)^)?
  }];
  let hasVerifier = 1;
}

def GDPANV_PointerOp : GDPANV_Op<"pointer", [Pure]> {
  let summary = "address of a buffer's first element in global memory";
  let description = [{
    The result is an LLVM pointer to address space 1. `--gdpa-nv-flatten-parameters` replaces it by a
    parameter of the kernel.
  }];
  let arguments = (ins AnyMemRef:$source);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
}

def GDPANV_CopyAsyncOp : GDPANV_Op<"copy_async", [AttrSizedOperandSegments, MemoryEffects<[MemWrite]>]> {
  let summary = "starts the copy of a block from global to shared memory";
  let description = [{
    All threads take part; the copy has happened once its group was waited for and a barrier passed.
    `at` is the byte offset of the block in the kernel's dynamic shared memory. What lies past the
    source's end is written as zero, without reading; so is everything where `active` is false.
    The block's type carries the layout `#gdpa_nv.shared`; `map` is that of `gdpa_tile.load`.
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
    AffineMapAttr:$map, I32:$at, Optional<I1>:$active, TypeAttrOf<AnyRankedTensor>:$block);
  let assemblyFormat = [{
    $source `[` $offsets `]` `map` $map `to` $at (`if` $active^)? attr-dict `:` type($source) `as` $block
  }];
  let hasVerifier = 1;
}

def GDPANV_ViewOp : GDPANV_Op<"view", [MemoryEffects<[MemRead]>]> {
  let summary = "a block in shared memory as a value";
  let description = [{
    The block may be read until the next barrier after which its bytes are written again: nothing may
    move its readers. `at` is its byte offset in the kernel's dynamic shared memory.
  }];
  let arguments = (ins I32:$at);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$at attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def GDPANV_ConvertOp : GDPANV_Op<"convert", [Pure]> {
  let summary = "the same block in another layout";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVOPS_TD
