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


@pytest.mark.parametrize("path", INPUTS, ids=[path.stem for path in INPUTS])
def test_unfused(path, tmp_path):
    """The raised operation decomposed again: raising by itself, without our kernels."""
    source = path.read_text()
    inputs, outputs, element = arrays(source)
    want = linalg_modules.call(linalg_modules.lower(path, "", tmp_path, "original"), inputs, outputs())
    raised = linalg_modules.lower(path, "gdpa-raise,gdpa-to-linalg", tmp_path, "raised")
    got = linalg_modules.call(raised, inputs, outputs())
    for one, other in zip(got, want):
        assert relative_error(one, other) <= TOLERANCE[element]
