#!/usr/bin/env python3
"""How far is the plan from the best schedule? Sweeps block sizes on ten shapes and compares with what --gdpa-plan chooses.

    benchmarks/cpu/sweep.py [--quick] [--output benchmarks/results/NAME.md]

One thread's CPU time, the shortest of the rounds; schedules take turns within each round, so that a disturbance hits all of them. A cell is
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
ROUNDS = 4


@dataclasses.dataclass(frozen=True)
class Shape:
    queries: int
    keys: int
    dim: int
    value_dim: int
    activation: str
    type: str = "f32"
    heads: int = 1
    key_heads: int = 1


SHAPES = (
    Shape(2048, 2048, 64, 64, "silu"), Shape(128, 128, 64, 64, "silu"), Shape(2048, 2048, 64, 64, "relu"), Shape(4096, 4096, 32, 32, "relu"),
    Shape(2048, 2048, 128, 128, "relu"), Shape(1024, 1024, 256, 256, "silu"), Shape(64, 4096, 64, 64, "silu"),
    Shape(777, 1333, 40, 96, "gelu-erf"), Shape(512, 512, 64, 64, "silu", heads=8, key_heads=2), Shape(2048, 2048, 64, 64, "silu", "bf16"),
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
    """The shortest times of forward and backward, in no unit."""
    work = shape.heads * shape.queries * shape.keys
    done = subprocess.run([bench, library, f"--dim={shape.dim}", f"--value-dim={shape.value_dim}", f"--queries={shape.queries}",
                           f"--keys={shape.keys}", f"--heads={shape.heads}", f"--key-heads={shape.key_heads}", f"--type={shape.type}",
                           f"--activation={'relu' if shape.activation == 'relu' else 'silu'}", f"--repeats={5 if work > 500_000 else 51}"],
                          check=True, capture_output=True, text=True)
    return [1 / json.loads(line)["best_gflops"] for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the first shape")
    parser.add_argument("--output", help="also write the table there")
    arguments = parser.parse_args()
    compiler = shutil.which("clang++-22") or shutil.which("clang++") or "c++"
    lines = [f"# The plan against a sweep of {len(STATIONARY) * len(STREAMED)} schedules, {datetime.date.today()}", "", processor(), "",
             "| type | activation | heads, key heads | queries | keys | D, Dv | forward: plan / best | best | backward: plan / best | best |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = folder / "kernel-bench"
        subprocess.run([compiler, "-std=c++17", "-O2", "-I", ROOT / "include", ROOT / "benchmarks/cpu/kernel-bench.cpp", "-o", bench,
                        "-ldl", "-pthread"], check=True)
        for shape in SHAPES[:1] if arguments.quick else SHAPES:
            libraries = {}
            for label, schedule in schedules():
                library = folder / f"{label}.so"
                (folder / "k.mlir").write_text(source(shape, schedule))
                subprocess.run([BUILD / "bin" / "gdpa-compile", folder / "k.mlir", "--target=cpu", "--grad", "-o", library], check=True)
                libraries[label] = library, json.loads(library.with_suffix(".json").read_text())["schedule"]
            # The plan is one of the schedules where it says the same.
            plan = next((label for label in libraries if label != "plan" and libraries[label][1] == libraries["plan"][1]), "plan")
            best = {}
            for _ in range(ROUNDS):
                for label in libraries:
                    if label == "plan" != plan:
                        continue
                    times = measure(bench, libraries[label][0], shape)
                    best[label] = [min(a, b) for a, b in zip(best.get(label, times), times)]
            cells = []
            for entry in range(2):
                winner = min(best, key=lambda label: best[label][entry])
                cells += [f"{best[plan][entry] / best[winner][entry]:.3f}", winner]
            line = (f"| {shape.type} | {shape.activation} | {shape.heads}, {shape.key_heads} | {shape.queries} | {shape.keys} | "
                    f"{shape.dim}, {shape.value_dim} | " + " | ".join(cells) + " |")
            lines.append(line)
            print(line, flush=True)
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
