"""Programs and sizes that gpu_forward.py runs: a pairwise cover of what a forward kernel is specialised on, and random programs.

A case is a program of programs.py; a run of it says its sizes, how its tensors lie in memory and the seed of its numbers.
"""

import dataclasses

import numpy as np

import cover
import programs

LENGTHS = (0, 1, 31, 64, 127, 128, 129, 300, 1000)
HEAD_DIMS = (8, 40, 64, 96, 128, 192, 256)
GROUPS = (1, 2, 8)
# contiguous; rows 8 elements further apart; rows, heads and batches of a larger tensor
PLACEMENTS = ("dense", "padded", "apart")
# name -> indices and extents of the capture that is added to the score
CAPTURES = {"none": None, "scalar": ((), ()), "h": ("h", ("Hq",)), "j": ("j", ("Sk",)), "hj": ("hj", ("Hq", "Sk")), "hi": ("hi", ("Hq", "Sq")),
            "ij": ("ij", ("Sq", "Sk")), "bhj": ("bhj", ("B", "Hq", "Sk")), "bhij": ("bhij", ("B", "Hq", "Sq", "Sk")), "table": ("table", ("Hq", 65))}
MASKS = ("none", "causal", "corner", "window", "documents", "stripes", "prefix", "nothing")
FACTORS = {"dtype": ("bf16", "f16"), "d": HEAD_DIMS, "dv": HEAD_DIMS, "layout": ("bhsd", "bshd", "thd"), "normalizer": ("none", "sum", "softmax"),
           "mask": MASKS, "capture": tuple(CAPTURES)}
RUN_FACTORS = {"queries": LENGTHS, "keys": LENGTHS, "group": GROUPS, "placement": PLACEMENTS}
# A schedule may not suit every target; what the plan chooses does.
LANGUAGE = dataclasses.replace(programs.GPU, schedules=("",))


@dataclasses.dataclass(frozen=True)
class Run:
    sizes: dict
    sequences: tuple
    placement: str
    seed: int

    def of(self, case):
        """The case with this run's sizes."""
        return dataclasses.replace(case, sizes=self.sizes, sequences=self.sequences)

    def __str__(self):
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"{sizes}{f', sequences {self.sequences}' if self.sequences else ''}, {self.placement}, seed {self.seed}"


def condition(drawer, kind):
    """The mask's node, or None."""
    i, j, add = drawer.coordinate("i"), drawer.coordinate("j"), drawer.add
    if kind == "none":
        return None
    if kind == "causal":
        return add("arith.cmpi", i, j, detail="sge")
    if kind == "corner":
        shifted = add("arith.addi", i, add("arith.subi", drawer.coordinate("nk"), drawer.coordinate("nq")))
        return add("arith.cmpi", j, shifted, detail="sle")
    if kind == "window":
        return add("arith.cmpi", add("math.absi", drawer.distance()), add("index", detail=100), detail="sle")
    if kind == "documents":
        name, b = drawer.capture(("B", "Sk"), "i32"), drawer.coordinate("b")
        return add("arith.cmpi", add("extract.i32", b, i, detail=name), add("extract.i32", b, j, detail=name), detail="eq")
    if kind == "stripes":
        return add("arith.cmpi", add("arith.remsi", add("arith.addi", i, j), add("index", detail=3)), add("index", detail=0), detail="ne")
    if kind == "prefix":
        return add("arith.cmpi", j, add("capture", detail=drawer.capture((), "index")), detail="slt")
    return add("arith.cmpi", j, add("index", detail=0), detail="slt")


def captured(drawer, kind):
    """The read of the capture, or None."""
    if kind == "none":
        return None
    indices, shape = CAPTURES[kind]
    name = drawer.capture(shape)
    if not shape:
        return drawer.add("capture", detail=name)
    if indices == "table":
        positions = [drawer.coordinate("h"), drawer.add("arith.addi", drawer.distance(), drawer.add("index", detail=32))]
    else:
        positions = [drawer.coordinate(c) for c in indices]
    return drawer.add("extract.f32", *positions, detail=name)


def program(spec):
    """The case of a cell of FACTORS: silu, a positive sigmoid or softmax of the score and a capture."""
    drawer = programs.Drawer(np.random.default_rng(0), LANGUAGE)
    add, number = drawer.add, drawer.number
    x = add("s")
    bias = captured(drawer, spec["capture"])
    if bias is not None:
        x = add("arith.addf", x, bias)
    if spec["normalizer"] != "softmax":
        half = add("arith.mulf", x, number(0.5))
        wave = add("math.tanh", half)
        x = add("math.fma", half, wave, half) if spec["normalizer"] == "none" else add("math.fma", wave, number(0.5), number(0.75))
    kept = condition(drawer, spec["mask"])
    return programs.Case(tuple(drawer.nodes), x, kept, tuple(drawer.captures), {}, spec["dtype"], spec["d"], spec["dv"], spec["layout"],
                         spec["normalizer"])


def run_of(spec, layout, seed):
    queries, keys, group = spec["queries"], spec["keys"], spec["group"]
    # what takes long in float64 gets one batch and one key head
    small = queries * keys * group <= 400_000
    sizes = {"B": 2 if small else 1, "Hq": group * (2 if small and group < 8 else 1), "Hkv": 2 if small and group < 8 else 1, "Sq": queries, "Sk": keys}
    sequences = ()
    if layout == "thd":
        sequences = ((queries, keys), (0, 70), (129, 0), (65, 1), (0, 0), (min(keys, 300), min(queries, 300)))
        sizes |= {"B": len(sequences), "Sq": max(q for q, _ in sequences), "Sk": max(k for _, k in sequences)}
    return Run(sizes, sequences, spec["placement"], seed)


def grid(each=4):
    """[(name, case, runs)] of the cover."""
    found = []
    specs = cover.pairwise(FACTORS, seed=6)
    for number, (spec, runs) in enumerate(cover.spread(specs, RUN_FACTORS, each)):
        name = f"grid{number}-" + "-".join(str(spec[factor]) for factor in FACTORS)
        found.append((name, program(spec), [run_of(run, spec["layout"], 100 * number + n) for n, run in enumerate(runs)]))
    return found


def drawn(seed):
    """(name, case, runs) of a random program, at head dims that Hopper's tiles take whole and in part."""
    case = programs.draw(seed, LANGUAGE)
    rng = np.random.default_rng([seed, 1])
    if rng.random() < 0.6:
        case = dataclasses.replace(case, d=int(rng.choice(HEAD_DIMS)), dv=int(rng.choice(HEAD_DIMS)))
    return f"random-{seed}", case, [Run(case.sizes, case.sequences, str(rng.choice(PLACEMENTS)), seed)]
