//===- GDPANVAttributes.td - schedules and layouts on NVIDIA *- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD
#define GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "gdpa/Dialect/GDPA/IR/GDPAInterfaces.td"

def GDPANV_Dialect : Dialect {
  let name = "gdpa_nv";
  let summary = "Schedules and block layouts of NVIDIA kernels";
  let cppNamespace = "::mlir::gdpa_nv";
  let useDefaultAttributePrinterParser = 1;
}

def GDPANV_ScheduleAttr : AttrDef<GDPANV_Dialect, "Schedule", [GDPA_ScheduleAttrInterface]> {
  let mnemonic = "schedule";
  let summary = "blocks, warps and ring depth of the NVIDIA kernels";
  let description = [{
    `block_q` x `block_kv`: the forward's block. `dkv_block_q` x `dkv_block_kv`: the block of
    the key-stationary dK, dV kernel; `dq_block_q` x `dq_block_kv`: of the query-stationary dQ
    kernel. `warps` of a block, `stages` of the ring in shared memory. Zero: chosen by `--gdpa-plan`.

    ```mlir
    #gdpa_nv.schedule<block_q = 128, block_kv = 64, stages = 2>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "0">:$block_q, DefaultValuedParameter<"int64_t", "0">:$block_kv,
    DefaultValuedParameter<"int64_t", "0">:$dkv_block_q, DefaultValuedParameter<"int64_t", "0">:$dkv_block_kv,
    DefaultValuedParameter<"int64_t", "0">:$dq_block_q, DefaultValuedParameter<"int64_t", "0">:$dq_block_kv,
    DefaultValuedParameter<"int64_t", "0">:$warps, DefaultValuedParameter<"int64_t", "0">:$stages);
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

#endif // GDPA_DIALECT_GDPANV_IR_GDPANVATTRIBUTES_TD
