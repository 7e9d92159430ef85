//===- Pipelines.h - every pass by itself, and the pipelines ----*- C++ -*-===//
//
// As gdpa-opt's --pass-pipeline takes them, or a call of gdpa-compile. A pass of ours that no line names
// fails python/tests/test_fuzz.py.
//
//===----------------------------------------------------------------------===//

#ifndef GDPA_FUZZ_PIPELINES_H
#define GDPA_FUZZ_PIPELINES_H

#include "llvm/ADT/StringRef.h"

namespace mlir::gdpa::fuzz {

#define ON_MODULE(passes) "builtin.module(" passes ")"
#define ON_FUNCTION(passes) ON_MODULE("func.func(" passes ")")
#define ON_KERNEL(passes) ON_MODULE("gpu.module(gpu.func(" passes "))")

constexpr llvm::StringRef pipelines[] = {
    // Upstream's passes over our operations: folders, canonicalizations,
    // interfaces, external models.
    ON_MODULE("canonicalize,cse,symbol-dce"),
    ON_MODULE("one-shot-bufferize{bufferize-function-boundaries "
              "allow-unknown-ops}"),
    ON_MODULE("func.func(loop-invariant-code-motion,resolve-shaped-type-result-"
              "dims),inline,remove-dead-values"),
    // The pipelines.
    ON_MODULE("gdpa-to-cpu"),
    ON_MODULE("gdpa-to-cpu{gradients=true}"),
    ON_MODULE("gdpa-to-cpu{gradients=true cpu=x86-64-v3}"),
    ON_MODULE("gdpa-to-nvvm{chip=sm_80}"),
    ON_MODULE("gdpa-to-nvvm{chip=sm_80 gradients=true}"),
    ON_MODULE("gdpa-to-nvvm{chip=sm_999}"),
    ON_MODULE("gdpa-to-reference"),
    ON_MODULE("gdpa-to-reference{gradients=true}"),
    ON_MODULE("gdpa-autodiff,gdpa-to-linalg,canonicalize"),
    ON_MODULE("gdpa-autodiff,gdpa-prepare-entry,one-shot-bufferize,gdpa-plan{"
              "target=cpu},convert-gdpa-to-tile,canonicalize,cse"),
    ON_MODULE("gdpa-autodiff,gdpa-prepare-entry,one-shot-bufferize,gdpa-plan{"
              "target=sm_80},convert-gdpa-to-tile,canonicalize,cse"),
    // All the way, with the launch description.
    "gdpa-compile --target=cpu --grad --emit=obj",
    "gdpa-compile --target=sm_80 --grad --emit=ptx",
    "gdpa-compile --target=reference --grad --emit=obj",
    // Each pass by itself.
    ON_MODULE("gdpa-autodiff"),
    ON_MODULE("gdpa-simplify-activation"),
    ON_MODULE("gdpa-prepare-entry"),
    ON_MODULE("gdpa-plan{target=cpu}"),
    ON_MODULE("gdpa-plan"),
    ON_MODULE("gdpa-plan{target=cpu vector-bits=256}"),
    ON_MODULE("gdpa-plan{target=cpu vector-bits=0}"),
    ON_MODULE("gdpa-plan{target=cpu vector-bits=7}"),
    ON_MODULE("gdpa-plan{target=sm_80}"),
    ON_MODULE("gdpa-plan{target=nowhere}"),
    ON_MODULE("convert-gdpa-to-tile"),
    ON_MODULE("gdpa_tile.program(gdpa-tile-mask-bounds)"),
    ON_MODULE("gdpa_tile.program(gdpa-tile-hoist-uniform)"),
    ON_MODULE("gdpa-to-linalg"),
    ON_MODULE("gdpa-raise"),
    ON_MODULE("gdpa-raise{unbatched=true max-depth=100000},canonicalize"),
    ON_MODULE("gdpa-to-linalg,gdpa-raise{unbatched=true}"),
    ON_MODULE("convert-gdpa-to-reference"),
    ON_MODULE("gdpa-emit-c-entry"),
    ON_MODULE("gdpa-prepare-function"),
    ON_MODULE("gdpa-function-to-cpu"),
    ON_MODULE("gdpa-raise,gdpa-function-to-cpu{cpu=x86-64-v3}"),
    ON_FUNCTION("gdpa-cpu-tile-linalg"),
    ON_FUNCTION("gdpa-cpu-tile-linalg{vector-bits=0}"),
    ON_FUNCTION("gdpa-cpu-lower-host-linalg"),
    ON_FUNCTION("gdpa-cpu-allocate-workspace"),
    ON_MODULE("gdpa-cpu-outline-forall"),
    ON_MODULE("gdpa-cpu-program-to-func"),
    ON_FUNCTION("gdpa-cpu-lower-block-access"),
    ON_FUNCTION("gdpa-cpu-lower-block-access{vector-bits=0}"),
    ON_FUNCTION("gdpa-cpu-assign-scratch"),
    ON_FUNCTION("gdpa-cpu-tile"),
    ON_FUNCTION("gdpa-cpu-drop-unit-dims"),
    ON_FUNCTION("gdpa-cpu-vectorize"),
    ON_FUNCTION("gdpa-cpu-bufferize"),
    ON_FUNCTION("gdpa-cpu-check-buffers"),
    ON_FUNCTION("gdpa-cpu-unroll-vectors"),
    ON_FUNCTION("gdpa-cpu-unroll-vectors{vector-bits=0}"),
    ON_FUNCTION("gdpa-cpu-approximate-math"),
    ON_FUNCTION("gdpa-cpu-approximate-math{vector-bits=0}"),
    ON_FUNCTION("gdpa-cpu-lower-vectors"),
    ON_FUNCTION("gdpa-cpu-lower-dot-products"),
    ON_FUNCTION("gdpa-cpu-lower-vectors{vector-bits=0}"),
    ON_FUNCTION("gdpa-cpu-order-depth-first"),
    ON_MODULE("gdpa-cpu-entry"),
    ON_MODULE("gdpa_tile.program(gdpa-nv-split-masked-blocks)"),
    ON_MODULE("gdpa-nv-persist-tiles"),
    ON_MODULE("gdpa-nv-create-kernels"),
    ON_KERNEL("gdpa-tile-assign-layouts"),
    ON_KERNEL("gdpa-nv-specialize-warps"),
    ON_KERNEL("gdpa-nv-pipeline"),
    ON_KERNEL("gdpa-nv-ping-pong"),
    ON_KERNEL("gdpa-nv-check"),
    ON_KERNEL("gdpa-nv-instrument"),
    ON_KERNEL("gdpa-tile-stage-shared"),
    ON_KERNEL("gdpa-tile-distribute"),
    ON_KERNEL("gdpa-nv-approximate-math"),
    ON_KERNEL("gdpa-nv-expand-arith"),
    ON_MODULE("func.func(gdpa-nv-require-alignment)"),
    ON_KERNEL("gdpa-nv-require-alignment"),
    ON_KERNEL("gdpa-nv-flatten-parameters"),
    ON_MODULE("gpu.module(convert-gdpa-nv-to-nvvm)"),
};

#undef ON_KERNEL
#undef ON_FUNCTION
#undef ON_MODULE

} // namespace mlir::gdpa::fuzz

#endif // GDPA_FUZZ_PIPELINES_H
