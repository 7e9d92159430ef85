"""Rows that a normalizer must get right without a number to lean on: no key, no weight, logits of -inf, logits too large for exp, r = 0.

Results are compared with numpy's formulas directly: differences around -inf mean nothing.
"""

import numpy as np
import pytest

import catalogue
import oracle
import support

B, HQ, HKV, D = 2, 4, 2, 64


def biased(normalizer, body):
    """z = body of %s and %x = bias[j], a learned capture of the keys."""
    text = catalogue.BY_NAME["softmax"].source.replace("gdpa.attention bhsd softmax", f"gdpa.attention bhsd {normalizer}")
    text = text.replace("    %scale: f32 {gdpa.name", '    %bias: tensor<?xf32> {gdpa.name = "bias"}, %scale: f32 {gdpa.name')
    text = text.replace("      activation(", "      captures(%bias : tensor<?xf32>)\n      activation(").replace("%nk: index)", "%nk: index, %bias: tensor<?xf32>)")
    return text.replace("gdpa.yield %s : f32", f"%x = tensor.extract %bias[%j] : tensor<?xf32>\n{body}\n        gdpa.yield %z : f32")


ADDED = "        %z = arith.addf %s, %x : f32"
SCALED = "        %z = arith.mulf %s, %x : f32"


def run(tmp_path, normalizer, body, nq, nk, bias, gain=1.0, dtype="f32", schedule=None):
    source = support.specialise(biased(normalizer, body), dtype)
    if schedule:
        source = source.replace("\n      -> !output", f" {{schedule = {schedule}}}\n      -> !output")
    description = support.compile_program(source, tmp_path, reference=False)
    rng = np.random.default_rng(11)
    inputs = support.make_inputs(rng, dtype, B, HQ, HKV, nq, nk, D, D)
    inputs["q"] = oracle.round_to(gain * inputs["q"], dtype).astype(np.float32)
    inputs["dstats"] = rng.standard_normal((B, HQ, nq)).astype(np.float32)
    names = ["o", "stats", "dq", "dk", "dv", "d_bias"]
    done = support.run_kernel(description, {**inputs, "bias": bias, "scale": 0.125}, tmp_path, outputs=names, grad=True,
                              options=["--repeat=3"])
    assert done.status == support.RESULT, done.stderr
    assert all(line["identical"] for line in done.lines.values()), "repeats differ"
    return done.arrays, support.as_float64(inputs)


def softmax(inputs, bias):
    """o, lse and every gradient of softmax(s + bias[j])."""
    group = HQ // HKV
    q, do, dlse = inputs["q"], inputs["do"], inputs["dstats"][..., None]
    k, v = (np.repeat(inputs[x], group, axis=1) for x in "kv")
    z = 0.125 * np.einsum("bhid,bhjd->bhij", q, k) + bias.astype(np.float64)
    top = z.max(3, keepdims=True, initial=-np.inf)
    e = np.exp(z - np.where(np.isinf(top), 0, top))
    total = e.sum(3, keepdims=True)
    with np.errstate(divide="ignore"):
        lse = np.where(total == 0, -np.inf, np.where(np.isinf(top), 0, top) + np.log(total))
    w = np.where(total == 0, 0, e / np.where(total == 0, 1, total))
    o = w @ v
    dz = w * (do @ v.swapaxes(2, 3) - (do * o).sum(3, keepdims=True) + dlse)
    fold = lambda x: x.reshape(B, HKV, group, *x.shape[2:]).sum(2)
    return {"o": o, "stats": lse[..., 0], "dq": 0.125 * dz @ k, "dk": fold(0.125 * dz.swapaxes(2, 3) @ q),
            "dv": fold(w.swapaxes(2, 3) @ do), "d_bias": dz.sum((0, 1, 2))}


def compare(got, want, bound=1e-5):
    for name, expected in want.items():
        finite = np.isfinite(expected)
        assert (got[name] == expected)[~finite].all(), name
        assert oracle.error(np.where(finite, got[name], 0), np.where(finite, expected, 0)) <= bound, name


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_logits_of_minus_infinity(dtype, tmp_path):
    """A capture of -inf takes keys out, as a mask would: weight, gradients and d_bias are exactly zero there."""
    rng = np.random.default_rng(5)
    bias = rng.standard_normal(150).astype(np.float32)
    out = rng.random(150) < 0.4
    out[:40] = True  # a whole block of keys, so that the running maximum begins with -inf
    bias[out] = -np.inf
    got, inputs = run(tmp_path, "softmax", ADDED, 70, 150, bias, dtype=dtype, schedule="#gdpa_cpu.schedule<block_q = 64, block_kv = 32>")
    compare(got, softmax(inputs, bias), support.TOLERANCE[dtype])
    assert not got["d_bias"][out].any() and not got["dv"][:, :, out].any()


def test_all_logits_of_minus_infinity(tmp_path):
    got, _ = run(tmp_path, "softmax", ADDED, 33, 65, np.full(65, -np.inf, np.float32))
    assert (got.pop("stats") == -np.inf).all()
    for name, value in got.items():
        assert not value.any(), name  # NaN is not zero


@pytest.mark.parametrize("gain", [1e3, 1e6])
def test_large_logits(gain, tmp_path):
    """exp of these is infinite; of their difference to the largest it is not."""
    bias = np.zeros(130, np.float32)
    got, inputs = run(tmp_path, "softmax", ADDED, 40, 130, bias, gain=gain)
    assert np.abs(got["stats"]).max() > 500
    assert all(np.isfinite(value).all() for value in got.values())
    want = softmax(inputs, bias)
    # the scores themselves are off by their last bit, and so, relatively, are the weights
    bound = 1e-5 + 2 * gain * 2**-23
    if bound < 1e-2:
        compare(got, want, bound)
    assert oracle.error(got["stats"], want["stats"]) <= 1e-6


def test_sum_of_zero(tmp_path):
    """z = s * bias[j] with a bias of zero: r = 0 in every row; o and all gradients are zero, none is NaN."""
    got, _ = run(tmp_path, "sum", SCALED, 33, 65, np.zeros(65, np.float32))
    for name, value in got.items():
        assert not value.any(), name


@pytest.mark.parametrize("normalizer, statistic", [("softmax", -np.inf), ("sum", 0.0)])
@pytest.mark.parametrize("nq, nk", [(40, 0), (0, 40), (0, 0)])
def test_no_rows(normalizer, statistic, nq, nk, tmp_path):
    got, _ = run(tmp_path, normalizer, ADDED, nq, nk, np.zeros(nk, np.float32))
    assert got["stats"].shape == (B, HQ, nq) and (got.pop("stats") == statistic).all()
    for name, value in got.items():
        assert not value.any(), name


@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_precisions(precision, tmp_path):
    """Fast takes the weights by a fused multiply-add and 2^x: the sums of a row cancel its rounding."""
    rng = np.random.default_rng(7)
    bias = (30 * rng.standard_normal(200)).astype(np.float32)
    text = biased("softmax", ADDED).replace("\n      -> !output", f" {{precision = #gdpa.precision<{precision}>}}\n      -> !output")
    description = support.compile_program(text, tmp_path, reference=False)
    inputs = support.make_inputs(rng, "f32", B, HQ, HKV, 50, 200, D, D)
    done = support.run_kernel(description, {**{name: inputs[name] for name in "qkv"}, "bias": bias, "scale": 0.125}, tmp_path, outputs=["o", "stats"], grad=False)
    wide = support.as_float64({**inputs, "dstats": np.zeros((B, HQ, 50), np.float32)})
    want = softmax(wide, bias)
    compare(done.arrays, {name: want[name] for name in ("o", "stats")}, 1e-5)
