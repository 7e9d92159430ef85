"""Each operation of arith, math and scf that a region may hold: forward and gradients on the CPU against the reference target and
against numpy in float64; its PTX through ptxas.
"""

import re

import numpy as np
import pytest

import operations
import oracle
import support

CASES = operations.grouped()
SIZES = {"B": 1, "Hq": 2, "Hkv": 1, "Sq": 19, "Sk": 37}


def identifier(operation):
    return re.sub(r"[^\w.]+", "-", operation.name)


def inputs(rng):
    return support.make_inputs(rng, "f32", SIZES["B"], SIZES["Hq"], SIZES["Hkv"], SIZES["Sq"], SIZES["Sk"], 16, 16)


@pytest.mark.parametrize("operation", CASES, ids=identifier)
def test_numbers(operation, tmp_path):
    arguments = inputs(np.random.default_rng(11))
    description = support.compile_program(operations.source(operation), tmp_path)
    names = ["o", "dq", "dk", "dv"]
    done = support.run_kernel(description, {**arguments, "scale": 0.25}, tmp_path, outputs=names, grad=True, options=["--check"])
    assert done.status == support.RESULT, done.stderr + str(done.lines)
    wide = support.as_float64(arguments)
    case = oracle.Attention(wide["q"], wide["k"], wide["v"], 0.25, lambda s, b, h, i, j, nq, nk, captures: operation.formula(s, i, j))
    assert oracle.error(done.arrays["o"], case.forward()) <= 1e-5
    gradients, _ = case.backward(wide["do"])
    assert oracle.error(done.arrays["dv"], gradients["dv"]) <= 1e-5
    if operation.gradient:
        for name in ("dq", "dk"):
            assert oracle.error(done.arrays[name], gradients[name]) <= 1e-5, name


def test_a_kink_is_not_left_out_everywhere():
    """The sample reaches both sides of what the cases compare with, else a test could not fail."""
    arguments = support.as_float64(inputs(np.random.default_rng(11)))
    scores = 0.25 * np.einsum("bhid,bgjd->bhij", arguments["q"], arguments["k"])
    assert scores.min() < -1.5 and scores.max() > 1.5


ELEMENTARY = [case for case in CASES if "math." in case.name or "rem" in case.name]


@pytest.mark.skipif(support.find_ptxas() is None, reason="no ptxas: make setup")
@pytest.mark.parametrize("operation, precision", [(case, "fast") for case in CASES] + [(case, "exact") for case in ELEMENTARY],
                         ids=lambda value: value if isinstance(value, str) else identifier(value))
def test_ptx(operation, precision, tmp_path):
    """No operation is left to a library: the PTX assembles, and names no function from outside."""
    description = support.compile_program(operations.source(operation, dtype="bf16"), tmp_path, target="sm_80", reference=False,
                                          options=[f"--precision={precision}"])
    ptx = description.with_suffix(".ptx")
    assert ".extern .func" not in ptx.read_text()
    done = support.call(support.find_ptxas(), "--opt-level=0", "--gpu-name=sm_80", ptx, "-o", tmp_path / "k.cubin")
    assert done.returncode == 0, done.stderr
