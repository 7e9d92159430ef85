#!/usr/bin/env bash
# Runs every suite of the project on a finished build, each with its own output and closing lines, and fails if one of them failed.
# usage: scripts/test.sh ci|nightly
set -uo pipefail
cd "$(dirname "$0")/.."
level=${1:-ci}
build=${BUILD_DIR:-build}
status=0
. scripts/sanitizer-options.sh

section() { printf '\n== %s\n' "$*"; }
run() { "$@" || status=1; }

section "generated documentation (scripts/generate-docs.sh --check)"
run scripts/generate-docs.sh --check
section "unit tests (ctest)"
run ctest --test-dir "$build" --output-on-failure
section "compiler tests (lit)"
run /usr/lib/llvm-22/bin/lit -sv "$build/test"
suites=(python/tests)
if grep -q -- -fsanitize=address "$build/CMakeCache.txt"; then
  # Everything is several times slower: what looks for bad memory accesses, not for wrong numbers.
  suites=(python/tests/test_bad_input.py python/tests/test_fuzz.py python/tests/test_sanitized_kernels.py)
fi
section "numbers, PTX, bad input, documents (pytest, level $level)"
GDPA_TEST_LEVEL=$level run .venv/bin/python -m pytest -q -n auto --durations=10 "${suites[@]}"
exit $status
