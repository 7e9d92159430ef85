"""CPU kernels with AddressSanitizer's checks compiled in: no load or store leaves a tensor, at the lengths where tails begin and end.

Only in a build with sanitizers (PRESET=asan make test): gdpa-run brings the sanitizer's runtime along, which checks the kernel's accesses to the
tensors that gdpa-run allocates. The kernel is what gdpa-compile emits as LLVM IR, instrumented and built by clang.
"""

import hashlib
import json
import re
import subprocess

import numpy as np
import pytest

import catalogue
import support

pytestmark = pytest.mark.skipif(not support.SANITIZED, reason="the build has no sanitizers")

CLANG = "/usr/lib/llvm-22/bin/clang"


def instrument(source, folder, options=()):
    """Compiles `source` for the CPU, replaces the code by an instrumented build of the same IR; the launch description's path."""
    description = support.compile_program(source, folder, reference=False, options=options)
    done = support.call(support.tool("gdpa-compile"), folder / "k.mlir", "--target=cpu", "--grad", "--emit=llvm", *options, "-o", folder / "k.ll")
    assert done.returncode == 0, done.stderr
    text = (folder / "k.ll").read_text()
    # The pass looks at functions that ask for it.
    text, count = re.subn(r"^(attributes #\d+ = \{)", r"\1 sanitize_address", text, flags=re.M)
    assert count > 0, "the emitted IR has no function attributes"
    (folder / "k.ll").write_text(text)
    subprocess.run([CLANG, "-O1", "-fPIC", "-shared", "-fsanitize=address", "-rtlib=compiler-rt", "-Wno-override-module", folder / "k.ll", "-o", folder / "k.so"], check=True)
    content = json.loads(description.read_text())
    content["code"]["sha256"] = hashlib.sha256((folder / "k.so").read_bytes()).hexdigest()
    description.write_text(json.dumps(content))
    return description


def processor_features():
    with open("/proc/cpuinfo") as info:
        return next((line for line in info if line.startswith("flags")), "").split()


CASES = {
    "silu-f32": ("silu", "f32", 64, 64),
    "silu-bf16": ("silu", "bf16", 40, 96),
    "causal-f16": ("causal", "f16", 64, 16),
    "polynomial-f32": ("polynomial", "f32", 8, 8),
    "relative-position-bf16": ("relative-position", "bf16", 64, 64),
}
LENGTHS = ((1, 1), (31, 33), (129, 127), (64, 1), (0, 5))


@pytest.mark.parametrize("cpu", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("name", CASES)
def test_kernel_stays_inside(name, cpu, tmp_path):
    example, dtype, d, dv = CASES[name]
    if cpu == "x86-64-v4" and "avx512f" not in processor_features():
        pytest.skip("this processor has no AVX-512")
    item = catalogue.BY_NAME[example]
    description = instrument(support.specialise(item.source, dtype, d, dv), tmp_path, (f"--cpu={cpu}",))
    random = np.random.default_rng(1)
    for nq, nk in LENGTHS:
        sizes = {"B": 1, "Hq": 4, "Hkv": 2, "Sq": nq, "Sk": nk}
        captures = {key: make(random, sizes) for key, make in item.captures.items()}
        arguments = {**support.make_inputs(random, dtype, 1, 4, 2, nq, nk, d, dv), **captures, "scale": 0.125}
        run = support.run_kernel(description, arguments, tmp_path, outputs=("o", "dq", "dk", "dv"), grad=True)
        assert run.status == 0, f"{nq} x {nk}: exit {run.status}\n{run.stderr[:3000]}"

