#!/usr/bin/env python3
"""Times torch-mlir's transformer layer on the CPU: its linalg through ordinary lowerings, against the same with attention raised.

    benchmarks/cpu/raise.py [--lengths 512 1024 2048 4096] [--output benchmarks/results/NAME.md]

The layer is benchmarks/cpu/transformer-layer.mlir (width 512, 8 heads, hidden 2048, f32, one sequence, softmax), with its length put in.

    loops     upstream's convert-linalg-to-loops, deallocation, clang -O3 -march=native: one thread
    tiled     --gdpa-function-to-cpu without raising: every operation tiled, vectorised, on all processors; scores are stored
    raised    --gdpa-raise, then the same

Each runs in a process of its own; the time is the least of some calls after the first, memory what the resident set's peak rises by during
the calls. Results are compared with those of `loops`.
"""

import argparse
import ctypes
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python/tests"))
import linalg_modules  # noqa: E402
import support  # noqa: E402

LENGTH = "1234"  # in the file
LOOPS = ("canonicalize,cse,one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
         "buffer-results-to-out-params{modify-public-functions=true hoist-static-allocs=true},buffer-deallocation-pipeline,canonicalize,cse,"
         + linalg_modules.TO_LLVM)
PASSES = {"loops": LOOPS, "tiled": "canonicalize,gdpa-function-to-cpu", "raised": "gdpa-raise,canonicalize,gdpa-function-to-cpu"}


def status(field):
    return 1024 * int(re.search(rf"{field}:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1])


def measure(variant, library, source, calls):
    """In a process of its own: prints seconds, bytes, and leaves the result beside the library."""
    arguments, results = linalg_modules.signature(pathlib.Path(source).read_text())
    rng = np.random.default_rng(0)
    inputs = [rng.standard_normal(shape).astype(np.float32) * np.float32(1 if len(shape) == 3 else shape[-1] ** -0.5) for shape, _ in arguments]
    output = [np.zeros(shape, np.float32) for shape, _ in results]
    loaded = ctypes.CDLL(library)
    runtime = None
    if variant != "loops":
        runtimes = ctypes.CDLL(str(support.BUILD / "lib/libgdpa_runtime.so"))
        runtimes.gdpa_runtime_create.restype = ctypes.c_void_p
        runtime = runtimes.gdpa_runtime_create(0)
    run = (lambda: linalg_modules.call(loaded, inputs, output)) if variant == "loops" else (
        lambda: linalg_modules.call_entry(loaded, inputs, output, runtime))
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before, least = status("VmRSS"), float("inf")
    for _ in range(calls):
        start = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - start)
    np.save(f"{library}.npy", output[0])
    print(least, status("VmHWM") - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    parser.add_argument("--output", help="also write the table there")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measure(*arguments.measure[:3], int(arguments.measure[3]))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"# A transformer layer of torch-mlir, raised, {datetime.date.today()}", "",
             f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, commit {commit}; `benchmarks/cpu/raise.py`: "
             "width 512, 8 heads, hidden 2048, f32, softmax", "",
             "| length | loops, ms | tiled, ms | raised, ms | loops / raised | tiled / raised | loops, MB | tiled, MB | raised, MB | difference of results |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    text = (ROOT / "benchmarks/cpu/transformer-layer.mlir").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for length in arguments.lengths:
            source = folder / f"layer{length}.mlir"
            source.write_text(re.sub(rf"\b{LENGTH}(?=x|,|\])|(?<=x){LENGTH}(?=x)", str(length), text))
            found = {}
            for variant, passes in PASSES.items():
                linalg_modules.build(source, passes, folder, variant, optimize="-O3")
                calls = 1 if variant == "loops" else 5
                command = [sys.executable, __file__, "--measure", variant, folder / f"{variant}.so", source, calls]
                seconds, memory = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout.split()
                found[variant] = float(seconds), float(memory), np.load(folder / f"{variant}.so.npy").astype(np.float64)
            want = found["loops"][2]
            difference = max(np.linalg.norm(result - want) / np.linalg.norm(want) for _, _, result in found.values())
            (loops, loops_memory, _), (tiled, tiled_memory, _), (raised, raised_memory, _) = found.values()
            lines.append(f"| {length} | {1e3 * loops:.0f} | {1e3 * tiled:.0f} | {1e3 * raised:.0f} | {loops / raised:.1f} | {tiled / raised:.2f} | "
                         f"{loops_memory / 1e6:.0f} | {tiled_memory / 1e6:.0f} | {raised_memory / 1e6:.0f} | {difference:.1e} |")
            print(lines[-1], flush=True)
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
