"""The activations of NVIDIA's block programs after all rewrites for precision fast, against float64: z, ds and the factors that leave the
loop. The functions are exact here, so what is seen are the rewrites' own errors and what they do to infinities and NaN.
"""

import functools
import sys

import numpy as np
import pytest

import block_programs
import support

sys.path.insert(0, str(support.ROOT / "benchmarks" / "cpu"))
import activations  # noqa: E402

# Others read buffers or positions.
NAMES = [name for name in activations.FORMULAS if name not in ("alibi", "relative-bias")]
# erf is a tanh of a polynomial, within 3.6e-4 of it and its derivative.
BOUND = {"gelu-erf": 6e-4}
TEMPERATURE = 1.25


@functools.lru_cache
def programs(name):
    return block_programs.programs((activations.FOLDER / f"{name}.mlir").read_text())


def formula(name):
    captures = {"temperature": np.asarray(TEMPERATURE)}
    return lambda s: np.asarray(activations.FORMULAS[name](s, 0, 0, captures), np.float64)


def scalars(program, scale):
    return [scale, TEMPERATURE][:len(program.scalars())]


def forward(name, scale, logits):
    """z of the program where the products with the scale are `logits`."""
    program = programs(name)["attention_forward"]
    [z], factors = program.run(scalars(program, scale), np.float32(logits / scale))
    return np.float64(z) * np.prod(np.float64(factors))


def backward(name, scale, logits, ct):
    """ds by both kernels of the backward, and z."""
    dkv, dq = programs(name)["attention_vjp_backward_dkv"], programs(name)["attention_vjp_backward_dq"]
    raw, ct = np.float32(logits / scale), np.full(logits.shape, ct, np.float32)
    (z, ds, *_), (ds_factor, *z_factor) = dkv.run(scalars(dkv, scale), raw, ct)
    (other, *_), (other_factor, *_) = dq.run(scalars(dq, scale), raw, ct)
    return np.float64(ds) * ds_factor / scale, np.float64(other) * other_factor / scale, np.float64(z) * np.prod(np.float64(z_factor))


@pytest.mark.parametrize("scale", [0.125, -0.3, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_forward(name, scale):
    logits = np.linspace(-8, 8, 4001)
    wanted = formula(name)(logits)
    found = forward(name, scale, logits)
    assert np.all(np.abs(found - wanted) <= BOUND.get(name, 2e-6) * np.maximum(1, np.abs(wanted)))


@pytest.mark.parametrize("scale", [0.125, -0.3])
@pytest.mark.parametrize("name", NAMES)
def test_backward(name, scale):
    logits = np.linspace(-7.9, 8, 4001)  # no kink is hit
    wanted_z, step = formula(name)(logits), 1e-5
    slope = (formula(name)(logits + step) - formula(name)(logits - step)) / (2 * step)
    smooth = np.abs(np.abs(logits) % 3) > 2 * step
    for ct in (1.0, -0.75):
        ds, other, z = backward(name, scale, logits, ct)
        bound = max(BOUND.get(name, 0), 4e-6)
        assert np.all(np.abs(z - wanted_z) <= bound * np.maximum(1, np.abs(wanted_z)))
        for found in (ds, other):
            error = np.abs(found - ct * slope) / np.maximum(1, np.abs(slope))
            assert error[smooth].max() <= bound, (logits[smooth][error[smooth].argmax()], error[smooth].max())


@pytest.mark.parametrize("name", NAMES)
def test_far_scores_stay_finite(name):
    """At scores of 100 nothing is infinite or NaN that is finite in the formula."""
    logits = np.array([-100.0, -48.0, 48.0, 100.0])
    if name in ("exp", "softplus", "mish"):
        logits = logits[:3]  # exp(s) is infinite as it is written
    wanted = formula(name)(logits)
    assert np.allclose(forward(name, 0.125, logits), wanted, rtol=2e-5, atol=2e-5)
    ds, other, _ = backward(name, 0.125, logits, 1.0)
    assert np.isfinite(ds).all() and np.isfinite(other).all()


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays(name):
    kept = {"relu", "relu-squared", "log1p-relu"}  # written as a comparison that NaN fails
    found = forward(name, 0.125, np.array([np.nan]))
    assert np.isnan(found).all() != (name in kept)
