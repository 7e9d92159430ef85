//===- Passes.td - from block programs to NVVM ------------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_TD
#define GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPANVCreateKernels : Pass<"gdpa-nv-create-kernels", "::mlir::ModuleOp"> {
  let summary = "turn block programs into kernels of a gpu.module";
  let description = [{
    Every `gdpa_tile.program` becomes a `gpu.func` kernel of `gpu.module @kernels`, with the block size
    that its schedule's `warps` say; every `gdpa_tile.launch` becomes a `gdpa_nv.launch`. The host functions stay
    what they are: the launch description is printed from them.

    ```mlir
    gdpa_tile.program @forward(%q: memref<...>) attributes {schedule = #gdpa_nv.schedule<..., warps = 4>} {
      %block = gdpa_tile.program_id 0
    // becomes
    gpu.module @kernels {
      gpu.func @forward(%q: memref<...>) kernel attributes {known_block_size = array<i32: 128, 1, 1>, ...} {
        %block = gpu.block_id x
    ```
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::gdpa_nv::GDPANVDialect"];
}

def GDPATileAssignLayouts : Pass<"gdpa-tile-assign-layouts", "::mlir::gpu::GPUFuncOp"> {
  let summary = "give every block tensor of a kernel its layout";
  let description = [{
    Layouts are tensor encodings, so linalg and scf verify and print with them unchanged. The results of products are
    `acc`, their right operands `shared`; `acc` spreads over destinations, loops and elementwise operations, whose operands of
    rank 1 become `slice`s. Left operands are the fragments themselves where they were computed, else `shared`; narrow
    ones that a loop does not change are read into registers once, before it.

    ```mlir
    %S = linalg.contract ... ins(%Q, %K : tensor<128x64xbf16>, tensor<64x64xbf16>) outs(%z : tensor<128x64xf32>)
    // becomes
    %S = linalg.contract ... ins(%Qf, %K : tensor<128x64xbf16, #gdpa_nv.lhs<warps = 4, tiles = 2>>, tensor<64x64xbf16, #gdpa_nv.shared>)
                             outs(%z : tensor<128x64xf32, #gdpa_nv.acc<warps = 4, tiles = 2>>)
    ```
  }];
  let options = [Option<"registerLhs", "register-lhs", "int64_t", "0",
    "widest left operand, in columns, that stays in registers over a loop; 0: what the kernel's schedule says, else 64">];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect"];
}

def GDPATileStageShared : Pass<"gdpa-tile-stage-shared", "::mlir::gpu::GPUFuncOp"> {
  let summary = "copy shared blocks through a ring of buffers, ahead of their use";
  let description = [{
    Blocks of layout `shared` that a loop loads become slots of a ring in dynamic shared memory. An iteration waits for its slot,
    passes one barrier, starts the copies of iteration `j + stages - 1` and computes. Their offsets must be pure functions of
    the induction variable. Blocks loaded outside of loops get a buffer of their own. The bytes are recorded as `gdpa_nv.shared_bytes`.

    Must run last among the passes on block tensors: a viewed block is a value to MLIR, but its bytes are overwritten an iteration later.
  }];
  let options = [Option<"stages", "stages", "int64_t", "0", "slots of the ring; 0: what the kernel's schedule says, else 2">];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::NVVM::NVVMDialect"];
}

def GDPANVSplitMaskedBlocks : Pass<"gdpa-nv-split-masked-blocks"> {
  let summary = "walk the blocks that need a mask before the others";
  let description = [{
    For programs whose schedule has `consumers`; works on loops that load blocks and carry blocks. Every such loop gets at least one block (one past the end weighs
    nothing), marked `gdpa_nv.not_empty`: the first product of a tile can then stand beside the last one of another. Where a condition of the
    loop's body changes once over the loop, the loop becomes two, the one with the mask first, so that the steady loop has none.

    ```mlir
    scf.for %j = %lower to %upper step %c128 ... { %whole = arith.cmpi sle, %j, %bound ; scf.if %whole {A} else {B} }
    // becomes
    scf.for %j = %split to %upper1 step %c128 ... {B} {gdpa_nv.not_empty}
    scf.for %j = %lower to %split step %c128 ... {A}
    ```
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def GDPANVPersistTiles : Pass<"gdpa-nv-persist-tiles", "::mlir::ModuleOp"> {
  let summary = "let one block of an asynchronous kernel compute several tiles";
  let description = [{
    For programs whose schedule has `consumers`. The points of the grid become tiles: a launch has as many blocks as the device has
    multiprocessors (or tiles, where those are fewer), and the program's body becomes a `gdpa_nv.for_tiles` over the numbers of the points, dimension 0 of the
    grid fastest. The program gets the grid's sizes and a counter as further arguments.

    ```mlir
    gdpa_tile.launch @forward grid(%blocks, %heads, %batch) (%q, ...)
    // becomes
    gdpa_tile.launch @forward grid(%least) (%q, ..., %blocks, %heads, %batch, %counter)
    ```
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::arith::ArithDialect"];
}

def GDPANVSpecializeWarps : Pass<"gdpa-nv-specialize-warps", "::mlir::gpu::GPUFuncOp"> {
  let summary = "split a kernel into a warpgroup that loads and others that compute";
  let description = [{
    For kernels whose schedule has `consumers`. The body becomes the consumers' part of `gdpa_nv.roles`; the producer's is what the positions of
    loads depend on. Every block of layout `shared` passes through a ring: `stages` slots for one that a loop loads, one for the others.
    The bytes of the rings and their barriers are recorded as `gdpa_nv.shared_bytes`.

    ```mlir
    gdpa_nv.roles consumers(2) registers(24, 240) producer {
      %c = gdpa_nv.cursor : !gdpa_nv.cursor
      %last = scf.for %j = ... iter_args(%at = %c) -> (!gdpa_nv.cursor) {
        gdpa_nv.send %k[%b, %h, %j, %c0] to %ring[%at] : ...
        ...
    } consumer {
      ... scf.for %j = ... {
        %K = gdpa_nv.receive %ring[%at] : ...
        %S = linalg.contract ... ins(%Q, %K ...)
        gdpa_nv.release %ring[%at] : ...
    ```
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::scf::SCFDialect"];
}

def GDPANVPipelineProducts : Pass<"gdpa-nv-pipeline", "::mlir::gpu::GPUFuncOp"> {
  let summary = "start products one step ahead of their use";
  let description = [{
    A loop with one score product, operations on blocks and one product that adds to the carried output is rotated: the score of a block
    and the sum of the block before it are in flight together, and the activation of the one is computed while the tensor cores work on
    the other. The loop has a block (`gdpa_nv.not_empty`, by `--gdpa-nv-split-masked-blocks`); loops that carry on its results are rotated with it. The loop over
    tiles is rotated as well, so that the first score of a tile stands beside the last sum of the tile before, where no statistics and no elements of captures
    need the registers. Every other product is waited for at once, with a remark where it stands in a loop.

    ```mlir
    scf.for %j = ... iter_args(%o = ...) {
      %S = linalg.contract ... ins(%Q, %K ...)
      %P = ... %S
      %O = linalg.contract ... ins(%P, %V ...) outs(%o ...)
    // becomes
    scf.for %j = ... iter_args(%o = ..., %p = ..., %v = ...) {
      %ready:2 = gdpa_nv.fence of %p, %o
      %s = gdpa_nv.mma_async %Q, %K transposed
      %sum = gdpa_nv.mma_async %ready#0, %v into %ready#1
      %S = gdpa_nv.wait %s inflight 1
      ...
      %both:3 = gdpa_nv.wait %sum keep ... inflight 0
    ```
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::scf::SCFDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def GDPANVPingPong : Pass<"gdpa-nv-ping-pong", "::mlir::gpu::GPUFuncOp"> {
  let summary = "let consumers take turns at the tensor cores";
  let description = [{
    Around every group of products (from its `gdpa_nv.fence` to its last `gdpa_nv.mma_async`) a consumer waits for its turn and passes it on, so that
    the activations of one overlap with the products of another. All consumers of a kernel walk the same loops.
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect"];
}

def GDPATileDistribute : Pass<"gdpa-tile-distribute", "::mlir::gpu::GPUFuncOp"> {
  let summary = "distribute block tensors over the threads of a kernel as vectors";
  let description = [{
    A dialect conversion: a block tensor becomes the vector that one thread holds of it (`LayoutAttrInterface::getFragmentType`), a
    shared block its byte offset. The scalar region of an elementwise operation becomes the same operations on that vector
    (`gdpa_tile::vectorizeRegion`), with the coordinates of its elements in place of `linalg.index`; products become
    `ldmatrix` and `mma.sync`; `acc` to `lhs` is a `vector.shape_cast`. Addresses are 64-bit pointers computed once for a block, offsets inside it 32-bit.
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect"];
}

def GDPANVExpandArith : Pass<"gdpa-nv-expand-arith", "::mlir::gpu::GPUFuncOp"> {
  let summary = "expand the integer arithmetic that LLVM has no instruction for";
  let description = [{
    Divisions that round up or down become divisions that round to zero. Minima and maxima stay, of integers and of floats: each is one
    instruction, where a comparison and a selection are two and, for floats, two more for NaN.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def GDPANVApproximateMath : Pass<"gdpa-nv-approximate-math", "::mlir::gpu::GPUFuncOp"> {
  let summary = "expand elementary functions for NVIDIA GPUs without libdevice";
  let description = [{
    Kernels of precision `fast` (the default) use the hardware's approximations; every one treats subnormal f32 as zero. Bounds over all f32, for
    results that are not subnormal (sums take products without rounding them):

    | function | becomes | error |
    |---|---|---|
    | exp2 | ex2.approx | 2 ulp |
    | exp | ex2.approx of x * log2(e) | 2 ulp + abs(x) * 2^-24 relative |
    | tanh | tanh.approx | 2^-10.98 relative |
    | a / (1 + exp(-x)) | a * (1/2 + tanh.approx(x/2)/2) | 2^-12 of a |
    | erf | a polynomial on [-2.875, 2.875], constant beyond | 1.2e-4 relative |
    | log2, log, log10 | lg2.approx (times a constant) | absolute 2^-22 for x in (0.5, 2), else 2 ulp (plus one rounding) |
    | sqrt, rsqrt | sqrt.approx, rsqrt.approx | 2^-22.9 relative |
    | division | div.approx | 2 ulp for abs(divisor) in [2^-126, 2^126] |
    | sin, cos | sin.approx, cos.approx after reduction by 2 pi | 2^-20.5 absolute for abs(x) <= 512, growing with abs(x) |

    Everything else, and every function in kernels of precision `exact`, becomes arithmetic (`gdpa/Conversion/MathExpansion.h`): at most 2 ulp for `exact`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

def GDPANVRequireAlignment : Pass<"gdpa-nv-require-alignment"> {
  let summary = "state which rows of an entry are copied 16 bytes at a time";
  let description = [{
    Marks the buffers of an entry that hold rows of heads (roles q, k, v, do, o, dq, dk, dv) with `gdpa.stride_multiple_bytes = 16`: cp.async
    copies 16 bytes, so that their addresses and strides must be multiples of that. The launch description repeats it and the runtime checks it.

    ```mlir
    func.func @attention(%q: memref<...> {gdpa.name = "q", gdpa.role = "q", gdpa.stride_multiple_bytes = 16 : i64}, ...)
    ```
  }];
}

def GDPANVFlattenParameters : Pass<"gdpa-nv-flatten-parameters", "::mlir::gpu::GPUFuncOp"> {
  let summary = "replace a kernel's buffers by pointers, sizes and strides";
  let description = [{
    A buffer becomes its pointer to global memory, then its dynamic sizes, then the dynamic strides of its layout (in elements), all i64, in
    the order of its dimensions; a dense buffer's strides follow from its sizes. An index becomes an i64. The launch description names the
    parameters in this order.

    ```mlir
    gpu.func @forward(%q: memref<2x16x?x64xbf16, strided<[?, ?, ?, 1], offset: ?>>, %scale: f32) kernel
    // becomes
    gpu.func @forward(%q: !llvm.ptr<1> {llvm.noalias}, %rows: i64, %s0: i64, %s1: i64, %s2: i64, %scale: f32) kernel
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect"];
}

def ConvertGDPANVToNVVM : Pass<"convert-gdpa-nv-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "convert the kernels of a gpu.module to the LLVM and NVVM dialects";
  let description = [{
    One partial conversion with the upstream patterns for gpu, arith, math, vector, cf and ub. libdevice is never named: what
    `--gdpa-nv-approximate-math` left of the math dialect must have an LLVM intrinsic that NVPTX selects.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::vector::VectorDialect"];
}

def GDPANVCheck : Pass<"gdpa-nv-check", "::mlir::gpu::GPUFuncOp"> {
  let summary = "refuse kernels that break the asynchronous protocol";
  let description = [{
    What one operation's verifier cannot see. Each is an error that names what was expected:

    - nothing is in flight at a fence, a loop's back-edge, a branch's end or a role's end; a product is named by a wait after which it is complete;
    - products follow a fence of their group; accumulators, and left operands in registers that the same block defines, are its results, were
      computed while nothing was in flight, and are kept by the wait for the product;
    - a slot is received before it is read, released once on every path, and released after every product that reads it was waited
      for and after what was converted from it to registers has entered a product that was waited for; nothing reads it later;
    - a cursor advances by one for each slot, in both roles;
    - the producer sends and the consumers receive the blocks of a ring in the same loops and branches;
    - the slots of rings are aligned, disjoint and inside the kernel's shared memory, and take boxes that TMA can fill;
    - turns are opened and closed once, await and pass alternate, every product stands in a turn, and what the protocol depends on is the same in all threads.

    It reads the kernel once and changes nothing.
  }];
}

def GDPANVInstrument : Pass<"gdpa-nv-instrument", "::mlir::gpu::GPUFuncOp"> {
  let summary = "check the asynchronous protocol at run time";
  let description = [{
    A debug mode: `gdpa_nv.watch` operations at every event of the protocol keep, in shared memory, how often each slot was filled and received, which
    slots a warp holds and which products it has started and waited for. A slot that is read without having been received, released too
    early or twice, or received in the wrong generation is reported (`printf` on the device, with the source line) and the kernel traps. Slots are filled with NaNs
    before their first use and by the last warp that releases them.

    The calls make the assembler end each product before the next: what is checked is the protocol, not the timing.
  }];
  let dependentDialects = ["::mlir::gdpa_nv::GDPANVDialect"];
}

#endif // GDPA_DIALECT_GDPANV_TRANSFORMS_PASSES_TD
