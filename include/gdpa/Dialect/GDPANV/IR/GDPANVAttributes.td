//===- GDPANVAttributes.td - schedules and layouts on NVIDIA *- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"
include "gdpa/Dialect/GDPANV/IR/GDPANVInterfaces.td"

def GDPANV_Dialect : Dialect {
  let name = "gdpa_nv";
  let summary = "Schedules and block layouts of NVIDIA kernels";
  let description = [{
    What the lowering of `gdpa_tile` programs to NVIDIA GPUs needs beside upstream dialects:
    the schedule of a kernel, the layouts of block tensors (encodings `acc`, `lhs`, `slice`,
    `shared`), the few operations that move blocks between them, and the asynchronous protocol of Hopper's
    kernels: warp roles, rings of slots, products in flight, turns.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect"];
  let cppNamespace = "::mlir::gdpa_nv";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{ void registerTypes(); }];
}

def GDPANV_ScheduleAttr : AttrDef<GDPANV_Dialect, "Schedule", [GDPA_ScheduleAttrInterface]> {
  let mnemonic = "schedule";
  let summary = "blocks, warps and ring depth of the NVIDIA kernels";
  let description = [{
    `block_q` x `block_kv`: the forward's block. `dkv_block_q` x `dkv_block_kv`: the block of
    the key-stationary dK, dV kernel; `dq_block_q` x `dq_block_kv`: of the query-stationary dQ
    kernel. `warps` of a block, `stages` of the ring in shared memory; left operands of at most
    `register_lhs` columns stay in registers over a loop. `consumers` > 0: the forward is asynchronous (sm_90a), with
    so many warpgroups that compute, 64 rows of the block each, beside one that loads; `warps` says nothing of
    it. Zero elsewhere: chosen by `--gdpa-plan`.

    ```mlir
    #gdpa_nv.schedule<block_q = 128, block_kv = 64, stages = 2>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "0">:$block_q, DefaultValuedParameter<"int64_t", "0">:$block_kv,
    DefaultValuedParameter<"int64_t", "0">:$dkv_block_q, DefaultValuedParameter<"int64_t", "0">:$dkv_block_kv,
    DefaultValuedParameter<"int64_t", "0">:$dq_block_q, DefaultValuedParameter<"int64_t", "0">:$dq_block_kv,
    DefaultValuedParameter<"int64_t", "0">:$warps, DefaultValuedParameter<"int64_t", "0">:$stages,
    DefaultValuedParameter<"int64_t", "0">:$register_lhs, DefaultValuedParameter<"int64_t", "0">:$consumers);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    ::llvm::StringRef getTargetFamily() const;
    ::mlir::gdpa::KernelBlocks getBlocks(::mlir::gdpa::KernelKind kind) const;
    bool usesPackedBlocks() const;
    int64_t getPanelRows() const;
    int64_t getGroupRows() const;
    int64_t getColumnMultiple() const;
    bool multipliesStorageType() const;
    int64_t getKeyRanges() const;
  }];
}

class GDPANV_Layout<string name, string layoutMnemonic> : AttrDef<GDPANV_Dialect, name, [
    DeclareAttrInterfaceMethods<GDPANV_LayoutAttrInterface>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = layoutMnemonic;
}

def GDPANV_AccAttr : GDPANV_Layout<"Acc", "acc"> {
  let summary = "accumulators of m16n8 products, in registers";
  let description = [{
    A block of rank 2 whose rows are stacked over `tiles` times `warps` times 16. A thread
    holds `vector<tiles x columns/8 x 2 x 2>`; its element (m, n, h, p) in lane l of warp w is row
    `m*16*warps + w*16 + h*8 + l/4` and column `n*8 + 2*(l mod 4) + p`. With 4 warps a tile is the
    64-row fragment of wgmma.

    ```mlir
    tensor<128x64xf32, #gdpa_nv.acc<warps = 4, tiles = 2>>
    ```
  }];
  let parameters = (ins "int64_t":$warps, "int64_t":$tiles);
  let assemblyFormat = "`<` struct(params) `>`";
}

def GDPANV_LhsAttr : GDPANV_Layout<"Lhs", "lhs"> {
  let summary = "left operands of m16n8k16 products, in registers";
  let description = [{
    A block of rank 2 with the rows of `acc`. A thread holds `vector<tiles x columns/16 x 4 x 2>`;
    element (m, k, q, p) in lane l of warp w is row `m*16*warps + w*16 + (q mod 2)*8 + l/4` and column
    `k*16 + (q/2)*8 + 2*(l mod 4) + p`. The fragment of an `acc` block of the same shape holds
    the same elements in the same order: the conversion is a change of the vector's shape.
  }];
  let parameters = (ins "int64_t":$warps, "int64_t":$tiles);
  let assemblyFormat = "`<` struct(params) `>`";
}

def GDPANV_SliceAttr : GDPANV_Layout<"Slice", "slice"> {
  let summary = "one dimension of an acc block, in registers";
  let description = [{
    A block of rank 1 that runs along dimension `dim` of an `acc` block: a value for each row
    (`dim = 0`, `vector<tiles x 2>`) or for each column (`dim = 1`, `vector<columns/8 x 2>`). Threads
    that hold elements of the same row or column hold the same values.
  }];
  let parameters = (ins "int64_t":$dim, "int64_t":$warps, "int64_t":$tiles);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def GDPANV_SharedAttr : GDPANV_Layout<"Shared", "shared"> {
  let summary = "a block in shared memory";
  let description = [{
    A block of rank 2 of 2-byte elements lies in panels of 64 columns, `[panel][row][64]`: rows of
    128 bytes whose chunks of 16 bytes are permuted by `chunk xor (row mod 8)`. That is the 128-byte
    swizzle of TMA and wgmma, and `ldmatrix` reads it without bank conflicts. The last panel may be
    used in part. A block of rank 1 lies in order.
  }];
  let extraClassDeclaration = [{
    /// Columns of a panel.
    static constexpr int64_t kPanel = 64;
    /// Bytes of shared memory that a block takes, a multiple of 1024 for rank 2.
    static int64_t getBytes(::mlir::RankedTensorType block);
  }];
}

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD
