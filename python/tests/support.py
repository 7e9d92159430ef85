"""Calls the project's commands: compile a program, run it on arrays, read what it printed."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD_DIR", "build")
NIGHTLY = os.environ.get("GDPA_TEST_LEVEL", "ci") == "nightly"
sys.path.insert(0, str(ROOT / "examples"))

TYPES = ("f32", "bf16", "f16")
# relative Frobenius error of a result against float64; that of f64 is what the central differences of the reference allow: of 700 random
# programs one had an error of 1.0e-8
TOLERANCE = {"f64": 2e-8, "f32": 1e-5, "bf16": 5e-3, "f16": 5e-3}
RESULT, INPUT_ERROR, USAGE_ERROR, CHECK_FAILED = 0, 1, 2, 3


def sanitized():
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "-fsanitize=address" in cache.read_text()


# The build folder holds AddressSanitizer's checks: several times slower.
SANITIZED = sanitized()


def tool(name):
    return str(BUILD / "bin" / name)


def find_ptxas():
    found = sorted((ROOT / ".venv").glob("lib/python3*/site-packages/nvidia/cu13/bin/ptxas"))
    return str(found[0]) if found else shutil.which("ptxas")


def has_gpu():
    return os.path.exists("/dev/nvidia0")


def specialise(source, dtype="f32", d=64, dv=64):
    """An example's text for another storage type and other head dims: rewrites its four type aliases."""
    for alias, columns in (("query", d), ("key", d), ("value", dv), ("output", dv)):
        source, count = re.subn(rf"^!{alias} = tensor<((?:\?x){{2,3}})64xf32>", rf"!{alias} = tensor<\g<1>{columns}x{dtype}>",
                                source, flags=re.M)
        assert count == 1, f"expected one alias !{alias} = tensor<?x?x?x64xf32> (or of rank 3)"
    return source


def as_layout(source, layout):
    """An example's text (bhsd) in another layout; in thd it takes cu_seqlens_q and cu_seqlens_k before its scale."""
    assert "gdpa.attention bhsd" in source
    source = source.replace("gdpa.attention bhsd", f"gdpa.attention {layout}")
    if layout != "thd":
        return source
    source = re.sub(r"^(!(?:query|key|value|output) = tensor<)\?x(?=\?x\?x)", r"\1", source, flags=re.M)
    source = re.sub(r"^(!statistics = tensor<)\?x(?=\?x\?x)", r"\1", source, flags=re.M)
    source = source.replace("!query = ", "!bounds = tensor<?xi32>\n!query = ", 1)
    source = source.replace('%scale: f32 {gdpa.name = "scale"}', '%cu_seqlens_q: !bounds {gdpa.name = "cu_seqlens_q"}, '
                            '%cu_seqlens_k: !bounds {gdpa.name = "cu_seqlens_k"},\n    %scale: f32 {gdpa.name = "scale"}')
    source = re.sub(r"^  (%c2 = arith.constant 2|%queries = tensor.dim).*\n", "", source, flags=re.M)
    source = source.replace("tensor.empty(%batch, %heads, %queries) : !output", "tensor.empty(%batch, %heads) : !output")
    source = source.replace("tensor.empty(%batch, %heads, %queries) : !statistics", "tensor.empty(%heads, %batch) : !statistics")
    return source.replace("      scale(%scale : f32)\n", "      scale(%scale : f32)\n      cu_seqlens(%cu_seqlens_q, %cu_seqlens_k : !bounds, !bounds)\n")


def call(*command, stdin=None, timeout=600):
    """Runs a command; returns the finished process with text output."""
    return subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, timeout=timeout)


def compile_program(source, folder, target="cpu", grad=True, reference=True, name="k", options=()):
    """Writes the program and compiles it; with `reference` its reference artefact too. Returns the launch description's path."""
    folder = pathlib.Path(folder)
    program = folder / f"{name}.mlir"
    program.write_text(source)
    flags = ["--grad"] if grad else []
    suffix = "ptx" if target.startswith("sm_") else "so"
    jobs = [(target, f"{name}.{suffix}", options)]
    if reference:
        jobs.append(("reference", f"{name}.reference.so", ()))
    for where, output, extra in jobs:
        done = call(tool("gdpa-compile"), program, f"--target={where}", *flags, *extra, "-o", folder / output)
        if done.returncode:
            raise CompileError(f"gdpa-compile --target={where} {program}: exit {done.returncode}\n{done.stderr}")
    return folder / f"{name}.json"


class CompileError(AssertionError):
    pass


@dataclasses.dataclass
class Run:
    status: int
    # one dict for each result, by name
    lines: dict
    # arrays of the results that were asked for
    arrays: dict
    stderr: str
    command: str


def run_kernel(description, arguments, folder, outputs=("o",), grad=False, options=()):
    """gdpa-run on a launch description (or an .mlir file) with numpy arrays and numbers."""
    folder = pathlib.Path(folder)
    command = [tool("gdpa-run"), str(description)]
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            path = folder / f"in.{name}.npy"
            np.save(path, value)
            command += ["--arg", f"{name}={path}"]
        else:
            command += ["--arg", f"{name}={value!r}"]
    for name in outputs:
        (folder / f"out.{name}.npy").unlink(missing_ok=True)
        command += ["--out", f"{name}={folder / f'out.{name}.npy'}"]
    command += (["--grad"] if grad else []) + list(options)
    done = call(*command)
    lines = {}
    for text in done.stdout.splitlines():
        line = json.loads(text)
        lines[line["result"]] = line
    arrays = {}
    for name in outputs:
        path = folder / f"out.{name}.npy"
        if path.exists():
            arrays[name] = np.load(path)
    return Run(done.returncode, lines, arrays, done.stderr, " ".join(command))


def make_inputs(random, dtype, batch, heads, key_heads, nq, nk, d, dv):
    """q, k, v and do, standard normal, rounded to the storage type, as float32 arrays."""
    from oracle import round_to
    shapes = {"q": (batch, heads, nq, d), "k": (batch, key_heads, nk, d), "v": (batch, key_heads, nk, dv), "do": (batch, heads, nq, dv)}
    return {name: round_to(random.standard_normal(shape), dtype).astype(np.float32) for name, shape in shapes.items()}


def as_float64(arrays):
    return {name: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
            for name, value in arrays.items()}
