//===- GDPACPUAttributes.td - schedules of CPU kernels ----*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPACPU_IR_GDPACPUATTRIBUTES_TD
#define GDPA_DIALECT_GDPACPU_IR_GDPACPUATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"

def GDPACPU_Dialect : Dialect {
  let name = "gdpa_cpu";
  let summary = "Schedules of CPU kernels";
  let cppNamespace = "::mlir::gdpa_cpu";
  let useDefaultAttributePrinterParser = 1;
}

def GDPACPU_ScheduleAttr : AttrDef<GDPACPU_Dialect, "Schedule", [GDPA_ScheduleAttrInterface]> {
  let mnemonic = "schedule";
  let summary = "blocks and register tiles of the CPU kernels";
  let description = [{
    The stationary side of a block (queries in the forward, keys in the backward) lies in
    panels of `panel` rows, transposed; the streamed side in groups of `group` rows. A
    product's register tile is `group` rows by `tile` columns. `ranges` bounds into how many key
    ranges the backward of one K/V head is split, which is the parallelism that a single
    head has. `dot` concerns bf16 storage: with 2 a product multiplies pairs of bf16 (AVX512_BF16's
    `vdpbf16ps`), with 1 it multiplies them as f32, which is faster on processors of Intel. Zero:
    chosen by `--gdpa-plan`.

    ```mlir
    #gdpa_cpu.schedule<block_q = 256, block_kv = 128>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "0">:$block_q, DefaultValuedParameter<"int64_t", "0">:$block_kv,
    DefaultValuedParameter<"int64_t", "0">:$backward_block_q, DefaultValuedParameter<"int64_t", "0">:$backward_block_kv,
    DefaultValuedParameter<"int64_t", "0">:$panel, DefaultValuedParameter<"int64_t", "0">:$group,
    DefaultValuedParameter<"int64_t", "0">:$tile, DefaultValuedParameter<"int64_t", "0">:$ranges,
    DefaultValuedParameter<"int64_t", "0">:$dot);
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

#endif // GDPA_DIALECT_GDPACPU_IR_GDPACPUATTRIBUTES_TD
