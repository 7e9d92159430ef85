//===- GDPANVAsyncOps.td - the asynchronous protocol ------*- tablegen -*-===//
//
// Warp roles, rings, products in flight and turns: what Hopper's kernels need
// and upstream dialects lack. Local rules are verified here, the others by
// --gdpa-nv-check.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVASYNCOPS_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVASYNCOPS_TD

include "gdpa/Dialect/GDPANV/IR/GDPANVOps.td"
include "gdpa/Dialect/GDPANV/IR/GDPANVTypes.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

// What orders the protocol: no pass may move, merge or drop these.
class GDPANV_ProtocolOp<string mnemonic, list<Trait> traits = []>
    : GDPANV_Op<mnemonic, !listconcat(traits, [MemoryEffects<[MemRead, MemWrite]>])>;

def GDPANV_RolesOp : GDPANV_Op<"roles", [
    SingleBlockImplicitTerminator<"RoleEndOp">, NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "what the warps of a kernel do";
  let description = [{
    The first warpgroup runs `producer`, in one thread; the other `consumers` warpgroups run `consumer`, 64
    rows of every tile of an `acc` block each. Both begin after the rings' barriers are set up.
    `registers` (producer, consumer) are asked for by setmaxnreg.

    ```mlir
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
      ...
    } consumer {
      ...
    }
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<3>]>:$consumers,
    I64Attr:$producer_registers, I64Attr:$consumer_registers);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = [{
    `consumers` `(` $consumers `)` `registers` `(` $producer_registers `,` $consumer_registers `)` attr-dict-with-keyword
    `producer` $producer `consumer` $consumer
  }];
  let hasVerifier = 1;
}

def GDPANV_RoleEndOp : GDPANV_Op<"role_end", [Pure, Terminator, ReturnLike, HasParent<"RolesOp">]> {
  let summary = "ends a role";
  let assemblyFormat = "attr-dict";
}

def GDPANV_RingOp : GDPANV_Op<"ring", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a ring of slots in shared memory";
  let description = [{
    `at` is the byte offset of slot 0, `barriers` of its full barriers, which the empty ones follow; `--gdpa-nv-specialize-warps`
    gives them out.
  }];
  // Inside the shared memory of a block on sm_90.
  let arguments = (ins ConfinedAttr<I64Attr, [IntMinValue<0>, IntMaxValue<232448>]>:$at,
    ConfinedAttr<I64Attr, [IntMinValue<0>, IntMaxValue<232448>]>:$barriers);
  let results = (outs GDPANV_RingType:$result);
  let assemblyFormat = "`at` $at `barriers` $barriers attr-dict `:` type($result)";
}

def GDPANV_CursorOp : GDPANV_Op<"cursor", [Pure]> {
  let summary = "the first position of a ring";
  let results = (outs GDPANV_CursorType:$result);
  let assemblyFormat = "attr-dict";
}

def GDPANV_AdvanceOp : GDPANV_Op<"advance", [Pure]> {
  let summary = "the position after another";
  let arguments = (ins GDPANV_RingType:$ring, GDPANV_CursorType:$cursor);
  let results = (outs GDPANV_CursorType:$result);
  let assemblyFormat = "$ring `[` $cursor `]` attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

def GDPANV_SendOp : GDPANV_ProtocolOp<"send"> {
  let summary = "fills a slot of a ring from global memory";
  let description = [{
    Waits until the slot is empty and starts the copy by TMA; it completes the slot's full barrier. What lies past the
    buffer's end arrives as zeros. Only the producer sends.

    ```mlir
    gdpa_nv.send %k[%b, %h, %j, %c0] to %keys[%cursor] : memref<...>, !gdpa_nv.ring<...>
    ```
  }];
  let arguments = (ins Arg<AnyMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
    GDPANV_RingType:$ring, GDPANV_CursorType:$cursor);
  let assemblyFormat = [{
    $source `[` $offsets `]` `to` $ring `[` $cursor `]` attr-dict `:` type($source) `,` type($ring)
  }];
  let hasVerifier = 1;
}

def GDPANV_ReceiveOp : GDPANV_ProtocolOp<"receive"> {
  let summary = "waits for a slot and gives its block";
  let description = [{
    The block may be read until the slot is released. `late` says that the wait stands behind code that should not wait: it
    is tested once before it blocks.
  }];
  let arguments = (ins GDPANV_RingType:$ring, GDPANV_CursorType:$cursor, UnitAttr:$late);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "(`late` $late^)? $ring `[` $cursor `]` attr-dict `:` type($ring) `->` type($result)";
  let hasVerifier = 1;
}

def GDPANV_ReleaseOp : GDPANV_ProtocolOp<"release"> {
  let summary = "says that this warp has read a slot";
  let arguments = (ins GDPANV_RingType:$ring, GDPANV_CursorType:$cursor);
  let assemblyFormat = "$ring `[` $cursor `]` attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

def GDPANV_FenceOp : GDPANV_ProtocolOp<"fence", [AllTypesMatch<["values", "results"]>]> {
  let summary = "makes register operands visible to the products that follow";
  let description = [{
    Stands before a group of products, with the blocks in registers that they read or add to. Nothing may be in flight.

    ```mlir
    gdpa_nv.fence
    %ready:2 = gdpa_nv.fence of %p, %acc : tensor<...>, tensor<...>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "(`of` $values^ `:` type($values))? attr-dict";
}

def GDPANV_HoldOp : GDPANV_ProtocolOp<"hold", [AllTypesMatch<["values", "results"]>]> {
  let summary = "keeps the computation of blocks before what follows";
  let description = [{
    Costs no instruction. Without it the assembler moves the computation behind the next wait for a slot.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def GDPANV_MmaAsyncOp : GDPANV_ProtocolOp<"mma_async"> {
  let summary = "starts a product on the tensor cores";
  let description = [{
    `lhs` (in registers, layout `lhs`, or in shared memory) times `rhs` (in shared memory), added to `accumulator` where
    there is one. `transposed`: the right operand is [columns][depth], else [depth][columns]. A group of its own for `gdpa_nv.wait`.

    ```mlir
    %s = gdpa_nv.mma_async %q, %k transposed : tensor<...>, tensor<...> -> !gdpa_nv.pending<tensor<...>>
    %o = gdpa_nv.mma_async %p, %v into %acc : tensor<...>, tensor<...> -> !gdpa_nv.pending<tensor<...>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, Optional<AnyRankedTensor>:$accumulator, UnitAttr:$transposed);
  let results = (outs GDPANV_PendingType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`into` $accumulator^ `:` type($accumulator))? (`transposed` $transposed^)? attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)
  }];
  let hasVerifier = 1;
}

def GDPANV_WaitOp : GDPANV_ProtocolOp<"wait", [AttrSizedOperandSegments]> {
  let summary = "waits for products in flight";
  let description = [{
    Until at most `inflight` younger products are in flight. The results are the blocks of `pending`, then `kept`: values whose computation
    stays before the wait, and the register operands of the products, whose registers are taken until then.

    ```mlir
    %S = gdpa_nv.wait %s inflight 1 : !gdpa_nv.pending<tensor<...>> -> tensor<...>
    %O, %W1 = gdpa_nv.wait %o keep %W inflight 0 : ...
    ```
  }];
  let arguments = (ins Variadic<GDPANV_PendingType>:$pending, Variadic<AnyRankedTensor>:$kept, I64Attr:$inflight);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $pending (`keep` $kept^ `:` type($kept))? `inflight` $inflight attr-dict `:` type($pending) `->` type($results)
  }];
  let hasVerifier = 1;
}

def GDPANV_OpenTurnsOp : GDPANV_ProtocolOp<"open_turns"> {
  let summary = "gives the first turn to the first consumer";
  let assemblyFormat = "attr-dict";
}
def GDPANV_CloseTurnsOp : GDPANV_ProtocolOp<"close_turns"> {
  let summary = "takes back the last turn";
  let assemblyFormat = "attr-dict";
}
def GDPANV_AwaitTurnOp : GDPANV_ProtocolOp<"await_turn"> {
  let summary = "waits until the consumer before has issued its products";
  let description = [{
    Consumers take turns at the tensor cores, so that one computes activations while another multiplies. A
    named barrier for each consumer.
  }];
  let assemblyFormat = "attr-dict";
}
def GDPANV_PassTurnOp : GDPANV_ProtocolOp<"pass_turn"> {
  let summary = "lets the next consumer issue its products";
  let assemblyFormat = "attr-dict";
}

def GDPANV_ProcessorsOp : GDPANV_Op<"processors", [Pure]> {
  let summary = "how many multiprocessors the device has";
  let description = [{ Host code; the launch description says `sm_count`. }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def GDPANV_ForTilesOp : GDPANV_Op<"for_tiles", [
    SingleBlockImplicitTerminator<"TilesEndOp">, RecursiveMemoryEffects]> {
  let summary = "the tiles that one block of a persistent kernel computes";
  let description = [{
    Tiles 0 to `total` - 1 are taken in order by the blocks of the grid, as they become free: the first by its position
    in the grid, the others from `counter`, which is zero before the kernel runs. The region takes the tile's number.

    ```mlir
    gdpa_nv.for_tiles %total counter %counter : memref<1xi32> {
    ^bb0(%tile: i32):
      ...
    }
    ```
  }];
  let arguments = (ins I32:$total, Arg<AnyMemRef, "", [MemRead, MemWrite]>:$counter);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$total `counter` $counter attr-dict `:` type($counter) $body";
  let hasVerifier = 1;
}

def GDPANV_TilesEndOp : GDPANV_Op<"tiles_end", [Pure, Terminator, ReturnLike, HasParent<"ForTilesOp">]> {
  let summary = "ends the work on a tile";
  let assemblyFormat = "attr-dict";
}

def GDPANV_DrawOp : GDPANV_ProtocolOp<"draw"> {
  let summary = "takes the next number from a counter in global memory";
  let arguments = (ins Arg<AnyMemRef, "", [MemRead, MemWrite]>:$counter);
  let results = (outs I32:$result);
  let assemblyFormat = "$counter attr-dict `:` type($counter)";
}

def GDPANV_PostOp : GDPANV_ProtocolOp<"post"> {
  let summary = "writes a number to a slot of a ring of messages";
  let description = [{ Waits until the slot is empty. Only the producer posts. }];
  let arguments = (ins I32:$value, GDPANV_RingType:$ring, GDPANV_CursorType:$cursor);
  let assemblyFormat = "$value `to` $ring `[` $cursor `]` attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

def GDPANV_TakeOp : GDPANV_ProtocolOp<"take"> {
  let summary = "waits for a number, reads it and releases its slot";
  let arguments = (ins GDPANV_RingType:$ring, GDPANV_CursorType:$cursor);
  let results = (outs I32:$result);
  let assemblyFormat = "$ring `[` $cursor `]` attr-dict `:` type($ring)";
  let hasVerifier = 1;
}

def GDPANV_TensorMapOp : GDPANV_Op<"tensor_map", [Pure]> {
  let summary = "the TMA descriptor of a buffer";
  let description = [{
    The buffer's last dimension, the one before it (in boxes of `rows` times `columns`) and the others. `--gdpa-nv-flatten-parameters`
    replaces it by a parameter of the kernel, which the launch description names.
  }];
  let arguments = (ins AnyMemRef:$source, I64Attr:$rows, I64Attr:$columns);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$source `box` `(` $rows `,` $columns `)` attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def GDPANV_WatchOp : GDPANV_ProtocolOp<"watch", [AttrSizedOperandSegments]> {
  let summary = "tells the kernel's watch of an event of the protocol";
  let description = [{
    Debug code that `--gdpa-nv-instrument` puts into a kernel: a message and a trap where the event breaks the protocol. Events:
    `begin` (all threads, before the roles), `send`, `receive`, `release` (of the slot at the ring's cursor), `read` (a product reads the block),
    `convert` (the block is read into registers), `start` (a product) and `wait` (`inflight` products may be left).

    ```mlir
    gdpa_nv.watch "receive" of %ring[%cursor] : !gdpa_nv.ring<...>
    gdpa_nv.watch "read" block %block : tensor<...>
    gdpa_nv.watch "wait" inflight 1
    ```
  }];
  let arguments = (ins StrAttr:$event, Optional<GDPANV_RingType>:$ring, Optional<GDPANV_CursorType>:$cursor,
    Optional<AnyRankedTensor>:$block, OptionalAttr<I64Attr>:$inflight);
  let assemblyFormat = [{
    $event (`of` $ring^ `[` $cursor `]` `:` type($ring))? (`block` $block^ `:` type($block))? (`inflight` $inflight^)? attr-dict
  }];
  let hasVerifier = 1;
}

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVASYNCOPS_TD
