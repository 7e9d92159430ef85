"""Random programs, forward and backward on the CPU, against the reference target and against numpy in float64.

GDPA_TEST_SEED chooses the first seed (printed with each test's name); a failing case is reduced and written as .mlir, with the
sizes it fails on, to build/test-failures.
"""

import os

import pytest

import programs
import support
from differences import differences

COUNT = 5000 if support.NIGHTLY else 300
FIRST = int(os.environ.get("GDPA_TEST_SEED", "0"))


def problem(case, seed, folder):
    """What is wrong with a case, or None."""
    try:
        description = support.compile_program(case.mlir(), folder)
    except support.CompileError as error:
        return str(error)
    return differences(case, seed, description, folder)


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
