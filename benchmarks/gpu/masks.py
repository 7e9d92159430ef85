#!/usr/bin/env python3
"""Times masked silu kernels on a GPU in units of the same kernel without a mask: blocks in which nothing is kept should cost nothing.

usage: masks.py [--compile FOLDER | --run FOLDER] [--output FILE.md]
  --compile FOLDER  only compile (no GPU needed): FOLDER, build/bin/gdpa-run and this file can then go to another machine
  --run FOLDER      only run what --compile has written

bf16, B 1, H 16. Kernels are timed in turn, the table has the median of the rounds' ratios. python/tests/gpu_random.py checks masks' numbers.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("BUILD_DIR", "build") / "bin"
ROUNDS = 3
COORDINATES = "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index"
CAUSAL = "%keep = arith.cmpi sge, %i, %j : index"
WINDOW = """%w = arith.constant 256 : index
        %d = arith.subi %i, %j : index
        %after = arith.cmpi sge, %i, %j : index
        %near = arith.cmpi slt, %d, %w : index
        %keep = arith.andi %after, %near : i1"""
MASKS = {"unmasked": "", "causal": CAUSAL, "window of 256": WINDOW}
CASES = (("causal", 4096), ("window of 256", 8192))
DIMS = (64, 128)


def path(folder, mask, dim):
    return folder / f"{mask.replace(' ', '-')}-{dim}.json"


def compile_all(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for mask, text in MASKS.items():
        for dim in DIMS:
            source = (ROOT / "examples" / "silu.mlir").read_text()
            source = re.sub(r"^(!\w+ = tensor<\?x\?x\?x)64xf32>", rf"\g<1>{dim}xbf16>", source, flags=re.M)
            if text:
                region = f"      mask({COORDINATES}) {{\n        {text}\n        gdpa.yield %keep : i1\n      }}\n      -> !output"
                source, count = re.subn(r"^      -> !output", region, source, flags=re.M)
                assert count == 1, "expected one result type line in examples/silu.mlir"
            program = path(folder, mask, dim).with_suffix(".mlir")
            program.write_text(source)
            subprocess.run([BIN / "gdpa-compile", program, "--target=sm_80", "--grad", "-o", program.with_suffix(".ptx")], check=True)


def times(description, arrays, dim):
    """Milliseconds of forward and backward, each the median of gdpa-run's repeats."""
    arguments = [word for name, array in arrays.items() for word in ("--arg", f"{name}={array}")]
    done = subprocess.run([BIN / "gdpa-run", description, *arguments, "--arg", f"scale={dim ** -0.5!r}", "--grad", "--time"], check=True,
                          capture_output=True, text=True)
    return {line["entry"]: line["time_ms"]["median"] for line in map(json.loads, done.stdout.splitlines())}


def run_all(folder, output):
    device = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
    lines = [f"# Masks on {device}, {datetime.date.today()}", "",
             f"`benchmarks/gpu/masks.py`: silu, bf16, B 1, H 16; median of {ROUNDS} rounds that take turns.", "",
             "| mask | S | D | forward, ms | of unmasked | backward, ms | of unmasked |", "|---|---|---|---|---|---|---|"]
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as scratch:
        for mask, length in CASES:
            for dim in DIMS:
                arrays = {}
                for name in ("q", "k", "v", "do"):
                    arrays[name] = pathlib.Path(scratch) / f"{name}.npy"
                    np.save(arrays[name], random.standard_normal((1, 16, length, dim), dtype=np.float32))
                rounds = [(times(path(folder, "unmasked", dim), arrays, dim), times(path(folder, mask, dim), arrays, dim))
                          for _ in range(ROUNDS)]
                cells = []
                for entry in ("forward", "backward"):
                    cells.append(f"{statistics.median(masked[entry] for _, masked in rounds):.3f}")
                    cells.append(f"{statistics.median(masked[entry] / plain[entry] for plain, masked in rounds):.3f}")
                lines.append(f"| {mask} | {length} | {dim} | " + " | ".join(cells) + " |")
    print("\n".join(lines))
    if output:
        output.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.compile or options.run or pathlib.Path(scratch)).resolve()
        if not options.run:
            compile_all(folder)
        if not options.compile:
            run_all(folder, options.output)


if __name__ == "__main__":
    sys.exit(main())
