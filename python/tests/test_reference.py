"""The reference target against numpy: every normalizer, layout and kind of region, gradients of a loss over all results.

The expected gradients are central differences of the whole loss sum(o * do) + sum(stats * dstats), one input element at a
time, so that they rest on the forward's definition alone.
"""

import dataclasses
import json
import math

import numpy as np
import pytest

import artefact
import support

COORDINATES = "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index"


@dataclasses.dataclass
class Program:
    """One function around one gdpa.attention, and the same in numpy."""

    activation: str  # MLIR text that defines %z
    z: object  # z(s, b, h, i, j, nq, nk, captures)
    normalizer: str = "none"
    layout: str = "bhsd"
    storage: str = "f32"
    captures: tuple = ()  # (name, MLIR type, value)
    mask: str = ""  # defines %keep
    keep: object = None  # keep(b, h, i, j, nq, nk)
    vjp: str = ""  # defines %ds, may accumulate
    heads: tuple = ("?", "?")  # of queries and keys, in the types

    def source(self):
        leading = {"bhsd": "?x{}x?", "bshd": "?x?x{}", "thd": "?x{}"}[self.layout]
        tensor = lambda heads, columns: f"tensor<{leading.format(heads)}x{columns}x{self.storage}>"
        q, k, v, o = tensor(self.heads[0], 4), tensor(self.heads[1], 4), tensor(self.heads[1], 3), tensor(self.heads[0], 3)
        stats = "tensor<" + {"bhsd": "?x{}x?", "bshd": "?x{}x?", "thd": "{}x?"}[self.layout].format(self.heads[0]) + f"x{self.compute}>"
        names = "".join(f', %{name}: {kind} {{gdpa.name = "{name}"}}' for name, kind, _ in self.captures)
        inner = "".join(f", %{name}: {kind}" for name, kind, _ in self.captures)
        has_stats, jagged = self.normalizer != "none", self.layout == "thd"
        kinds = ", ".join(kind for _, kind, _ in self.captures)
        values = ", ".join(f"%{name}" for name, _, _ in self.captures)
        lines = [
            f"func.func @f(%q: {q}, %k: {k}, %v: {v}, %scale: {self.compute}{names}",
            f"    {', %cq: tensor<?xi32>, %ck: tensor<?xi32>' if jagged else ''}, %o0: {o}{f', %st0: {stats}' if has_stats else ''})",
            f"    -> ({o}{', ' + stats if has_stats else ''}) {{",
            f"  %o{':2' if has_stats else ''} = gdpa.attention {self.layout} {self.normalizer} ins(%q, %k, %v : {q}, {k}, {v})",
            f"      outs(%o0{', %st0' if has_stats else ''} : {o}{', ' + stats if has_stats else ''}) scale(%scale : {self.compute})",
            "      cu_seqlens(%cq, %ck : tensor<?xi32>, tensor<?xi32>)" if jagged else "",
            f"      captures({values} : {kinds})" if self.captures else "",
            f"      activation(%s: {self.compute}, {COORDINATES}{inner}) {{ {self.activation}\n gdpa.yield %z : {self.compute} }}",
            f"      mask({COORDINATES}{inner}) {{ {self.mask}\n gdpa.yield %keep : i1 }}" if self.mask else "",
            f"      vjp(%s: {self.compute}, %ct: {self.compute}, {COORDINATES}{inner}) {{ {self.vjp}\n gdpa.yield %ds : {self.compute} }}"
            if self.vjp else "",
            f"      -> {o}{', ' + stats if has_stats else ''}",
            f"  return {'%o#0, %o#1' if has_stats else '%o'} : {o}{', ' + stats if has_stats else ''}",
            "}",
        ]
        return "\n".join(line for line in lines if line)

    @property
    def compute(self):
        return "f64" if self.storage == "f64" else "f32"

    def dense(self, q, k, v, scale, captures):
        """q [B,Hq,Sq,D], k, v [B,Hkv,Sk,D]; returns (o, stats)."""
        group = q.shape[1] // k.shape[1]
        k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
        s = scale * np.einsum("bhid,bhjd->bhij", q, k)
        b, h, i, j = np.ogrid[tuple(slice(n) for n in s.shape)]
        z = self.z(s, b, h, i, j, s.shape[2], s.shape[3], captures)
        kept = np.broadcast_to(self.keep(b, h, i, j, s.shape[2], s.shape[3]) if self.keep else True, s.shape)
        with np.errstate(all="ignore"):
            if self.normalizer == "softmax":
                logits = np.where(kept, z, -np.inf)
                top = logits.max(axis=3, initial=-np.inf)
                total = np.exp(logits - np.where(np.isinf(top), 0, top)[..., None]).sum(axis=3)
                stats = top + np.log(total)
                w = np.where(np.isinf(stats)[..., None], 0, np.exp(logits - stats[..., None]))
            else:
                w, stats = np.where(kept, z, 0.0), None
                if self.normalizer == "sum":
                    stats = w.sum(axis=3)
                    w = np.where(stats[..., None] == 0, 0, w / stats[..., None])
        return w @ v, stats

    def forward(self, q, k, v, scale, captures, cq=None, ck=None):
        """The same in the program's layout."""
        if self.layout == "bhsd":
            return self.dense(q, k, v, scale, captures)
        if self.layout == "bshd":
            o, stats = self.dense(*(x.transpose(0, 2, 1, 3) for x in (q, k, v)), scale, captures)
            return o.transpose(0, 2, 1, 3), stats
        o, stats = np.zeros((q.shape[0], q.shape[1], v.shape[2])), np.zeros((q.shape[1], q.shape[0]))
        for b in range(len(cq) - 1):
            rows, keys = slice(cq[b], cq[b + 1]), slice(ck[b], ck[b + 1])
            part, statistic = self.dense(*(x.transpose(1, 0, 2)[None] for x in (q[rows], k[keys], v[keys])), scale, captures)
            o[rows] = part[0].transpose(1, 0, 2)
            if statistic is not None:
                stats[:, rows] = statistic[0]
        return o, stats if self.normalizer != "none" else None


def expected(program, arrays, do, dstats, wrt):
    """Gradients of the loss by central differences."""

    def loss(**moved):
        now = {**arrays, **moved}
        captures = {name: now[name] for name, _, _ in program.captures}
        o, stats = program.forward(now["q"], now["k"], now["v"], now["scale"], captures, now.get("cu_seqlens_q"), now.get("cu_seqlens_k"))
        total = np.sum(o * do)
        if stats is not None:
            total += np.sum(np.where(np.isinf(stats), 0, stats) * dstats)
        return total

    gradients = {}
    for name in wrt:
        base, step = np.asarray(arrays[name], np.float64), 1e-6
        gradient = np.zeros(base.shape)
        for index in np.ndindex(base.shape):
            high, low = base.copy(), base.copy()
            high[index] += step
            low[index] -= step
            gradient[index] = (loss(**{name: high}) - loss(**{name: low})) / (2 * step)
        gradients[name] = gradient
    return gradients


def run(program, tmp_path, sizes=(2, 4, 2, 5, 6), arrays=None):
    """Compiles for the reference target, runs both entries on random inputs; returns (inputs, results)."""
    batch, heads, key_heads, nq, nk = sizes
    rng = np.random.default_rng(7)
    file = tmp_path / "k.mlir"
    file.write_text(program.source())
    done = support.call(support.tool("gdpa-compile"), file, "--target=reference", "--grad", "-o", tmp_path / "k.so")
    assert done.returncode == 0, done.stderr
    shape = {"bhsd": lambda h, n, d: (batch, h, n, d), "bshd": lambda h, n, d: (batch, n, h, d), "thd": lambda h, n, d: (n, h, d)}[program.layout]
    inputs = {
        "q": rng.standard_normal(shape(heads, nq, 4)), "k": rng.standard_normal(shape(key_heads, nk, 4)),
        "v": rng.standard_normal(shape(key_heads, nk, 3)), "scale": np.array(0.5), **(arrays or {}),
        **{name: np.asarray(value, np.int64 if kind == "index" else np.float64) for name, kind, value in program.captures},
    }
    do = rng.standard_normal(shape(heads, nq, 3))
    dstats = rng.standard_normal((heads, nq) if program.layout == "thd" else (batch, heads, nq))
    everything = {**inputs, "do": do, "dstats": dstats}
    description = json.loads((tmp_path / "k.json").read_text())
    for argument in description["arguments"]:
        if argument["access"] == "write":
            symbols = {symbol: everything[where].shape[dim] for symbol, (where, dim) in description["symbols"].items()}
            extents = [symbols.get(size, size) for size in argument["shape"]]
            kind = {"f64": np.float64, "i8": np.int8}[argument["type"]]
            everything[argument["name"]] = np.full(extents, np.nan if kind == np.float64 else 77, dtype=kind)
    for entry in ("forward", "backward"):
        artefact.call_entry(tmp_path / "k.json", entry, everything)
    return inputs, everything


def check(program, tmp_path, sizes=(2, 4, 2, 5, 6), arrays=None, wrt=None, tolerance=2e-8):
    inputs, results = run(program, tmp_path, sizes, arrays)
    captures = {name: inputs[name] for name, _, _ in program.captures}
    o, stats = program.forward(inputs["q"], inputs["k"], inputs["v"], inputs["scale"], captures, inputs.get("cu_seqlens_q"), inputs.get("cu_seqlens_k"))
    np.testing.assert_allclose(results["o"], o, rtol=1e-12, atol=1e-12)
    if stats is not None:
        np.testing.assert_allclose(results["stats"], stats, rtol=1e-12, atol=1e-12)
    names = ["q", "k", "v"] + [name for name, kind, _ in program.captures if "f32" in kind or "f64" in kind]
    gradients = expected(program, inputs, results["do"], results["dstats"], names)
    for name in names:
        key = "d" + name if name in "qkv" else "d_" + name
        np.testing.assert_allclose(results[key], gradients[name], rtol=tolerance, atol=tolerance, err_msg=key)
        if key + ".valid" in results:
            assert (results[key + ".valid"] == 1).all(), key
        if key + ".scale" in results:
            assert (results[key + ".scale"] >= np.abs(results[key]) * (1 - 1e-12)).all(), key
    return results


SILU = "%n = arith.negf %x : f32\n %e = math.exp %n : f32\n %one = arith.constant 1.0 : f32\n %d = arith.addf %e, %one : f32\n %z = arith.divf %x, %d : f32"
CAUSAL = "%keep = arith.cmpi sge, %i, %j : index"


def silu(x):
    return x / (1 + np.exp(-x))


BIAS = np.linspace(-1, 1, 24).reshape(4, 6)
BIASED_SILU = Program(
    activation=f"%r = tensor.extract %bias[%h, %j] : tensor<?x?xf32>\n %u = arith.mulf %s, %t : f32\n %x = arith.addf %u, %r : f32\n {SILU}",
    z=lambda s, b, h, i, j, nq, nk, c: silu(s * c["t"] + c["bias"][h, j]),
    captures=(("bias", "tensor<?x?xf32>", BIAS), ("t", "f32", 1.3)), mask=CAUSAL, keep=lambda b, h, i, j, nq, nk: i >= j)
# row 3 keeps nothing
SPARSE = "%three = arith.constant 3 : index\n %keep = arith.cmpi ne, %i, %three : index"
SIGMOID = Program(
    activation="%x = arith.mulf %s, %t : f32\n %n = arith.negf %x : f32\n %e = math.exp %n : f32\n %one = arith.constant 1.0 : f32\n"
    "%d = arith.addf %e, %one : f32\n %y = arith.divf %one, %d : f32\n %z = arith.addf %y, %one : f32",
    z=lambda s, b, h, i, j, nq, nk, c: 1 + 1 / (1 + np.exp(-s * c["t"])),
    normalizer="sum", captures=(("t", "f32", 0.7),), mask=SPARSE, keep=lambda b, h, i, j, nq, nk: i != 3)
# the first key has logit -inf
SOFT_CAP = Program(
    activation="%zero = arith.constant 0 : index\n %low = arith.constant 0xFF800000 : f32\n %two = arith.constant 2.0 : f32\n"
    "%x = arith.divf %s, %two : f32\n %y = math.tanh %x : f32\n %w = arith.mulf %y, %two : f32\n"
    "%r = tensor.extract %table[%j] : tensor<?xf32>\n %m = arith.addf %w, %r : f32\n"
    "%first = arith.cmpi eq, %j, %zero : index\n %z = arith.select %first, %low, %m : f32",
    z=lambda s, b, h, i, j, nq, nk, c: np.where(j == 0, -np.inf, 2 * np.tanh(s / 2) + c["table"][np.minimum(j, len(c["table"]) - 1)]),
    normalizer="softmax", captures=(("table", "tensor<?xf32>", np.array([0.5, -0.25, 1.0])),), mask=SPARSE,
    keep=lambda b, h, i, j, nq, nk: i != 3)
# a loop that reads a coefficient at each step
POLYNOMIAL = Program(
    activation="%lo = arith.constant 0 : index\n %hi = arith.constant 4 : index\n %st = arith.constant 1 : index\n %init = arith.constant 0.0 : f32\n"
    "%z = scf.for %n = %lo to %hi step %st iter_args(%acc = %init) -> (f32) {\n %c = tensor.extract %coef[%n] : tensor<4xf32>\n"
    "%a = arith.mulf %acc, %s : f32\n %next = arith.addf %a, %c : f32\n scf.yield %next : f32 }",
    z=lambda s, b, h, i, j, nq, nk, c: np.polyval(c["coef"], s), captures=(("coef", "tensor<4xf32>", np.array([0.1, -0.3, 0.5, 1.0])),))
# the capture is read on one side of a branch only
BRANCH = Program(
    activation="%five = arith.constant 3 : index\n %c = arith.cmpi slt, %j, %five : index\n"
    "%z = scf.if %c -> (f32) {\n %r = tensor.extract %w[%i, %b] : tensor<?x?xf32>\n %y = arith.mulf %r, %s : f32\n scf.yield %y : f32 }\n"
    "else {\n %y = math.sin %s : f32\n scf.yield %y : f32 }",
    z=lambda s, b, h, i, j, nq, nk, c: np.where(j < 3, c["w"][i, b] * s, np.sin(s)),
    captures=(("w", "tensor<?x?xf32>", np.linspace(0.5, 2, 10).reshape(5, 2)),))

CASES = {
    "none": BIASED_SILU, "sum": SIGMOID, "softmax": SOFT_CAP, "loop": POLYNOMIAL, "branch": BRANCH,
    "bshd": dataclasses.replace(BIASED_SILU, layout="bshd"), "bshd-softmax": dataclasses.replace(SOFT_CAP, layout="bshd"),
    "bshd-sum": dataclasses.replace(SIGMOID, layout="bshd"), "bf16": dataclasses.replace(BIASED_SILU, storage="bf16"),
    "f16": dataclasses.replace(SIGMOID, storage="f16"),
    "f64": dataclasses.replace(POLYNOMIAL, storage="f64", activation=POLYNOMIAL.activation.replace("f32", "f64"),
                               captures=(("coef", "tensor<4xf64>", np.array([0.1, -0.3, 0.5, 1.0])),)),
}


ERF = np.vectorize(math.erf, otypes=[np.float64])
# operation: numpy; the first operand is p = 2 + sin(s), the second 1.5, the third 2.5
OPERATIONS = {
    "arith.addf": lambda p, a, b: p + a, "arith.subf": lambda p, a, b: p - a, "arith.mulf": lambda p, a, b: p * a,
    "arith.divf": lambda p, a, b: p / a, "arith.remf": lambda p, a, b: np.fmod(p, 64), "arith.negf": lambda p, a, b: -p,
    "arith.maximumf": lambda p, a, b: np.maximum(p, a), "arith.minimumf": lambda p, a, b: np.minimum(p, a),
    "arith.maxnumf": lambda p, a, b: np.maximum(p, a), "arith.minnumf": lambda p, a, b: np.minimum(p, a),
    "math.absf": lambda p, a, b: np.abs(p), "math.acos": lambda p, a, b: np.arccos(p), "math.asin": lambda p, a, b: np.arcsin(p),
    "math.atan": lambda p, a, b: np.arctan(p), "math.atan2": lambda p, a, b: np.arctan2(p, a), "math.cbrt": lambda p, a, b: np.cbrt(p),
    "math.ceil": lambda p, a, b: np.ceil(p), "math.clampf": lambda p, a, b: np.clip(p, a, b), "math.copysign": lambda p, a, b: np.copysign(p, a),
    "math.cos": lambda p, a, b: np.cos(p), "math.cosh": lambda p, a, b: np.cosh(p), "math.erf": lambda p, a, b: ERF(p),
    "math.erfc": lambda p, a, b: 1 - ERF(p), "math.exp": lambda p, a, b: np.exp(p), "math.exp2": lambda p, a, b: np.exp2(p),
    "math.expm1": lambda p, a, b: np.expm1(p), "math.floor": lambda p, a, b: np.floor(p), "math.fma": lambda p, a, b: p * a + b,
    "math.log": lambda p, a, b: np.log(p), "math.log10": lambda p, a, b: np.log10(p), "math.log1p": lambda p, a, b: np.log1p(p),
    "math.log2": lambda p, a, b: np.log2(p), "math.powf": lambda p, a, b: p**a, "math.round": lambda p, a, b: np.trunc(p + 0.5),
    "math.roundeven": lambda p, a, b: np.round(p), "math.rsqrt": lambda p, a, b: 1 / np.sqrt(p), "math.sin": lambda p, a, b: np.sin(p),
    "math.sinh": lambda p, a, b: np.sinh(p), "math.sqrt": lambda p, a, b: np.sqrt(p), "math.tan": lambda p, a, b: np.tan(p / 4),
    "math.tanh": lambda p, a, b: np.tanh(p), "math.trunc": lambda p, a, b: np.trunc(p),
}
BINARY = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.remf", "arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf",
          "math.atan2", "math.copysign", "math.powf"}


def test_operations(tmp_path):
    """Every float operation has a meaning in f64: the sum of all of them, each with a weight of its own."""
    lines = ["%sine = math.sin %s : f32", "%two = arith.constant 2.0 : f32", "%p = arith.addf %two, %sine : f32", "%sum0 = arith.constant 0.0 : f32",
             "%a = arith.constant 1.5 : f32", "%c = arith.constant 2.5 : f32", "%quarter = arith.constant 0.25 : f32",
             "%m = arith.constant 64.0 : f32", "%unit = arith.mulf %sine, %quarter : f32", "%tangent = arith.mulf %p, %quarter : f32"]
    first = {"math.acos": "%unit", "math.asin": "%unit", "math.tan": "%tangent"}
    for n, op in enumerate(OPERATIONS):
        operands = [first.get(op, "%p")] + (["%m" if op == "arith.remf" else "%a"] if op in BINARY else [])
        operands = ["%p", "%a", "%c"] if op == "math.fma" else operands
        shape = f"{op} %p to [%a, %c]" if op == "math.clampf" else f"{op} {', '.join(operands)}"
        lines += [f"%v{n} = {shape} : f32", f"%w{n} = arith.constant {n % 7 + 1}.0 : f32", f"%t{n} = arith.mulf %v{n}, %w{n} : f32",
                  f"%sum{n + 1} = arith.addf %sum{n}, %t{n} : f32"]
    lines.append(f"%z = arith.addf %sum{len(OPERATIONS)}, %sum0 : f32")

    def z(s, b, h, i, j, nq, nk, c):
        total = 0
        for n, (op, function) in enumerate(OPERATIONS.items()):
            p = np.sin(s) / 4 if op in ("math.acos", "math.asin") else 2 + np.sin(s)
            total = total + (n % 7 + 1) * function(p, 1.5, 2.5)
        return total

    check(Program(activation="\n".join(lines), z=z), tmp_path, sizes=(1, 1, 1, 3, 3), tolerance=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_reference(name, tmp_path):
    check(CASES[name], tmp_path)


@pytest.mark.parametrize("name", ["none", "sum", "softmax"])
def test_jagged(name, tmp_path):
    """Sequences of lengths 3, 0, 2 of queries and 2, 1, 4 of keys; rows past the last sequence are zero."""
    program = dataclasses.replace(CASES[name], layout="thd")
    bounds = {"cu_seqlens_q": np.array([0, 3, 3, 5], np.int32), "cu_seqlens_k": np.array([0, 2, 3, 7], np.int32)}
    results = check(program, tmp_path, sizes=(None, 4, 2, 6, 8), arrays=bounds)
    assert (results["o"][5:] == 0).all() and (results["dq"][5:] == 0).all()
    assert (results["dk"][7:] == 0).all() and (results["dv"][7:] == 0).all()


def test_jagged_bounds_are_clamped(tmp_path):
    """cu_seqlens beyond the tensors or falling read nothing outside."""
    program = dataclasses.replace(CASES["none"], layout="thd")
    wild = {"cu_seqlens_q": np.array([-5, 4, 2, 100], np.int32), "cu_seqlens_k": np.array([3, 1, 50, 99], np.int32)}
    _, results = run(program, tmp_path, sizes=(None, 4, 2, 6, 8), arrays=wild)
    for name in ("o", "dq", "dk", "dv", "d_bias"):
        assert np.isfinite(results[name]).all(), name


@pytest.mark.parametrize("sizes", [(1, 2, 1, 0, 3), (1, 2, 1, 3, 0), (0, 2, 1, 3, 3)])
@pytest.mark.parametrize("name", ["none", "sum", "softmax"])
def test_empty(name, sizes, tmp_path):
    check(CASES[name], tmp_path, sizes=sizes)


def test_vjp_replaces_the_derivative(tmp_path):
    """A user's vjp is evaluated, not differenced: here twice the cotangent, and the cotangent itself for the capture."""
    program = Program(
        activation="%z = arith.mulf %s, %t : f32", z=lambda s, b, h, i, j, nq, nk, c: s * c["t"], captures=(("t", "f32", 3.0),),
        vjp="%ds = arith.addf %ct, %ct : f32\n gdpa.accumulate %ct, %t : f32, f32", mask=CAUSAL, keep=lambda b, h, i, j, nq, nk: i >= j)
    inputs, results = run(program, tmp_path, sizes=(1, 1, 1, 5, 6))
    kept = np.tril(np.ones((5, 6)))
    ct = kept * (results["do"][0, 0] @ inputs["v"][0, 0].T)
    np.testing.assert_allclose(results["dq"][0, 0], 0.5 * 2 * ct @ inputs["k"][0, 0], rtol=1e-12)
    np.testing.assert_allclose(results["d_t"], ct.sum(), rtol=1e-12)
    np.testing.assert_allclose(results["d_t.scale"], np.abs(ct).sum(), rtol=1e-12)
    assert "dq.valid" not in results


def test_kinks_are_marked(tmp_path):
    """relu: the row and the column of a pair with s = 0 are invalid; everything else is checked."""
    program = Program(activation="%zero = arith.constant 0.0 : f32\n %z = arith.maximumf %s, %zero : f32",
                      z=lambda s, b, h, i, j, nq, nk, c: np.maximum(s, 0))
    rng = np.random.default_rng(3)
    q, k = rng.standard_normal((1, 1, 5, 4)), rng.standard_normal((1, 1, 6, 4))
    q[0, 0, 2] = (1, 0, 0, 0)
    k[0, 0, 4] = (0, 1, 2, 3)
    _, results = run(program, tmp_path, sizes=(1, 1, 1, 5, 6), arrays={"q": q, "k": k})
    rows, columns = results["dq.valid"][0, 0].all(axis=1), results["dk.valid"][0, 0].all(axis=1)
    assert list(np.flatnonzero(~rows)) == [2] and list(np.flatnonzero(~columns)) == [4]


def test_captures_at_kinks_are_marked(tmp_path):
    """An element is invalid where pairs at kinks hold a noticeable part of its gradient."""
    program = Program(
        activation="%r = tensor.extract %bias[%j] : tensor<?xf32>\n %zero = arith.constant 0.0 : f32\n %y = arith.maximumf %r, %zero : f32\n"
        "%z = arith.mulf %y, %s : f32",
        z=lambda s, b, h, i, j, nq, nk, c: np.maximum(c["bias"][j], 0) * s,
        captures=(("bias", "tensor<?xf32>", np.array([1.0, 0.0, -1.0, 2.0, 0.5, 1e-9])),))
    _, results = run(program, tmp_path)
    assert list(results["d_bias.valid"]) == [1, 0, 1, 1, 1, 0]
    assert (results["dq.valid"] == 1).all()


def test_arguments_are_checked(tmp_path):
    """The entry returns the position of the first argument whose rank, static size or row stride does not fit."""
    _, everything = run(BIASED_SILU, tmp_path)
    wrong = {"q": everything["q"][..., :3], "k": everything["k"].transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2),
             "v": everything["v"][..., None]}
    for position, (name, array) in enumerate(wrong.items(), start=1):
        with pytest.raises(AssertionError, match=f"returned {position}$"):
            artefact.call_entry(tmp_path / "k.json", "forward", {**everything, name: array})
