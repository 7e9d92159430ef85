"""Layouts and captures on this machine's GPU against the reference target: bshd, jagged batches, captures of rank 0 to 4 and of
integers, indices that depend on the score. Each case is launched 8 times on outputs poisoned with NaN, bitwise equal.

usage: gpu_layouts.py --compile FOLDER [--target sm_80] | --run FOLDER  (as gpu.py: compile anywhere, run on a machine with a GPU)
"""

import argparse
import concurrent.futures
import math
import pathlib
import re
import sys
import tempfile

import numpy as np

import support
import catalogue  # in examples/, which support puts on the path
import jagged

REPEATS = 8
HEADS, KEY_HEADS = 4, 2
JAGGED = (*jagged.BATCHES, (tuple(range(0, 400, 37)), tuple(range(390, -1, -36))[: len(range(0, 400, 37))]))
DENSE = ((2, 300, 170), (1, 65, 129), (3, 1, 40))


def read_at(indices, element="f32"):
    """silu's text with z = (s + B[indices]) * s."""
    rank = indices.count(",") + 1
    kind = f"tensor<{'?x' * rank}{element}>"
    source = re.sub(r"\) \{\n        %one = .*?gdpa\.yield %z : f32\n", f""", %bias: {kind}) {{
        %x = tensor.extract %bias[{indices}] : {kind}
        %y = arith.addf %s, %x : f32
        %z = arith.mulf %y, %s : f32
        gdpa.yield %z : f32
""", catalogue.BY_NAME["silu"].source, flags=re.S)
    source = source.replace('    %scale: f32 {gdpa.name', f'    %bias: {kind} {{gdpa.name = "bias"}},\n    %scale: f32 {{gdpa.name')
    return source.replace("      activation(", f"      captures(%bias : {kind})\n      activation(")


def bias(*extents):
    """A capture of these extents, names of sizes or numbers."""
    return {"bias": lambda random, sizes: random.uniform(-1, 1, [sizes.get(n, n) for n in extents]).astype(np.float32)}


def integers(element):
    source = catalogue.BY_NAME["document-mask"].source.replace("tensor<?x?xi32>", f"tensor<?x?x{element}>")
    source = source.replace("%keep = arith.cmpi eq, %of_query, %of_key : i32", f"%keep = arith.cmpi eq, %of_query, %of_key : {element}")
    kind = {"i1": bool, "i8": np.int8, "i16": np.int16, "i64": np.int64, "index": np.int64}[element]
    return source, {"documents": lambda random, sizes: np.sort(random.integers(0, 2, (sizes["B"], max(sizes["Sq"], sizes["Sk"], 1))), axis=1).astype(kind)}


def cases():
    """(name, source, type, columns of q, of v, layout, captures)"""
    for example in catalogue.JAGGED:
        for dtype, d, dv in (("bf16", 64, 64), ("bf16", 128, 128), ("f16", 40, 96)):
            yield f"{example.name}-{dtype}-{d}-{dv}", example.source, dtype, d, dv, "thd", example.captures
    for name in ("silu", "sigmoid-bias", "learned-temperature", "relative-position", "spline", "document-mask", "causal", "softmax-soft-cap",
                 "relu-normalized"):
        example = catalogue.BY_NAME[name]
        for layout in ("bshd", "thd"):
            yield f"{name}-{layout}", support.as_layout(example.source, layout), "bf16", 64, 64, layout, example.captures
    for indices, extents in (("%h, %i", ("Hq", "Sq")), ("%j", ("Sk",)), ("%i, %j", ("Sq", "Sk")), ("%h, %i, %j", ("Hq", "Sq", "Sk")),
                             ("%b, %h, %j", ("B", "Hq", "Sk")), ("%b, %h, %i, %j", ("B", "Hq", "Sq", "Sk"))):
        for layout in ("bhsd", "thd"):
            name = f"bias{re.sub('[^bhij]', '', indices)}-{layout}"
            yield name, support.as_layout(read_at(indices), layout), "bf16", 64, 64, layout, bias(*extents)
    # extents that positions leave: the last element stands for the rest, in the gradient too
    for indices, extents in (("%h, %i", (HEADS, 50)), ("%h, %i", (2, 50)), ("%j", (33,)), ("%h", (3,)), ("%b, %i", (1, 64)),
                             ("%i, %j", (50, 400)), ("%h, %i, %j", (2, 50, 33)), ("%h, %i, %j", (HEADS, 400, 33))):
        for layout in ("bhsd", "thd"):
            name = f"short{re.sub('[^bhij]', '', indices)}-{'x'.join(map(str, extents))}-{layout}"
            yield name, support.as_layout(read_at(indices), layout), "bf16", 64, 64, layout, bias(*extents)
    for element in ("i1", "i8", "i16", "i64", "index"):
        source, captures = integers(element)
        yield f"documents-{element}", source, "bf16", 64, 64, "bhsd", captures


def compile_case(folder, target, case):
    name, source, dtype, d, dv, _, _ = case
    try:
        support.compile_program(support.specialise(source, dtype, d, dv), folder, target=target, name=name)
    except support.CompileError as error:
        return f"{name}: {error}"


def run_case(folder, case):
    """Lines of the table, and how many of them are wrong."""
    name, _, dtype, d, dv, layout, captures = case
    lines, wrong = [], 0
    for shape in JAGGED if layout == "thd" else DENSE:
        rng = np.random.default_rng(7)
        if layout == "thd":
            inputs = jagged.make_inputs(rng, dtype, shape, HEADS, KEY_HEADS, d, dv)
            sizes = {"B": len(shape[0]), "Sq": max(shape[0]), "Sk": max(shape[1])}
        else:
            inputs = support.make_inputs(rng, dtype, shape[0], HEADS, KEY_HEADS, *shape[1:], d, dv)
            if layout == "bshd":
                inputs = {n: np.ascontiguousarray(x.transpose(0, 2, 1, 3)) for n, x in inputs.items()}
            sizes = dict(zip(("B", "Sq", "Sk"), shape))
        sizes = {n: max(x, 1) for n, x in {**sizes, "Hq": HEADS, "Hkv": KEY_HEADS}.items()}
        made = {n: make(rng, sizes) for n, make in captures.items()}
        with tempfile.TemporaryDirectory() as scratch:
            done = support.run_kernel(folder / f"{name}.json", {**inputs, **made, "scale": float(np.float32(1 / math.sqrt(d)))}, scratch,
                                      outputs=(), grad=True, options=["--check", f"--repeat={REPEATS}"])
        right, errors = done.status == support.RESULT and bool(done.lines), []
        for result, line in done.lines.items():
            empty = line["error"] is None and line["left_out"] == math.prod(line["shape"])
            right &= (empty or line["error"] is not None and float(line["error"]) <= line["tolerance"]) and line["identical"] is True
            errors.append(f"{result} {'-' if empty else format(float(line['error'] or math.nan), '.1e')}")
        text = str(shape) if layout != "thd" else f"{len(shape[0])} sequences, {sum(shape[0])} x {sum(shape[1])} rows"
        lines.append(f"| {name} | {text} | {', '.join(errors) or done.stderr.strip()[-200:]} |{'' if right else ' WRONG |'}")
        wrong += not right
    return lines, wrong


def run_wild_bounds(folder):
    """Bounds that fall and leave the tensors: kernels clamp them, the launches succeed."""
    inputs = jagged.make_inputs(np.random.default_rng(9), "bf16", ((5, 0, 5), (5, 0, 7)), HEADS, KEY_HEADS, 64, 64)
    inputs["cu_seqlens_q"] = np.array([-5, 4, 2, 2**31 - 1], np.int32)
    inputs["cu_seqlens_k"] = np.array([3, 1, -(2**31), 99], np.int32)
    with tempfile.TemporaryDirectory() as scratch:
        done = support.run_kernel(folder / "jagged-silu-bf16-64-64.json", {**inputs, "scale": 0.125}, scratch, outputs=(), grad=True)
    right = done.status == support.RESULT and len(done.lines) == 4
    return f"| jagged-silu, wild bounds | 3 sequences | {'ran' if right else done.stderr.strip()[-200:]} |{'' if right else ' WRONG |'}", not right


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--target", default="sm_80")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    folder = options.compile or options.run
    folder.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        if options.compile:
            refused = [text for text in pool.map(lambda case: compile_case(folder, options.target, case), cases()) if text]
            print("\n".join(refused) or "all compiled")
            return bool(refused)
        print("| case | shape | errors against the reference |\n|---|---|---|")
        total = wrong = 0
        for lines, bad in pool.map(lambda case: run_case(folder, case), cases()):
            print("\n".join(lines), flush=True)
            total, wrong = total + len(lines), wrong + bad
        line, bad = run_wild_bounds(folder)
        print(line)
        total, wrong = total + 1, wrong + bad
    print(f"{wrong} wrong of {total}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
