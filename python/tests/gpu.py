"""make test-gpu: every example on this machine's GPU, both directions, against the reference target, in one table.

bf16 and f16, several head dims and lengths; each case is launched 8 times with bitwise equal results on outputs poisoned with NaN.
Prints a markdown table and writes it, with device and date, to benchmarks/results/.

usage: gpu.py [--compile FOLDER | --run FOLDER] [--target sm_80] [--quick] [--jobs N]
  --compile FOLDER  only compile, into FOLDER (no GPU needed): FOLDER, build/bin/gdpa-run, build/lib and python/ can then go to another machine
  --run FOLDER      only run what --compile has written
  --quick           silu, causal and polynomial, one shape
  --jobs N          that many cases at a time: the references are what takes long; the milliseconds then disturb each other
"""

import argparse
import concurrent.futures
import datetime
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import support
import catalogue  # in examples/, which support puts on the path

REPEATS = 8
RESULTS = support.ROOT / "benchmarks" / "results"


def kernels(quick):
    for example in catalogue.ALL:
        if quick and example.name not in ("silu", "causal", "polynomial"):
            continue
        yield example, "bf16", 64, 64
        if not quick:
            yield example, "bf16", 128, 128
        if example.name in ("silu", "polynomial") and not quick:
            yield example, "f16", 64, 64
            yield example, "bf16", 40, 96
            yield example, "bf16", 256, 256


# (batch, heads, key heads, queries, keys): many tiles, uneven ends, one row
SHAPES = ((2, 4, 2, 1000, 777), (1, 8, 1, 129, 1000), (2, 2, 2, 1, 33), (1, 2, 1, 0, 31))


def name_of(example, dtype, d, dv):
    return f"{example.name}-{dtype}-{d}-{dv}"


def compile_all(folder, quick, target):
    folder.mkdir(parents=True, exist_ok=True)
    for example, dtype, d, dv in kernels(quick):
        name = name_of(example, dtype, d, dv)
        source = support.specialise(example.source, dtype, d, dv)
        grad = True
        try:
            support.compile_program(source, folder, target=target, name=name)
        except support.CompileError as error:
            # what has no backward on GPUs yet says so; its forward is still run
            print(f"{name}: {str(error).splitlines()[1] if len(str(error).splitlines()) > 1 else error}", file=sys.stderr)
            grad = False
            support.compile_program(source, folder, target=target, name=name, grad=False)
        (folder / f"{name}.grad").write_text(json.dumps(grad))


def run_case(folder, example, dtype, d, dv, shape):
    """One line of the table, and whether it is right."""
    name = name_of(example, dtype, d, dv)
    grad = json.loads((folder / f"{name}.grad").read_text())
    batch, heads, key_heads, nq, nk = shape
    rng = np.random.default_rng(7)
    inputs = support.make_inputs(rng, dtype, batch, heads, key_heads, nq, nk, d, dv)
    if not grad:
        del inputs["do"]
    captures = {n: make(rng, {"B": batch, "Hq": heads, "Hkv": key_heads, "Sq": nq, "Sk": nk}) for n, make in example.captures.items()}
    with tempfile.TemporaryDirectory() as scratch:
        done = support.run_kernel(folder / f"{name}.json", {**inputs, **captures, "scale": float(np.float32(1 / math.sqrt(d)))}, scratch,
                                  outputs=(), grad=grad, options=["--check", f"--repeat={REPEATS}", "--time"])
    if done.status not in (support.RESULT, support.CHECK_FAILED):
        return [name, f"{shape}", done.stderr.strip().splitlines()[-1]], False
    errors, right = [], True
    for result, line in done.lines.items():
        empty = line["error"] is None and line["left_out"] == math.prod(line["shape"])
        right &= empty or line["error"] is not None and float(line["error"]) <= line["tolerance"]
        right &= line["identical"] is True
        errors.append(f"{result} {'-' if empty else format(float(line['error']), '.1e')}")
    times = {line["entry"]: line["time_ms"]["median"] for line in done.lines.values()}
    return [name, f"{shape}", ", ".join(errors), f"{REPEATS} equal" if all(x["identical"] for x in done.lines.values()) else "DIFFER",
            ", ".join(f"{entry} {ms:.3f}" for entry, ms in times.items())], right


def device():
    done = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True, text=True)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else "unknown device"


def run_all(folder, quick, output, jobs=1):
    lines = [f"# Examples on {device()}, {datetime.date.today()}", "",
             "`make test-gpu`: relative Frobenius errors against the reference target, 8 launches bitwise equal, milliseconds.", "",
             "| example-type-D-Dv | B, Hq, Hkv, Sq, Sk | errors | repeats | ms |", "|---|---|---|---|---|"]
    print("\n".join(lines))
    wrong = 0
    cases = [(kernel, shape) for kernel in kernels(quick) for shape in (SHAPES[:1] if quick else SHAPES)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for cells, right in pool.map(lambda case: run_case(folder, *case[0], case[1]), cases):
            wrong += not right
            lines.append("| " + " | ".join(cells) + (" |" if right else " | WRONG |"))
            print(lines[-1], flush=True)
    if not quick:
        output.mkdir(parents=True, exist_ok=True)
        path = output / f"examples-{device().split(',')[0].lower().replace(' ', '-')}.md"
        path.write_text("\n".join(lines) + "\n")
        print(f"written to {path}")
    print(f"{wrong} wrong of {len(lines) - 6}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--target", default="sm_80")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    options = parser.parse_args()
    if options.compile:
        return compile_all(options.compile, options.quick, options.target)
    if options.run:
        return run_all(options.run, options.quick, options.output, options.jobs)
    if not support.has_gpu():
        print("no NVIDIA GPU: expected /dev/nvidia0", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        compile_all(pathlib.Path(folder), options.quick, options.target)
        return run_all(pathlib.Path(folder), options.quick, options.output, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
