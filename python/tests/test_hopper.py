"""Forward kernels of sm_90a, default schedules, through ptxas and nvdisasm: no GPU is needed.

test/Integration/hopper.json says of each kernel of the grid how its products are done (wgmma; mma: the portable kernel), its registers,
shared memory, spilled bytes and instructions. Nothing may grow (instructions by a tenth) and nothing fall back; GDPA_UPDATE_HOPPER=1 writes
the table anew. ptxas advisories C75xx (a product that is waited for at once, setmaxnreg ignored and the like) fail, and so does an
activation that waits for the next barrier (sass.py).
"""

import fcntl
import json
import os
import re
import sys

import pytest

import forward_cases
import sass
import support

sys.path.append(str(support.ROOT / "benchmarks" / "gpu"))
import instructions  # noqa: E402
import kernels  # noqa: E402

TARGET = "sm_90a"
TABLE = support.ROOT / "test" / "Integration" / "hopper.json"
UPDATE = os.environ.get("GDPA_UPDATE_HOPPER") == "1"
HEAD_DIMS = (64, 96, 128, 256)
NVDISASM = instructions.find_tool("nvdisasm")


def grid():
    """{name: text of the program}"""
    found = {}
    for name in sorted(path.stem for path in kernels.ACTIVATIONS.glob("*.mlir")):
        for d in HEAD_DIMS:
            found[f"{name}-d{d}"] = kernels.Kernel(name, d).source()
    plain = {"dtype": "bf16", "layout": "bhsd", "normalizer": "none", "mask": "none", "capture": "none"}
    variants = [dict(normalizer=n, d=d) for n in ("softmax", "sum") for d in HEAD_DIMS]
    variants += [dict(mask=m, normalizer=n, d=d) for m in ("causal", "corner", "window", "documents") for n in ("none", "softmax") for d in (64, 128)]
    variants += [dict(capture=c, d=128) for c in ("scalar", "h", "j", "hi", "hj", "ij", "bhij", "table")]
    variants += [dict(layout="thd", normalizer=n, d=d) for n in ("none", "softmax") for d in (64, 128)]
    variants += [dict(layout="bshd", d=d) for d in (64, 128)] + [dict(dtype="f16", normalizer=n, d=d) for n in ("none", "softmax") for d in (64, 128)]
    variants += [dict(d=192, dv=128), dict(d=128, dv=64), dict(d=40, dv=96)]
    for variant in variants:
        spec = {**plain, "dv": variant["d"], **variant}
        kinds = [str(value) for name, value in variant.items() if name not in ("d", "dv")]
        columns = f"d{spec['d']}" + (f"x{spec['dv']}" if spec["dv"] != spec["d"] else "")
        found["-".join([*kinds, columns])] = forward_cases.program(spec).mlir()
    return found


GRID = grid()


def assemble(source, folder):
    """What the table has for a program, the advisories of ptxas, and the machine code's file."""
    program = folder / "k.mlir"
    program.write_text(source)
    done = support.call(support.tool("gdpa-compile"), program, f"--target={TARGET}", "-o", folder / "k.ptx")
    assert done.returncode == 0, done.stderr
    done = support.call(support.find_ptxas(), "-v", f"--gpu-name={TARGET}", folder / "k.ptx", "-o", folder / "k.cubin")
    assert done.returncode == 0, done.stderr
    entry = json.loads((folder / "k.json").read_text())["entries"]["forward"]  # of one kernel, or of a second that finds ranges of captures
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr)
    row = {"products": "wgmma" if "wgmma.mma_async" in (folder / "k.ptx").read_text() else "mma",
           "registers": max(int(used) for used in re.findall(r"Used (\d+) registers", done.stderr)),
           "shared": max(kernel["shared_bytes"] for kernel in entry["kernels"]), "spilled": sum(int(n) for pair in spills for n in pair),
           "instructions": sum(sass.code_bytes(folder / "k.cubin").values()) // 16}
    return row, re.findall(r".*\bC75\d\d\b.*", done.stderr), folder / "k.cubin"


def regressions(row, allowed):
    """What of a kernel is worse than the table allows."""
    worse = [f"{name}: {row[name]}, in the table {allowed[name]}" for name in ("registers", "shared", "spilled") if row[name] > allowed[name]]
    if row["instructions"] > 1.1 * allowed["instructions"]:
        worse.append(f"instructions: {row['instructions']}, in the table {allowed['instructions']}")
    if (row["products"], allowed["products"]) == ("mma", "wgmma"):
        worse.append("the portable kernel, in the table an asynchronous one")
    return worse


@pytest.mark.skipif(not (support.find_ptxas() and NVDISASM), reason="no ptxas or nvdisasm: make setup")
@pytest.mark.parametrize("name", GRID)
def test_no_worse_than_the_table(name, tmp_path):
    row, advisories, cubin = assemble(GRID[name], tmp_path)
    assert not advisories, "\n".join(advisories)
    if row["products"] == "wgmma":
        for kernel, code in sass.disassemble(NVDISASM, cubin).items():
            lost = sass.overwritten_operands(code)
            assert not lost, f"{kernel}: operands of a loop's product are overwritten in it at {', '.join(map(hex, lost))}"
            # wide heads have the code of narrow ones, only longer
            early = sass.early_waits(code) if name.endswith(("-d64", "-d128")) else []
            assert not early, f"{kernel}: the activation waits for the barrier tested at {', '.join(map(hex, early))}"
    if UPDATE:
        record(name, row)
    table = json.loads(TABLE.read_text())
    assert name in table, f"not in {TABLE}: GDPA_UPDATE_HOPPER=1"
    assert not regressions(row, table[name])


def record(name, row):
    """Writes one entry of the table; tests run in several processes."""
    with open(TABLE, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        table = {**json.loads(file.read() or "{}"), name: row}
        file.truncate(0)
        file.write("{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(table[key])}" for key in sorted(table) if key in GRID) + "\n}\n")


def test_the_table_is_whole():
    assert set(json.loads(TABLE.read_text())) == set(GRID)


def test_regressions_are_seen():
    row = {"products": "wgmma", "registers": 168, "shared": 1000, "spilled": 0, "instructions": 1000}
    assert not regressions(row, row)
    assert not regressions({**row, "instructions": 1090, "registers": 160}, row)
    for change in ({"products": "mma"}, {"registers": 169}, {"shared": 1016}, {"spilled": 4}, {"instructions": 1200}):
        assert len(regressions({**row, **change}, row)) == 1


def code(*lines):
    """Instructions from (text, scoreboard signalled, scoreboards waited for)."""
    return [sass.Instruction(16 * n, text, signals, sum(1 << s for s in waits)) for n, (text, signals, waits) in enumerate(lines)]


def test_an_early_wait_is_seen():
    wait_one, wait_all = ("WARPGROUP.DEPBAR.LE gsb0, 0x1", 7, ()), ("WARPGROUP.DEPBAR.LE gsb0, 0x0", 7, ())
    test, branch = ("SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [UR4], R0", 2, ()), ("@!P0 BRA `(.L_x_3)", 7, (2,))
    first, use, second = ("MUFU.TANH R1, R2", 2, ()), ("FFMA.FTZ R3, R1, R4, R4", 7, (2,)), ("MUFU.TANH R5, R6", 3, ())
    assert sass.early_waits(code(wait_one, test, first, use, second, branch)) == [16]
    # nothing waits before the branch; the activation is over by then; no product is in flight
    other = ("FFMA.FTZ R3, R1, R4, R4", 7, (3,))
    assert not sass.early_waits(code(wait_one, test, ("MUFU.TANH R1, R2", 3, ()), other, second, branch))
    assert not sass.early_waits(code(wait_one, test, first, second, use, branch))
    assert not sass.early_waits(code(wait_all, test, first, use, second, branch))


def test_an_overwritten_operand_is_seen():
    load, score = "LDSM.16.M88.4 R152, [R4+UR10]", "HGMMA.64x128x16.F32.BF16 R24, R152, gdesc[UR16], RZ, !UPT, gsb0"
    total = "HGMMA.64x128x16.F32.BF16 R88, R180, gdesc[UR16].tnspB, R88, gsb0"

    def lost(*body):
        lines = [load, *body, "@!P0 BRA `(.L_x_1)"]
        return sass.overwritten_operands([sass.Instruction(16 * n, text, 7, 0, 16 if "BRA" in text else None) for n, text in enumerate(lines)])

    assert lost(score, "F2FP.BF16.F32.PACK_AB R153, R1, R2", total) == [32]
    assert lost(score, "@P1 SEL R155, R3, R152, P1", total) == [32]
    assert not lost(score, "F2FP.BF16.F32.PACK_AB R180, R1, R2", total)
    assert not lost(load, score, "F2FP.BF16.F32.PACK_AB R153, R1, R2", total)  # filled again in each step


def test_control_words_are_read():
    listing = (".text.k:\n"
               "        /*0060*/               @P0 BRA `(.L_x_1) ;    /* 0x00000000005c0947 */\n"
               "                                                      /* 0x000ff00003800000 */\n"
               "        /*0070*/                   S2UR UR8, SR_CgaCtaId ;    /* 0x00000000000879c3 */\n"
               "                                                              /* 0x004e220000008800 */\n")
    branch, read = sass.parse(listing)["k"]
    assert (branch.address, branch.name, branch.signals, branch.waits) == (0x60, "BRA", 7, 0)
    assert (read.name, read.signals, read.waits) == ("S2UR", 0, 0b000100)
