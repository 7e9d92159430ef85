"""The programs that hopper.py compiles, checks and times, and the sizes they run at. Needs neither torch nor a GPU.

A program is one of the 25 activations of benchmarks/cpu/activations at other head dims, in bf16, perhaps with softmax, a causal mask or
sequences of different lengths (thd).
"""

import dataclasses
import functools
import pathlib
import re

ACTIVATIONS = pathlib.Path(__file__).resolve().parents[1] / "cpu" / "activations"
POSITIONS = "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index"


@dataclasses.dataclass(frozen=True)
class Kernel:
    activation: str
    depth: int
    softmax: bool = False
    causal: bool = False
    jagged: bool = False

    @property
    def label(self):
        """The activation, as the tables call it."""
        if not self.softmax:
            return self.activation
        return "softmax" if self.activation == "identity" else f"softmax of {self.activation}"

    @property
    def name(self):
        """The artefact's file name."""
        kinds = [kind for kind in ("softmax", "causal", "jagged") if getattr(self, kind)]
        return "-".join([self.activation, *kinds, f"d{self.depth}"])

    def source(self):
        """The program's text."""
        text = (ACTIVATIONS / f"{self.activation}.mlir").read_text()
        body = re.search(r"^ +activation\([^\n]*\{\n(.*?)^      \}", text, re.M | re.S)[1]
        arguments = re.findall(r'%(\w+): (\S+) \{gdpa\.name = "(\w+)"\}', text)
        captures = [(value, kind, name) for value, kind, name in arguments if name not in ("q", "k", "v", "scale")]
        rows = f"tensor<{'?x?x?' if not self.jagged else '?x?'}x{self.depth}xbf16>"
        statistics = "tensor<?x?xf32>" if self.jagged else "tensor<?x?x?xf32>"
        results = f"{rows}, {statistics}" if self.softmax else rows
        dims = "%d0, %d1" if self.jagged else "%d0, %d1, %d2"
        bound = "tensor<?xi32>"
        parameters = [*((n, rows, n) for n in "qkv"), *((n, bound, n) for n in ("cu_seqlens_q", "cu_seqlens_k") if self.jagged), *captures,
                      ("scale", "f32", "scale")]
        region = POSITIONS + "".join(f", %{name}: {kind}" for _, kind, name in captures)
        lines = [
            "func.func @attention(" + ", ".join(f'%{value}: {kind} {{gdpa.name = "{name}"}}' for value, kind, name in parameters)
            + f") -> ({results}) {{",
            *(f"  %c{n} = arith.constant {n} : index\n  %d{n} = tensor.dim %q, %c{n} : {rows}" for n in range(2 if self.jagged else 3)),
            f"  %o0 = tensor.empty({dims}) : {rows}",
            f"  %st0 = tensor.empty({'%d1, %d0' if self.jagged else dims}) : {statistics}" if self.softmax else "",
            f"  %r{':2' if self.softmax else ''} = gdpa.attention {'thd' if self.jagged else 'bhsd'} {'softmax' if self.softmax else 'none'}",
            f"      ins(%q, %k, %v : {rows}, {rows}, {rows}) outs(%o0{', %st0' if self.softmax else ''} : {results}) scale(%scale : f32)",
            f"      cu_seqlens(%cu_seqlens_q, %cu_seqlens_k : {bound}, {bound})" if self.jagged else "",
            f"      captures({', '.join('%' + c[0] for c in captures)} : {', '.join(c[1] for c in captures)})" if captures else "",
            f"      activation(%s: f32, {region}) {{\n{body}      }}",
            f"      mask({region}) {{\n        %keep = arith.cmpi sge, %i, %j : index\n        gdpa.yield %keep : i1\n      }}" if self.causal else "",
            f"      -> {results}",
            f"  return {'%r#0, %r#1' if self.softmax else '%r'} : {results}",
            "}"]
        return "\n".join(line for line in lines if line) + "\n"


def kernel(label, depth, **kinds):
    """The kernel of a table's label: softmax is that of the identity."""
    softmax = label.startswith("softmax")
    return Kernel({"softmax": "identity"}.get(label, label.removeprefix("softmax of ")), depth, softmax=softmax, **kinds)


@dataclasses.dataclass(frozen=True)
class Set:
    """Kernels of one size, timed in the same rounds beside the same peers."""
    name: str
    depth: int
    batch: int
    heads: int
    # a number, or one of LENGTHS for sequences of different lengths
    length: object
    # label -> what is aimed at, in units of the 8192^3 product of the same round; None: nothing yet
    aims: dict
    causal: bool = False
    peers: tuple = ("cuDNN", "flash")

    @property
    def jagged(self):
        return isinstance(self.length, str)

    @functools.cached_property
    def kernels(self):
        return [kernel(label, self.depth, causal=self.causal, jagged=self.jagged) for label in self.aims]

    @property
    def title(self):
        return f"D{self.depth}, {'causal, ' if self.causal else ''}B{self.batch} H{self.heads}, {LENGTHS.get(self.length, f'S {self.length}')}"


LENGTHS = {"uniform": "lengths 1 to 1024", "full": "lengths 1024", "short": "queries 1024, keys 256"}
TRITON = tuple(f"Triton {name}" for name in ("silu", "sigmoid", "relu", "gelu-tanh"))
FLEX = ("FlexAttention softmax of soft-cap",)
OFTEN = ("silu", "sigmoid", "relu", "gelu-tanh", "softmax", "softmax of soft-cap")


def aims(*values, labels=OFTEN):
    return dict(zip(labels, values))


# the most telling first: a run that must stop early leaves out the last
SETS = (
    Set("d128-4096", 128, 4, 16, 4096, aims(1.02, 0.98, 1.03, 0.91, 0.87, None),
        peers=("cuDNN", "flash", *TRITON, *FLEX, "compiled silu", "compiled gelu-tanh")),
    Set("d64-4096", 64, 4, 16, 4096, aims(0.82, 0.80, 0.98, 0.66, 0.65, None), peers=("cuDNN", "flash", *TRITON, *FLEX, "compiled silu")),
    Set("causal-d128-4096", 128, 4, 16, 4096, aims(1.00, 0.85, 0.83, labels=("silu", "gelu-tanh", "softmax")), causal=True,
        peers=("cuDNN", "flash", "Triton silu", "Triton gelu-tanh", "FlexAttention softmax")),
    Set("causal-d64-4096", 64, 4, 16, 4096, aims(0.71, 0.58, labels=("silu", "softmax")), causal=True, peers=("cuDNN", "flash", "Triton silu")),
    Set("d128-16384", 128, 1, 16, 16384, aims(1.05, 1.03, 1.06, 0.93, 0.88), peers=("cuDNN", "flash", *TRITON)),
    Set("d64-16384", 64, 1, 16, 16384, aims(0.84, 0.83, 1.02, 0.68, 0.67), peers=("cuDNN", "flash", *TRITON)),
    Set("causal-d128-16384", 128, 1, 16, 16384, aims(1.03, 0.90, 0.87, labels=("silu", "gelu-tanh", "softmax")), causal=True,
        peers=("cuDNN", "flash", "Triton silu")),
    Set("causal-d64-16384", 64, 1, 16, 16384, aims(0.81, 0.68, labels=("silu", "softmax")), causal=True, peers=("cuDNN", "flash", "Triton silu")),
    Set("d256-4096", 256, 4, 8, 4096, aims(0.95, 0.85, labels=("silu", "softmax"))),
    Set("jagged-uniform", 128, 1152, 4, "uniform", aims(0.78, 0.65, labels=("silu", "softmax")), peers=("varlen",)),
    Set("jagged-full", 128, 1152, 4, "full", aims(0.99, 0.82, labels=("silu", "softmax"))),
    Set("jagged-short", 128, 1152, 4, "short", aims(0.84, 0.67, labels=("silu", "softmax"))),
    Set("named", 128, 4, 16, 4096, {name: 0.80 for name in sorted(path.stem for path in ACTIVATIONS.glob("*.mlir")) if name not in OFTEN}),
)
QUICK = (Set("d128-4096", 128, 4, 16, 4096, aims(1.02, labels=("silu",)), peers=("cuDNN",)),
         Set("d64-4096", 64, 4, 16, 4096, aims(0.82, labels=("silu",)), peers=("cuDNN",)))


def all_kernels(sets):
    """Every kernel once, in order."""
    return list({kernel.name: kernel for set_ in sets for kernel in set_.kernels}.values())
