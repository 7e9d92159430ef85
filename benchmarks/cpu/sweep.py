#!/usr/bin/env python3
"""How far is the plan from the best schedule? Sweeps block sizes on ten shapes and compares with what --gdpa-plan chooses.

    benchmarks/cpu/sweep.py [--quick] [--output benchmarks/results/NAME.md]

One thread's CPU time against the peak of the same process, the best of the rounds; schedules are timed in turn within each round, so that a disturbance hits all of them. A cell is
the time of the plan over that of the best schedule, with the best one's blocks (stationary x streamed rows).
"""

import argparse
import dataclasses
import datetime
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from run import BUILD, ROOT, processor, program

STATIONARY = (64, 128, 256, 512)
STREAMED = (32, 64, 128, 256)
ROUNDS = 5


@dataclasses.dataclass(frozen=True)
class Shape:
    queries: int
    keys: int
    dim: int
    value_dim: int
    activation: str
    type: str = "f32"


SHAPES = (
    Shape(2048, 2048, 64, 64, "silu"), Shape(2048, 2048, 64, 64, "relu"), Shape(2048, 2048, 128, 128, "silu"),
    Shape(2048, 2048, 128, 128, "relu"), Shape(2048, 2048, 32, 32, "silu"), Shape(1024, 1024, 256, 256, "silu"),
    Shape(128, 128, 64, 64, "silu"), Shape(64, 4096, 64, 64, "silu"), Shape(777, 1333, 40, 96, "gelu-erf"),
    Shape(2048, 2048, 64, 64, "silu", "bf16"),
)


def source(shape, schedule):
    if shape.activation == "gelu-erf":
        text = (ROOT / "examples" / "gelu-erf.mlir").read_text()
        text = re.sub(r"^(!\w+ = tensor<\?x\?x\?x)64xf32>", rf"\g<1>{shape.dim}x{shape.type}>", text, flags=re.M)
    else:
        text = program(shape.activation, shape.dim, shape.type)
    text = re.sub(r"^(!(?:value|output) = tensor<\?x\?x\?x)\d+x", rf"\g<1>{shape.value_dim}x", text, flags=re.M)
    if schedule:
        text, count = re.subn(r"^      -> !output", f"      {{schedule = {schedule}}}\n      -> !output", text, flags=re.M)
        assert count == 1, "expected one result type line in the example"
    return text


def schedules():
    """(label, attribute): the plan first; one pair of blocks serves the forward and, turned, the backward."""
    yield "plan", ""
    for stationary, streamed in itertools.product(STATIONARY, STREAMED):
        yield (f"{stationary}x{streamed}", f"#gdpa_cpu.schedule<block_q = {stationary}, block_kv = {streamed}, "
                                           f"backward_block_q = {streamed}, backward_block_kv = {stationary}>")


def measure(bench, library, shape):
    """Time of forward and backward, relative to the work at the peak measured in the same process."""
    work = shape.queries * shape.keys
    done = subprocess.run([bench, library, f"--dim={shape.dim}", f"--value-dim={shape.value_dim}", f"--queries={shape.queries}",
                           f"--keys={shape.keys}", f"--type={shape.type}", f"--activation={'relu' if shape.activation == 'relu' else 'silu'}",
                           f"--repeats={5 if work > 500_000 else 51}"], check=True, capture_output=True, text=True)
    return [100 / json.loads(line)["best_percent"] for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the first shape")
    parser.add_argument("--output", help="also write the table there")
    arguments = parser.parse_args()
    compiler = shutil.which("clang++-22") or shutil.which("clang++") or "c++"
    lines = [f"# The plan against a sweep of {len(STATIONARY) * len(STREAMED)} schedules, {datetime.date.today()}", "", processor(), "",
             "| type | activation | queries | keys | D, Dv | forward: plan / best | best | backward: plan / best | best |",
             "|---|---|---|---|---|---|---|---|---|"]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = folder / "kernel-bench"
        subprocess.run([compiler, "-std=c++17", "-O2", "-I", ROOT / "include", ROOT / "benchmarks/cpu/kernel-bench.cpp", "-o", bench,
                        "-ldl", "-pthread"], check=True)
        libraries = {}
        for shape in SHAPES[:1] if arguments.quick else SHAPES:
            best = {}
            for label, schedule in schedules():
                key = (shape.dim, shape.value_dim, shape.activation, shape.type, label)
                if key not in libraries:
                    libraries[key] = folder / f"k{len(libraries)}.so"
                    (folder / "k.mlir").write_text(source(shape, schedule))
                    subprocess.run([BUILD / "bin" / "gdpa-compile", folder / "k.mlir", "--target=cpu", "--grad", "-o", libraries[key]], check=True)
            for _ in range(ROUNDS):
                for label, _ in schedules():
                    times = measure(bench, libraries[(shape.dim, shape.value_dim, shape.activation, shape.type, label)], shape)
                    best[label] = [min(a, b) for a, b in zip(best.get(label, times), times)]
            cells = []
            for entry in range(2):
                winner = min(best, key=lambda label: best[label][entry])
                cells += [f"{best['plan'][entry] / best[winner][entry]:.3f}", winner]
            line = f"| {shape.type} | {shape.activation} | {shape.queries} | {shape.keys} | {shape.dim}, {shape.value_dim} | " + " | ".join(cells) + " |"
            lines.append(line)
            print(line, flush=True)
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
