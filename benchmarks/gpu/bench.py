"""Checks and times compiled kernels on one GPU beside what else computes such attention.

    python3 benchmarks/gpu/bench.py FOLDER [--check-only] [--rounds=7] [--json=FILE]

FOLDER holds artefacts made by compile.sh: NAME.json and NAME.ptx, NAME = EXAMPLE_dD for an example of variants.py. Every
kernel is checked first: against float64 at several lengths, outputs poisoned with NaN, 8 repeats bitwise equal, strided rows,
grouped heads. Then forward and backward are timed at B4 H16 S4096 in rounds that rotate ours, each peer and G (a bf16 product
of 8192^3); a ratio is the median of the rounds' ratios.
"""

import argparse
import json
import math
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import variants
from artefact import Artefact, Call, CudaError, relative_error

REPEATS = 8
LENGTHS = [(2, 2, 2, 512, 512), (1, 4, 2, 1000, 1000), (1, 3, 3, 197, 333), (1, 1, 1, 1, 1), (2, 4, 1, 129, 64), (1, 2, 2, 31, 257)]
TOLERANCE = 5e-3


def random(generator, *shape, dtype):
    return torch.randn(*shape, device="cuda", generator=generator).to(dtype)


def padded(tensor):
    """The same values in rows that are 8 elements further apart."""
    wide = torch.full((*tensor.shape[:-1], tensor.shape[-1] + 8), math.nan, device="cuda", dtype=tensor.dtype)
    wide[..., : tensor.shape[-1]] = tensor
    return wide[..., : tensor.shape[-1]]


def poison(tensors):
    for tensor in tensors:
        tensor.fill_(math.nan)


def reference(variant, q, k, v, do, dstats, captures, scale):
    """float64 results and gradients by autograd, of o and of the row statistics where there are any."""
    leaves = [t.double().requires_grad_() for t in (q, k, v)]
    learned = {n: (c.double().requires_grad_() if n in variant.learned else c) for n, c in captures.items()}
    ratio = q.shape[1] // k.shape[1]
    key, value = (t.repeat_interleave(ratio, 1) for t in leaves[1:])
    s = (leaves[0] @ key.transpose(-1, -2)) * scale
    weights, stats = variant.weights(s, learned)
    o = weights @ value
    names = [n for n in variant.learned]
    outputs, cotangents = [o], [do.double()]
    results = {"o": o.detach()}
    if stats is not None:
        outputs.append(stats)
        cotangents.append(dstats.double())
        results["stats"] = stats.detach()
    wrt = leaves + [learned[n] for n in names]
    gradients = torch.autograd.grad(outputs, wrt, cotangents, allow_unused=True)
    gradients = [torch.zeros_like(w) if g is None else g for w, g in zip(wrt, gradients)]
    return results, dict(zip(["dq", "dk", "dv"] + [f"d_{n}" for n in names], gradients))


def check(name, artefact, variant, generator):
    dtype = torch.float16 if artefact.arguments["q"]["type"] == "f16" else torch.bfloat16
    depth, value_depth = artefact.arguments["q"]["shape"][-1], artefact.arguments["v"]["shape"][-1]
    worst, failed = {}, []
    for number, (batch, heads, key_heads, queries, keys) in enumerate(LENGTHS):
        q = random(generator, batch, heads, queries, depth, dtype=dtype)
        k = random(generator, batch, key_heads, keys, depth, dtype=dtype)
        v = random(generator, batch, key_heads, keys, value_depth, dtype=dtype)
        do = random(generator, batch, heads, queries, value_depth, dtype=dtype)
        if number == 2:
            q, k, v, do = map(padded, (q, k, v, do))
        captures = variant.captures(generator, heads, queries, keys)
        scale = 1 / math.sqrt(depth)
        dstats = random(generator, batch, heads, queries, dtype=torch.float32)
        values, gradients = reference(variant, q, k, v, do, dstats, captures, scale)
        results = {"o": torch.empty_like(values["o"], dtype=dtype)}
        statistics_out, statistics_in = {}, {}
        if "stats" in values:
            results["stats"] = torch.empty(batch, heads, queries, device="cuda")
            statistics_out, statistics_in = {"stats": results["stats"]}, {"stats": results["stats"], "dstats": dstats}
        inputs = dict(q=q, k=k, v=v, scale=scale, **captures)
        calls = [artefact.bind("forward", **inputs, o=results["o"], **statistics_out)]
        if "backward" in artefact.description["entries"]:
            like = {"dq": q, "dk": k, "dv": v, **{f"d_{n}": captures[n] for n in variant.learned}}
            for gradient, tensor in like.items():
                results[gradient] = torch.empty(tensor.shape, device="cuda", dtype=tensor.dtype)
            calls.append(artefact.bind("backward", **inputs, o=results["o"], do=do, **statistics_in,
                                       **{n: results[n] for n in like}))
        first = None
        for repeat in range(REPEATS):
            poison(results.values())
            for call in calls:
                call()
            torch.cuda.synchronize()
            if first is None:
                first = {n: t.clone() for n, t in results.items()}
            elif not all(torch.equal(first[n], t) for n, t in results.items()):
                failed.append(f"{queries}x{keys}: repeats differ")
                break
        expected = {**values, **gradients}
        for result, tensor in first.items():
            if result == "stats":  # lse of a row that keeps nothing
                tensor = torch.where(tensor == -math.inf, 0.0, tensor)
            error = relative_error(tensor, expected[result])
            worst[result] = max(worst.get(result, 0.0), error)
            if not error <= TOLERANCE:
                failed.append(f"{result} {batch}x{heads}/{key_heads}x{queries}x{keys}: {error:.1e}")
    errors = " ".join(f"{n} {e:.1e}" for n, e in worst.items())
    print(f"{name:24s} {errors} {'FAILED ' + '; '.join(failed[:6]) if failed else 'ok'}", flush=True)
    return not failed


def milliseconds(function, repeats, warm=2):
    for _ in range(warm):
        function()
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(repeats)]
    for begin, end in events:
        begin.record()
        function()
        end.record()
    torch.cuda.synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in events)


def triton_silu():
    """Forward of silu attention in Triton, as one would write it."""
    import triton
    import triton.language as tl

    configs = [triton.Config({"BM": bm, "BN": bn}, num_warps=w, num_stages=s)
               for bm, bn, w, s in [(128, 64, 4, 3), (128, 64, 8, 3), (128, 128, 8, 2), (64, 64, 4, 3)]]

    @triton.autotune(configs=configs, key=["S", "D"])
    @triton.jit
    def kernel(Q, K, V, O, scale, S, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
        base = tl.program_id(1).to(tl.int64) * S * D
        rows, cols, d = tl.program_id(0) * BM + tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, D)
        q = tl.load(Q + base + rows[:, None] * D + d[None, :])
        acc = tl.zeros((BM, D), tl.float32)
        for j in range(0, S, BN):
            k = tl.load(K + base + (j + cols)[None, :] * D + d[:, None])
            s = tl.dot(q, k) * scale
            p = s * tl.sigmoid(s)
            v = tl.load(V + base + (j + cols)[:, None] * D + d[None, :])
            acc = tl.dot(p.to(q.dtype), v, acc)
        tl.store(O + base + rows[:, None] * D + d[None, :], acc.to(q.dtype))

    def run(q, k, v, o, scale):
        batch, heads, length, depth = q.shape
        kernel[lambda meta: (triton.cdiv(length, meta["BM"]), batch * heads)](q, k, v, o, scale, length, depth)

    return run


def peers(q, k, v, do, scale, compiled_peers):
    """name -> (forward, backward); either may be None."""
    found = {}
    for label, backend in (("torch flash", SDPBackend.FLASH_ATTENTION), ("torch cuDNN", SDPBackend.CUDNN_ATTENTION)):
        leaves = [t.detach().clone().requires_grad_() for t in (q, k, v)]
        with sdpa_kernel(backend):
            out = F.scaled_dot_product_attention(*leaves)

        def forward(backend=backend):
            with sdpa_kernel(backend), torch.no_grad():
                F.scaled_dot_product_attention(q, k, v)

        def backward(out=out, leaves=leaves):
            torch.autograd.grad(out, leaves, do, retain_graph=True)

        found[label] = (forward, backward)
    if not compiled_peers:
        return found
    try:
        from torch.nn.attention.flex_attention import flex_attention

        def soft_cap(score, b, h, i, j):
            return 20.0 * torch.tanh(score / 20.0)

        flex = torch.compile(flex_attention, dynamic=False)
        leaves = [t.detach().clone().requires_grad_() for t in (q, k, v)]
        out = flex(*leaves, score_mod=soft_cap)

        def flex_forward():
            with torch.no_grad():
                flex(q, k, v, score_mod=soft_cap)

        found["FlexAttention soft-cap"] = (flex_forward, lambda out=out, leaves=leaves: torch.autograd.grad(out, leaves, do, retain_graph=True))
    except Exception as error:  # a peer that does not run here is no failure of ours
        print("FlexAttention:", str(error)[:200])
    try:
        run, o = triton_silu(), torch.empty_like(q)
        run(q, k, v, o, scale)
        found["Triton silu"] = (lambda: run(q, k, v, o, scale), None)
    except Exception as error:
        print("Triton:", str(error)[:200])
    try:
        products = torch.compile(lambda q, k, v: F.silu((q @ k.transpose(-1, -2)) * scale) @ v)
        leaves = [t.detach().clone().requires_grad_() for t in (q, k, v)]
        with torch.no_grad():
            products(q, k, v)
        outp = products(*leaves)

        def compiled_forward():
            with torch.no_grad():
                products(q, k, v)

        found["torch.compile silu"] = (compiled_forward, lambda leaves=leaves: torch.autograd.grad(outp, leaves, do, retain_graph=True))
    except Exception as error:
        print("torch.compile:", str(error)[:200])
    return found


def time_depth(depth, artefacts, generator, options, table):
    batch, heads, length = 4, 16, options.length
    q, k, v, do = (random(generator, batch, heads, length, depth, dtype=torch.bfloat16) for _ in range(4))
    scale = 1 / math.sqrt(depth)
    work = {"forward": {}, "backward": {}}
    for label, (forward, backward) in peers(q, k, v, do, scale, not options.few_peers).items():
        if forward:
            work["forward"][label] = forward
        if backward:
            work["backward"][label] = backward
    for name, artefact in artefacts.items():
        variant = variants.find(name)
        captures = variant.captures(generator, heads, length, length)
        inputs = dict(q=q, k=k, v=v, scale=scale, **captures)
        o = torch.empty_like(q)
        if variant.normalizer != "none":
            inputs["stats"] = torch.empty(batch, heads, length, device="cuda")
        work["forward"][name] = artefact.bind("forward", **inputs, o=o)
        work["forward"][name]()  # the backward reads o and the statistics
        dstats = {"dstats": torch.zeros(batch, heads, length, device="cuda")} if variant.normalizer != "none" else {}
        if "backward" in artefact.description["entries"]:
            outputs = {n: torch.empty_like(t) for n, t in (("dq", q), ("dk", k), ("dv", v))}
            outputs |= {f"d_{n}": torch.empty_like(captures[n]) for n in variant.learned}
            work["backward"][name] = artefact.bind("backward", **inputs, o=o, do=do, **dstats, **outputs)
    square = random(generator, 8192, 8192, dtype=torch.bfloat16)
    product = torch.empty_like(square)
    for direction, functions in work.items():
        flops = (4 if direction == "forward" else 10) * batch * heads * length * length * depth
        rounds = []
        for _ in range(options.rounds):
            times = {"G": milliseconds(lambda: torch.mm(square, square, out=product), 4)}
            for name, function in functions.items():
                try:
                    times[name] = milliseconds(function, options.repeats)
                except (CudaError, RuntimeError) as error:
                    print(name, str(error)[:120])
                    times[name] = math.nan
            rounds.append(times)
        rate = 2 * 8192**3
        for name in functions:
            speeds = [flops / r[name] / 1e9 for r in rounds]
            of_g = statistics.median(s / (rate / r["G"] / 1e9) for s, r in zip(speeds, rounds))
            flash = statistics.median(r["torch flash"] / r[name] for r in rounds)
            row = dict(depth=depth, direction=direction, name=name, tflops=round(statistics.median(speeds), 1),
                       of_g=round(of_g, 3), of_flash=round(flash, 3))
            table.append(row)
            print(f"D{depth} {direction:8s} {name:26s} {row['tflops']:7.1f} TFLOP/s  {of_g:.2f} G  {flash:.2f} flash", flush=True)
        if options.kernels and direction == "backward":
            for name, function in functions.items():
                if isinstance(function, Call):
                    parts = sorted(function.kernel_times(options.repeats).items())
                    print(f"D{depth} {name:26s}", " ".join(f"{s.split('backward_')[-1]} {t:.3f}" for s, t in parts), "ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check-only", action="store_true")
    parser.add_argument("--time-only", action="store_true")
    parser.add_argument("--few-peers", action="store_true", help="only torch's own kernels beside ours")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=6)
    parser.add_argument("--length", type=int, default=4096)
    parser.add_argument("--time", default="", help="names to time, comma-separated; all where absent")
    parser.add_argument("--kernels", action="store_true", help="also the time of each kernel of a backward")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    seed = int(time.time())
    generator = torch.Generator(device="cuda").manual_seed(seed)
    print(torch.cuda.get_device_name(), "torch", torch.__version__, "seed", seed, flush=True)
    artefacts, correct = {}, True
    for path in sorted(options.folder.glob("*.json")):
        try:
            artefacts[path.stem] = Artefact(path)
        except CudaError as error:
            print(path.stem, "FAILED", error)
            correct = False
    if not options.time_only:
        for name, artefact in artefacts.items():
            try:
                correct &= check(name, artefact, variants.find(name), generator)
            except CudaError as error:
                print(name, "FAILED", error)
                return 3
    table = []
    if not options.check_only:
        wanted = [n for n in options.time.split(",") if n]
        depths = {}
        for name, artefact in artefacts.items():
            query, value = artefact.arguments["q"], artefact.arguments["v"]
            if query["type"] == "bf16" and query["shape"][-1] == value["shape"][-1] and (not wanted or name in wanted):
                depths.setdefault(query["shape"][-1], {})[name] = artefact
        for depth, group in sorted(depths.items()):
            time_depth(depth, group, generator, options, table)
    if options.json:
        options.json.write_text(json.dumps(dict(device=torch.cuda.get_device_name(), torch=torch.__version__, rows=table), indent=1))
    return 0 if correct else 3


if __name__ == "__main__":
    sys.exit(main())
