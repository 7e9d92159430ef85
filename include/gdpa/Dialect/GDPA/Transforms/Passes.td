//===- Passes.td - passes over the gdpa dialect -----------*- tablegen -*-===//

#ifndef GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD
#define GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def GDPAAutoDiff : Pass<"gdpa-autodiff", "::mlir::ModuleOp"> {
  let summary = "add the vector-Jacobian product of each function around an attention operation";
  let description = [{
    For each `func.func @f` that holds one `gdpa.attention` on tensors (else only constants,
    dims and destinations) adds `@f_vjp(arguments of @f..., [o, statistics,] do [, dstatistics])`,
    which returns one cotangent for each float argument other than the scale, in order. Where
    the normalizer is not `none`, the statistics are saved for it: they are appended to the
    results of @f unless it returns them already, and callers of @f are updated. `dstatistics`
    is an argument exactly where @f returned its statistics before.

    An argument that the operation reads in several places gets the sum, one that nothing
    reads zero, one that serves as a destination only none. Argument attributes are copied;
    the new arguments are named (`gdpa.name`) `o`, `stats`, `do`, `dstats`, the results `dq`,
    `dk`, `dv` by role and `d_NAME` by the name of a capture's argument.

    The activation is differentiated by the rules of its operations
    (`gdpa::DifferentiableOpInterface`), at kinks as `docs/derivatives.md` says. A function
    that holds `gdpa.attention` in any other form is an error, and so is an operation
    without a rule.

    ```mlir
    func.func @attention(%q: tensor<2x4x?x64xf32>, %k: ..., %v: ..., %c: f32) -> tensor<2x4x?x64xf32>
    // adds
    func.func @attention_vjp(%q: tensor<2x4x?x64xf32>, %k: ..., %v: ..., %c: f32,
                             %do: tensor<2x4x?x64xf32> {gdpa.name = "do"})
        -> (tensor<2x4x?x64xf32> {gdpa.name = "dq"}, tensor<2x4x?x64xf32> {gdpa.name = "dk"},
            tensor<2x4x?x64xf32> {gdpa.name = "dv"})
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

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

def GDPAPrepareFunction : Pass<"gdpa-prepare-function", "::mlir::ModuleOp"> {
  let summary = "turn any function of tensors into an entry over buffers";
  let description = [{
    For functions that compute more than one attention operation. The tensor arguments of
    a public function become memrefs and its results destination arguments at the end of the
    list. A buffer of static shape is one piece (an entry checks that); one of dynamic shape has
    any strides but the last, which is 1.

    ```mlir
    func.func @layer(%x: tensor<1x512x64xf32>, ...) -> tensor<1x512x64xf32>
    // becomes
    func.func @layer(%x: memref<1x512x64xf32>, ..., %result: memref<1x512x64xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def GDPASimplifyActivation : Pass<"gdpa-simplify-activation"> {
  let summary = "rewrite activations and their derivatives for fewer operations; changes rounding";
  let description = [{
    Rewrites the activation and joint regions of attention operations by identities of real
    numbers. Results change in the last places (by a few units in the last place of f32, no
    more): so it runs after differentiation, which must see what the user wrote, and never
    where a kink's spelling still matters. A precondition stands with each rewrite.

    - A joint region's `ds`, and each accumulated gradient, that is linear in the cotangent
      becomes `ct * g`: everything in g is shared with z and is computed before ct is known.
    - Constant factors meet: `(x * 3) * 2`, `x / 30`, `-(x * 3)`.
    - Powers with small whole exponents become products; `(x * s) * s` becomes `x * s^2`.
    - Quotients with one divisor that is provably no denormal become products with its
      reciprocal; `exp(-x) / (1 + exp(-x))` becomes `1 - 1 / (1 + exp(-x))`.
    - `1 + tanh(u)` and `1 - tanh(u)^2` become logistic functions of `2 u` where tanh has no
      other use (tanh-gelu), but not where the target has an instruction for tanh
      (`hardware-tanh`); `tanh(log1p(e))` (mish) becomes a quotient of polynomials of e.
    - A product that only goes into a sum becomes `math.fma`, where the processor has it and
      contracts nothing by itself (`form-fma`).

    ```mlir
    joint(%s: f32, %ct: f32, ...) {                 // silu
      %n = arith.negf %s : f32
      %e = math.exp %n : f32
      %d = arith.addf %e, %one : f32
      %z = arith.divf %s, %d : f32
      %a = arith.divf %ct, %d : f32
      %b = arith.mulf %a, %z : f32
      ...
      gdpa.yield %z, %ds : f32, f32
    // becomes
      %l = arith.divf %one, %d : f32
      %z = arith.mulf %s, %l : f32
      %r = arith.subf %one, %l : f32
      %g = math.fma %z, %r, %l : f32
      %ds = arith.mulf %ct, %g : f32
    ```
  }];
  let options = [
    Option<"hardwareTanh", "hardware-tanh", "bool", "false", "the target computes tanh in one instruction">,
    Option<"formFMA", "form-fma", "bool", "true", "make multiply-adds of products that only go into sums">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
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
    Option<"vectorBits", "vector-bits", "int64_t", "256", "width of the CPU's vector registers in bits">,
    Option<"multipliesBF16", "has-bf16-dot", "bool", "false", "whether the CPU has AVX512_BF16">,
    Option<"prefersBF16", "bf16-dot", "bool", "false",
           "whether the CPU has it and multiplies bf16 faster than f32">
  ];
}

#endif // GDPA_DIALECT_GDPA_TRANSFORMS_PASSES_TD
