"""Random attention programs: activations, masks and captures drawn from the operations that the compiler supports.

A program is a graph of typed nodes that is printed as MLIR and evaluated in numpy. What is drawn stays well conditioned: a
node is kept only where its value and its slope in s are moderate over a sample of scores, a function that jumps or has an
unbounded slope is applied where it does neither, and branches meet where their condition changes. Kinks are wanted.
`reduced` makes a failing program smaller.
"""

import dataclasses

import numpy as np
from oracle import Attention, round_to
from scipy.special import erf

UNARY = {
    "arith.negf": np.negative, "math.absf": np.abs, "math.exp": np.exp, "math.exp2": np.exp2, "math.expm1": np.expm1,
    "math.log": np.log, "math.log1p": np.log1p, "math.sqrt": np.sqrt, "math.rsqrt": lambda x: 1 / np.sqrt(x), "math.tanh": np.tanh,
    "math.erf": erf, "math.sin": np.sin, "math.cos": np.cos, "math.floor": np.floor, "math.ceil": np.ceil,
    "math.round": lambda x: np.trunc(x + np.copysign(0.5, x)),
}
BINARY = {
    "arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply, "arith.divf": np.divide,
    "arith.maximumf": np.maximum, "arith.minimumf": np.minimum, "arith.maxnumf": np.fmax, "arith.minnumf": np.fmin,
    "math.powf": np.power, "math.copysign": np.copysign,
}
TERNARY = {"math.fma": lambda a, b, c: a * b + c, "math.clampf": lambda x, low, high: np.minimum(np.maximum(x, low), high)}
INDEX = {
    "arith.addi": np.add, "arith.subi": np.subtract, "arith.muli": np.multiply, "arith.remsi": np.fmod,
    "arith.maxsi": np.maximum, "arith.minsi": np.minimum, "arith.floordivsi": np.floor_divide, "math.absi": np.abs,
}
COMPARE_FLOAT = {"ogt": np.greater, "oge": np.greater_equal, "olt": np.less, "ole": np.less_equal}
COMPARE_INDEX = {"sgt": np.greater, "sge": np.greater_equal, "slt": np.less, "sle": np.less_equal, "eq": np.equal, "ne": np.not_equal}
LOGIC = {"arith.andi": np.logical_and, "arith.ori": np.logical_or, "arith.xori": np.logical_xor}
COORDINATES = ("b", "h", "i", "j", "nq", "nk")


@dataclasses.dataclass(frozen=True)
class Node:
    op: str
    operands: tuple = ()
    # the constant, the coordinate, the capture's name or the predicate
    detail: object = None

    @property
    def type(self):
        if self.op in ("coordinate", "index") or self.op in INDEX:
            return "index"
        if self.op in ("arith.cmpf", "arith.cmpi", "true") or self.op in LOGIC:
            return "i1"
        return "i32" if self.op == "extract.i32" else "f32"


@dataclasses.dataclass(frozen=True)
class Capture:
    name: str
    # extents as names of sizes (B, Hq, Sq, Sk) or integers; empty for a scalar
    shape: tuple
    type: str = "f32"

    @property
    def mlir_type(self):
        return f"tensor<{'?x' * len(self.shape)}{self.type}>" if self.shape else self.type


@dataclasses.dataclass(frozen=True)
class Case:
    """A program with the sizes to run it on."""
    nodes: tuple
    result: int
    kept: object  # the mask's node, or None
    captures: tuple
    sizes: dict
    dtype: str
    d: int
    dv: int
    layout: str = "bhsd"
    normalizer: str = "none"
    # a jagged batch: (queries, keys) of each sequence; sizes Sq, Sk are those of the longest
    sequences: tuple = ()
    # fields of the target's schedule attribute, as text; empty: all chosen by the plan
    schedule: str = ""

    # -- numpy

    def evaluate(self, target, s, coordinates, nq, nk, captures):
        known = {}
        position = dict(zip(COORDINATES, (*coordinates, nq, nk)))

        def value(number):
            if number not in known:
                node = self.nodes[number]
                known[number] = compute(node, [value(n) for n in node.operands])
            return known[number]

        def compute(node, x):
            if node.op == "s":
                return s
            if node.op == "coordinate":
                return position[node.detail]
            if node.op in ("constant", "index"):
                return node.detail
            if node.op == "true":
                return np.True_
            if node.op == "capture":
                return captures[node.detail]
            if node.op.startswith("extract"):
                array = captures[node.detail]
                if array.size == 0:  # only where there are no queries or no keys, so no pair reads it
                    return np.zeros(np.broadcast(*x).shape, array.dtype)
                return array[tuple(np.clip(index, 0, extent - 1) for index, extent in zip(x, array.shape))]
            if node.op == "float":
                return np.asarray(x[0], dtype=np.float64)
            if node.op == "arith.cmpf":
                return COMPARE_FLOAT[node.detail](*x)
            if node.op == "arith.cmpi":
                return COMPARE_INDEX[node.detail](*x)
            if node.op == "arith.select":
                return np.where(*x)
            if node.op == "scf.if":  # condition, factor, a, b: factor * (condition ? a : b)
                return np.where(x[0], x[1] * x[2], x[1] * x[3])
            for table in (UNARY, BINARY, TERNARY, INDEX, LOGIC):
                if node.op in table:
                    return table[node.op](*x)
            raise KeyError(node.op)

        with np.errstate(all="ignore"):
            return value(target)

    def activation(self, s, b, h, i, j, nq, nk, captures):
        return self.evaluate(self.result, s, (b, h, i, j), nq, nk, captures) + np.zeros(np.broadcast(s, b, h, i, j).shape)

    def mask(self, b, h, i, j, nq, nk, captures):
        return self.evaluate(self.kept, 0.0, (b, h, i, j), nq, nk, captures)

    @property
    def compute(self):
        return "f64" if self.dtype == "f64" else "f32"

    def make_inputs(self, random):
        """q, k, v, do (standard normal, values of the storage type) and dstats where there are statistics, in the layout."""
        sizes = self.sizes
        kind = np.float64 if self.dtype == "f64" else np.float32

        def rows(heads, length, columns):
            if self.layout == "thd":
                shape = (sum(sequence[length == "Sk"] for sequence in self.sequences), heads, columns)
            else:
                shape = (sizes["B"], heads, sizes[length], columns) if self.layout == "bhsd" else (sizes["B"], sizes[length], heads, columns)
            value = random.standard_normal(shape)
            return (value if self.dtype == "f64" else round_to(value, self.dtype)).astype(kind)

        made = {"q": rows(sizes["Hq"], "Sq", self.d), "k": rows(sizes["Hkv"], "Sk", self.d), "v": rows(sizes["Hkv"], "Sk", self.dv),
                "do": rows(sizes["Hq"], "Sq", self.dv)}
        if self.normalizer != "none":
            shape = (sizes["Hq"], len(made["q"])) if self.layout == "thd" else (sizes["B"], sizes["Hq"], sizes["Sq"])
            made["dstats"] = random.standard_normal(shape).astype(kind)
        if self.layout == "thd":
            for number, name in enumerate(("cu_seqlens_q", "cu_seqlens_k")):
                made[name] = np.cumsum([0, *(sequence[number] for sequence in self.sequences)]).astype(np.int32)
        return made

    def attention(self, q, k, v, scale, captures, first_batch=0):
        """The oracle of a dense batch in bhsd."""
        return Attention(q, k, v, scale, self.activation, self.mask if self.kept is not None else None, captures, self.normalizer,
                         first_batch)

    def forward(self, inputs, scale, captures, eager=False):
        """o and the statistics (None) in float64, in the layout; with `eager` o of the computation that rounds s, z and o."""
        q, k, v = (inputs[name].astype(np.float64) for name in "qkv")

        def dense(q, k, v, first_batch=0):
            case = self.attention(q, k, v, scale, captures, first_batch)
            with np.errstate(all="ignore"):
                return case.eager(self.dtype) if eager else case.forward(), case.statistics()

        if self.layout == "bhsd":
            return dense(q, k, v)
        if self.layout == "bshd":
            o, statistics = dense(*(x.transpose(0, 2, 1, 3) for x in (q, k, v)))
            return o.transpose(0, 2, 1, 3), statistics
        o, statistics = np.zeros((*q.shape[:2], self.dv)), np.zeros((q.shape[1], q.shape[0]))
        first_query, first_key = 0, 0
        for b, (queries, keys) in enumerate(self.sequences):
            rows, columns = slice(first_query, first_query + queries), slice(first_key, first_key + keys)
            part, statistic = dense(*(x.transpose(1, 0, 2)[None] for x in (q[rows], k[columns], v[columns])), b)
            o[rows] = part[0].transpose(1, 0, 2)
            if statistic is not None:
                statistics[:, rows] = statistic[0]
            first_query, first_key = first_query + queries, first_key + keys
        return o, statistics if self.normalizer != "none" else None

    # -- MLIR

    def reachable(self, root):
        seen = set()
        stack = [root]
        while stack:
            number = stack.pop()
            if number not in seen:
                seen.add(number)
                stack += self.nodes[number].operands
        return sorted(seen)

    def used_captures(self):
        used = {self.nodes[n].detail for root in (self.result, self.kept) if root is not None for n in self.reachable(root)
                if self.nodes[n].op == "capture" or self.nodes[n].op.startswith("extract")}
        return [capture for capture in self.captures if capture.name in used]

    def region(self, root, result_type):
        lines = []
        types = {c.name: c for c in self.captures}
        for number in self.reachable(root):
            node = self.nodes[number]
            x = [self.name(n) for n in node.operands]
            out = self.name(number)
            if node.op in ("s", "coordinate", "capture"):
                continue
            if node.op == "constant":
                number = node.detail if self.dtype == "f64" else np.float32(node.detail)
                lines.append(f"{out} = arith.constant {float(number)!r} : f32")
            elif node.op == "index":
                lines.append(f"{out} = arith.constant {node.detail} : index")
            elif node.op == "true":
                lines.append(f"{out} = arith.constant true")
            elif node.op.startswith("extract"):
                lines.append(f"{out} = tensor.extract %{node.detail}[{', '.join(x)}] : {types[node.detail].mlir_type}")
            elif node.op == "float":
                lines.append(f"{out}_int = arith.index_cast {x[0]} : index to i32")
                lines.append(f"{out} = arith.sitofp {out}_int : i32 to f32")
            elif node.op in ("arith.cmpf", "arith.cmpi"):
                lines.append(f"{out} = {node.op} {node.detail}, {x[0]}, {x[1]} : {self.nodes[node.operands[0]].type}")
            elif node.op == "arith.select":
                lines.append(f"{out} = arith.select {', '.join(x)} : f32")
            elif node.op == "scf.if":
                lines += [f"{out} = scf.if {x[0]} -> (f32) {{", f"  {out}_a = arith.mulf {x[1]}, {x[2]} : f32", f"  scf.yield {out}_a : f32",
                          "} else {", f"  {out}_b = arith.mulf {x[1]}, {x[3]} : f32", f"  scf.yield {out}_b : f32", "}"]
            elif node.op == "math.clampf":
                lines.append(f"{out} = math.clampf {x[0]} to [{x[1]}, {x[2]}] : f32")
            else:
                lines.append(f"{out} = {node.op} {', '.join(x)} : {node.type}")
        lines.append(f"gdpa.yield {self.name(root)} : {result_type}")
        return "".join(f"        {line}\n" for line in lines)

    def name(self, number):
        node = self.nodes[number]
        if node.op == "s":
            return "%s"
        return f"%{node.detail}" if node.op in ("coordinate", "capture") else f"%v{number}"

    def mlir(self, comment=""):
        captures = self.used_captures()
        jagged, has_statistics = self.layout == "thd", self.normalizer != "none"
        leading = "?x?x" if jagged else "?x?x?x"
        row, value = f"tensor<{leading}{self.d}x{self.dtype}>", f"tensor<{leading}{self.dv}x{self.dtype}>"
        statistics = "tensor<?x?xf32>" if jagged else "tensor<?x?x?xf32>"
        arguments = "".join(f'%{c.name}: {c.mlir_type} {{gdpa.name = "{c.name}"}}, ' for c in captures)
        coordinates = ", ".join([*(f"%{c}: index" for c in COORDINATES), *(f"%{c.name}: {c.mlir_type}" for c in captures)])
        results = f"{value}, {statistics}" if has_statistics else value
        offsets = "tensor<?xi32>"
        text = f'func.func @attention(%q: {row} {{gdpa.name = "q"}}, %k: {row} {{gdpa.name = "k"}}, %v: {value} {{gdpa.name = "v"}}, {arguments}'
        if jagged:
            text += "".join(f'%{name}: {offsets} {{gdpa.name = "{name}"}}, ' for name in ("cu_seqlens_q", "cu_seqlens_k"))
        text += f'%scale: f32 {{gdpa.name = "scale"}}) -> ({results}) {{\n'
        for n in range(2 if jagged else 3):
            text += f"  %c{n} = arith.constant {n} : index\n  %n{n} = tensor.dim %q, %c{n} : {row}\n"
        text += f"  %o0 = tensor.empty({'%n0, %n1' if jagged else '%n0, %n1, %n2'}) : {value}\n"
        if has_statistics:
            order = {"bhsd": "%n0, %n1, %n2", "bshd": "%n0, %n2, %n1", "thd": "%n1, %n0"}[self.layout]
            text += f"  %st0 = tensor.empty({order}) : {statistics}\n"
        text += f"  %o{':2' if has_statistics else ''} = gdpa.attention {self.layout} {self.normalizer}\n"
        text += f"      ins(%q, %k, %v : {row}, {row}, {value}) outs(%o0{', %st0' if has_statistics else ''} : {results}) scale(%scale : f32)\n"
        if jagged:
            text += f"      cu_seqlens(%cu_seqlens_q, %cu_seqlens_k : {offsets}, {offsets})\n"
        if captures:
            text += f"      captures({', '.join('%' + c.name for c in captures)} : {', '.join(c.mlir_type for c in captures)})\n"
        text += f"      activation(%s: f32, {coordinates}) {{\n{self.region(self.result, 'f32')}      }}\n"
        if self.kept is not None:
            text += f"      mask({coordinates}) {{\n{self.region(self.kept, 'i1')}      }}\n"
        if self.schedule:
            text += f"      {{schedule = {self.schedule}}}\n"
        text += f"      -> {results}\n  return {'%o#0, %o#1' if has_statistics else '%o'} : {results}\n}}\n"
        # the compute type of f64 storage is f64, and so are its captures
        return "".join(f"// {line}\n" for line in comment.splitlines()) + text.replace("f32", self.compute)

    def make_captures(self, random):
        made = {}
        for capture in self.used_captures():
            shape = tuple(self.sizes[n] if isinstance(n, str) else n for n in capture.shape)
            if capture.type == "f32":
                value = random.uniform(-1, 1, shape).astype(np.float64 if self.dtype == "f64" else np.float32)
                made[capture.name] = value if shape else float(np.float32(random.uniform(0.25, 1.5)))
            elif capture.type == "i32" and shape:
                made[capture.name] = np.sort(random.integers(0, 3, shape), axis=-1).astype(np.int32)
            else:
                made[capture.name] = int(random.integers(1, 80))
        return made

    def learned(self):
        return [c.name for c in self.used_captures() if c.type == "f32"]


@dataclasses.dataclass(frozen=True)
class Language:
    """What is drawn beside regions; a value that stands twice is drawn twice as often."""
    layouts: tuple = ("bhsd", "bhsd", "bshd", "thd")
    normalizers: tuple = ("none", "none", "sum", "softmax")
    types: tuple = ("f32", "f32", "bf16", "f16")
    schedules: tuple = ("",)


LENGTHS = (1, 2, 17, 31, 32, 33, 63, 64, 65, 100)
# With a mask, of several blocks: some hold no pair, some hold all.
MASKED_LENGTHS = (*LENGTHS, 150, 260)
HEAD_DIMS = (8, 16, 24, 40, 64)
CPU = Language(types=("f32", "f32", "bf16", "f16", "f64"),
               schedules=("", "", "#gdpa_cpu.schedule<block_q = 64, block_kv = 32>",
                          "#gdpa_cpu.schedule<backward_block_q = 32, backward_block_kv = 64, ranges = 5>"))
GPU = Language(types=("bf16", "f16"),
               schedules=("", "", "", "#gdpa_nv.schedule<block_q = 64, block_kv = 32, stages = 3>",
                          "#gdpa_nv.schedule<dkv_block_q = 32, dq_block_q = 64, register_lhs = 8>"))


class Drawer:
    """Draws one case."""

    def __init__(self, rng, language=CPU):
        self.rng = rng
        self.language = language
        self.nodes = []
        self.captures = []
        self.values = []  # f32 nodes that operands are picked from
        self.sizes = {"B": 2, "Hq": 4, "Hkv": 2, "Sq": 40, "Sk": 40}

    def add(self, op, *operands, detail=None):
        node = Node(op, tuple(operands), detail)
        if node in self.nodes:
            return self.nodes.index(node)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def choose(self, items):
        return items[int(self.rng.integers(len(items)))]

    def constant(self, low=-1.5, high=1.5):
        return self.add("constant", detail=round(float(self.rng.uniform(low, high)), 3))

    def number(self, value):
        return self.add("constant", detail=value)

    def pick(self):
        """s, the latest value or any."""
        draw = self.rng.random()
        return self.values[0] if draw < 0.25 else self.values[-1] if draw < 0.65 else self.choose(self.values)

    def coordinate(self, name):
        return self.add("coordinate", detail=name)

    def capture(self, shape, type="f32"):
        name = f"x{len(self.captures)}"
        self.captures.append(Capture(name, shape, type))
        return name

    def small_float(self, index):
        """A coordinate as a float of magnitude about one; the factor is a power of two, so it is exact."""
        return self.add("arith.mulf", self.add("float", index), self.number(1 / 64))

    def distance(self):
        return self.add("arith.subi", self.coordinate("i"), self.coordinate("j"))

    def captured(self):
        """A read of a new capture: a scalar, rank 1 or rank 2."""
        h, i, j, b = (self.coordinate(c) for c in "hijb")
        centred = self.add("arith.addi", self.distance(), self.add("index", detail=8))
        # indices and extents: some leave their extent and are clamped
        kind = self.choose(["scalar", "scalar", ((h,), ("Hq",)), ((j,), ("Sk",)), ((i,), ("Sq",)), ((h, j), ("Hq", "Sk")),
                            ((h, i), ("Hq", "Sq")), ((b, h), ("B", "Hq")), ((i, j), ("Sq", "Sk")), ((h, centred), ("Hq", 17)),
                            ((b, j), ("B", "Sk"))])
        if kind == "scalar":
            return self.add("capture", detail=self.capture(()))
        indices, shape = kind
        return self.add("extract.f32", *indices, detail=self.capture(shape))

    def positive(self, x):
        """Something at least 1/8 made of x."""
        if self.rng.random() < 0.5:
            return self.add("arith.addf", self.add("arith.mulf", x, x), self.number(0.25))
        return self.add("arith.addf", self.add("math.absf", x), self.number(0.125))

    def step(self):
        """One more f32 node."""
        x, y = self.pick(), self.pick()
        kind = self.choose(["unary", "unary", "unary", "binary", "binary", "divf", "powf", "ternary", "extreme", "grow", "root", "select",
                            "if", "where", "capture", "position", "rounded", "copysign"])
        if kind == "unary":
            op = self.choose(["math.tanh", "math.erf", "math.sin", "math.cos", "arith.negf", "math.absf", "math.exp", "math.expm1", "math.exp2"])
            return self.add(op, x)
        if kind == "binary":
            return self.add(self.choose(["arith.addf", "arith.subf", "arith.mulf"]), x, self.choose([y, self.constant()]))
        if kind == "divf":
            return self.add("arith.divf", x, self.positive(y))
        if kind == "powf":
            return self.add("math.powf", self.positive(x), self.choose([self.constant(-1.5, 2.5), self.add("math.tanh", y)]))
        if kind == "ternary":
            if self.rng.random() < 0.5:
                return self.add("math.fma", x, y, self.pick())
            return self.add("math.clampf", x, self.constant(-2, -0.2), self.constant(0.2, 2))
        if kind == "extreme":
            op = self.choose(["arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf"])
            return self.add(op, x, self.choose([y, self.constant(), self.number(0.0)]))
        if kind == "grow":  # exp and friends of something bounded above
            bounded = self.add(self.choose(["arith.minimumf", "arith.minnumf"]), x, self.number(3.0))
            return self.add(self.choose(["math.exp", "math.expm1", "math.exp2"]), bounded)
        if kind == "root":
            op = self.choose(["math.sqrt", "math.rsqrt", "math.log", "math.log1p"])
            return self.add(op, self.positive(x))
        if kind in ("select", "if"):  # a * d or b * d by the sign of d = x - y: continuous
            other = self.choose([y, self.constant()])
            d = self.add("arith.subf", x, other)
            a, b = self.choose([self.constant(), self.pick()]), self.choose([self.constant(), self.pick()])
            condition = self.add("arith.cmpf", x, other, detail=self.choose(list(COMPARE_FLOAT)))
            if kind == "if":
                return self.add("scf.if", condition, d, a, b)
            return self.add("arith.select", condition, self.add("arith.mulf", d, a), self.add("arith.mulf", d, b))
        if kind == "where":  # by the coordinates, which may jump
            return self.add("arith.select", self.condition(), x, y)
        if kind == "capture":
            return self.captured() if len(self.captures) < 3 else self.add("arith.addf", x, y)
        if kind == "position":
            return self.small_float(self.choose([self.coordinate("i"), self.coordinate("j"), self.coordinate("nk"), self.coordinate("h"), self.distance()]))
        if kind == "rounded":  # multiples of 1/8, exact, halves among them
            eighth = self.add("arith.mulf", self.add("float", self.choose([self.coordinate("i"), self.distance()])), self.number(0.125))
            return self.add("arith.mulf", self.add(self.choose(["math.floor", "math.ceil", "math.round"]), eighth), self.number(0.25))
        return self.add("math.copysign", self.add("arith.mulf", x, x), x)

    def condition(self, combined=True):
        """An i1 of the coordinates."""
        i, j = self.coordinate("i"), self.coordinate("j")
        kind = self.choose(["causal", "corner", "window", "near", "dilated", "diagonal", "stripes", "documents", "prefix",
                            *(("and", "or", "xor", "not") if combined else ())])
        if kind == "causal":
            return self.add("arith.cmpi", i, j, detail=self.choose(["sge", "sgt", "sle", "ne"]))
        if kind == "corner":
            shifted = self.add("arith.addi", i, self.add("arith.subi", self.coordinate("nk"), self.coordinate("nq")))
            return self.add("arith.cmpi", j, shifted, detail="sle")
        if kind == "window":
            return self.add("arith.cmpi", self.distance(), self.add("index", detail=int(self.rng.integers(-4, 40))), detail=self.choose(["slt", "sge"]))
        if kind == "near":
            return self.add("arith.cmpi", self.add("math.absi", self.distance()), self.add("index", detail=int(self.rng.integers(0, 60))), detail="sle")
        if kind == "dilated":
            rest = self.add("arith.remsi", self.distance(), self.add("index", detail=self.choose([2, 3, 90])))
            return self.add("arith.cmpi", rest, self.add("index", detail=0), detail=self.choose(["eq", "sle"]))
        if kind == "diagonal":
            size = self.add("index", detail=self.choose([7, 32, 50]))
            return self.add("arith.cmpi", self.add("arith.floordivsi", i, size), self.add("arith.floordivsi", j, size), detail=self.choose(["eq", "sge"]))
        if kind == "stripes":
            total = self.add("arith.addi", self.choose([i, j, self.coordinate("h")]), j)
            rest = self.add("arith.remsi", total, self.add("index", detail=int(self.rng.integers(2, 5))))
            return self.add("arith.cmpi", rest, self.add("index", detail=0), detail="ne")
        if kind == "documents" and len(self.captures) < 3:
            name = self.capture(("B", "Sq"), "i32")
            b = self.coordinate("b")
            return self.add("arith.cmpi", self.add("extract.i32", b, i, detail=name), self.add("extract.i32", b, j, detail=name), detail="eq")
        if kind == "prefix" and len(self.captures) < 3:
            return self.add("arith.cmpi", j, self.add("capture", detail=self.capture((), "index")), detail="slt")
        if kind == "not":
            return self.add("arith.xori", self.condition(combined=False), self.add("true"))
        if kind in ("and", "or", "xor"):
            op = {"and": "arith.andi", "or": "arith.ori", "xor": "arith.xori"}[kind]
            return self.add(op, self.condition(combined=False), self.condition(combined=False))
        return self.add("arith.cmpi", i, j, detail="sge")

    def draw(self):
        s = self.add("s")
        self.values = [s]
        for _ in range(int(self.rng.integers(3, 16))):
            before, captured = len(self.nodes), len(self.captures)
            number = self.step()
            if self.moderate(number):
                self.values.append(number)
            else:
                del self.nodes[before:], self.captures[captured:]
        result = self.result()
        kept = self.condition() if self.rng.random() < 0.5 else None
        ratio, key_heads = self.choose([1, 2, 3]), self.choose([1, 2])
        lengths = LENGTHS if kept is None else MASKED_LENGTHS
        sizes = {"B": self.choose([1, 2]), "Hq": ratio * key_heads, "Hkv": key_heads, "Sq": self.choose(lengths), "Sk": self.choose(lengths)}
        layout, normalizer = self.choose(self.language.layouts), self.choose(self.language.normalizers)
        sequences = ()
        if layout == "thd":
            sequences = tuple((self.choose((0, *LENGTHS)), self.choose((0, *LENGTHS))) for _ in range(self.choose([1, 2, 3, 5])))
            sizes |= {"B": len(sequences), "Sq": max(q for q, _ in sequences), "Sk": max(k for _, k in sequences)}
        if normalizer == "sum":  # away from zero: the quotient is well conditioned
            result = self.positive(result)
        elif normalizer == "softmax" and np.abs(self.sample(result)).max() > 8:
            result = self.add("arith.mulf", self.add("math.tanh", result), self.number(4.0))
        return Case(tuple(self.nodes), result, kept, tuple(self.captures), sizes, self.choose(self.language.types),
                    self.choose(HEAD_DIMS), self.choose(HEAD_DIMS), layout, normalizer, sequences, self.choose(self.language.schedules))

    def sample(self, number, offset=0.0):
        """The node's values over sampled scores and positions."""
        case = Case(tuple(self.nodes), number, None, tuple(self.captures), self.sizes, "f32", 8, 8)
        random = np.random.default_rng(5)
        s = random.standard_normal((2, 4, 40, 40)) * 1.2 + offset
        captures = {}
        for c in self.captures:
            shape = tuple(self.sizes[n] if isinstance(n, str) else n for n in c.shape)
            value = random.uniform(-1, 1, shape) if c.type == "f32" else random.integers(0, 3, shape)
            captures[c.name] = value if shape else value[()] if isinstance(value, np.ndarray) else value
        return case.activation(s, *np.ogrid[:2, :4, :40, :40], 40, 40, captures)

    def moderate(self, number):
        value = self.sample(number)
        slope = (self.sample(number, 1e-5) - self.sample(number, -1e-5)) / 2e-5
        return bool(np.isfinite(value).all() and np.abs(value).max() < 50 and np.isfinite(slope).all() and np.abs(slope).max() < 50)

    def result(self):
        """The last value that depends on s without losing it to cancellation, else s."""
        for number in reversed(self.values):
            value = self.sample(number)
            slope = (self.sample(number, 1e-5) - self.sample(number, -1e-5)) / 2e-5
            if np.sqrt((value**2).mean()) > 0.1 and np.sqrt((slope**2).mean()) > 0.1:
                return number
        return self.values[0]


def draw(seed, language=CPU):
    return Drawer(np.random.default_rng(seed), language).draw()


def simpler(case):
    """Cases one step smaller than this one."""
    if case.kept is not None:
        yield dataclasses.replace(case, kept=None)
        for number in case.nodes[case.kept].operands:
            if case.nodes[number].type == "i1":
                yield dataclasses.replace(case, kept=number)
    for operand in case.nodes[case.result].operands:
        if case.nodes[operand].type == "f32":
            yield dataclasses.replace(case, result=operand)
    for number in case.reachable(case.result):
        node = case.nodes[number]
        replacements = [case.nodes[n] for n in node.operands if case.nodes[n].type == node.type]
        if node.op == "extract.f32" or node.op == "capture" and node.detail in case.learned():
            replacements.append(Node("constant", (), 0.5))
        for other in replacements:
            nodes = list(case.nodes)
            nodes[number] = other
            yield dataclasses.replace(case, nodes=tuple(nodes))
    for name, value in (("dtype", "f32"), ("d", 8), ("dv", 8), ("schedule", ""), ("normalizer", "none")):
        if getattr(case, name) != value:
            yield dataclasses.replace(case, **{name: value})
    if case.layout == "bshd":
        yield dataclasses.replace(case, layout="bhsd")
    sizes = case.sizes
    if case.layout == "thd":
        yield dataclasses.replace(case, layout="bhsd", sequences=(), sizes={**sizes, "Sq": max(1, sizes["Sq"]), "Sk": max(1, sizes["Sk"])})
        for number in range(len(case.sequences)):
            left = case.sequences[:number] + case.sequences[number + 1:]
            if left:
                yield dataclasses.replace(case, sequences=left, sizes={**sizes, "B": len(left), "Sq": max(q for q, _ in left),
                                                                       "Sk": max(k for _, k in left)})
    changes = [{"Hq": sizes["Hkv"]}, {"Hq": 1, "Hkv": 1}]
    if case.layout != "thd":
        changes += [{"B": 1}, {"Sq": sizes["Sq"] // 2}, {"Sk": sizes["Sk"] // 2}, {"Sq": 1}, {"Sk": 1}]
    for change in changes:
        smaller = {**sizes, **change}
        if smaller != sizes and min(smaller.values()) > 0:
            yield dataclasses.replace(case, sizes=smaller)


def reduced(case, fails, attempts=120):
    """A smaller case that still fails; `fails(case)` is called at most `attempts` times."""
    progress = True
    while progress and attempts > 0:
        progress = False
        for candidate in simpler(case):
            if attempts == 0:
                break
            attempts -= 1
            if fails(candidate):
                case, progress = candidate, True
                break
    return case
