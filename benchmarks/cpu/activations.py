#!/usr/bin/env python3
"""Times the 25 activations of benchmarks/cpu/activations on the CPU, forward and backward, against the multiply-add peak.

    benchmarks/cpu/activations.py [--repeats 9] [--length 2048] [--only NAME ...] [--output benchmarks/results/NAME.md]

f32, D 64, one head, one thread; the time is the thread's CPU time, the best of the repeats (a busy machine disturbs the others); the
peak is measured in the same process before and after each activation. FLOPs: forward 4 S S D, backward 10 S S D. Errors are relative
Frobenius errors of sampled rows against float64; the derivative there is taken by central differences.
"""

import argparse
import ctypes
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.special import erf

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(__file__).resolve().parent / "activations"
BUILD = ROOT / os.environ.get("BUILD_DIR", "build")


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def silu(x):
    return x * sigmoid(x)


def elu(s):
    return np.where(s > 0, s, np.expm1(np.minimum(s, 0)))


# name -> formula(s, i, j, captures)
FORMULAS = {
    "relu": lambda s, *_: np.maximum(s, 0), "relu-squared": lambda s, *_: np.maximum(s, 0) ** 2, "leaky-relu": lambda s, *_: np.where(s > 0, s, 0.01 * s),
    "elu": lambda s, *_: elu(s), "selu": lambda s, *_: 1.0507010 * np.where(s > 0, s, 1.6732632 * elu(s)),
    "gelu-erf": lambda s, *_: 0.5 * s * (1 + erf(s / np.sqrt(2))),
    "gelu-tanh": lambda s, *_: 0.5 * s * (1 + np.tanh(np.sqrt(2 / np.pi) * (s + 0.044715 * s**3))),
    "silu": lambda s, *_: silu(s), "mish": lambda s, *_: s * np.tanh(np.logaddexp(0, s)), "softplus": lambda s, *_: np.logaddexp(0, s),
    "sigmoid": lambda s, *_: sigmoid(s), "tanh": lambda s, *_: np.tanh(s), "hardswish": lambda s, *_: s * np.clip(s + 3, 0, 6) / 6,
    "hardsigmoid": lambda s, *_: np.clip(s + 3, 0, 6) / 6, "exp": lambda s, *_: np.exp(s), "identity": lambda s, *_: s, "square": lambda s, *_: s * s,
    "abs": lambda s, *_: np.abs(s), "sin": lambda s, *_: np.sin(s), "softsign": lambda s, *_: s / (1 + np.abs(s)),
    "log1p-relu": lambda s, *_: np.log1p(np.maximum(s, 0)), "soft-cap": lambda s, *_: 30 * np.tanh(s / 30),
    "alibi": lambda s, i, j, c: silu(s - c["slopes"][0] * np.abs(i - j)),
    "relative-bias": lambda s, i, j, c: silu(s + c["table"][0, np.clip(i - j, -32, 32) + 32]),
    "learned-temperature": lambda s, i, j, c: silu(c["temperature"] * s),
}
CAPTURES = {"slopes": lambda rng: np.array([0.0625], np.float32), "table": lambda rng: rng.uniform(-1, 1, (1, 65)).astype(np.float32),
            "temperature": lambda rng: np.array(1.25, np.float32)}


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * 6), ("strides", ctypes.c_int64 * 6)]


TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
PARALLEL_FOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, TASK, ctypes.c_void_p)


class Runtime(ctypes.Structure):
    _fields_ = [("self", ctypes.c_void_p), ("parallel_for", PARALLEL_FOR)]


class Kernel:
    """A compiled artefact's entries on numpy arrays, in this thread."""

    def __init__(self, library):
        self.code = ctypes.CDLL(str(library))
        self.entries = json.loads(library.with_suffix(".json").read_text())["entries"]
        self.scratch = np.empty(8 << 20, np.uint8)
        self.workspace = np.empty(64 << 20, np.uint8)

        def parallel_for(_, count, size, task, context):
            assert size <= self.scratch.nbytes - 64
            task(context, 0, count, (self.scratch.ctypes.data + 63) // 64 * 64)

        self.callback = PARALLEL_FOR(parallel_for)
        self.runtime = Runtime(None, self.callback)

    def call(self, entry, arrays):
        found = self.entries[entry]
        arguments = (Tensor * len(found["arguments"]))()
        for argument, name in zip(arguments, found["arguments"]):
            array = arrays[name]
            argument.data, argument.dtype, argument.rank = array.ctypes.data, 1, array.ndim
            argument.shape[:array.ndim] = array.shape
            argument.strides[:array.ndim] = [stride // array.itemsize for stride in array.strides]
        function = getattr(self.code, found["symbol"])
        started = time.thread_time()
        status = function(arguments, ctypes.c_void_p(self.workspace.ctypes.data), ctypes.byref(self.runtime))
        assert status == 0, f"{entry} returned {status}"
        return time.thread_time() - started


def error(have, want):
    return np.linalg.norm(have - want) / np.linalg.norm(want)


def processor():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    wide = [flag for flag in ("avx2", "avx512f") if flag in text]
    return f"{name[1] if name else '?'} ({', '.join(wide)}; {os.cpu_count()} processors)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--output", help="also write the table there")
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    size = options.length
    lines = [f"# Activations on the CPU, {datetime.date.today()}", "", f"{processor()}, commit {commit}; f32, S {size}, D 64, one thread, best of {options.repeats}", "",
             "| activation | forward % of peak | backward % of peak | error o | error dq | error dv |", "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    worst = 100.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        compiler = shutil.which("clang++-22") or shutil.which("clang++") or "c++"
        subprocess.run([compiler, "-std=c++17", "-O2", "-shared", "-fPIC", "-DGDPA_PEAK_LIBRARY", "-x", "c++", ROOT / "benchmarks/cpu/peak.h", "-o", folder / "peak.so"], check=True)
        measure = ctypes.CDLL(str(folder / "peak.so")).gdpa_peak
        measure.restype = ctypes.c_double
        rng = np.random.default_rng(0)
        q, k, v, do = (rng.standard_normal((1, 1, size, 64), dtype=np.float32) for _ in range(4))
        rows = np.arange(0, size, 37)
        i, j = rows[:, None], np.arange(size)[None]
        wide = {name: array[0, 0].astype(np.float64) for name, array in (("q", q), ("k", k), ("v", v), ("do", do))}
        s = 0.125 * wide["q"][rows] @ wide["k"].T
        for name, formula in FORMULAS.items():
            if options.only and name not in options.only:
                continue
            library = folder / f"{name}.so"
            subprocess.run([BUILD / "bin" / "gdpa-compile", FOLDER / f"{name}.mlir", "--target=cpu", "--grad", "-o", library], check=True)
            kernel = Kernel(library)
            arrays = {"q": q, "k": k, "v": v, "do": do, "scale": np.array(0.125, np.float32)}
            captures = {c: make(rng) for c, make in CAPTURES.items() if c in kernel.entries["forward"]["arguments"]}
            arrays |= captures | {f"d_{c}": np.full_like(value, np.nan) for c, value in captures.items()}
            for result in ("o", "dq", "dk", "dv"):
                arrays[result] = np.full_like(q, np.nan)
            peak = measure(0)
            times = {entry: min(kernel.call(entry, arrays) for _ in range(options.repeats)) for entry in ("forward", "backward")}
            peak = max(peak, measure(0))
            z = formula(s, i, j, captures)
            slope = (formula(s + 1e-5, i, j, captures) - formula(s - 1e-5, i, j, captures)) / 2e-5
            ds = slope * (wide["do"][rows] @ wide["v"].T)
            all_z = formula(0.125 * wide["q"] @ wide["k"][rows].T, np.arange(size)[:, None], rows[None], captures)
            found = [100 * 4 * size * size * 64 / times["forward"] / peak, 100 * 10 * size * size * 64 / times["backward"] / peak]
            worst = min(worst, *found)
            errors = [error(arrays["o"][0, 0, rows], z @ wide["v"]), error(arrays["dq"][0, 0, rows], 0.125 * ds @ wide["k"]),
                      error(arrays["dv"][0, 0, rows], all_z.T @ wide["do"])]
            lines.append(f"| {name} | {found[0]:.1f} | {found[1]:.1f} | " + " | ".join(f"{e:.1e}" for e in errors) + " |")
            print(lines[-1], flush=True)
    lines += ["", f"The least is {worst:.1f}%."]
    print(lines[-1])
    if options.output:
        pathlib.Path(options.output).write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
