"""--gdpa-raise against the linalg that it found attention in: the same numbers, for what front ends emit."""

import re

import numpy as np
import pytest

import linalg_modules
import raise_mutations
import support

INPUTS = sorted((support.ROOT / "test/Conversion/LinalgToGDPA/Inputs").glob("*.mlir"))
# What front ends round to bf16 on the way is not rounded any more: the difference is that of two roundings of eager's.
TOLERANCE = {"f32": 3e-6, "bf16": 2e-2}
MUTATED = ["torch-sdpa-causal", "torch-sigmoid-bias-causal", "torch-sum-normalized", "torch-alibi"]


def relative_error(got, want):
    got, want = (linalg_modules.floats(x).astype(np.float64) for x in (got, want))
    return np.linalg.norm(got - want) / np.linalg.norm(want)


def error_of(path, folder, passes, compile_with, call, results):
    inputs, outputs, element = results
    got = call(compile_with(path, passes, folder, "raised"), inputs, outputs())
    want = linalg_modules.call(linalg_modules.lower(path, "", folder, "original"), inputs, outputs())
    return max(relative_error(one, other) for one, other in zip(got, want)) / TOLERANCE[element]


@pytest.mark.parametrize("path", INPUTS, ids=[path.stem for path in INPUTS])
def test_compiled(path, tmp_path):
    """Our kernels, and what stands beside them, against the original through upstream's lowering."""
    passes = "gdpa-raise,canonicalize,gdpa-function-to-cpu"
    assert error_of(path, tmp_path, passes, linalg_modules.build, linalg_modules.call_entry, linalg_modules.arrays(path.read_text())) <= 1


@pytest.mark.parametrize("name", ["torch-layer-dynamic", "torch-sdpa-mask", "torch-silu-groups-in-rows", "jax-sigmoid-bias-causal"])
def test_unfused(name, tmp_path):
    """The raised operation decomposed again: raising without our kernels."""
    path = next(path for path in INPUTS if path.stem == name)
    passes = "gdpa-raise,gdpa-to-linalg"
    assert error_of(path, tmp_path, passes, linalg_modules.lower, linalg_modules.call, linalg_modules.arrays(path.read_text())) <= 1


def test_mutations(tmp_path):
    """One change of each kind (raise_mutations.py runs them all): raised or not, never other numbers."""
    outcomes = []
    for number, (pattern, replacement) in enumerate(raise_mutations.CHANGES):
        for name in MUTATED[number % len(MUTATED):] + MUTATED[:number % len(MUTATED)]:
            source = (raise_mutations.INPUTS / f"{name}.mlir").read_text()
            found = [text for what, text in raise_mutations.mutations(source, [(pattern, replacement)])]
            if not found:
                continue
            folder = tmp_path / f"{number}-{name}"  # a library that is loaded keeps its path
            folder.mkdir()
            path = folder / "changed.mlir"
            path.write_text(found[number % len(found)])
            if raise_mutations.is_valid(path):
                outcomes.append(raise_mutations.compare(path, folder, 1e-5))
                assert outcomes[-1] is not False, f"{name}: {pattern}"
                break
    assert outcomes.count(True) >= 5 and outcomes.count(None) >= 3


def test_time(tmp_path):
    """Nine transformer layers, a thousand operations and more: raised in less than 50 ms."""
    source = (support.ROOT / "test/Conversion/LinalgToGDPA/Inputs/torch-layer.mlir").read_text()
    head, body, result = re.fullmatch(r"(.*?\{\n.*?\{\n)(.*)    return %(\S+) :.*", source, re.S).groups()
    layers, inner = [], "arg0"
    for layer in range(9):
        renamed = re.sub(r"%(?!arg)(\w+)", rf"%v\1_{layer}", body)
        layers.append(re.sub(r"%arg0\b", f"%{inner}", renamed))
        inner = f"v{result}_{layer}"
    kind = re.search(r"-> (tensor<\S+>) \{", head)[1]
    (tmp_path / "layers.mlir").write_text(f"{head}{''.join(layers)}    return %{inner} : {kind}\n  }}\n}}\n")
    seconds = []
    for _ in range(5):
        done = support.call(support.tool("gdpa-opt"), tmp_path / "layers.mlir", "--gdpa-raise", "--mlir-timing", "-o", tmp_path / "raised.mlir")
        seconds.append(float(re.search(r"^ *([\d.]+) .*GDPARaise$", done.stderr, re.M)[1]))
    assert (tmp_path / "raised.mlir").read_text().count("gdpa.attention ") == 9
    assert source.count(" = ") * 9 > 1000 and min(seconds) < 0.05
