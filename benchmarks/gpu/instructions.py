#!/usr/bin/env python3
"""Counts the instructions that a score element costs in the machine code of NVIDIA kernels; no GPU is needed.

    benchmarks/gpu/instructions.py [--only NAME ...] [--output docs/activation-cost.md]

Each of the 25 activations of benchmarks/cpu/activations, in bf16 at D 64, precision fast, is compiled for sm_90, assembled by ptxas and
disassembled by nvdisasm. What is counted is one iteration of a kernel's main loop, the one with the most products, on its cheapest way
through (blocks that lie wholly inside), divided by the score elements that a thread has in it:

  FP32   arithmetic, comparisons and selections of floats, the scale's product included
  MUFU   hardware functions: ex2, lg2, tanh, rcp, rsqrt, sin, cos
  other  what is neither of these nor a product, a load or a conversion to the storage type: integers, predicates, addresses
"""

import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTIVATIONS = ROOT / "benchmarks" / "cpu" / "activations"
SOFTMAX = ROOT / "examples" / "softmax.mlir"
CHIP = "sm_90"
D = 64
# Products of a kernel: each takes D / 8 HMMA.16816 for 8 elements of a thread.
PRODUCTS = {"forward": 2, "dkv": 4, "dq": 3}

FP32 = {"FADD", "FMUL", "FFMA", "FMNMX", "FSEL", "FSETP", "FSET", "FCHK", "FRND", "FADD32I", "FMUL32I", "FFMA32I"}
MEMORY = {"LDSM", "LDS", "STS", "LDG", "STG", "LDGSTS", "LDGDEPBAR", "DEPBAR", "BAR", "NOP", "F2FP"}

HEAD = """# What activations cost in NVIDIA kernels

<!-- Written by benchmarks/gpu/instructions.py --output docs/activation-cost.md; python/tests/test_instructions.py compares. -->

Instructions for one score element in the main loop of the machine code for {chip}: bf16, D {d}, precision `fast`, the product with the scale
included, the conversion to bf16 apart. FP32 are arithmetic, comparisons and selections; MUFU the hardware's functions, which run at an eighth
of the rate; the rest is integers, predicates and addresses, those of the loop itself included (`identity` has nothing else). The backward is
two kernels: dK and dV need z and ds, dQ needs ds alone.

| activation | forward FP32 + MUFU | other | dK, dV FP32 + MUFU | other | dQ FP32 + MUFU | other |
|---|---|---|---|---|---|---|
"""


def find_tool(name):
    found = sorted((ROOT / ".venv").glob(f"lib/python3*/site-packages/nvidia/cu13/bin/{name}"))
    return str(found[0]) if found else shutil.which(name)


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(str(word) for word in command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def disassemble(source, folder, compiler, options=()):
    """{kernel: its lines of machine code} of a program with f32 buffers, in bf16, forward and backward."""
    folder = pathlib.Path(folder)
    (folder / "k.mlir").write_text(re.sub(rf"x{D}xf32>", f"x{D}xbf16>", source))
    call(compiler, folder / "k.mlir", f"--target={CHIP}", "--emit=ptx", "--grad", *options, "-o", folder / "k.ptx")
    call(find_tool("ptxas"), f"--gpu-name={CHIP}", folder / "k.ptx", "-o", folder / "k.cubin")
    kernels, lines = {}, []
    for line in call(find_tool("nvdisasm"), "-c", folder / "k.cubin").splitlines():
        if found := re.match(r"\.text\.(\S+):", line):
            lines = kernels.setdefault(found[1], [])
        lines.append(line)
    return kernels


def read(lines):
    """[(name, target, predicated)] of a kernel's instructions, and where its labels are."""
    instructions, labels = [], {}
    for line in lines:
        if found := re.match(r"(\.L\w+):", line):
            labels[found[1]] = len(instructions)
        elif found := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+ )?\s*([A-Z0-9_]+)(.*)", line):
            target = re.search(r"`\((\.L\w+)\)", found[3]) if found[2] == "BRA" else None
            instructions.append((found[2], target and target[1], bool(found[1]) or found[2] == "BRA" and " P" in found[3].split("`")[0]))
    return instructions, labels


def cheapest(instructions, labels, first, last):
    """The names on the shortest way from `first` to the branch back at `last`, which may lead through blocks that stand elsewhere."""
    before, front = {first: None}, [first]
    while front and last not in before:
        reached = []
        for at in front:
            name, target, predicated = instructions[at]
            after = [labels[target]] if target else []
            if name != "EXIT" and (not target or predicated):
                after.append(at + 1)
            for place in after:
                if place < len(instructions) and place not in before:
                    before[place] = at
                    reached.append(place)
        front = reached
    names, at = [], last if last in before else None
    while at is not None:
        names.append(instructions[at][0])
        at = before[at]
    return collections.Counter(names)


def main_loop(lines):
    """How often each instruction stands in one iteration."""
    instructions, labels = read(lines)
    loops = [cheapest(instructions, labels, labels[target], at) for at, (_, target, _) in enumerate(instructions)
             if target and labels[target] < at and any(name == "HMMA" for name, _, _ in instructions[labels[target]:at])]
    return max(loops, key=lambda names: names["HMMA"], default=None)


def costs(source, folder, compiler, options=()):
    """{kernel: (FP32, MUFU, other) for an element} of a program's kernels with products."""
    found = {}
    for kernel, lines in disassemble(source, folder, compiler, options).items():
        kind = kernel.rsplit("_", 1)[-1]
        names = main_loop(lines)
        if kind not in PRODUCTS or "vjp_forward" in kernel or not names:
            continue
        elements = names["HMMA"] * 64 / (D * PRODUCTS[kind])
        fp32 = sum(count for name, count in names.items() if name in FP32)
        rest = sum(count for name, count in names.items() if name not in FP32 | MEMORY | {"HMMA", "MUFU"})
        found[kind] = tuple(round(count / elements, 2) for count in (fp32, names["MUFU"], rest))
    return found


def programs():
    """{name: text} of what stands in the table."""
    return {**{path.stem: path.read_text() for path in sorted(ACTIVATIONS.glob("*.mlir"))}, "softmax (normalizer)": SOFTMAX.read_text()}


def line(name, found):
    cells = [name]
    for kind in PRODUCTS:
        fp32, mufu, rest = found[kind]
        cells += [f"{fp32:.2f} + {mufu:.2f}", f"{rest:.2f}"]
    return "| " + " | ".join(cells) + " |"


def parse(text):
    """{name: {kind: (FP32, MUFU, other)}} of a written table."""
    table = {}
    for row in re.findall(r"^\| (\S[^|]*) \|((?: [\d.]+ \+ [\d.]+ \| [\d.]+ \|)+)$", text, flags=re.M):
        numbers = [float(number) for number in re.findall(r"[\d.]+", row[1])]
        table[row[0]] = {kind: tuple(numbers[3 * at:3 * at + 3]) for at, kind in enumerate(PRODUCTS)}
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", help="names of the table")
    parser.add_argument("--output", type=pathlib.Path, help="write the document here")
    parser.add_argument("--compiler", default=ROOT / "build" / "bin" / "gdpa-compile")
    options = parser.parse_args()
    lines = []
    for name, source in programs().items():
        if options.only and name not in options.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            lines.append(line(name, costs(source, folder, options.compiler)))
        print(lines[-1], flush=True)
    if options.output:
        options.output.write_text(HEAD.format(chip=CHIP, d=D) + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
