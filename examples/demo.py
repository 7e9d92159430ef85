"""make demo: every example on scikit-learn's digits, forward and backward on the CPU, in one table.

q, k, v and do are patches of the digits' images, projected by random matrices of a fixed seed. Errors are relative Frobenius
errors against the reference target: f64 loops whose derivatives are central differences. The unfused decomposition is the same
computation with the score matrix stored, in numpy on as many threads: two matrix products forward, five backward, the
activation's derivative by one more evaluation. Times are medians of forward and backward together. Memory is the peak of the resident
set of a process that does only this, tensors included; for numpy without what the interpreter takes before it loads them.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "python" / "tests"), str(ROOT / "examples")]
import catalogue  # noqa: E402
import oracle  # noqa: E402
import support  # noqa: E402

BATCH, HEADS, KEY_HEADS, LENGTH, DIM = 1, 4, 2, 640, 64
ROUNDS = 3
MEGABYTE = 1 << 20


def digits(dtype):
    """q, k, v and do as [batch, heads, LENGTH, DIM]: a token is a 2x2 patch, standardised and projected."""
    from sklearn.datasets import load_digits

    images = load_digits().images  # [1797, 8, 8]
    patches = images.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)[: BATCH * LENGTH]
    patches = (patches - patches.mean(0)) / (patches.std(0) + 1e-6)
    random = np.random.default_rng(0)

    def project(heads):
        weights = random.standard_normal((heads, 4, DIM)) / 2
        rows = np.einsum("nc,hcd->hnd", patches, weights).reshape(heads, BATCH, LENGTH, DIM).transpose(1, 0, 2, 3)
        return oracle.round_to(rows, dtype).astype(np.float32)

    return {"q": project(HEADS), "k": project(KEY_HEADS), "v": project(KEY_HEADS), "do": project(HEADS)}


def unfused(name, inputs, captures, scale):
    """Forward and backward with the score matrix in memory, in float32."""
    example = catalogue.BY_NAME[name]
    q, do = inputs["q"], inputs["do"]
    group = q.shape[1] // inputs["k"].shape[1]
    k, v = (np.repeat(inputs[x], group, axis=1) for x in "kv")
    nq, nk = q.shape[2], k.shape[2]
    b, h, i, j = (x.astype(np.int32) for x in np.ogrid[: q.shape[0], : q.shape[1], :nq, :nk])

    def weights(s):
        z = example.activation(s, b, h, i, j, nq, nk, captures)
        if example.mask is not None:
            masked = np.float32(-1e30 if example.normalizer == "softmax" else 0)
            z = np.where(example.mask(b, h, i, j, nq, nk, captures), z, masked)
        return z.astype(np.float32, copy=False)

    def normalized(z):
        if example.normalizer == "none":
            return z
        if example.normalizer == "softmax":
            z = np.exp(z - z.max(3, keepdims=True))
        return z / z.sum(3, keepdims=True)

    s = np.float32(scale) * (q @ k.swapaxes(2, 3))
    z = weights(s)
    w = normalized(z)
    o = w @ v
    step = np.float32(2**-10)
    ct = do @ v.swapaxes(2, 3)
    if example.normalizer != "none":
        ct = (ct - (do * o).sum(3, keepdims=True)) * (w if example.normalizer == "softmax" else 1 / z.sum(3, keepdims=True))
    ds = (weights(s + step) - z) / step * ct
    dq = np.float32(scale) * (ds @ k)
    dk = np.float32(scale) * (ds.swapaxes(2, 3) @ q)
    dv = w.swapaxes(2, 3) @ do
    return o, dq, dk, dv


def unfused_process(name, folder):
    """Runs the decomposition on a folder's arrays and prints its time and this process's peak memory."""
    folder = pathlib.Path(folder)
    before = memory("self", "VmRSS")
    captures = json.loads((folder / "numbers.json").read_text())
    arrays = {path.name.split(".")[1]: np.load(path) for path in folder.glob("in.*.npy")}
    inputs = {x: arrays.pop(x) for x in ("q", "k", "v", "do")}
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        unfused(name, inputs, {**captures, **arrays}, 1 / math.sqrt(DIM))
        times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"ms": sorted(times)[ROUNDS // 2], "bytes": memory("self", "VmHWM") - before}))


def memory(process, what):
    """VmRSS or VmHWM (its peak) of a process, in bytes; 0 where it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith(what)), 0)


def measured(command):
    """Standard output and peak resident bytes of a command. (rusage would count this process too: a child starts as its copy.)"""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory(process.pid, "VmHWM"))
        time.sleep(0.002)
    out, err = process.communicate()
    if process.returncode not in (support.RESULT, support.CHECK_FAILED):
        sys.exit(f"{' '.join(str(word) for word in command)}: exit {process.returncode}\n{err}")
    return out, peak


def row(example, dtype, folder):
    """Compiles and measures one example; returns the table's cells and whether every error is within its bound."""
    random = np.random.default_rng(1)
    sizes = {"B": BATCH, "Hq": HEADS, "Hkv": KEY_HEADS, "Sq": LENGTH, "Sk": LENGTH}
    captures = {name: make(random, sizes) for name, make in example.captures.items()}
    inputs = digits(dtype)
    scale = float(np.float32(1 / math.sqrt(DIM)))
    source = support.specialise(example.source, dtype, DIM, DIM)
    description = support.compile_program(source, folder)
    checked = support.run_kernel(description, {**inputs, **captures, "scale": scale}, folder, outputs=(), grad=True, options=["--check"])
    if checked.status not in (support.RESULT, support.CHECK_FAILED):
        sys.exit(f"{checked.command}: exit {checked.status}\n{checked.stderr}")
    (folder / "numbers.json").write_text(json.dumps({n: x for n, x in captures.items() if not isinstance(x, np.ndarray)}))
    words = checked.command.split()
    words.remove("--check")
    # memory is that of one run; the timed one repeats
    _, fused_peak = measured(words)
    timed, _ = measured([*words, "--time"])
    times = {line["entry"]: line["time_ms"]["median"] for line in map(json.loads, timed.splitlines())}
    out, _ = measured([sys.executable, __file__, "--unfused", example.name, folder])
    errors = {name: float(line["error"]) for name, line in checked.lines.items() if line["error"] is not None}
    within = checked.status == support.RESULT
    other = json.loads(out)
    shape = f"{BATCH}x{HEADS}/{KEY_HEADS}x{LENGTH}x{DIM}"
    captured = ", ".join(f"{name} {value:.0e}" for name, value in errors.items() if name.startswith("d_"))
    cells = [example.name, dtype, shape, *(f"{errors[name]:.1e}" for name in ("o", "dq", "dk", "dv")), captured or "-",
             f"{sum(times.values()):.1f}", f"{other['ms']:.1f}", f"{fused_peak / MEGABYTE:.0f}", f"{other['bytes'] / MEGABYTE:.0f}"]
    return cells, within


def main():
    if sys.argv[1:2] == ["--unfused"]:
        return unfused_process(*sys.argv[2:])
    heads = ["example", "type", "shape BxHq/HkvxSxD", "err o", "err dq", "err dk", "err dv", "err of captures' gradients", "ms",
             "unfused ms", "MB", "unfused MB"]
    widths = [19, 4, 18, 7, 7, 7, 7, 26, 7, 10, 5, 10]
    print(__doc__.split("\n\n")[1])

    def show(cells):
        left = (0, 1, 2, 7)
        print("  ".join(cell.ljust(width) if n in left else cell.rjust(width) for n, (cell, width) in enumerate(zip(cells, widths))), flush=True)

    show(heads)
    start, failed = time.time(), []
    for example, dtype in [(e, "f32") for e in catalogue.ALL] + [(catalogue.BY_NAME["silu"], t) for t in ("bf16", "f16")]:
        with tempfile.TemporaryDirectory() as folder:
            cells, within = row(example, dtype, pathlib.Path(folder))
        show(cells)
        if not within:
            failed.append(f"{example.name} {dtype}")
    print(f"\n{len(catalogue.ALL) + 2} kernels, forward and backward, in {time.time() - start:.0f} s")
    if failed:
        sys.exit(f"beyond the error bound: {', '.join(failed)}")
    return None


if __name__ == "__main__":
    main()
