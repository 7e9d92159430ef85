"""The portable PTX of every example, forward and backward, through ptxas for each generation: no GPU is needed.

No register spills at head dims up to 64, nor up to 128 on sm_80 and sm_90; elsewhere the spilled bytes stand in
test/Integration/spills.json and may not grow (GDPA_UPDATE_SPILLS=1 writes the table anew). ptxas advisories C75xx (a
serialised asynchronous product and the like) fail.
"""

import json
import os
import re

import pytest

import catalogue
import support

TABLE = support.ROOT / "test" / "Integration" / "spills.json"
CHIPS = ("sm_80", "sm_90", "sm_100", "sm_120")
UPDATE = os.environ.get("GDPA_UPDATE_SPILLS") == "1"
# Examples whose backward is refused on GPUs, with a word of the error that says why: a capture whose gradient depends on both coordinates.
FORWARD_ONLY = {}


def cases():
    for example in catalogue.ALL:
        for dtype in ("bf16", "f16"):
            for d in (64, 128, 256):
                everywhere = dtype == "bf16" and d < 256
                if everywhere or example.name in ("silu", "polynomial") or support.NIGHTLY or UPDATE:
                    yield example, dtype, d


CASES = list(cases())


def assemble(ptx, chip, output):
    """ptxas -v; returns {kernel: spilled bytes}."""
    done = support.call(support.find_ptxas(), "-v", f"--gpu-name={chip}", ptx, "-o", output)
    assert done.returncode == 0, f"ptxas --gpu-name={chip} {ptx}\n{done.stderr}"
    advisories = re.findall(r".*\bC75\d\d\b.*", done.stderr)
    assert not advisories, "\n".join(advisories)
    spills = {}
    name = None
    for line in done.stderr.splitlines():
        found = re.search(r"Function properties for '?([\w$]+)|Compiling entry function '([\w$]+)'", line)
        if found:
            name = found[1] or found[2]
        found = re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line)
        if found:
            spills[name] = int(found[1]) + int(found[2])
    assert spills, f"ptxas -v said nothing of kernels:\n{done.stderr}"
    return spills


@pytest.mark.skipif(support.find_ptxas() is None, reason="no ptxas: make setup")
@pytest.mark.parametrize("example, dtype, d", CASES, ids=[f"{e.name}-{t}-d{d}" for e, t, d in CASES])
def test_assembles_without_spills(example, dtype, d, tmp_path):
    grad = example.name not in FORWARD_ONLY
    description = support.compile_program(support.specialise(example.source, dtype, d, d), tmp_path, target="sm_80", grad=grad, reference=False)
    ptx = description.with_suffix(".ptx")
    allowed = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    kernels = {kernel["symbol"] for entry in json.loads(description.read_text())["entries"].values() for kernel in entry["kernels"]}
    problems = []
    for chip in CHIPS:
        spills = assemble(ptx, chip, tmp_path / "k.cubin")
        assert kernels <= set(spills), f"{kernels} expected in the PTX, found {set(spills)}"
        for kernel, spilled in spills.items():
            none_allowed = d <= 64 or d <= 128 and chip in ("sm_80", "sm_90")
            key = f"{example.name}-{dtype}-d{d} {kernel} {chip}"
            if UPDATE and not none_allowed:
                record(key, spilled)
                continue
            bound = 0 if none_allowed else allowed.get(key, 0)
            if spilled > bound:
                problems.append(f"{key}: {spilled} bytes spilled, at most {bound}")
    assert not problems, "\n".join(problems)


def record(key, spilled):
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    table.pop(key, None)
    if spilled:
        table[key] = spilled
    TABLE.write_text(json.dumps(dict(sorted(table.items())), indent=0) + "\n")


@pytest.mark.parametrize("name, grad", [(name, True) for name in FORWARD_ONLY])
def test_refusals_are_named(name, grad, tmp_path):
    """What the GPU does not lower yet is an input error that says so, and leaves no file."""
    program = tmp_path / "k.mlir"
    program.write_text(support.specialise(catalogue.BY_NAME[name].source, "bf16"))
    done = support.call(support.tool("gdpa-compile"), program, "--target=sm_80", "--grad", "-o", tmp_path / "k.ptx")
    assert done.returncode == support.INPUT_ERROR
    assert FORWARD_ONLY[name] in done.stderr
    assert not (tmp_path / "k.ptx").exists() and not (tmp_path / "k.json").exists()
