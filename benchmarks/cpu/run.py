#!/usr/bin/env python3
"""Compiles CPU kernels with gdpa-compile and times them against the peak of the multiply-add instructions.

    benchmarks/cpu/run.py [--quick] [--output benchmarks/results/NAME.md]

One thread unless the line says otherwise; the time is the thread's CPU time, so that a busy machine disturbs little; the peak is
measured in the same process. FLOPs: forward 2 Hq Sq Sk (D + Dv), backward 2 Hq Sq Sk (3 D + 2 Dv). Errors are relative Frobenius
errors of sampled rows against float64.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD_DIR", "build")
RELU = """%zero = arith.constant 0.0 : f32
        %positive = arith.cmpf ogt, %s, %zero : f32
        %z = arith.select %positive, %s, %zero : f32
        """


# What a mask keeps, and at which length it is timed beside the same kernel without it.
MASKS = {
    "causal": (4096, "%keep = arith.cmpi sge, %i, %j : index"),
    "window of 256": (8192, """%width = arith.constant 256 : index
        %distance = arith.subi %i, %j : index
        %behind = arith.cmpi sge, %i, %j : index
        %near = arith.cmpi slt, %distance, %width : index
        %keep = arith.andi %behind, %near : i1"""),
}


def masked(text, mask):
    """A program with a mask region behind its activation."""
    region = f"""gdpa.yield %z : f32
      }}
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {{
        {mask}
        gdpa.yield %keep : i1
      }}"""
    return re.sub(r"gdpa\.yield %z : f32\n      \}", lambda _: region, text, count=1)


def time_masks(bench, folder, rounds=5):
    """Lines of a table: the time of a masked kernel in units of the same kernel's without the mask, median over rounds that take turns."""
    lines = ["", "| mask | queries | forward time of unmasked | backward time of unmasked |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    plain = program("silu", 64, "f32")
    libraries = {}
    for name, text in {"plain": plain, **{name: masked(plain, mask) for name, (_, mask) in MASKS.items()}}.items():
        source, libraries[name] = folder / "k.mlir", folder / f"masked-{len(libraries)}.so"
        source.write_text(text)
        subprocess.run([BUILD / "bin" / "gdpa-compile", source, "--target=cpu", "--grad", "-o", libraries[name]], check=True)

    def speeds(name, queries):
        done = subprocess.run([bench, libraries[name], f"--queries={queries}", "--repeats=5"], check=True, capture_output=True, text=True)
        return [json.loads(line)["gflops"] for line in done.stdout.splitlines()]  # the unmasked work per time

    for name, (queries, _) in MASKS.items():
        ratios = []
        for _ in range(rounds):
            ratios.append([a / b for a, b in zip(speeds("plain", queries), speeds(name, queries))])
        forward, backward = (statistics.median(column) for column in zip(*ratios))
        lines.append(f"| {name} | {queries} | {forward:.3f} | {backward:.3f} |")
        print(lines[-1], flush=True)
    return lines


def program(activation, dim, dtype):
    """examples/silu.mlir for another storage type, head dim and activation."""
    text = (ROOT / "examples" / "silu.mlir").read_text()
    text = re.sub(r"^(!\w+ = tensor<\?x\?x\?x)64xf32>", rf"\g<1>{dim}x{dtype}>", text, flags=re.M)
    if activation == "relu":
        text = re.sub(r"%one = arith\.constant 1\.0.*?(?=gdpa\.yield)", RELU, text, flags=re.S)
    return text


def processor():
    with open("/proc/cpuinfo") as lines:
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16") if flag in flags]
    return f"{name} ({', '.join(wide)}; {os.cpu_count()} processors)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only D 64 silu f32")
    parser.add_argument("--masks", action="store_true", help="only the time of masked kernels beside unmasked ones")
    parser.add_argument("--threads", type=int, default=1, help="one more line with that many threads, by the wall clock: a quiet machine only")
    parser.add_argument("--output", help="also write the table there")
    arguments = parser.parse_args()
    compiler = shutil.which("clang++-22") or shutil.which("clang++") or "c++"
    lines = [f"# CPU kernels, {datetime.date.today()}", "", processor(), ""]
    table = ["| type | D | activation | queries | row stride | threads | forward % of peak | error | backward % of peak | error dq, dk, dv |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    lines += [] if arguments.masks else table
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bench = folder / "kernel-bench"
        subprocess.run([compiler, "-std=c++17", "-O2", "-I", ROOT / "include", ROOT / "benchmarks/cpu/kernel-bench.cpp", "-o", bench,
                        "-ldl", "-pthread"], check=True)
        cases = [(dtype, dim, activation, [(2048, 0, 1)]) for dtype in ("f32", "bf16", "f16") for dim in (64, 128)
                 for activation in ("silu", "relu")]
        cases[0] = ("f32", 64, "silu", [(2048, 0, 1), (2048, 1024, 1), (128, 0, 1), (256, 0, 1)])
        if arguments.threads > 1:
            cases[0][3].append((2048, 0, arguments.threads))
        for dtype, dim, activation, shapes in [] if arguments.masks else cases[:1] if arguments.quick else cases:
            source, library = folder / "k.mlir", folder / f"k-{dtype}-{dim}-{activation}.so"
            source.write_text(program(activation, dim, dtype))
            subprocess.run([BUILD / "bin" / "gdpa-compile", source, "--target=cpu", "--grad", "-o", library], check=True)
            for queries, stride, threads in shapes:
                heads = 1 if threads == 1 else 8
                done = subprocess.run([bench, library, f"--dim={dim}", f"--type={dtype}", f"--activation={activation}",
                                       f"--queries={queries}", f"--row-stride={stride}", f"--threads={threads}", f"--heads={heads}",
                                       f"--repeats={15 if queries > 512 else 101}"], check=True, capture_output=True, text=True)
                forward, backward = (json.loads(line) for line in done.stdout.splitlines())
                errors = ", ".join(f"{backward[f'error_{x}']:.1e}" for x in ("dq", "dk", "dv"))
                line = (f"| {dtype} | {dim} | {activation} | {queries} | {stride or 'dense'} | {threads} | {forward['percent']} "
                        f"| {forward['error_o']:.1e} | {backward['percent']} | {errors} |")
                lines.append(line)
                print(line, flush=True)
        if arguments.masks or not arguments.quick:
            lines += time_masks(bench, folder)
    if arguments.output:
        path = pathlib.Path(arguments.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
