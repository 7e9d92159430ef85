"""Every example, forward and backward on the CPU, against the reference target and against numpy in float64.

A kernel is compiled for an example, a storage type and head dims D, Dv; lengths and head counts are run-time values, so each
kernel runs on several. In CI the kernels and their lengths are a pairwise cover: every two values of two factors meet.
Nightly takes every kernel.
"""

import itertools
import math
import zlib

import numpy as np
import pytest

import catalogue
import cover
import oracle
import support

LENGTHS = (0, 1, 31, 32, 33, 127, 128, 129, 1000)
HEAD_DIMS = (8, 16, 40, 64, 96, 128, 256)
KERNEL_FACTORS = {"example": [e.name for e in catalogue.ALL], "type": support.TYPES, "d": HEAD_DIMS, "dv": HEAD_DIMS}
RUN_FACTORS = {"nq": LENGTHS, "nk": LENGTHS, "ratio": (1, 2, 8)}
RUNS_PER_KERNEL = 2


def kernels_with_runs():
    """[(kernel, [run, ...])]: a cover of all factors; the lengths are spread over the kernels."""
    if support.NIGHTLY:
        kernels = [dict(zip(KERNEL_FACTORS, values)) for values in itertools.product(*KERNEL_FACTORS.values())]
    else:
        kernels = cover.pairwise(KERNEL_FACTORS)
    return cover.spread(kernels, RUN_FACTORS, RUNS_PER_KERNEL)


KERNELS = kernels_with_runs()


def identifier(kernel):
    return "{example}-{type}-d{d}-dv{dv}".format(**kernel)


def within(found, dtype, result, case, want):
    """Is the error within the fixed bound or, for half types, twice that of the computation that rounds s and z?"""
    if found <= support.TOLERANCE[dtype]:
        return True
    return dtype != "f32" and result == "o" and found <= 2 * oracle.error(case.eager(dtype), want)


@pytest.mark.parametrize("kernel, runs", KERNELS, ids=[identifier(k) for k, _ in KERNELS])
def test_against_float64(kernel, runs, tmp_path):
    example = catalogue.BY_NAME[kernel["example"]]
    dtype, d, dv = kernel["type"], kernel["d"], kernel["dv"]
    description = support.compile_program(support.specialise(example.source, dtype, d, dv), tmp_path)
    problems = []
    for run in runs:
        nq, nk, ratio = run["nq"], run["nk"], run["ratio"]
        rng = np.random.default_rng(zlib.crc32(repr((identifier(kernel), run)).encode()))
        large = nq * nk > 100_000
        key_heads = 1 if large or ratio == 8 else 2
        batch, heads = 1 if large else 2, key_heads * ratio
        inputs = support.make_inputs(rng, dtype, batch, heads, key_heads, nq, nk, d, dv)
        sizes = {"B": batch, "Hq": heads, "Hkv": key_heads, "Sq": nq, "Sk": nk}
        captures = {name: make(rng, sizes) for name, make in example.captures.items()}
        scale = 1 / math.sqrt(d)
        names = ["o", "dq", "dk", "dv", *(f"d_{name}" for name in example.learned)]
        if example.normalizer != "none":
            names.append("stats")
        done = support.run_kernel(description, {**inputs, **captures, "scale": float(np.float32(scale))}, tmp_path,
                                  outputs=names, grad=True, options=["--check"])
        where = f"{run}: {done.command}\n"
        if done.status not in (support.RESULT, support.CHECK_FAILED):
            problems.append(where + done.stderr)
            continue
        wide = support.as_float64(inputs)
        with np.errstate(divide="ignore", invalid="ignore"):
            case = oracle.Attention(wide["q"], wide["k"], wide["v"], float(np.float32(scale)), example.activation, example.mask, captures,
                                    example.normalizer)
            want = case.forward()
            statistics = case.statistics()
        for name in names:
            line = done.lines[name]
            if line["error"] is None and line["left_out"] == math.prod(line["shape"]):
                continue  # nothing to compare: no element, or a kink in every row
            if example.normalizer != "none" and nk == 1 and name in ("dq", "dk"):
                gradients, _ = case.backward(wide["do"])
                if oracle.error(done.arrays[name], gradients[name], case.magnitudes(wide["do"])[name]) <= support.TOLERANCE[dtype]:
                    continue
            if line["error"] is None or not within(float(line["error"]), dtype, name, case, want):
                problems.append(f"{where}{name}: error {line['error']} against the reference, {line['left_out']} left out")
        found = oracle.error(done.arrays["o"], want)
        if not within(found, dtype, "o", case, want):
            problems.append(f"{where}o: error {found} against numpy")
        if statistics is not None:  # lse is -inf where a query keeps no key
            got, finite = done.arrays["stats"], np.isfinite(statistics)
            found = oracle.error(np.where(finite, got, 0), np.where(finite, statistics, 0))
            if found > support.TOLERANCE[dtype] or (got != statistics)[~finite].any():
                problems.append(f"{where}stats: error {found} against numpy")
        for name in names:
            if np.isnan(done.arrays[name]).any():
                problems.append(f"{where}{name}: {np.isnan(done.arrays[name]).sum()} elements were not written or are NaN")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("example", catalogue.ALL, ids=lambda e: e.name)
def test_gradients_against_numpy(example, tmp_path):
    """The gradients without the reference target: numpy's central differences, at one small size, captures included."""
    rng = np.random.default_rng(3)
    sizes = {"B": 2, "Hq": 4, "Hkv": 2, "Sq": 19, "Sk": 23}
    inputs = support.make_inputs(rng, "f32", 2, 4, 2, 19, 23, 64, 64)
    captures = {name: make(rng, sizes) for name, make in example.captures.items()}
    description = support.compile_program(example.source, tmp_path, reference=False)
    if example.normalizer != "none":
        inputs["dstats"] = rng.standard_normal((2, 4, 19)).astype(np.float32)
    names = ["dq", "dk", "dv", *(f"d_{name}" for name in example.learned)]
    done = support.run_kernel(description, {**inputs, **captures, "scale": 0.125}, tmp_path, outputs=names, grad=True)
    assert done.status == support.RESULT, done.stderr
    wide = support.as_float64(inputs)
    case = oracle.Attention(wide["q"], wide["k"], wide["v"], 0.125, example.activation, example.mask, captures, example.normalizer)
    step = 1e-8 if example.kinks else 1e-5  # few pairs lie so near to a kink
    gradients, cotangent = case.backward(wide["do"], wide.get("dstats", 0.0), step, vjp=example.vjp)
    for name, want in gradients.items():
        assert oracle.error(done.arrays[name], want) <= 1e-5, name
    for name in example.learned:
        if example.vjp is not None:
            assert f"d_{name}" in gradients or not done.arrays[f"d_{name}"].any(), f"d_{name}"
            continue
        want, absolute = case.capture_gradient(name, cotangent)
        assert oracle.error(done.arrays[f"d_{name}"], want, absolute) <= 1e-5, f"d_{name}"


def test_kernels_are_few_enough():
    """The cover that CI runs stays within its budget of kernel pairs, and is a cover."""
    kernels = cover.pairwise(KERNEL_FACTORS)
    assert len(kernels) <= 150
    runs = [{**kernel, **run} for kernel, some in cover.spread(kernels, RUN_FACTORS, RUNS_PER_KERNEL) for run in some]
    factors = {**KERNEL_FACTORS, **RUN_FACTORS}
    for a, b in itertools.combinations(factors, 2):
        assert {(r[a], r[b]) for r in runs} == set(itertools.product(factors[a], factors[b])), (a, b)
