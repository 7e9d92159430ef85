"""--gdpa-raise against the linalg that it found attention in: the same numbers, for what front ends emit."""

import numpy as np
import pytest

import linalg_modules
import support

INPUTS = sorted((support.ROOT / "test/Conversion/LinalgToGDPA/Inputs").glob("*.mlir"))
# What front ends round to bf16 on the way is not rounded any more: the difference is that of two roundings of eager's.
TOLERANCE = {"f32": 3e-6, "bf16": 2e-2}
ROWS = 19  # where the number of rows is dynamic


def relative_error(got, want):
    got, want = (linalg_modules.floats(x).astype(np.float64) for x in (got, want))
    return np.linalg.norm(got - want) / np.linalg.norm(want)


def arrays(source, seed=0):
    rng = np.random.default_rng(seed)
    inputs, results = linalg_modules.signature(source)
    static = lambda shape: [ROWS if n is None else n for n in shape]
    made = [linalg_modules.draw(rng, static(shape), element) for shape, element in inputs]
    outputs = lambda: [np.full(static(shape), 99, linalg_modules.DTYPES[element]) for shape, element in results]
    return made, outputs, results[0][1]


def error_of(path, folder, passes, compile_with, call, results):
    inputs, outputs, element = results
    got = call(compile_with(path, passes, folder, "raised"), inputs, outputs())
    want = linalg_modules.call(linalg_modules.lower(path, "", folder, "original"), inputs, outputs())
    return max(relative_error(one, other) for one, other in zip(got, want)) / TOLERANCE[element]


@pytest.mark.parametrize("path", INPUTS, ids=[path.stem for path in INPUTS])
def test_compiled(path, tmp_path):
    """Our kernels, and what stands beside them, against the original through upstream's lowering."""
    passes = "gdpa-raise,canonicalize,gdpa-function-to-cpu"
    assert error_of(path, tmp_path, passes, linalg_modules.build, linalg_modules.call_entry, arrays(path.read_text())) <= 1


@pytest.mark.parametrize("name", ["torch-layer-dynamic", "torch-sdpa-mask", "torch-silu-groups-in-rows", "jax-sigmoid-bias-causal"])
def test_unfused(name, tmp_path):
    """The raised operation decomposed again: raising without our kernels."""
    path = next(path for path in INPUTS if path.stem == name)
    passes = "gdpa-raise,gdpa-to-linalg"
    assert error_of(path, tmp_path, passes, linalg_modules.lower, linalg_modules.call, arrays(path.read_text())) <= 1
