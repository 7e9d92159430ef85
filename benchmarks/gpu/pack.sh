#!/usr/bin/env bash
# Compiles the kernels of hopper.py and puts all that their run needs into one folder, for a machine that has a GPU and torch but no compiler;
# there `FOLDER/run.sh [options of hopper.py]` runs them and writes hopper.md, hopper.json and hopper.log to $OUT (default: FOLDER).
# usage: benchmarks/gpu/pack.sh FOLDER [TARGET] [--only SETS] [--quick]
set -euo pipefail
folder=$(realpath -m "${1:?usage: benchmarks/gpu/pack.sh FOLDER [TARGET] [--only SETS] [--quick]}")
target=${2:-sm_90a}
shift $(($# > 1 ? 2 : 1))
cd "$(dirname "$0")/../.."
build=${BUILD_DIR:-build}
rm -rf "$folder/tree"
mkdir -p "$folder/tree/benchmarks/gpu" "$folder/tree/benchmarks/cpu" "$folder/tree/build/lib"
python3 benchmarks/gpu/hopper.py --compile "$folder/tree/kernels" --target="$target" "$@" || echo "pack.sh: some kernels are missing; the rest is packed" >&2
cp benchmarks/gpu/*.py "$folder/tree/benchmarks/gpu/"
cp -r benchmarks/cpu/activations benchmarks/cpu/activations.py "$folder/tree/benchmarks/cpu/"
cp -L "$build/lib/libgdpa_runtime.so" "$folder/tree/build/lib/"
strip "$folder/tree/build/lib/libgdpa_runtime.so"
cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
cd "$(dirname "$0")/tree" || exit 9
out=${OUT:-..}
export PYTHONUNBUFFERED=1 BUILD_DIR=build
python3 benchmarks/gpu/hopper.py --run kernels --output "$out/hopper.md" --log "$out/hopper.log" "$@"
status=$?
tail -n 12 "$out/hopper.log" | cut -c1-160
exit $status
RUN
chmod +x "$folder/run.sh"
du -sh "$folder"
