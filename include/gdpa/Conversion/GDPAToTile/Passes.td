//===- Passes.td - from gdpa to block programs -------------*- tablegen -*-===//

#ifndef GDPA_CONVERSION_GDPATOTILE_PASSES_TD
#define GDPA_CONVERSION_GDPATOTILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertGDPAToTile : Pass<"convert-gdpa-to-tile", "::mlir::ModuleOp"> {
  let summary = "make the block programs of attention operations";
  let description = [{
    Each attention operation on buffers becomes `gdpa_tile.program`s and their launches. One
    generator makes every program; the schedule (see `--gdpa-plan`) says how rows are blocked
    and packed, and whether dQ has a kernel of its own.

    - forward: query-stationary.
    - backward, kernels of their own: key-stationary for dK and dV, query-stationary for dQ;
      deterministic.
    - backward, one kernel: key-stationary over a fixed number of key ranges, dQ of each range in a
      workspace, summed in order by a second program; deterministic.

    Captures indexed by i, by j or by both become operands of the score block, other reads
    are gathers of clamped indices. `scf.if` in a region becomes selects, loops are unrolled.

    Other layouts than `bhsd` are views: `bshd` and `thd` buffers are transposed by their strides
    before a launch. A program of a jagged batch (`thd`) finds its sequence by a binary search in
    cu_seqlens, clamped to the rows that there are, and works on a `memref.subview` of that
    sequence's rows: nothing of a neighbour is read.

    Refused with an error: normalizers `sum` and `softmax`, user-written vjp regions, head dims that are not multiples of 8 up to 256.

    ```mlir
    gdpa.attention bhsd none ins(%q, %k, %v : memref<...>, ...) outs(%o : memref<...>) ...
    // becomes
    gdpa_tile.launch @attention_forward grid(%blocks, %heads, %batch) (%q, %k, %v, %o, %scale) : ...
    ```
  }];
  let dependentDialects = [
    "::mlir::gdpa_tile::GDPATileDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect", "::mlir::memref::MemRefDialect"
  ];
}

#endif // GDPA_CONVERSION_GDPATOTILE_PASSES_TD
