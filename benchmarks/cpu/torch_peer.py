"""CPU kernels beside torch eager and torch.compile on the same work, in one process (needs torch).

    python benchmarks/cpu/torch_peer.py [--out FILE.md]

f32, silu, D64: the two products, and autograd through them; rounds rotate, a ratio is the median of the rounds' ratios.
benchmarks/cpu/run.py times the kernels against the machine's peak.
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
    parser.add_argument("--out", type=pathlib.Path, help="also write the tables there")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"{datetime.date.today()}, commit {commit}, {cpu_name()}", ""]
    with tempfile.TemporaryDirectory() as folder:
        lines += torch_table(pathlib.Path(folder))
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
