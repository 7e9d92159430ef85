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

// What both attention operations have in common. Their constraints are numbered in
// the descriptions; the verifier and its tests repeat the numbers.
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
  let description = [{
    For batch b, query head h (its key/value head is `g = h floordiv (Hq / Hkv)`), query i
    of nq and key j of nk:

    ```
    s    = scale * sum over d of query[b, h, i, d] * key[b, g, j, d]
    z    = activation(s, b, h, i, j, nq, nk, captures...)
    w    = mask(b, h, i, j, nq, nk, captures...) ? f(z) : 0
             none     f(z) = z
             sum      f(z) = z / r[i],          r[i]   = sum over kept j of z
             softmax  f(z) = exp(z - lse[i]),   lse[i] = log of the sum over kept j of exp(z)
    o[i] = sum over j of w * value[b, g, j]
    ```

    All arithmetic is in the compute type: f64 for f64 storage, else f32. Row statistics
    (r or lse) are a second result exactly where there is a normalizer. Without a mask every
    pair is kept. i and j count inside their own sequence, nq and nk are its lengths.

    On tensors the destinations (`outs`) give the results their sizes and, after
    bufferization, their memory; on memrefs they are written and there are no results.
    Their old content is never read. The operation is isolated from above: what a region
    needs from outside is a capture, and every region takes all captures in order.
    `vjp(s, ct, ...)` is the vector-Jacobian product of the activation where the user
    knows a better one than automatic differentiation finds.

    A tile of a larger attention says where it lies: `offsets(b0, h0, i0, j0)` are added to
    the coordinates b, h, i, j that the regions see, `lengths(nq, nk)` are the lengths of the
    whole sequences, which the regions see instead of the tile's own. Captures are never
    sliced: a region indexes them with the coordinates of the whole. Which key head a query
    head uses follows from the tile's own heads.

    ```mlir
    %o = gdpa.attention bhsd none
        ins(%q, %k, %v : tensor<1x2x16x64xf32>, tensor<1x1x?x64xf32>, tensor<1x1x?x64xf32>)
        outs(%o0 : tensor<1x2x16x64xf32>)
        scale(%c : f32)
        offsets(%b0, %h0, %i0, %zero)
        lengths(%nq, %nk)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
          gdpa.yield %s : f32
        }
        -> tensor<1x2x16x64xf32>
    ```

    ```mlir
    %o, %st = gdpa.attention bhsd softmax
        ins(%q, %k, %v : tensor<2x16x?x128xbf16>, tensor<2x4x?x128xbf16>, tensor<2x4x?x96xbf16>)
        outs(%o0, %st0 : tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>)
        scale(%c : f32)
        captures(%bias : tensor<16x?xf32>)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>) {
          %r = tensor.extract %B[%h, %j] : tensor<16x?xf32>
          %z = arith.addf %s, %r : f32
          gdpa.yield %z : f32
        }
        mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %B: tensor<16x?xf32>) {
          %keep = arith.cmpi sge, %i, %j : index
          gdpa.yield %keep : i1
        }
        {precision = #gdpa.precision<exact>}
        -> tensor<2x16x?x96xbf16>, tensor<2x16x?xf32>
    ```

    Constraints; sizes are compared where they are static:

    - (C1) One query, key, value, output destination and scale; at most one destination of
      statistics. (Only the generic form can say otherwise.)
    - (C2) All shaped operands are ranked tensors, or all are memrefs (any strides). Each
      destination that is a tensor has a result of its type; memrefs have none.
    - (C3) Query, key, value and output have rank 4: [B, H, S, D] for `bhsd`, [B, S, H, D]
      for `bshd`; rank 3, [total, H, D], for `thd`, whose sequences lie one after the other.
    - (C4) They have one element type, the storage type: f64, f32, bf16 or f16.
    - (C5) They have one batch size.
    - (C6) Query and output have Hq heads, key and value have Hkv, Hq is a multiple of Hkv,
      and there is at least one.
    - (C7) Query and key have one depth, value and output have one depth; both are positive.
    - (C8) Query and output have one number of rows, key and value have one.
    - (C9) A destination of statistics stands exactly where the normalizer is not `none`; it
      is [B, H, Sq] ([H, total] for `thd`) in the compute type.
    - (C10) `scale` has the compute type.
    - (C11) `cu_seqlens` stands exactly for `thd`: the first row of each sequence and, last,
      the number of rows; one for queries and one for keys, of rank 1, of one size and one
      element type, i32 or i64.
    - (C12) A capture is a scalar, or a tensor or memref of rank 1 to 4, of type f64, f32,
      bf16, f16, index or a signless integer of at most 64 bits.
    - (C13) A region is one block with arguments (s or s, ct), b, h, i, j, nq, nk and one
      for each capture, of its type; s and ct have the compute type, the others are index.
    - (C14) A region ends in `gdpa.yield`: of z from the activation and ds from vjp (compute
      type), of a kept bit (i1) from the mask.
    - (C15) A region's operations have no memory effects. Of `scf`, `if` and `for` with
      constant bounds are allowed.
    - (C16) `tensor.extract` and `memref.load` read captures only, and their constant
      indices lie inside its static sizes. (A run-time index is clamped.)
    - (C17) `gdpa.accumulate` as its own page says.
    - (C18) `offsets` are none or four, `lengths` none or two; `lengths` only where layout is
      not `thd`, whose sequences have lengths of their own.
  }];
  let arguments = (ins
    GDPA_Shaped:$query, GDPA_Shaped:$key, GDPA_Shaped:$value,
    GDPA_Shaped:$output_init, Optional<GDPA_Shaped>:$statistics_init,
    AnyFloat:$scale,
    Optional<GDPA_Shaped>:$cu_seqlens_query, Optional<GDPA_Shaped>:$cu_seqlens_key,
    Variadic<AnyType>:$captures,
    Variadic<Index>:$offsets, Variadic<Index>:$lengths,
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
  let description = [{
    Given the cotangent dO of the output, and where they are used dstats of the row
    statistics, computes the gradients of query, key, value and of the captures that `wrt`
    names. Notation and shapes are those of `gdpa.attention`:

    ```
    ct   = none     dO[i] . v[j]
           sum      (dO[i] . v[j] - delta[i]) / r[i] + dr[i]
           softmax  w * (dO[i] . v[j] - delta[i] + dlse[i])      delta[i] = dO[i] . o[i]
    z, ds = joint(s, ct, b, h, i, j, nq, nk, captures...)        masked pairs: nothing
    dv[j] = sum over i of w * dO[i]
    dq[i] = scale * sum over j of ds * k[j]
    dk[j] = scale * sum over i of ds * q[i]
    ```

    The joint region computes the activation and its vector-Jacobian product at once, so
    that they share sub-expressions; it adds to the captures' gradients with
    `gdpa.accumulate`. `saved` holds output and statistics of the forward operation where
    there is a normalizer. Destinations are overwritten, never read. The results are dq, dk,
    dv and one gradient for each entry of `wrt`; that of a scalar capture has rank 0.

    ```mlir
    %dq, %dk, %dv, %dt = gdpa.attention_backward bhsd none
        ins(%q, %k, %v, %do : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>, tensor<2x8x?x32xf32>)
        outs(%dq0, %dk0, %dv0, %dt0 : tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>, tensor<f32>)
        scale(%c : f32)
        captures(%t : f32) wrt [0]
        joint(%s: f32, %ct: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %T: f32) {
          %z = arith.mulf %s, %T : f32
          %ds = arith.mulf %ct, %T : f32
          %dt = arith.mulf %ct, %s : f32
          gdpa.accumulate %dt, %T : f32, f32
          gdpa.yield %z, %ds : f32, f32
        }
        -> tensor<2x8x?x64xf32>, tensor<2x2x?x64xf32>, tensor<2x2x?x32xf32>, tensor<f32>
    ```

    `offsets` and `lengths` are those of `gdpa.attention`. Constraints (C1) to (C18) are its,
    too, where the joint region takes s
    and ct and yields z and ds; dO has the shape of the output, dq, dk and dv those of query,
    key and value. Further:

    - (C19) `saved` stands exactly where the normalizer is not `none`; its statistics are as
      in (C9).
    - (C20) A cotangent of the statistics stands only where the normalizer is not `none`; it
      is as in (C9).
    - (C21) `wrt` holds strictly increasing positions of float captures.
    - (C22) There is one destination for each entry of `wrt`, with the capture's shape and
      element type; rank 0 for a scalar.
  }];
  let arguments = (ins
    GDPA_Shaped:$query, GDPA_Shaped:$key, GDPA_Shaped:$value,
    GDPA_Shaped:$d_output, Optional<GDPA_Shaped>:$d_statistics,
    Optional<GDPA_Shaped>:$output, Optional<GDPA_Shaped>:$statistics,
    GDPA_Shaped:$d_query_init, GDPA_Shaped:$d_key_init, GDPA_Shaped:$d_value_init,
    Variadic<GDPA_Shaped>:$d_capture_inits,
    AnyFloat:$scale,
    Optional<GDPA_Shaped>:$cu_seqlens_query, Optional<GDPA_Shaped>:$cu_seqlens_key,
    Variadic<AnyType>:$captures,
    Variadic<Index>:$offsets, Variadic<Index>:$lengths,
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

def GDPA_AttentionPartialOp : GDPA_AttentionOpBase<"attention_partial"> {
  let summary = "attention to some of the keys, not yet normalized";
  let description = [{
    Continues row sums over keys that lie in several pieces: one after the other, in several
    threads or on several devices. In the notation of `gdpa.attention`, with m, l and acc the
    old content of the destinations and the sums over the kept keys of this operation:

    ```
    none     acc' = acc + sum of z * v[j]
    sum      acc' = acc + sum of z * v[j],   l' = l + sum of z
    softmax  m'   = max(m, every z)
             l'   = l * exp(m - m') + sum of exp(z - m')
             acc' = acc * exp(m - m') + sum of exp(z - m') * v[j]
    ```

    A row that has kept nothing yet has m = -inf, l = 0, acc = 0: so do the destinations of
    the first piece. `gdpa.attention_merge` makes output and statistics from the states of
    one or of several pieces. All states are in the compute type. Unlike those of the other
    operations, the destinations are read.

    ```mlir
    %acc, %m, %l = gdpa.attention_partial bhsd softmax
        ins(%q, %k, %v : tensor<2x8x?x64xbf16>, tensor<2x2x128x64xbf16>, tensor<2x2x128x32xbf16>)
        outs(%acc0, %m0, %l0 : tensor<2x8x?x32xf32>, tensor<2x8x?xf32>, tensor<2x8x?xf32>)
        scale(%c : f32)
        offsets(%zero, %zero, %zero, %j0)
        lengths(%nq, %nk)
        activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
          gdpa.yield %s : f32
        }
        -> tensor<2x8x?x32xf32>, tensor<2x8x?xf32>, tensor<2x8x?xf32>
    ```

    Constraints (C1) to (C18) are those of `gdpa.attention`, where acc takes the place of the
    output, m and l that of the statistics, and only query, key and value have the storage
    type. Further:

    - (C23) The layout is `bhsd` or `bshd`: the pieces of a jagged batch are other operations.
    - (C24) acc has the compute type. l stands exactly where the normalizer is not `none`, m
      exactly where it is `softmax`; they are as the statistics in (C9).
  }];
  let arguments = (ins
    GDPA_Shaped:$query, GDPA_Shaped:$key, GDPA_Shaped:$value,
    GDPA_Shaped:$accumulator_init, Optional<GDPA_Shaped>:$maximum_init, Optional<GDPA_Shaped>:$total_init,
    AnyFloat:$scale,
    Variadic<AnyType>:$captures,
    Variadic<Index>:$offsets, Variadic<Index>:$lengths,
    GDPA_LayoutAttr:$layout, GDPA_NormalizerAttr:$normalizer,
    OptionalAttr<GDPA_PrecisionAttr>:$precision);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$activation, AnyRegion:$mask);

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

def GDPA_AttentionMergeOp : GDPA_Op<"attention_merge", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "output and statistics of attention from the states of its pieces";
  let description = [{
    Each state of `gdpa.attention_partial` has one more leading dimension: the pieces p, which
    split the keys of the same queries among them. Where they came from does not matter.

    ```
    none     o = sum over p of acc[p]
    sum      r = sum over p of l[p],                          o = sum over p of acc[p] / r
    softmax  m = max over p of m[p],  x[p] = exp(m[p] - m)
             l = sum over p of x[p] * l[p],  lse = m + log(l),  o = sum over p of x[p] * acc[p] / l
    ```

    A row that kept nothing has o = 0, r = 0, lse = -inf. Sums are made in the compute type
    and rounded once, to the output's type.

    ```mlir
    %o, %st = gdpa.attention_merge bhsd softmax
        ins(%acc, %m, %l : tensor<4x2x8x?x32xf32>, tensor<4x2x8x?xf32>, tensor<4x2x8x?xf32>)
        outs(%o0, %st0 : tensor<2x8x?x32xbf16>, tensor<2x8x?xf32>)
        -> tensor<2x8x?x32xbf16>, tensor<2x8x?xf32>
    ```

    Constraints:

    - (C25) One accumulator and one output destination; l and a destination of statistics
      stand exactly where the normalizer is not `none`, m exactly where it is `softmax`. All
      are ranked tensors, or all are memrefs.
    - (C26) The layout is `bhsd` or `bshd`; the output has rank 4 and type f64, f32, bf16 or
      f16; acc has rank 5, m and l have rank 4, statistics rank 3. All but the output have
      its compute type.
    - (C27) acc, m and l have one number of pieces, at least one; their other sizes are those
      of output and statistics, which agree in batch size, heads and queries.
  }];
  let arguments = (ins
    GDPA_Shaped:$accumulator, Optional<GDPA_Shaped>:$maximum, Optional<GDPA_Shaped>:$total,
    GDPA_Shaped:$output_init, Optional<GDPA_Shaped>:$statistics_init,
    GDPA_LayoutAttr:$layout, GDPA_NormalizerAttr:$normalizer);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;

  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable();
    bool hasStatistics() { return getNormalizer() != ::mlir::gdpa::Normalizer::None; }
    ::mlir::Type getStorageType();
    ::mlir::Type getComputeType();
    bool hasTensorSemantics() { return ::llvm::isa<::mlir::RankedTensorType>(getAccumulator().getType()); }
  }];
}

def GDPA_YieldOp : GDPA_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["AttentionOp", "AttentionBackwardOp", "AttentionPartialOp"]>]> {
  let summary = "ends a region of an attention operation";
  let description = [{
    Yields z from an activation, the kept bit (i1) from a mask, ds from a vjp region,
    z and ds from a joint region.

    ```mlir
    gdpa.yield %z : f32
    gdpa.yield %keep : i1
    gdpa.yield %z, %ds : f32, f32
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

def GDPA_AccumulateOp : GDPA_Op<"accumulate", [MemoryEffects<[MemWrite]>]> {
  let summary = "adds to the gradient of one element of a capture";
  let description = [{
    Adds `$gradient` to the gradient of element `$indices` of the capture that the block
    argument `$capture` stands for; the pair's mask applies. It reads nothing: the capture
    only names where the gradient belongs.

    ```mlir
    gdpa.accumulate %g, %B[%h, %j] : f32, tensor<16x?xf32>
    gdpa.accumulate %g, %T : f32, f32
    ```

    Constraint (C17) of the attention operations:

    - It stands in a joint or vjp region, also below `scf.if` and `scf.for`.
    - `$capture` is the region's argument of a float capture, in a joint region of one that
      `wrt` names.
    - There are as many indices as the capture has dimensions (none for a scalar); constant
      ones lie inside its static sizes.
    - `$gradient` has the capture's element type or the compute type.
  }];
  let arguments = (ins AnyFloat:$gradient, AnyType:$capture, Variadic<Index>:$indices);
  let assemblyFormat = "$gradient `,` $capture (`[` $indices^ `]`)? attr-dict `:` type($gradient) `,` type($capture)";
  let hasVerifier = 1;
  // Not removable: it writes a gradient that no value names.
}

#endif // GDPA_DIALECT_GDPA_IR_GDPAOPS_TD
