"""Single changes of what front ends emit: most are attention of another kind, some are none. Whatever is raised must give the numbers of the
changed original.

usage: raise_mutations.py [NAME...]   runs all changes of the inputs of these names
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

import linalg_modules
import support

INPUTS = support.ROOT / "test/Conversion/LinalgToGDPA/Inputs"
# What is replaced (each occurrence by itself) by what.
CHANGES = [
    (r"cmpi sle,", "cmpi sge,"), (r"cmpi sge,", "cmpi slt,"), (r"cmpf ugt,", "cmpf olt,"), (r"cmpf oeq,", "cmpf one,"),
    (r"-> \(d2, d3\)>", "-> (d3, d2)>"), (r"-> \(d0, d1, d2, d3\)>", "-> (d0, d1, d3, d2)>"), (r"-> \(d0, d1, d2, 0\)>", "-> (d0, d1, d3, 0)>"),
    (r"-> \(d0, d1, d2\)>", "-> (d0, d1, d3)>"), (r"-> \(0, d1, d2, d3\)>", "-> (0, d1, d3, d2)>"), (r"-> \(0, d1\)>", "-> (d0, 0)>"),
    (r"arith.maximumf", "arith.addf"), (r"arith.addf", "arith.subf"), (r"arith.addf", "arith.mulf"), (r"arith.mulf", "arith.addf"),
    (r"arith.subf", "arith.addf"), (r"arith.subi", "arith.addi"), (r"arith.andi", "arith.xori"),
    (r"arith.select (%\S+), (%\S+), (%\S+) :", r"arith.select \1, \3, \2 :"), (r"arith.divf (%\S+), (%\S+) :", r"arith.divf \2, \1 :"),
    (r"arith.subf (%\S+), (%\S+) :", r"arith.subf \2, \1 :"),
    (r"0xFF800000 :", "-1.0 :"), (r"dense<0xFF800000>", "dense<-1.0>"), (r"dense<0.000000e\+00>", "dense<1.0>"), (r"= arith.constant 0.000000e\+00 : f32", "= arith.constant 0.25 : f32"),
    (r"linalg.index 0", "linalg.index 1"), (r"linalg.index 1", "linalg.index 0"), (r"permutation = \[0, 1, 3, 2\]", "permutation = [1, 0, 3, 2]"),
]


def mutations(source, changes=CHANGES):
    """The changed texts with what was changed in each."""
    for pattern, replacement in changes:
        for match in re.finditer(pattern, source):
            changed = source[:match.start()] + match.expand(replacement) + source[match.end():]
            if changed != source:
                yield f"{match[0]} -> {match.expand(replacement)} in line {source[:match.start()].count(chr(10)) + 1}", changed


def is_valid(path):
    return subprocess.run([support.tool("gdpa-opt"), path, "-o", "/dev/null"], capture_output=True).returncode == 0


def compare(path, folder, tolerance):
    """None where nothing was raised, else whether the numbers agree wherever the original's are finite."""
    raised = folder / "raised.mlir"
    done = support.call(support.tool("gdpa-opt"), path, "--gdpa-raise", "-o", raised)
    assert done.returncode == 0, done.stderr
    if "gdpa.attention" not in raised.read_text():
        return None
    inputs, outputs, _ = linalg_modules.arrays(path.read_text())
    want = linalg_modules.call(linalg_modules.lower(path, "", folder, "original", "-O1"), inputs, outputs())[0]
    got = linalg_modules.call(linalg_modules.lower(raised, "gdpa-to-linalg", folder, "lowered", "-O1"), inputs, outputs())[0]
    want, got = (linalg_modules.floats(x).astype(np.float64) for x in (want, got))
    finite = np.isfinite(want)
    return np.linalg.norm((got - want)[finite]) <= tolerance * max(np.linalg.norm(want[finite]), 1e-6)


def main(names):
    raised = left = 0
    for path in sorted(INPUTS.glob("*.mlir")):
        if path.stem not in names:
            continue
        for what, text in mutations(path.read_text()):
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                changed = folder / "changed.mlir"
                changed.write_text(text)
                if not is_valid(changed):
                    continue
                agrees = compare(changed, folder, 1e-5)
                raised, left = raised + (agrees is not None), left + (agrees is None)
                print(path.stem, {None: "left", True: "raised", False: "WRONG"}[agrees], what, flush=True)
    print(f"{raised} raised, {left} left")


if __name__ == "__main__":
    main(sys.argv[1:])
