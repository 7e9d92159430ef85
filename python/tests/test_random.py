"""Random programs, forward and backward on the CPU, against the reference target and against numpy in float64.

GDPA_TEST_SEED chooses the first seed (printed with each test's name); a failing case is reduced and written as .mlir, with the
sizes it fails on, to build/test-failures.
"""

import os

import numpy as np
import pytest

import oracle
import programs
import support

COUNT = 2000 if support.NIGHTLY else 200
FIRST = int(os.environ.get("GDPA_TEST_SEED", "0"))


def problem(case, seed, folder):
    """What is wrong with a case, or None."""
    rng = np.random.default_rng(seed)
    inputs = case.make_inputs(rng)
    captures = case.make_captures(rng)
    scale = float(np.float32(1 / np.sqrt(case.d)))
    try:
        description = support.compile_program(case.mlir(), folder)
    except support.CompileError as error:
        return str(error)
    names = ["o", "dq", "dk", "dv", *(f"d_{name}" for name in case.learned())]
    if case.normalizer != "none":
        names.insert(1, "stats")
    done = support.run_kernel(description, {**inputs, **captures, "scale": scale}, folder, outputs=names, grad=True, options=["--check"])
    if done.status not in (support.RESULT, support.CHECK_FAILED):
        return done.stderr
    want, statistics = case.forward(inputs, scale, captures)
    bound = support.TOLERANCE[case.dtype]
    if case.dtype not in ("f32", "f64"):
        bound = max(bound, 2 * oracle.error(case.forward(inputs, scale, captures, eager=True)[0], want))
    for name in names:
        line = done.lines[name]
        everything_left_out = line["error"] is None and line["left_out"] == np.prod(line["shape"])
        if not everything_left_out and (line["error"] is None or not float(line["error"]) <= bound):
            return f"{name}: error {line['error']} against the reference, at most {bound}"
    for name, expected in (("o", want), ("stats", statistics)):
        if expected is None:
            continue
        finite = np.isfinite(expected)  # lse is -inf where nothing is kept
        found = oracle.error(np.where(finite, done.arrays[name], 0), np.where(finite, expected, 0))
        if found > bound or (done.arrays[name] != expected)[~finite].any():
            return f"{name}: error {found} against numpy, at most {bound}"
    return None


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_program(seed, tmp_path, failures):
    case = programs.draw(seed)
    found = problem(case, seed, tmp_path)
    if found is None:
        return
    small = programs.reduced(case, lambda candidate: problem(candidate, seed, tmp_path) is not None)
    path = failures / f"random-{seed}.mlir"
    message = problem(small, seed, tmp_path)
    path.write_text(small.mlir(f"seed {seed}, sizes {small.sizes}\n{message}"))
    pytest.fail(f"seed {seed}: {found}\nreduced to {path}: {message}")


def test_reduction_drops_what_does_not_matter(tmp_path):
    """A case that 'fails' wherever it holds math.tanh is reduced to little more."""
    case = next(c for c in map(programs.draw, range(1000)) if "math.tanh" in c.mlir() and c.kept is not None and len(c.nodes) > 15)
    small = programs.reduced(case, lambda candidate: "math.tanh" in candidate.mlir(), attempts=500)
    assert "math.tanh" in small.mlir()
    assert small.kept is None
    assert small.mlir().count("\n") < 25
