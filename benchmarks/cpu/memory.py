#!/usr/bin/env python3
"""Measures the peak memory of one long head on the CPU: gdpa-run's resident set against the size of its tensors.

    benchmarks/cpu/memory.py [--length 65536] [--output benchmarks/results/NAME.md]

f32, silu, D 64, one head, all processors. The peak is VmHWM of the process that loads the arrays, runs the kernel once and writes the
results; the tensors are the arguments and results of the entry. Exits with 1 where the peak exceeds the tensors by 64 MB.
"""

import argparse
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
BIN = ROOT / os.environ.get("BUILD_DIR", "build") / "bin"
DIM, MEGABYTE = 64, 1 << 20
ALLOWED = 64 * MEGABYTE


def high_water(command):
    """The peak resident set of a command in bytes, its tools excepted: the process is the kernel's own."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, *(1024 * int(kib) for kib in re.findall(r"VmHWM:\s+(\d+)", status)), 0)
        except (OSError, TypeError):
            pass
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}")
    return peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=65536, help="queries and keys")
    parser.add_argument("--output", help="also write the table there")
    arguments = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"# Peak memory of CPU kernels, {datetime.date.today()}", "",
             f"{platform.processor() or platform.machine()}, commit {commit}; `benchmarks/cpu/memory.py --length {arguments.length}`: f32, silu, D {DIM}, one head, all processors", "",
             "| entry | length | tensors, MB | peak of the process, MB | above the tensors, MB |", "|---|---|---|---|---|"]
    print("\n".join(lines))
    worst = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random = np.random.default_rng(0)
        for tensor in ("q", "k", "v", "do"):
            np.save(folder / f"{tensor}.npy", random.standard_normal((1, 1, arguments.length, DIM), dtype=np.float32))
        one = 4 * arguments.length * DIM
        for entry, inputs, results, options in (("forward", "q k v".split(), ["o"], []),
                                                ("backward", "q k v do".split(), ["dq", "dk", "dv"], ["--grad"])):
            library = folder / f"{entry}.so"
            subprocess.run([BIN / "gdpa-compile", ROOT / "examples" / "silu.mlir", "--target=cpu", *options, "-o", library], check=True)
            command = [BIN / "gdpa-run", library.with_suffix(".json"), *options, "--arg", "scale=0.125"]
            for tensor in inputs:
                command += ["--arg", f"{tensor}={folder / tensor}.npy"]
            for tensor in results:
                command += ["--out", f"{tensor}={folder / tensor}.npy"]
            peak = high_water(command)
            tensors = one * (len(inputs) + len(results))
            worst = max(worst, peak - tensors)
            lines.append(f"| {entry} | {arguments.length} | {tensors / MEGABYTE:.0f} | {peak / MEGABYTE:.0f} | {(peak - tensors) / MEGABYTE:.0f} |")
            print(lines[-1], flush=True)
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
