"""What the demo and the tests know about each example: its captures and the same mathematics in numpy.

The formulas take float64 arrays that broadcast to [batch, heads, queries, keys]: s is the scaled score, b, h, i, j are
the pair's coordinates. They are written from the head comment of the .mlir file, not from its region, so that the two
can disagree.
"""

import dataclasses
import math
import pathlib
from typing import Callable, Optional

import numpy as np
from scipy.special import erf

FOLDER = pathlib.Path(__file__).resolve().parent

# A capture's maker gets a random generator and the sizes {"B", "Hq", "Hkv", "Sq", "Sk"}; it returns an array, or a number for a scalar.
Maker = Callable[[np.random.Generator, dict], object]


@dataclasses.dataclass(frozen=True)
class Example:
    name: str
    # activation(s, b, h, i, j, nq, nk, captures) -> z
    activation: Callable
    captures: dict[str, Maker] = dataclasses.field(default_factory=dict)
    # mask(b, h, i, j, nq, nk, captures) -> kept
    mask: Optional[Callable] = None
    # captures that have a gradient: all floating-point ones
    learned: tuple[str, ...] = ()
    # the activation's first derivative jumps somewhere: central differences mean nothing near it
    kinks: bool = False
    # "none", "sum" or "softmax": the latter two have row statistics
    normalizer: str = "none"
    # where the example has a vjp region: vjp(s, ct, b, h, i, j, nq, nk, captures) -> ds, {capture: gradient}; a capture that is not there has
    # gradient zero. ct is zero where masked.
    vjp: Optional[Callable] = None

    @property
    def path(self) -> pathlib.Path:
        return FOLDER / f"{self.name}.mlir"

    @property
    def source(self) -> str:
        return self.path.read_text()


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def gelu_tanh(s, *_):
    return 0.5 * s * (1 + np.tanh(math.sqrt(2 / math.pi) * (s + 0.044715 * s**3)))


def polynomial(s, b, h, i, j, nq, nk, captures):
    c = captures["coefficients"]
    return c[h, 0] + c[h, 1] * s + c[h, 2] * s**2 + c[h, 3] * s**3


def relative_position(s, b, h, i, j, nq, nk, captures):
    x = s + captures["table"][h, np.clip(i - j, -32, 32) + 32]
    return x * sigmoid(x)


def spline(s, b, h, i, j, nq, nk, captures):
    x = np.clip(2 * s + 8, 0, float(np.float32(15.9999)))
    knot = np.floor(x)
    left = knot.astype(int)
    a, c = captures["table"][h, left], captures["table"][h, left + 1]
    return a + (x - knot) * (c - a)


def decay(s, b, h, i, j, nq, nk, captures):
    return s * sigmoid(s) * np.exp(-captures["slopes"][h] * np.abs(i - j))


def causal_mask(b, h, i, j, nq, nk, captures):
    return j - nk <= i - nq


def window_mask(b, h, i, j, nq, nk, captures):
    return (i - j >= 0) & (i - j < captures["window"])


def document_mask(b, h, i, j, nq, nk, captures):
    documents = captures["documents"]
    last = documents.shape[1] - 1  # a run-time index past the end is clamped
    return documents[b, np.minimum(i, last)] == documents[b, np.minimum(j, last)]


def documents(random, sizes):
    positions = max(sizes["Sq"], sizes["Sk"], 1)
    return np.sort(random.integers(0, 4, (sizes["B"], positions)), axis=1).astype(np.int32)


def per_head(low, high, *tail):
    return lambda random, sizes: random.uniform(low, high, (sizes["Hq"], *tail)).astype(np.float32)


ALL = [
    Example("silu", lambda s, *_: s * sigmoid(s)),
    Example("gelu-tanh", gelu_tanh),
    Example("gelu-erf", lambda s, *_: 0.5 * s * (1 + erf(s / math.sqrt(2)))),
    Example("relu-squared", lambda s, *_: np.maximum(s, 0) ** 2),
    Example("sigmoid-bias", lambda s, b, h, i, j, nq, nk, c: sigmoid(s + c["bias"][h] - np.log(nk)),
            captures={"bias": per_head(-1, 1)}, learned=("bias",)),
    Example("soft-cap", lambda s, *_: 20 * np.tanh(s / 20)),
    Example("elu", lambda s, *_: np.where(s > 0, s, np.expm1(np.minimum(s, 0)))),
    Example("cosine", lambda s, *_: np.cos(s)),
    Example("learned-temperature", lambda s, b, h, i, j, nq, nk, c: c["temperature"] * s * sigmoid(c["temperature"] * s),
            captures={"temperature": lambda random, sizes: 1.375}, learned=("temperature",)),
    Example("polynomial", polynomial, captures={"coefficients": per_head(-0.5, 0.5, 4)}, learned=("coefficients",)),
    Example("relative-position", relative_position, captures={"table": per_head(-1, 1, 65)}, learned=("table",)),
    Example("causal", lambda s, *_: np.logaddexp(0, s), mask=causal_mask),
    Example("sliding-window", lambda s, *_: np.maximum(s, 0),
            captures={"window": lambda random, sizes: 48}, mask=window_mask, kinks=True),
    Example("distance-decay", decay,
            captures={"slopes": per_head(0.01, 0.2)}, learned=("slopes",)),
    Example("hstu", lambda s, b, h, i, j, nq, nk, c: s * sigmoid(s) / nk, mask=lambda b, h, i, j, nq, nk, c: i >= j),
    Example("softmax", lambda s, *_: s, normalizer="softmax"),
    Example("softmax-soft-cap", lambda s, *_: 15 * np.tanh(s / 15), mask=causal_mask, normalizer="softmax"),
    Example("relu-normalized", lambda s, *_: np.maximum(s, 0) + 0.1, kinks=True, normalizer="sum"),
    Example("straight-through", lambda s, b, h, i, j, nq, nk, c: np.clip(s + c["bias"][h], 0, c["ceiling"]),
            captures={"bias": per_head(-1, 1), "ceiling": lambda random, sizes: 1.0}, learned=("bias", "ceiling"),
            vjp=lambda s, ct, b, h, i, j, nq, nk, c: (ct, {"bias": ct.sum((0, 2, 3))})),
    Example("document-mask", lambda s, *_: s * sigmoid(1.702 * s), captures={"documents": documents}, mask=document_mask),
    Example("spline", spline, captures={"table": per_head(-1, 1, 17)}, learned=("table",), kinks=True),
]
# Layout thd: the formulas are those of one sequence; q is [rows, heads, D].
JAGGED = [
    Example("jagged-silu", lambda s, b, h, i, j, nq, nk, c: s * sigmoid(s) / nk, mask=lambda b, h, i, j, nq, nk, c: i >= j),
    Example("jagged-decay", decay, captures={"slopes": per_head(0.01, 0.2)}, learned=("slopes",)),
]
BY_NAME = {example.name: example for example in [*ALL, *JAGGED]}
