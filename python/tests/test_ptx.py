"""The portable PTX of every example, forward and backward, through ptxas for each generation: no GPU is needed.

The bytes that a kernel spills stand in test/Integration/spills.json and may not grow; a kernel that is not there spills nothing
(GDPA_UPDATE_SPILLS=1 writes the table anew). None are allowed at head dims up to 64, nor up to 128 on sm_80 and sm_90: the
table may hold nothing there, but a pair of registers that sm_120's assembler puts aside before the loop. ptxas advisories C75xx (a serialised asynchronous product and the like) fail.
"""

import fcntl
import json
import os
import re

import pytest

import catalogue
import support

TABLE = support.ROOT / "test" / "Integration" / "spills.json"
CHIPS = ("sm_80", "sm_90", "sm_100", "sm_120")
UPDATE = os.environ.get("GDPA_UPDATE_SPILLS") == "1"


def cases():
    for example in [*catalogue.ALL, *catalogue.JAGGED]:
        for dtype in ("bf16", "f16"):
            for d in (64, 128, 256):
                if dtype == "bf16" and d < 256 or example.name in ("silu", "polynomial"):
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
    description = support.compile_program(support.specialise(example.source, dtype, d, d), tmp_path, target="sm_80", reference=False)
    ptx = description.with_suffix(".ptx")
    allowed = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    kernels = {kernel["symbol"] for entry in json.loads(description.read_text())["entries"].values() for kernel in entry["kernels"]}
    problems = []
    for chip in CHIPS:
        spills = assemble(ptx, chip, tmp_path / "k.cubin")
        assert kernels <= set(spills), f"{kernels} expected in the PTX, found {set(spills)}"
        for kernel, spilled in spills.items():
            key = f"{example.name}-{dtype}-d{d} {kernel} {chip}"
            bound = allowed.get(key, 0)
            if UPDATE:
                record(key, spilled)
            elif spilled > bound:
                problems.append(f"{key}: {spilled} bytes spilled, at most {bound}")
    assert not problems, "\n".join(problems)


def record(key, spilled):
    """Writes one entry of the table; tests run in several processes."""
    with open(TABLE, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        table = json.loads(file.read() or "{}")
        table.pop(key, None)
        if spilled:
            table[key] = spilled
        file.truncate(0)
        file.write(json.dumps(dict(sorted(table.items())), indent=0) + "\n")


def test_table_allows_no_spills_at_small_head_dims():
    def small(key):
        d = int(re.search(r"-d(\d+) ", key)[1])
        return d <= 64 or d <= 128 and key.endswith(("sm_80", "sm_90"))

    def most(key):
        return 20 if key.endswith("sm_120") else 0

    assert not {key: spilled for key, spilled in json.loads(TABLE.read_text()).items() if small(key) and spilled > most(key)}
