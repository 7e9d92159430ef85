//===- Passes.td - passes over the gdpa dialect -----------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD
#define GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPAPrepareEntry : Pass<"gdpa-prepare-entry", "::mlir::ModuleOp"> {
  let summary = "turn functions around one attention operation into entries over buffers";
  let description = [{
    A function on tensors that holds one attention operation (else only constants, dims and
    destinations) becomes an entry: its tensor arguments are memrefs, its results are
    destination arguments at the end of the list, its body reads and writes them through
    `bufferization.to_tensor` and `bufferization.materialize_in_destination`. Arguments that
    serve only as destinations of the operation disappear. Every argument gets the attributes
    `gdpa.name`, `gdpa.role` and `gdpa.access`, which the launch description repeats.

    ```mlir
    func.func @attention(%q: tensor<?x?x?x64xf32>, ...) -> tensor<?x?x?x64xf32>
    // becomes
    func.func @attention(%q: memref<?x?x?x64xf32, strided<[?, ?, ?, 1], offset: ?>>
                             {gdpa.access = "read", gdpa.name = "q", gdpa.role = "q"}, ...,
                         %o: memref<...> {gdpa.access = "write", gdpa.name = "o", gdpa.role = "o"})
    ```

    The last stride of an argument is 1; its other strides are free.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def GDPAPlan : Pass<"gdpa-plan"> {
  let summary = "choose the schedule of each attention operation";
  let description = [{
    Fills the `schedule` attribute of each attention operation for a target: only what is
    absent or zero in it, so that what a user wrote stays. The dialect of the target chooses
    (`gdpa::SchedulePlannerInterface`).

    ```mlir
    gdpa.attention bhsd none ... {schedule = #gdpa_cpu.schedule<block_q = 512>} ...
    // --gdpa-plan="target=cpu"
    gdpa.attention bhsd none ... {schedule = #gdpa_cpu.schedule<block_q = 512, block_kv = 128, ...>} ...
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "cpu, sm_80, ...">,
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the CPU's vector registers in bits">
  ];
}

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD
