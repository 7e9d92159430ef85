#!/usr/bin/env bash
# Compiles the kernels that bench.py times: every example at D 64 and 128, bf16, forward and backward, as EXAMPLE_dD.ptx and .json.
# usage: benchmarks/gpu/compile.sh FOLDER [TARGET]
set -euo pipefail
folder=$(realpath -m "${1:?usage: benchmarks/gpu/compile.sh FOLDER [TARGET]}")
target=${2:-sm_80}
cd "$(dirname "$0")/../.."
mkdir -p "$folder"
for example in examples/*.mlir; do
  for d in 64 128; do
    name=$(basename "$example" .mlir)_d$d
    sed -E "s/^(!(query|key|value|output) = tensor<\?x\?x\?x)64xf32>/\1${d}xbf16>/" "$example" >"$folder/$name.mlir"
    "${BUILD_DIR:-build}/bin/gdpa-compile" "$folder/$name.mlir" --target="$target" --grad -o "$folder/$name.ptx"
  done
done
