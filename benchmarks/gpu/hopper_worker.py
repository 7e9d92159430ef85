"""What hopper.py runs on the GPU: checks and times the kernels of a folder beside their peers. Prints one JSON object a line.

`begin` and `end` stand around whatever may hang or crash, so that hopper.py knows what did.
"""

import argparse
import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import kernels
from artefact import Artefact

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cpu"))
import activations  # numpy's formulas of the activations

REPEATS = 8
EVERY = 61  # every 61st row is compared: at least one of each tile
TOLERANCE, STATISTICS_TOLERANCE = 5e-3, 1e-3
HANG = 10  # seconds of one launch
WARMERS = 12  # processes that compile peers


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Failed(Exception):
    pass


@contextlib.contextmanager
def risky(set_, name):
    """What happens in here is laid to `name`, which is left out from then on."""
    say("begin", set=set_.name, name=name)
    try:
        yield
    except Exception as error:
        say("failed", set=set_.name, name=name, why=str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error))
        if not healthy():
            os._exit(98)
        raise Failed from error
    finally:
        say("end", set=set_.name, name=name)


def healthy():
    try:
        torch.cuda.synchronize()
        return True
    except RuntimeError:
        return False


def wait():
    """Until the GPU is idle; ends the process where it does not become so."""
    event = torch.cuda.Event()
    event.record()
    began = time.monotonic()
    while not event.query():
        if time.monotonic() - began > HANG:
            os._exit(99)
        time.sleep(0.0002)


# -- inputs


class Inputs:
    """Tensors of a set, and the same as [batch, head, row, D] views for peers where all lengths are equal."""

    def __init__(self, set_, generator):
        self.set = set_
        make = lambda *shape: torch.randn(*shape, device="cuda", generator=generator).to(torch.bfloat16)
        batch, heads, depth = set_.batch, set_.heads, set_.depth
        self.scale = depth**-0.5
        if set_.jagged:
            host = torch.Generator().manual_seed(1)
            full = torch.full((batch,), 1024)
            uniform = torch.randint(1, 1025, (batch,), generator=host)
            self.lengths = {"uniform": (uniform, uniform), "full": (full, full), "short": (full, full // 4)}[set_.length]
            self.bounds = [F.pad(torch.cumsum(n, 0), (1, 0)).int().cuda() for n in self.lengths]
            rows = [int(n.sum()) for n in self.lengths]
            self.q, self.k, self.v = (make(n, heads, depth) for n in (rows[0], rows[1], rows[1]))
            self.pairs = int((self.lengths[0] * self.lengths[1]).sum())
            self.dense = None
            if set_.length != "uniform":
                self.dense = [t.view(batch, -1, heads, depth).transpose(1, 2) for t in (self.q, self.k, self.v)]
        else:
            self.q, self.k, self.v = (make(batch, heads, set_.length, depth) for _ in range(3))
            self.pairs = batch * set_.length**2
            self.dense = [self.q, self.k, self.v]
        self.flops = 4 * heads * self.pairs * depth / (2 if set_.causal else 1)

    def arguments(self, kernel, captures):
        """All of a kernel's arguments, outputs included."""
        values = dict(q=self.q, k=self.k, v=self.v, scale=self.scale, o=torch.empty_like(self.q))
        values |= {name: value if value.ndim == 0 else torch.from_numpy(value).cuda() for name, value in captures.items()}
        if self.set.jagged:
            values |= dict(cu_seqlens_q=self.bounds[0], cu_seqlens_k=self.bounds[1])
        if kernel.softmax:
            shape = (self.q.shape[1], self.q.shape[0]) if self.set.jagged else self.q.shape[:3]
            values["stats"] = torch.empty(shape, device="cuda")
        return values

    def samples(self, values, shift):
        """Some (q, k, v, o, statistics or None, rows, head) in numpy's float64: rows are the queries' numbers in their sequence."""
        wide = lambda t: t.double().cpu().numpy()
        statistics_of = values.get("stats")
        if not self.set.jagged:
            for b, h in {(0, 0), (self.set.batch - 1, self.set.heads - 1)}:
                rows = torch.arange(shift, self.set.length, EVERY)
                yield (wide(self.q[b, h, rows]), wide(self.k[b, h]), wide(self.v[b, h]), wide(values["o"][b, h, rows]),
                       None if statistics_of is None else wide(statistics_of[b, h, rows]), rows.numpy(), h)
            return
        bounds = [b.cpu().tolist() for b in self.bounds]
        picks = [0, self.set.batch - 1, *random.sample(range(self.set.batch), 10)]
        for b in picks:
            h = random.randrange(self.set.heads)
            count = bounds[0][b + 1] - bounds[0][b]
            rows = torch.arange(shift % count, count, EVERY)
            where, keys = bounds[0][b] + rows, slice(bounds[1][b], bounds[1][b + 1])
            yield (wide(self.q[where, h]), wide(self.k[keys, h]), wide(self.v[keys, h]), wide(values["o"][where, h]),
                   None if statistics_of is None else wide(statistics_of[h, where]), rows.numpy(), h)


def compare(kernel, scale, captures, samples):
    """Relative Frobenius errors of o and of the statistics (None) over the samples."""
    difference = size = lse_difference = lse_size = 0.0
    for q, k, v, o, lse, rows, _ in samples:
        i, j = rows[:, None], np.arange(len(k))[None]
        with np.errstate(all="ignore"):
            z = activations.FORMULAS[kernel.activation](scale * (q @ k.T), i, j, captures)
            kept = (i >= j) | (not kernel.causal)
            if kernel.softmax:
                z = np.where(kept, z, -np.inf)
                top = z.max(1, keepdims=True)
                want_lse = top + np.log(np.exp(z - top).sum(1, keepdims=True))
                z = np.exp(z - want_lse)
                lse_difference += ((lse - want_lse[:, 0]) ** 2).sum()
                lse_size += (want_lse**2).sum()
        want = np.where(kept, z, 0.0) @ v
        difference += ((o - want) ** 2).sum()
        size += (want**2).sum()
    finite = lambda x: math.sqrt(x) if x == x else math.inf
    return finite(difference / size), finite(lse_difference / lse_size) if kernel.softmax else None


def captures_of(artefact):
    """The captures that a kernel takes, as arrays."""
    return {name: make(np.random.default_rng(3)) for name, make in activations.CAPTURES.items() if name in artefact.arguments}


def check(kernel, artefact, inputs, pool):
    """The bound call, whether 8 launches wrote the same everywhere, and a future of the errors."""
    captures = captures_of(artefact)
    values = inputs.arguments(kernel, captures)
    call = artefact.bind("forward", **values)
    outputs = [values[name] for name in ("o", "stats") if name in values]
    first, equal = None, True
    for _ in range(REPEATS):
        for output in outputs:
            output.fill_(math.nan)
        call()
        wait()
        if first is None:
            first = [output.clone() for output in outputs]
            equal = not any(output.isnan().any().item() for output in outputs)  # an element that is not written is none that repeats
        else:
            equal = equal and all(torch.equal(a, b) for a, b in zip(first, outputs))
    samples = list(inputs.samples(values, random.randrange(EVERY)))
    return call, equal, pool.submit(compare, kernel, inputs.scale, captures, samples)


# -- peers

TORCH_ACTIVATIONS = {"silu": F.silu, "gelu-tanh": lambda s: F.gelu(s, approximate="tanh")}


def triton_peer(activation, inputs):
    """The best configuration, found on these inputs, and its name."""
    import triton_peer as peer
    q, k, v = inputs.dense
    best = (math.inf, None, None)
    for config in peer.CONFIGS[inputs.set.depth]:
        run = peer.launcher(activation, inputs.set.causal, config, q, k, v, torch.empty_like(q), inputs.scale)
        try:
            run()
            best = min(best, (burst(run, 3), str(config), run), key=lambda x: x[0])
        except Exception as error:  # a configuration that does not compile or launch; others may
            print(f"Triton {activation} {config}: {str(error)[:200]}", file=sys.stderr)
            if not healthy():
                raise
    if best[2] is None:
        raise RuntimeError("no configuration runs")
    return best[2], best[1]


def peer(name, inputs):
    """(what computes it once, a note)"""
    set_ = inputs.set
    kind, _, activation = name.partition(" ")
    if name in ("cuDNN", "flash"):
        backend = {"cuDNN": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION}[name]

        def run():
            with sdpa_kernel(backend), torch.no_grad():
                return F.scaled_dot_product_attention(*inputs.dense, is_causal=set_.causal)
        return run, ""
    if name == "varlen":
        from torch.nn.attention.varlen import varlen_attn
        longest = [int(n.max()) for n in inputs.lengths]
        return lambda: varlen_attn(inputs.q, inputs.k, inputs.v, *inputs.bounds, *longest), ""
    if kind == "Triton":
        return triton_peer(activation, inputs)
    if kind == "FlexAttention":
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        options = {}
        if activation == "softmax of soft-cap":
            options["score_mod"] = lambda score, b, h, i, j: 30.0 * torch.tanh(score / 30.0)
        if set_.causal:
            options["block_mask"] = create_block_mask(lambda b, h, i, j: i >= j, None, None, set_.length, set_.length, device="cuda")
        compiled = torch.compile(flex_attention, dynamic=False)
    elif kind == "compiled":
        function, scale, options = TORCH_ACTIVATIONS[activation], inputs.scale, {}
        compiled = torch.compile(lambda q, k, v: function((q @ k.transpose(-1, -2)) * scale) @ v, dynamic=False)

    def run():
        with torch.no_grad():
            return compiled(*inputs.dense, **options)
    return run, ""


def warm(names, generator):
    """Compiles peers, so that the caches of Triton and inductor have them; names are SET/PEER."""
    for name in names:
        set_, _, peer_name = name.partition("/")
        set_ = next(s for s in kernels.SETS if s.name == set_)
        if peer_name.startswith("Triton"):
            import triton_peer as triton
            q, k, v, o = (torch.randn(1, 1, 512, set_.depth, device="cuda").to(torch.bfloat16) for _ in range(4))
            for config in triton.CONFIGS[set_.depth]:
                try:
                    triton.launcher(peer_name.partition(" ")[2], set_.causal, config, q, k, v, o, 0.125)()
                except Exception as error:
                    print(f"{name} {config}: {str(error)[:200]}", file=sys.stderr)
        else:
            inputs = Inputs(set_, generator)
            peer(peer_name, inputs)[0]()
            torch.cuda.synchronize()


class Warmers:
    """Processes that compile what the sets' peers need, in parallel."""

    def __init__(self, sets):
        jobs = {}
        for set_ in sets:
            for name in set_.peers:
                if name.partition(" ")[0] in ("Triton", "FlexAttention", "compiled"):
                    jobs.setdefault((name, set_.depth, set_.causal, not name.startswith("Triton") and set_.length), f"{set_.name}/{name}")
        jobs = list(jobs.values())
        # a graph takes longest: one to a process, the kernels spread over the rest
        slow, quick = [j for j in jobs if "/Triton" not in j], [j for j in jobs if "/Triton" in j]
        rest = max(1, WARMERS - len(slow))
        shares = [[job] for job in slow] + [quick[n::rest] for n in range(rest) if quick[n::rest]]
        self.processes = [subprocess.Popen([sys.executable, __file__, "--warm", *share], stdout=sys.stderr) for share in shares]

    def wait(self, until):
        for process in self.processes:
            try:
                process.wait(max(1, until - time.time()))
            except subprocess.TimeoutExpired:
                process.kill()
        self.processes = []


# -- time


def burst(function, count):
    """Milliseconds of one call, of `count` in a row after a quarter of them in which the clock settles."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for _ in range(max(1, count // 4)):
        function()
    begin.record()
    for _ in range(count):
        function()
    end.record()
    wait()
    return begin.elapsed_time(end) / count


def time_rounds(entries, rounds, ms, deadline):
    """{name: TFLOP/s of each round}; entries: name -> (function, FLOPs)."""
    counts = {}
    for name, (function, _) in entries.items():
        counts[name] = max(2, round(ms / burst(function, 2)))
    speeds = {name: [] for name in entries}
    for number in range(rounds):
        if number and time.time() > deadline:
            break
        for name in random.sample(list(entries), len(entries)):
            function, flops = entries[name]
            speeds[name].append(flops / burst(function, counts[name]) / 1e9)
    return speeds


def run_set(set_, folder, generator, product, pool, warmers, options, bad):
    inputs = Inputs(set_, generator)
    entries, notes, checks = {"G": (product, 2 * 8192**3)}, {}, {}
    for kernel in set_.kernels:
        if (set_.name, kernel.label) in bad or time.time() > options.deadline:
            continue
        try:
            with risky(set_, kernel.label):
                call, equal, errors = check(kernel, Artefact(folder / f"{kernel.name}.json"), inputs, pool)
                checks[kernel.label] = equal, errors
                entries[kernel.label] = call, inputs.flops
        except Failed:
            pass
    warmers.wait(min(time.time() + 60, options.deadline))
    for name in set_.peers:
        if (set_.name, name) in bad or options.no_peers and name not in ("cuDNN", "flash") or time.time() > options.deadline:
            continue
        try:
            with risky(set_, name):
                function, notes[name] = peer(name, inputs)
                function()
                wait()
                entries[name] = function, inputs.flops
        except Failed:
            pass
    say("begin", set=set_.name, name="the whole set")
    speeds = time_rounds(entries, options.rounds, options.ms, options.deadline)
    say("end", set=set_.name, name="the whole set")
    for name, tflops in speeds.items():
        row = dict(set=set_.name, name=name, tflops=[round(t, 2) for t in tflops], note=notes.get(name, ""))
        if name in checks:
            equal, errors = checks[name]
            error, stats = errors.result()
            row |= dict(equal=equal, error=error, stats=stats, right=equal and error <= TOLERANCE and (stats is None or stats <= STATISTICS_TOLERANCE))
        say("row", **row)
    print(f"{set_.name}: G {statistics.median(speeds['G']):.0f}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--sets", default="")
    parser.add_argument("--bad", type=json.loads, default=[])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ms", type=float, default=20)
    parser.add_argument("--deadline", type=float, default=math.inf)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--warm", nargs="*")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    generator = torch.Generator(device="cuda").manual_seed(int(time.time()))
    if options.warm:
        return warm(options.warm, generator)
    names = options.sets.split(",")
    sets = [s for s in (kernels.QUICK if options.quick else kernels.SETS) if s.name in names]
    warmers = Warmers([] if options.no_peers else sets)
    try:
        import triton
        say("versions", torch=torch.__version__, triton=triton.__version__)
    except ImportError:
        say("versions", torch=torch.__version__, triton="absent")
    a, b, c = (torch.randn(8192, 8192, device="cuda", generator=generator).to(torch.bfloat16) for _ in range(3))
    bad = {tuple(pair) for pair in options.bad}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for set_ in sets:
            if time.time() > options.deadline:
                break
            run_set(set_, options.folder, generator, lambda: torch.mm(a, b, out=c), pool, warmers, options, bad)
            say("set", set=set_.name)
            torch.cuda.empty_cache()
    warmers.wait(time.time())


if __name__ == "__main__":
    sys.exit(main())
