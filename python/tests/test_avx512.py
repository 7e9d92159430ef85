"""Kernels for AVX-512 and AVX512_BF16, compiled for such a processor and run here by emulation, against the reference target."""

import math

import numpy as np
import pytest

import catalogue
import emulate
import support

DOT = "llvm.x86.avx512bf16.dpbf16ps.512"
# example, type, d, dv, (nq, nk, heads, key heads)
CASES = [
    ("silu", "bf16", 64, 64, (129, 200, 2, 1)),
    ("silu", "bf16", 8, 40, (33, 31, 1, 1)),
    ("silu", "bf16", 128, 96, (65, 127, 2, 2)),
    ("relative-position", "bf16", 16, 64, (70, 130, 2, 1)),
    ("causal", "bf16", 64, 8, (127, 129, 1, 1)),
    ("silu", "bf16", 40, 64, (0, 5, 1, 1)),
    ("silu", "bf16", 40, 64, (5, 0, 1, 1)),
    ("silu", "f32", 64, 64, (129, 200, 2, 1)),
    ("gelu-tanh", "f16", 64, 40, (33, 129, 1, 1)),
]


@pytest.mark.parametrize("name, dtype, d, dv, shape", CASES, ids=lambda value: str(value).replace(" ", ""))
def test_numbers(name, dtype, d, dv, shape, tmp_path):
    example = catalogue.BY_NAME[name]
    description, code = emulate.compile_emulated(support.specialise(example.source, dtype, d, dv), tmp_path, "znver4")
    assert (DOT in code) == (dtype == "bf16")
    nq, nk, heads, key_heads = shape
    random = np.random.default_rng(7)
    sizes = {"B": 2, "Hq": heads, "Hkv": key_heads, "Sq": nq, "Sk": nk}
    captures = {label: make(random, sizes) for label, make in example.captures.items()}
    inputs = support.make_inputs(random, dtype, 2, heads, key_heads, nq, nk, d, dv)
    run = support.run_kernel(description, {**inputs, **captures, "scale": float(np.float32(1 / math.sqrt(d)))}, tmp_path,
                             outputs=(), grad=True, options=[f"--check={support.TOLERANCE[dtype]}"])
    assert run.status == support.RESULT, f"{run.command}\n{run.lines}\n{run.stderr}"


@pytest.mark.parametrize("cpu, options, dots", [("skylake-avx512", (), False), ("sapphirerapids", (), False),
                                                ("sapphirerapids", ("--cpu-features=+avx512bf16",), True)])
def test_choice_of_instructions(cpu, options, dots, tmp_path):
    """Without AVX512_BF16, and where it is slow, bf16 is multiplied as f32; asked for, it is used."""
    source = support.specialise(catalogue.BY_NAME["silu"].source, "bf16", 64, 64)
    description, code = emulate.compile_emulated(source, tmp_path, cpu, options)
    assert (DOT in code) == dots
    random = np.random.default_rng(8)
    inputs = support.make_inputs(random, "bf16", 1, 2, 1, 65, 130, 64, 64)
    run = support.run_kernel(description, {**inputs, "scale": 0.125}, tmp_path, outputs=(), grad=True, options=["--check"])
    assert run.status == support.RESULT, f"{run.command}\n{run.lines}\n{run.stderr}"
