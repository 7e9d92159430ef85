"""CPU kernels against the peak of the same process and, where torch is installed, against torch on the same work.

    python benchmarks/cpu/bench.py [--quick] [--torch] [--out FILE.md]

One table: kernels of silu and relu at D 64 and 128, dense and strided rows, short sequences, two threads; each line is the
median of 21 calls, as a fraction of the peak that kernel-bench measures beside it. With --torch a second table: the time of
torch eager and torch.compile of the two products (and of autograd through them) over ours, in one process, rotating.
"""

import argparse
import ctypes
import datetime
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "bin"


def cpu_name():
    found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    width = "AVX-512" if "avx512f" in flags else "AVX2"
    return f"{found[1] if found else platform.processor()}, {width}"


def compile_kernel(folder, example, dtype, depth):
    source = (ROOT / "examples" / f"{example}.mlir").read_text()
    source = re.sub(r"(?m)^(!(?:query|key|value|output) .*)x64xf32>", rf"\1x{depth}x{dtype}>", source)
    program = folder / f"{example}-{dtype}-{depth}.mlir"
    program.write_text(source)
    library = program.with_suffix(".so")
    started = time.perf_counter()
    subprocess.run([BIN / "gdpa-compile", program, "--target=cpu", "--grad", "-o", library], check=True)
    return library, time.perf_counter() - started


def run(library, example, dtype, depth, **options):
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    activation = "relu" if example == "relu" else example
    done = subprocess.run([BIN / "kernel-bench", library, f"--dim={depth}", f"--type={dtype}", f"--activation={activation}", *flags],
                          check=True, capture_output=True, text=True)
    return {line["entry"]: line for line in map(json.loads, done.stdout.splitlines())}


def kernels(folder, quick):
    rows = ["| type | D | rows | S | threads | forward | backward | errors | compile both, s |", "|---|---|---|---|---|---|---|---|---|"]
    for dtype in ("f32",) if quick else ("f32", "bf16", "f16"):
        for depth in (64, 128):
            library, seconds = compile_kernel(folder, "silu", dtype, depth)
            variants = [dict(queries=2048), dict(queries=2048, row_stride=1024), dict(queries=128, repeats=201)]
            variants += [dict(queries=2048, heads=2, threads=1), dict(queries=2048, heads=2, threads=2)]
            for options in variants[:1] if quick or dtype != "f32" else variants:
                lines = run(library, "silu", dtype, depth, **options)
                forward, backward = lines["forward"], lines["backward"]
                errors = ", ".join(f"{value:.1e}" for line in (forward, backward) for key, value in line.items() if key.startswith("error"))
                rows.append(f"| {dtype} silu | {depth} | {'stride 1024' if options.get('row_stride') else 'dense'} | {options['queries']} | "
                            f"{options.get('threads', 1)} | {forward['percent']:.0f}% ({forward['gflops']:.0f}) | "
                            f"{backward['percent']:.0f}% ({backward['gflops']:.0f}) | {errors} | {seconds:.2f} |")
                print(rows[-1], flush=True)
    return rows


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * 6), ("strides", ctypes.c_int64 * 6)]


def torch_table(folder):
    """Ours and torch's on the same tensors in this process; one thread each."""
    import torch

    torch.set_num_threads(1)
    library, _ = compile_kernel(folder, "silu", "f32", 64)
    code = ctypes.CDLL(str(library))
    Task = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
    scratch = torch.empty(8 << 20, dtype=torch.uint8)
    ParallelFor = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, Task, ctypes.c_void_p)

    class Runtime(ctypes.Structure):
        _fields_ = [("self", ctypes.c_void_p), ("parallel_for", ParallelFor)]

    def parallel_for(_, count, size, task, context):
        assert size <= scratch.numel() - 64
        task(context, 0, count, (scratch.data_ptr() + 63) // 64 * 64)

    callback = ParallelFor(parallel_for)
    runtime = Runtime(None, callback)
    generator = torch.Generator().manual_seed(0)
    q, k, v, do = (torch.randn(1, 4, 2048, 64, generator=generator) for _ in range(4))
    scale = torch.tensor(0.125)
    o, dq, dk, dv = (torch.empty_like(q) for _ in range(4))
    workspace = torch.empty(256 << 20, dtype=torch.uint8)

    def call(name, tensors):
        arguments = (Tensor * len(tensors))()
        for argument, tensor in zip(arguments, tensors):
            argument.data, argument.dtype, argument.rank = tensor.data_ptr(), 1, tensor.dim()
            argument.shape[:tensor.dim()] = list(tensor.shape)
            argument.strides[:tensor.dim()] = list(tensor.stride())
        status = getattr(code, name)(arguments, ctypes.c_void_p(workspace.data_ptr()), ctypes.byref(runtime))
        assert status == 0, f"{name} returned {status}"

    description = json.loads(library.with_suffix(".json").read_text())
    named = dict(q=q, k=k, v=v, do=do, scale=scale, o=o, dq=dq, dk=dk, dv=dv)

    def entry(which):
        found = description["entries"][which]
        call(found["symbol"], [named[name] for name in found["arguments"]])

    def attention(q, k, v):
        return torch.nn.functional.silu((q @ k.transpose(-1, -2)) * 0.125) @ v

    compiled = torch.compile(attention)
    leaves = [x.clone().requires_grad_() for x in (q, k, v)]

    def both(function):
        for leaf in leaves:
            leaf.grad = None
        function(*leaves).backward(do)

    with torch.no_grad():
        entry("forward")
        error = (o - attention(q, k, v)).norm() / o.norm()
    both(attention)
    entry("backward")
    errors = [((mine - leaf.grad).norm() / leaf.grad.norm()).item() for mine, leaf in zip((dq, dk, dv), leaves)]
    print(f"errors against torch: o {error:.1e}, dq dk dv {errors}")

    def without_gradient(function):
        with torch.no_grad():
            function(q, k, v)

    work = {"forward": {"ours": lambda: entry("forward"), "torch eager": lambda: without_gradient(attention),
                        "torch.compile": lambda: without_gradient(compiled)},
            "forward + backward": {"ours": lambda: (entry("forward"), entry("backward")), "torch eager": lambda: both(attention),
                                   "torch.compile": lambda: both(compiled)}}
    rows = [f"torch {torch.__version__}, f32, B1 H4 S2048 D64 silu, one thread, median of 9 rotating rounds", "",
            "| work | ours, ms | torch eager / ours | torch.compile / ours |", "|---|---|---|---|"]
    for name, calls in work.items():
        times = {key: [] for key in calls}
        for key, function in calls.items():
            function()
        for _ in range(9):
            for key, function in calls.items():
                started = time.perf_counter()
                function()
                times[key].append(time.perf_counter() - started)
        ratio = lambda peer: statistics.median(a / b for a, b in zip(times[peer], times["ours"]))
        rows.append(f"| {name} | {1e3 * statistics.median(times['ours']):.1f} | {ratio('torch eager'):.2f} | {ratio('torch.compile'):.2f} |")
        print(rows[-1], flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only f32 on dense rows")
    parser.add_argument("--torch", action="store_true", help="the second table; needs torch")
    parser.add_argument("--out", type=pathlib.Path, help="also write the tables there")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"{datetime.date.today()}, commit {commit}, {cpu_name()}", "",
             "Percent of the peak of the same process (GFLOP/s): f32 FMA; bf16 is multiplied in f32 where the machine lacks vdpbf16ps.", ""]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        lines += kernels(pathlib.Path(folder), options.quick)
        if options.torch:
            lines += [""] + torch_table(pathlib.Path(folder))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
