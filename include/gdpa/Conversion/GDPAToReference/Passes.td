//===- Passes.td - passes of the reference target ---------*- tablegen -*-===//

#ifndef GDPA_CONVERSION_GDPATOREFERENCE_PASSES_TD
#define GDPA_CONVERSION_GDPATOREFERENCE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertGDPAToReferencePass : Pass<"convert-gdpa-to-reference", "::mlir::ModuleOp"> {
  let summary = "Turn attention functions into scalar f64 loops that kernels are checked against";
  let description = [{
    Each `func.func @f` on tensors that holds one `gdpa.attention` becomes an entry @f on
    memrefs: plain loops over scalars in which every float type is f64. With `gradients`
    a second entry @f_vjp holds the gradients of the query, the key, the value and the
    captures. It is built from the forward operation alone: derivatives of the activation
    are central differences, never the rules of `--gdpa-autodiff`; a user's vjp region,
    which defines its own derivative, is evaluated in f64.

    Companion results say what a comparison must leave out:
    `dq.valid`, `dk.valid` (i8, the shape of the gradient) are 0 in rows that hold a pair
    at which the one-sided differences of the activation disagree (a kink or jump is near);
    `d_NAME.scale` is the sum of the absolute terms of each element of a capture's gradient;
    `d_NAME.valid` is 0 where pairs at kinks hold more than 1e-6 of that sum.

    ```mlir
    func.func @f(%q: tensor<1x1x?x8xf32> {gdpa.name = "q"}, ...) -> tensor<1x1x?x8xf32> {
      %o = gdpa.attention bhsd none ins(%q, %k, %v : ...) outs(%o0 : ...) scale(%c : f32)
          activation(...) {...} -> tensor<1x1x?x8xf32>
      return %o : tensor<1x1x?x8xf32>
    }
    // becomes
    func.func @f(%q: memref<1x1x?x8xf64, strided<[?, ?, ?, 1]>> {gdpa.access = "read", gdpa.name = "q", gdpa.role = "q"}, ...,
                 %o: memref<1x1x?x8xf64, strided<[?, ?, ?, 1]>> {gdpa.access = "write", gdpa.name = "o", gdpa.role = "o"})
        attributes {gdpa.entry = "forward"} {
      scf.for ...
    }
    ```
  }];
  let options = [
    Option<"gradients", "gradients", "bool", "false", "also write the entry @f_vjp">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

def EmitCEntryPass : Pass<"gdpa-emit-c-entry", "::mlir::ModuleOp"> {
  let summary = "Give every entry the C interface of the runtime";
  let description = [{
    A `func.func` with the attribute `gdpa.entry` becomes private; in its place stands
    a function of that name with the signature
    `int32_t f(const gdpa_tensor *args, void *workspace, const gdpa_runtime *runtime)`.
    It checks each argument's type, rank, static sizes and static strides, and returns the 1-based
    position of the first argument that does not fit, 0 when the entry has run.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect"
  ];
}

#endif // GDPA_CONVERSION_GDPATOREFERENCE_PASSES_TD
