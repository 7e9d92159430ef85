#!/usr/bin/env bash
# Compiles what gpu_forward.py checks and puts all that its run needs into one folder, for a machine that has a GPU, torch and scipy but no
# compiler; there `FOLDER/run.sh [--no-sanitizer]` checks it, then runs compute-sanitizer over a sample, and writes to $OUT (default: FOLDER).
# usage: python/tests/gpu_pack.sh FOLDER [TARGET] [options of gpu_forward.py --compile]
set -euo pipefail
folder=$(realpath -m "${1:?usage: python/tests/gpu_pack.sh FOLDER [TARGET] [options]}")
target=${2:-sm_90a}
shift $(($# > 1 ? 2 : 1))
cd "$(dirname "$0")/../.."
build=${BUILD_DIR:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
mkdir -p "$folder" "$tree/python/tests" "$tree/benchmarks/gpu" "$tree/build/lib" "$tree/build/bin"
.venv/bin/python python/tests/gpu_forward.py --compile "$tree/work" --target "$target" "$@" | tee "$folder/compiled.txt" ||
  echo "gpu_pack.sh: some programs are missing; the rest is packed" >&2
cp python/tests/*.py "$tree/python/tests/"
cp -r examples "$tree/"
cp benchmarks/gpu/artefact.py "$tree/benchmarks/gpu/"
cp -L "$build/lib/libgdpa_runtime.so" "$tree/build/lib/"
cp "$build/bin/gdpa-run" "$tree/build/bin/"
strip "$tree/build/lib/libgdpa_runtime.so" "$tree/build/bin/gdpa-run"
tar -C "$scratch" -czf "$folder/tree.tar.gz" tree
cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
# Under 200 s.
folder=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$folder}
mkdir -p /tmp/gpu-forward && tar -C /tmp/gpu-forward -xzf "$folder/tree.tar.gz" && cd /tmp/gpu-forward/tree || exit 9
export PYTHONUNBUFFERED=1 BUILD_DIR=build
cat "$folder/compiled.txt"
timeout 150 python3 python/tests/gpu_forward.py --run work --jobs "${JOBS:-14}" --output "$out/failures.mlir" >"$out/forward.txt" 2>&1
status=$?
tail -n 40 "$out/forward.txt" | cut -c1-300
if [ "${1:-}" != --no-sanitizer ]; then
  timeout 100 python3 python/tests/gpu_forward.py --sanitize work --jobs 8 >"$out/sanitizer.txt" 2>&1 || status=1
  cat "$out/sanitizer.txt" | cut -c1-300
fi
exit $status
RUN
chmod +x "$folder/run.sh"
du -sh "$folder"
