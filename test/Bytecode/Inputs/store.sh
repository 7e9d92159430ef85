#!/usr/bin/env bash
# Writes programs.mlir as a bytecode file of the dialect's present version (lib/Dialect/GDPA/IR/Bytecode.cpp), to be committed beside the
# older ones and read by stored.test: run it once for each version. Version 0 was written before files carried a version.
# usage: test/Bytecode/Inputs/store.sh VERSION     (with gdpa-opt on PATH)
set -euo pipefail
cd "$(dirname "$0")"
gdpa-opt programs.mlir --emit-bytecode -o "version-$1.mlirbc"
