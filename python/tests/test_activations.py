"""The 25 activations that the CPU benchmark times: forward and gradients against the reference target and numpy's float64, where the
compiler has rewritten them (--gdpa-simplify-activation), and at scores that are far out.
"""

import sys

import numpy as np
import pytest

import oracle
import support

sys.path.insert(0, str(support.ROOT / "benchmarks" / "cpu"))
import activations  # noqa: E402


@pytest.mark.parametrize("scale", [0.125, 6.0])
@pytest.mark.parametrize("name", activations.FORMULAS)
def test_numbers(name, scale, tmp_path):
    """Scores of deviation 1, and of 48: exponentials overflow there."""
    if scale > 1 and name in ("exp", "mish", "softplus"):
        pytest.skip("exp(s) is infinite as it is written")
    rng = np.random.default_rng(4)
    arguments = support.make_inputs(rng, "f32", 1, 1, 1, 67, 133, 64, 64)
    source = (activations.FOLDER / f"{name}.mlir").read_text()
    captures = {capture: make(rng) for capture, make in activations.CAPTURES.items() if f'"{capture}"' in source}
    captures = {capture: value if value.ndim else float(value) for capture, value in captures.items()}
    description = support.compile_program(source, tmp_path)
    names = ["o", "dq", "dk", "dv"]
    done = support.run_kernel(description, {**arguments, **captures, "scale": scale}, tmp_path, outputs=names, grad=True, options=["--check"])
    # sin of a score of 100 has that score's rounding
    bound = 1e-5 if scale < 1 or name != "sin" else 1e-4
    for result in names:
        line = done.lines[result]
        assert line["error"] is None or float(line["error"]) <= bound, f"{result}: {line}"
        assert np.isfinite(done.arrays[result]).all(), result
    wide = support.as_float64(arguments)
    case = oracle.Attention(wide["q"], wide["k"], wide["v"], scale,
                            lambda s, b, h, i, j, nq, nk, c: activations.FORMULAS[name](s, i, j, {key: np.asarray(value) for key, value in captures.items()}))
    assert oracle.error(done.arrays["o"], case.forward()) <= bound


def test_every_file_has_a_formula():
    assert {path.stem for path in activations.FOLDER.glob("*.mlir")} == set(activations.FORMULAS)
    assert len(activations.FORMULAS) == 25
