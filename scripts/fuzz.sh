#!/usr/bin/env bash
# Fuzzes parsers, printers, passes and the runtime's readers with libFuzzer, then runs what crashed once more in children of gdpa-fuzz, which
# tell our crashes from upstream's by their frames. Fails if one is ours. The corpus grows in $BUILD_DIR/fuzz/corpus from call to call.
# usage: scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}
build=${BUILD_DIR:-build-asan}
work=$build/fuzz
mkdir -p "$work"/{seeds,corpus,runtime-corpus,crashes,findings}
. scripts/sanitizer-options.sh
jobs=${FUZZ_JOBS:-$(nproc)}

/usr/bin/python3 tools/gdpa-fuzz/make_seeds.py "$build/bin" examples "$work/seeds"

status=0
printf '== launch descriptions and .npy files, %s s\n' $((seconds / 10))
"$build/bin/gdpa-fuzz-runtime-libfuzzer" "$work/runtime-corpus" test/Fuzz/Inputs/runtime -max_total_time=$((seconds / 10)) -max_len=8192 \
  -timeout=10 -print_final_stats=1 -verbosity=0 -artifact_prefix="$work/crashes/runtime-" || status=1

printf '== modules, %s s on %s processes\n' "$seconds" "$jobs"
# In fork mode a crash ends one job alone; jobs end early to let go of what upstream leaks.
"$build/bin/gdpa-fuzz-libfuzzer" "$work/corpus" "$work/seeds" test/Fuzz/Inputs/modules test/Fuzz/Inputs/corpus test/Fuzz/Upstream -fork="$jobs" -ignore_crashes=1 \
  -ignore_timeouts=1 -ignore_ooms=1 -max_total_time="$seconds" -max_len=65536 -detect_leaks=0 -timeout=60 -rss_limit_mb=4096 -dict=test/Fuzz/gdpa.dict \
  -artifact_prefix="$work/crashes/" 2>&1 | grep -E '^#|^INFO: (fuzzed|exiting)' | tail -n 20 || true

printf '== what crashed\n'
"$build/bin/gdpa-fuzz" "$work/crashes" --findings="$work/findings" || status=1
exit $status
