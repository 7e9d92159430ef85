"""CPU kernels beside torch on the same work, in one process (needs torch): silu beside its products, softmax beside SDPA.

    python benchmarks/cpu/torch_peer.py [--out FILE.md] [--examples=silu,softmax]

f32, D64, and autograd through them; rounds rotate, a ratio is the median of the rounds' ratios.
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


class Kernel:
    """An example's artefact, called on torch's tensors by this process on one thread."""

    def __init__(self, folder, example, tensors):
        import torch

        library, _ = compile_kernel(folder, example, "f32", 64)
        self.code = ctypes.CDLL(str(library))
        self.description = json.loads(library.with_suffix(".json").read_text())
        self.tensors = tensors
        self.scratch, self.workspace = (torch.empty(size << 20, dtype=torch.uint8) for size in (8, 256))
        Task = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
        ParallelFor = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, Task, ctypes.c_void_p)

        class Runtime(ctypes.Structure):
            _fields_ = [("self", ctypes.c_void_p), ("parallel_for", ParallelFor)]

        def parallel_for(_, count, size, task, context):
            assert size <= self.scratch.numel() - 64
            task(context, 0, count, (self.scratch.data_ptr() + 63) // 64 * 64)

        self.runtime = Runtime(None, ParallelFor(parallel_for))

    def __call__(self, entry):
        found = self.description["entries"][entry]
        tensors = [self.tensors[name] for name in found["arguments"]]
        arguments = (Tensor * len(tensors))()
        for argument, tensor in zip(arguments, tensors):
            argument.data, argument.dtype, argument.rank = tensor.data_ptr(), 1, tensor.dim()
            argument.shape[:tensor.dim()] = list(tensor.shape)
            argument.strides[:tensor.dim()] = list(tensor.stride())
        status = getattr(self.code, found["symbol"])(arguments, ctypes.c_void_p(self.workspace.data_ptr()), ctypes.byref(self.runtime))
        assert status == 0, f"{found['symbol']} returned {status}"


def compare(folder, example, peers):
    """A table: ours and each peer, a function of q, k, v, forward and with the backward; times of this thread, so that others matter less."""
    import torch

    generator = torch.Generator().manual_seed(0)
    q, k, v, do = (torch.randn(1, 4, 2048, 64, generator=generator) for _ in range(4))
    o, dq, dk, dv = (torch.empty_like(q) for _ in range(4))
    stats, dstats = torch.empty(1, 4, 2048), torch.zeros(1, 4, 2048)
    ours = Kernel(folder, example, dict(q=q, k=k, v=v, do=do, scale=torch.tensor(0.125), o=o, dq=dq, dk=dk, dv=dv, stats=stats, dstats=dstats))
    leaves = [x.clone().requires_grad_() for x in (q, k, v)]

    def both(function):
        for leaf in leaves:
            leaf.grad = None
        function(*leaves).backward(do)

    def without_gradient(function):
        with torch.no_grad():
            return function(q, k, v)

    first = next(iter(peers.values()))
    ours("forward")
    error = (o - without_gradient(first)).norm() / o.norm()
    both(first)
    ours("backward")
    errors = [((mine - leaf.grad).norm() / leaf.grad.norm()).item() for mine, leaf in zip((dq, dk, dv), leaves)]
    print(f"{example}: errors against torch: o {error:.1e}, dq dk dv {errors}")
    work = {"forward": {"ours": lambda: ours("forward"), **{name: lambda f=f: without_gradient(f) for name, f in peers.items()}},
            "forward + backward": {"ours": lambda: (ours("forward"), ours("backward")), **{name: lambda f=f: both(f) for name, f in peers.items()}}}
    rows = ["", f"{example}:", "", "| work | ours, ms | " + " | ".join(f"{name} / ours" for name in peers) + " |", "|---" * (2 + len(peers)) + "|"]
    for name, calls in work.items():
        times = {key: [] for key in calls}
        for function in calls.values():
            function()
        for _ in range(9):
            for key, function in calls.items():
                started = time.thread_time()
                function()
                times[key].append(time.thread_time() - started)
        ratios = [statistics.median(a / b for a, b in zip(times[peer], times["ours"])) for peer in peers]
        rows.append(f"| {name} | {1e3 * statistics.median(times['ours']):.1f} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
        print(rows[-1], flush=True)
    return rows


def torch_table(folder, examples):
    """Ours and torch's on the same tensors in this process; one thread each."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(1)

    def silu(q, k, v):
        return F.silu((q @ k.transpose(-1, -2)) * 0.125) @ v

    def softmax(q, k, v):
        return torch.softmax((q @ k.transpose(-1, -2)) * 0.125, -1) @ v

    peers = {"silu": {"torch eager": silu, "torch.compile": torch.compile(silu)},
             "softmax": {"torch SDPA": F.scaled_dot_product_attention, "torch eager": softmax}}
    rows = [f"torch {torch.__version__}, f32, B1 H4 S2048 D64, one thread, median of 9 rotating rounds"]
    for example in examples:
        rows += compare(folder, example, peers[example])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, help="also write the tables there")
    parser.add_argument("--examples", default="silu,softmax")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"{datetime.date.today()}, commit {commit}, {cpu_name()}", ""]
    with tempfile.TemporaryDirectory() as folder:
        lines += torch_table(pathlib.Path(folder), options.examples.split(","))
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
