"""The examples' activations in torch, with their captures, for float64 references on the GPU."""

import dataclasses
import math
from typing import Callable

import torch
import torch.nn.functional as F


@dataclasses.dataclass(frozen=True)
class Variant:
    activation: Callable  # (s, i, j, nq, nk, captures) -> z; s is [batch, heads, queries, keys]
    make: Callable = lambda generator, heads, queries, keys: {}
    learned: tuple = ()
    mask: Callable = None  # (i, j, nq, nk) -> kept
    normalizer: str = "none"

    def captures(self, generator, heads, queries, keys):
        return self.make(generator, heads, queries, keys)

    def weights(self, s, captures):
        """The weights and the row statistics (None for normalizer none; lse is 0 in place of -inf)."""
        nq, nk = s.shape[-2:]
        i = torch.arange(nq, device=s.device)[:, None]
        j = torch.arange(nk, device=s.device)[None]
        z = self.activation(s, i, j, nq, nk, captures)
        kept = self.mask(i, j, nq, nk) if self.mask else torch.ones(nq, nk, dtype=torch.bool, device=s.device)
        if self.normalizer == "softmax":
            alive = kept.any(1, keepdim=True)
            z = torch.where(kept, z, -1e9)
            lse = torch.where(alive[:, 0], torch.logsumexp(z, -1), 0.0)
            return torch.where(kept & alive, torch.exp(z - lse[..., None]), 0.0), lse
        z = torch.where(kept, z, 0.0)
        if self.normalizer == "sum":
            r = z.sum(-1)
            return z / r[..., None], r
        return z, None


def _uniform(low, high, *tail):
    def make(generator, heads):
        return torch.rand(heads, *tail, device="cuda", generator=generator) * (high - low) + low
    return make


def _one(name, maker):
    return lambda generator, heads, queries, keys: {name: maker(generator, heads)}


def _polynomial(s, i, j, nq, nk, c):
    k = c["coefficients"][:, :, None, None]
    return k[:, 0] + k[:, 1] * s + k[:, 2] * s**2 + k[:, 3] * s**3


def _temperature(s, i, j, nq, nk, c):
    return F.silu(c["temperature"] * s)


def _straight_through(s, i, j, nq, nk, c):
    u = s + c["bias"][:, None, None]
    return u + (u.clamp(min=0).minimum(c["ceiling"]) - u).detach()


_CAUSAL = lambda i, j, nq, nk: j - nk <= i - nq

VARIANTS = {
    "silu": Variant(lambda s, *_: F.silu(s)),
    "gelu-tanh": Variant(lambda s, *_: F.gelu(s, approximate="tanh")),
    "gelu-erf": Variant(lambda s, *_: F.gelu(s)),
    "relu-squared": Variant(lambda s, *_: F.relu(s) ** 2),
    "sigmoid-bias": Variant(lambda s, i, j, nq, nk, c: torch.sigmoid(s + c["bias"][:, None, None] - math.log(nk)),
                            _one("bias", _uniform(-1, 1)), ("bias",)),
    "soft-cap": Variant(lambda s, *_: 20 * torch.tanh(s / 20)),
    "elu": Variant(lambda s, *_: F.elu(s)),
    "cosine": Variant(lambda s, *_: torch.cos(s)),
    "learned-temperature": Variant(_temperature, lambda *_: {"temperature": torch.tensor(1.375, device="cuda")},
                                   ("temperature",)),
    "polynomial": Variant(_polynomial, _one("coefficients", _uniform(-0.5, 0.5, 4)), ("coefficients",)),
    "relative-position": Variant(lambda s, i, j, nq, nk, c: F.silu(s + c["table"][:, (i - j).clamp(-32, 32) + 32]),
                                 _one("table", _uniform(-1, 1, 65)), ("table",)),
    "causal": Variant(lambda s, *_: F.softplus(s), mask=_CAUSAL),
    "hstu": Variant(lambda s, i, j, nq, nk, c: F.silu(s) / nk, mask=lambda i, j, nq, nk: i >= j),
    "softmax": Variant(lambda s, *_: s, normalizer="softmax"),
    "softmax-soft-cap": Variant(lambda s, *_: 15 * torch.tanh(s / 15), mask=_CAUSAL, normalizer="softmax"),
    "relu-normalized": Variant(lambda s, *_: F.relu(s) + 0.1, normalizer="sum"),
    "straight-through": Variant(_straight_through, lambda generator, heads, queries, keys: {
        "bias": _uniform(-1, 1)(generator, heads), "ceiling": torch.tensor(1.0, device="cuda")}, ("bias", "ceiling")),
    "distance-decay": Variant(lambda s, i, j, nq, nk, c: F.silu(s) * torch.exp(-c["slopes"][:, None, None] * (i - j).abs()),
                              _one("slopes", _uniform(0.01, 0.2)), ("slopes",)),
}


def find(name):
    """`name` is EXAMPLE_dD, perhaps with more after it."""
    return VARIANTS[name.split("_")[0]]
