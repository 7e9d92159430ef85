//===- Passes.td - passes on block programs ---------------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_TD
#define GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPATileMaskBounds : Pass<"gdpa-tile-mask-bounds", "::mlir::gdpa_tile::ProgramOp"> {
  let summary = "visit no empty block; no mask arithmetic in a full one";
  let description = [{
    Reads the mask of each `gdpa_tile.keep` as a union of conjunctions of comparisons of
    linear forms in i, j and uniform scalars, with quotients and remainders by constants.
    From it follow, as scalar code:

    - the bounds of the loop over streamed blocks;
    - where the kept blocks between these bounds have holes (several conjunctions, quotients,
      remainders), an `scf.if` around the body of the loop;
    - whether every pair of the block is kept: the operation then stands in two versions, one
      without the mask.

    Integers that `where` bounds (captured document ids) enter with their bounds in the block: two
    ids can be equal where the ranges meet, and are where both are one number. A loop ahead finds
    the first and the last block that may hold a pair. What is no such
    comparison counts as possibly kept, not all kept, and is evaluated element by element. Arithmetic of `index` and of 64-bit integers is taken
    not to overflow; that of narrower integers is followed only where it cannot.

    ```mlir
    %o = scf.for %j0 = %c0 to %nk step %c64 iter_args(...) {
      ...
      %w = linalg.generic ... {
        ...
        %causal = arith.cmpi sge, %i, %j : index
        %keep = gdpa_tile.keep mask(%causal) query(%i from %i0 to %nq by 128) key(%j from %j0 to %nk by 64)
    // becomes
    %o = scf.for %j0 = %c0 to %end step %c64 iter_args(...) { // end = min(i0 + 128, nq, nk)
      ...
      %full = arith.cmpi sle, %jlast, %i0 : index
      %w = scf.if %full { linalg.generic ... } else { linalg.generic ... }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let options = [
    Option<"splitTails", "split-tails", "bool", "true",
      "two versions also where nothing but the ends of the sequences is tested">
  ];
}

def GDPATileHoistUniform : Pass<"gdpa-tile-hoist-uniform", "::mlir::gdpa_tile::ProgramOp"> {
  let summary = "compute what depends on i alone or on j alone once for a row";
  let description = [{
    Float values in the body of an operation on scores that depend on the rows of one side
    alone become the results of an operation of its own over these rows, and operands of the
    one on scores. Those of the stationary side leave the loop, and every loop around it in
    which nothing that they read changes. What costs less than `min-weight` simple operations
    stays: reading a row costs some as well.

    What depends on neither side is scalar code already when a block program is made.

    ```mlir
    scf.for %j0 = ... {
      %w = linalg.generic ins(%s, %b : tensor<128x64xf32>, tensor<64xf32>) ... {
      ^bb0(%in: f32, %bj: f32, %out: f32):
        %e = math.exp %bj : f32
        %z = arith.mulf %in, %e : f32
    // becomes
    scf.for %j0 = ... {
      %rows = linalg.generic ins(%b : tensor<64xf32>) ... { %e = math.exp ... } -> tensor<64xf32>
      %w = linalg.generic ins(%s, %rows : tensor<128x64xf32>, tensor<64xf32>) ... {
      ^bb0(%in: f32, %e: f32, %out: f32):
        %z = arith.mulf %in, %e : f32
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"minWeight", "min-weight", "int64_t", "4",
      "least cost of what is hoisted, in simple operations (elementary functions and gathers count 8, divisions 4)">
  ];
}

#endif // GDPA_DIALECT_GDPATILE_TRANSFORMS_PASSES_TD
