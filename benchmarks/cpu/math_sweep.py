#!/usr/bin/env python3
"""Measures the elementary functions of the CPU over all 2^32 f32 inputs and writes docs/approximate-math.md.

    benchmarks/cpu/math_sweep.py [--step 1] [--output docs/approximate-math.md]

Both precisions, all processors; every input takes half a minute a function and precision on two cores. See math-sweep.cpp.
"""

import argparse
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD_DIR", "build")
LLVM = pathlib.Path("/usr/lib/llvm-22/bin")
LOWER = ("builtin.module(func.func(gdpa-cpu-approximate-math),convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,convert-arith-to-llvm,"
         "finalize-memref-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts)")
HEAD = """# Approximations of elementary functions

<!-- The CPU's table is written by benchmarks/cpu/math_sweep.py: what stands between the marks is measured. -->

Neither target calls a mathematical library: `--gdpa-cpu-approximate-math` and `--gdpa-nv-approximate-math` expand every elementary
function on vectors, with the forms of `lib/Conversion/MathExpansion` (each bound stands at its definition) and, for `fast` on NVIDIA, with
the hardware's approximations (`lib/Dialect/GDPANV/Transforms/ApproximateMath.cpp`).

- `exact`: at most 2 units in the last place (ulp) of f32 for every f32 input; infinities, NaN, denormals and the sign of zero as in C. bf16 and
  f16 values are computed in f32. f64: at most 4 ulp of f64 (`test/Integration/math-accuracy.test`); sin, cos and tan beyond 2^51 are NaN, not a wrong number.
- `fast`: the bound of the table. A function without a form of its own takes the exact one.

## CPU

"""


def build(folder):
    """A library with the functions exact_NAME, fast_NAME on f32 and f64_NAME."""
    objects = []
    for prefix, kind, precision in (("exact", "f32", "exact"), ("fast", "f32", "fast"), ("f64", "f64", "exact")):
        text = subprocess.run([sys.executable, ROOT / "test/Integration/Inputs/math-functions.py", kind, precision], capture_output=True, text=True, check=True).stdout
        text = text.replace(f"@{kind}_", f"@{prefix}_")
        llvm = subprocess.run([BUILD / "bin/gdpa-opt", "-", f"--pass-pipeline={LOWER}"], input=text, capture_output=True, text=True, check=True).stdout
        llvm = re.sub(r", precision = #gdpa\.precision<[a-z]*>", "", llvm)
        ir = subprocess.run([LLVM / "mlir-translate", "--mlir-to-llvmir"], input=llvm, capture_output=True, text=True, check=True).stdout
        objects.append(folder / f"{prefix}.o")
        subprocess.run([LLVM / "llc", "-O2", "-mcpu=haswell", "-mtriple=x86_64-unknown-linux-gnu", "--relocation-model=pic", "-filetype=obj", "-o", objects[-1]],
                       input=ir, text=True, check=True)
    library = folder / "functions.so"
    subprocess.run([LLVM / "clang", "-shared", *objects, "-o", library], check=True)
    return library


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="distance of the inputs' bit patterns; 1 takes every input")
    parser.add_argument("--only", nargs="*", default=[], help="functions; the others keep their rows")
    parser.add_argument("--output", type=pathlib.Path, help="the page to write; else only the rows are printed")
    options = parser.parse_args()
    compiler = shutil.which("clang++-22") or shutil.which("clang++") or "c++"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        library = build(folder)
        subprocess.run([compiler, "-O3", "-march=haswell", "-ffp-contract=off", ROOT / "benchmarks/cpu/math-sweep.cpp", "-o", folder / "sweep", "-ldl", "-pthread"], check=True)
        rows = []
        process = subprocess.Popen([folder / "sweep", library, str(options.step), *options.only], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            rows.append(line.rstrip())
            print(rows[-1], flush=True)
        if process.wait():
            return 1
    if options.output:
        inputs = "every f32 input" if options.step == 1 else f"every {options.step}th f32 input"
        table = [f"Measured {datetime.date.today()} over {inputs} (`benchmarks/cpu/math_sweep.py{'' if options.step == 1 else f' --step {options.step}'} --output "
                 "docs/approximate-math.md`); the relative error is of results that are no denormals.", "",
                 "| function | precision | largest error, ulp | at | largest relative error | at | infinities, NaN, signs of zero |", "|---|---|---|---|---|---|---|", *rows]
        begin, end = "<!-- measured -->", "<!-- /measured -->"
        text = options.output.read_text() if options.output.exists() else HEAD + begin + "\n" + end + "\n"
        before, rest = text.split(begin, 1)
        if options.only:
            name = lambda row: tuple(row.split(" | ")[:2])
            new = {name(row): row for row in rows}
            table = [new.get(name(row), row) for row in rest.split(end, 1)[0].strip().splitlines()]
        options.output.write_text(before + begin + "\n" + "\n".join(table) + "\n" + end + rest.split(end, 1)[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
