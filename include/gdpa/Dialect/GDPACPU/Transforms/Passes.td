//===- Passes.td - from block programs to register tiles --*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_TD
#define GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPACPUProgramToFunc : Pass<"gdpa-cpu-program-to-func", "::mlir::ModuleOp"> {
  let summary = "turn block programs into functions";
  let description = [{
    A `gdpa_tile.program` becomes a private `func.func` of the same name that takes, after
    the program's own arguments, the scratch memory of its thread and the position of its
    block in the grid. Launches keep naming it.

    ```mlir
    gdpa_tile.program @forward(%q: memref<...>) {
      %block = gdpa_tile.program_id 0
      ...
    // becomes
    func.func private @forward(%q: memref<...>, %scratch: memref<?xi8>,
                               %x: index, %y: index, %z: index) attributes {gdpa_cpu.program} {
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def GDPACPULowerBlockAccess : Pass<"gdpa-cpu-lower-block-access", "::mlir::func::FuncOp"> {
  let summary = "lower loads, stores and destinations of block tensors to buffers";
  let description = [{
    `gdpa_tile.load` becomes a copy into a buffer of static capacity: rows are copied by
    vectors, panels are transposed in registers, any other map is copied by scalars; what
    lies past the end of the source is zero (or the nearest element under `clamp`). The
    block is that buffer's live part, as a tensor. `gdpa_tile.store` copies the live rows
    back, `gdpa_tile.accumulate` becomes scalar loops. A `tensor.empty` that holds a block
    becomes a buffer of its own, except for scores, which live in registers.

    ```mlir
    %K = gdpa_tile.load %k[%b, %g, %j0, %c0] map affine_map<(t, j, d) -> (0, 0, t * 4 + j, d)>
        sizes(%nt) : memref<?x?x?x64xbf16, ...> -> tensor<?x4x64xf32>
    // becomes
    %buffer = memref.alloc() : memref<32x4x64xf32>         // at the top of the function
    ...                                                    // loops that fill it
    %live = memref.subview %buffer[0, 0, 0] [%nt, 4, 64] [1, 1, 1] : ...
    %K = bufferization.to_tensor %live restrict writable : ...
    ```

    A dynamic size without a constant upper bound is an error.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect", "::mlir::vector::VectorDialect",
    "::mlir::bufferization::BufferizationDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the vector registers in bits">
  ];
}

def GDPACPUAssignScratch : Pass<"gdpa-cpu-assign-scratch", "::mlir::func::FuncOp"> {
  let summary = "place the buffers of a program in its scratch memory";
  let description = [{
    Each static `memref.alloc` of a program becomes a view of the scratch argument at a
    fixed offset, a multiple of 64 bytes; the total stands in `gdpa_cpu.scratch_bytes`.

    ```mlir
    %buffer = memref.alloc() : memref<32x4x64xf32>
    // becomes
    %c0 = arith.constant 0 : index
    %buffer = memref.view %scratch[%c0][] : memref<?xi8> to memref<32x4x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def GDPACPUTileBlocks : Pass<"gdpa-cpu-tile", "::mlir::func::FuncOp"> {
  let summary = "tile block operations to register tiles";
  let description = [{
    By the role of an operation (`gdpa_tile.role`): the activation is tiled to `group` rows
    by `tile` columns and the score products that it reads are fused into that tile; score
    products are tiled by four along their reduction, the other products to `group` rows by
    `tile` columns with the reduction by one panel row or group. Any other operation is
    tiled by one along its dynamic dimensions and to `group` x `tile` along the static ones.
    The sizes come from the program's `#gdpa_cpu.schedule`.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::affine::AffineDialect",
    "::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect"];
}

def GDPACPUDropUnitDims : Pass<"gdpa-cpu-drop-unit-dims", "::mlir::func::FuncOp"> {
  let summary = "drop the unit dimensions of tiled operations, except one reduction";
  let description = [{
    A register tile is two-dimensional; the dimensions tiled by one only cost vector
    rank. One unit reduction of a product stays, because `vector.contract` needs a
    reduction.

    ```mlir
    linalg.contract ... ins(%k, %q : tensor<1x4x1xf32>, tensor<1x1x16xf32>) outs(%s : tensor<1x1x4x16xf32>)
    // becomes
    linalg.contract ... ins(%k1, %q1 : tensor<4x1xf32>, tensor<1x16xf32>) outs(%s1 : tensor<4x16xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def GDPACPUVectorize : Pass<"gdpa-cpu-vectorize", "::mlir::func::FuncOp"> {
  let summary = "vectorise tiled operations and keep accumulators in registers";
  let description = [{
    Products become `vector.contract`, regions become the same operations on vectors
    (`linalg::vectorize`); then the accumulators of the reduction loops are hoisted into
    loop-carried vectors. An operation that cannot be vectorised is an error at its
    location.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::tensor::TensorDialect",
    "::mlir::ub::UBDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect"];
}

def GDPACPUBufferize : Pass<"gdpa-cpu-bufferize", "::mlir::func::FuncOp"> {
  let summary = "bufferize block tensors in place";
  let description = [{
    Upstream's one-shot bufferization over one program. Every block already has a buffer,
    so nothing is left to allocate or copy; `--gdpa-cpu-check-buffers` verifies that.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
    "::mlir::linalg::LinalgDialect"];
}

def GDPACPUCheckBuffers : Pass<"gdpa-cpu-check-buffers", "::mlir::func::FuncOp"> {
  let summary = "verify that bufferization inserted neither a copy nor an allocation";
  let description = [{
    A copy or an allocation in a block program costs more than the kernel; it is an error
    here and not a slow kernel later.
  }];
}

def GDPACPULowerDotProducts : Pass<"gdpa-cpu-lower-dot-products", "::mlir::func::FuncOp"> {
  let summary = "lower products of pairs of bf16 to the processor's dot products";
  let description = [{
    Where the program's schedule says `dot = 2`, a contraction of bf16 operands whose last
    dimension holds pairs becomes `x86vector.avx512.dot` (`vdpbf16ps`) on 16 lanes: one pair of
    the left operand in all lanes, 16 pairs of the right one. Tiles that are written as pairs
    are rounded two vectors at a time and interleaved.

    ```mlir
    %s = vector.contract ... %k, %q, %acc : vector<2x2x1x2xbf16>, vector<1x64x2xbf16> into vector<2x2x64xf32>
    // becomes, 16 times
    %word = vector.load %keys[...] : ..., vector<2xbf16>           // broadcast to all lanes
    %pairs = vector.load %queries[...] : ..., vector<32xbf16>
    %sum = x86vector.avx512.dot %acc0, %words, %pairs : vector<32xbf16> -> vector<16xf32>
    ```
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect",
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::ub::UBDialect",
    "::mlir::x86vector::X86VectorDialect"];
}

def GDPACPUUnrollVectors : Pass<"gdpa-cpu-unroll-vectors", "::mlir::func::FuncOp"> {
  let summary = "unroll elementwise vector operations to native vectors";
  let description = [{
    The activation on a `vector<4x16xf32>` tile becomes the same operations on
    `vector<8xf32>` (256-bit registers) or `vector<16xf32>`.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::ub::UBDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the vector registers in bits">
  ];
}

def GDPACPUApproximateMath : Pass<"gdpa-cpu-approximate-math", "::mlir::func::FuncOp"> {
  let summary = "expand elementary functions into arithmetic";
  let description = [{
    Every math operation that would become a call of the C library is expanded
    (`populateMathExpansionPatterns`), with the accuracy that the program's `precision`
    attribute asks for: `exact` (within 2 ulp of f32) or `fast`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::x86vector::X86VectorDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the vector registers in bits">
  ];
}

def GDPACPULowerVectors : Pass<"gdpa-cpu-lower-vectors", "::mlir::func::FuncOp"> {
  let summary = "lower vector contractions, reductions and transfers";
  let description = [{
    Products become outer products and then fused multiply-adds, transposes become
    shuffles, transfers become loads and stores, the left operand of a product scalar
    loads that are broadcast.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::scf::SCFDialect",
    "::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the vector registers in bits">
  ];
}

def GDPACPUOrderDepthFirst : Pass<"gdpa-cpu-order-depth-first", "::mlir::func::FuncOp"> {
  let summary = "place what a store needs just before it";
  let description = [{
    Unrolled code computes all of a tile's exponentials, then all of its sums, and so on:
    more live vectors than there are registers. Ordered by the stores, the computation of
    a few vectors follows that of the few before.
  }];
  let options = [
    Option<"interleave", "interleave", "int64_t", "4", "how many vectors are computed in turns">
  ];
}

def GDPACPUTileLinalg : Pass<"gdpa-cpu-tile-linalg", "::mlir::func::FuncOp"> {
  let summary = "tile the linalg beside attention for all cores and vectorise it";
  let description = [{
    Each linalg operation on tensors at the top of a function becomes an `scf.forall` over
    tiles. In a tile of a product, register tiles of 8 rows and two vectors of columns keep their
    sums in registers (4 rows with 256 bits); elementwise operations become vectors along
    their operands' last dimensions. Sizes that are dynamic or that no tile divides are left to
    scalar loops inside the parallel one.

    ```mlir
    %c = linalg.matmul ins(%a, %b : tensor<512x256xf32>, tensor<256x128xf32>) outs(%z : tensor<512x128xf32>) -> tensor<512x128xf32>
    // becomes
    %c = scf.forall (%i, %j) = (0, 0) to (512, 128) step (64, 128) shared_outs(%o = %z) -> (tensor<512x128xf32>) {
      // loops over register tiles around vector.contract
      scf.forall.in_parallel { tensor.parallel_insert_slice ... }
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the vector registers in bits">
  ];
}

def GDPACPUAllocateWorkspace : Pass<"gdpa-cpu-allocate-workspace", "::mlir::func::FuncOp"> {
  let summary = "take the buffers of a host function from the heap, each as long as it is needed";
  let description = [{
    For functions of many steps: a buffer lives from the step that writes it to the last one that
    reads it, and the caller need not know how large it is. Workspaces that must be cleared stay.

    ```mlir
    %b = gdpa_tile.workspace(%n) : memref<?x64xf32>
    // becomes
    %b = memref.alloc(%n) {alignment = 64 : i64} : memref<?x64xf32>
    ...
    memref.dealloc %b : memref<?x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def GDPACPULowerHostLinalg : Pass<"gdpa-cpu-lower-host-linalg", "::mlir::func::FuncOp"> {
  let summary = "lower what is left of linalg on buffers, and copies, to loops";
  let description = [{
    `memref.copy` too: a copy between buffers of different strides would otherwise be a call of a
    library that kernels do not have. Vectors that a loop reads and writes at one place move out of
    it: the sums of a register tile stay in registers.

    ```mlir
    memref.copy %a, %b : memref<?xf32, strided<[?]>> to memref<?xf32>
    // becomes
    scf.for %i = %c0 to %n step %c1 { ... memref.load %a[%i] ... memref.store %x, %b[%i] ... }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def GDPACPUOutlineForall : Pass<"gdpa-cpu-outline-forall", "::mlir::ModuleOp"> {
  let summary = "turn parallel loops of host functions into programs";
  let description = [{
    Each `scf.forall` on buffers at the top of a function becomes a program, launched on a grid
    with a point for each iteration, which the entry runs with the runtime's `parallel_for`.

    ```mlir
    scf.forall (%i) = (0) to (512) step (64) { ... memref.store %x, %out[%i] ... }
    // becomes
    gdpa_tile.launch @f_loop grid(%c8) (%out) : memref<512xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gdpa_tile::GDPATileDialect"];
}

def GDPACPUEntry : Pass<"gdpa-cpu-entry", "::mlir::ModuleOp"> {
  let summary = "give host functions the C interface of an artefact";
  let description = [{
    A host function becomes `i32 @f(const gdpa_tensor *, void *workspace, const gdpa_runtime *)`.
    It returns 0, or the number of the first argument (from 1) whose rank, type, static
    size or unit stride is not as declared. Each launch becomes a call of the runtime's
    `parallel_for` with a task that runs the program for its part of the grid; workspaces
    are parts of the one allocation, each aligned to 256 bytes.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

#endif // GDPA_DIALECT_GDPACPU_TRANSFORMS_PASSES_TD
