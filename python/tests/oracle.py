"""Attention in numpy's float64, written from the definition and independent of the compiler and its reference target.

Gradients take the activation's derivative by central differences; captures' gradients perturb one element at a time,
so they are for small captures and small sizes.
"""

import numpy as np


def round_to(array, dtype):
    """The float32 or float64 array, rounded to nearest even to storage type f32, bf16 or f16, as float64."""
    narrow = np.asarray(array, dtype=np.float32)
    if dtype == "f16":
        with np.errstate(over="ignore"):
            narrow = narrow.astype(np.float16)
    elif dtype == "bf16":
        bits = narrow.view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
        narrow = np.where(np.isnan(narrow), narrow, rounded.view(np.float32))
    return narrow.astype(np.float64)


def error(got, want, absolute=None):
    """Relative Frobenius error; with `absolute`, the sums of absolute terms, relative to those instead."""
    difference = np.linalg.norm((np.asarray(got, np.float64) - want).ravel())
    size = np.linalg.norm(np.asarray(want if absolute is None else absolute, np.float64).ravel())
    if np.isnan(difference):
        return float("inf")
    return difference if size == 0 else difference / size


class Attention:
    """One case: q [B,Hq,Sq,D], k [B,Hkv,Sk,D], v [B,Hkv,Sk,Dv] in float64, the activation, the mask and their captures.

    `first_batch` is the batch coordinate of the first entry: a sequence of a jagged batch is a case of its own.
    """

    def __init__(self, q, k, v, scale, activation, mask=None, captures=None, normalizer="none", first_batch=0):
        self.q, self.scale, self.normalizer = q, scale, normalizer
        self.batch, self.heads, self.nq = q.shape[:3]
        self.key_heads, self.nk = k.shape[1:3]
        self.group = self.heads // self.key_heads
        self.k, self.v = (np.repeat(x, self.group, axis=1) for x in (k, v))
        self.captures = {name: np.asarray(value) if np.ndim(value) else value for name, value in (captures or {}).items()}
        b, h, i, j = np.ogrid[: self.batch, : self.heads, : self.nq, : self.nk]
        self.coordinates = (b + first_batch, h, i, j)
        self.activation = activation
        self.shape = (self.batch, self.heads, self.nq, self.nk)
        kept = True if mask is None else mask(*self.coordinates, self.nq, self.nk, self.captures)
        self.kept = np.broadcast_to(kept, self.shape)
        self.scores = scale * (q @ self.k.swapaxes(2, 3))

    def values(self, scores=None, captures=None):
        """z, the activation's values, zero where masked."""
        z = self.activation(self.scores if scores is None else scores, *self.coordinates, self.nq, self.nk,
                            self.captures if captures is None else captures)
        return np.where(self.kept, z, 0.0)

    def normalized(self, z):
        """The weights and the statistics (None where there are none) of values z."""
        if self.normalizer == "none":
            return z, None
        with np.errstate(all="ignore"):
            if self.normalizer == "sum":
                total = z.sum(axis=3)
                return np.where(total[..., None] == 0, 0.0, z / total[..., None]), total
            logits = np.where(self.kept, z, -np.inf)
            top = logits.max(axis=3, initial=-np.inf)
            lse = top + np.log(np.exp(logits - np.where(np.isinf(top), 0, top)[..., None]).sum(axis=3))
            return np.where(np.isinf(lse)[..., None], 0.0, np.exp(logits - lse[..., None])), lse

    def weights(self, scores=None):
        return self.normalized(self.values(scores))[0]

    def statistics(self):
        return self.normalized(self.values())[1]

    def forward(self):
        return self.weights() @ self.v

    def eager(self, dtype):
        """The forward result when s, z and o are rounded to the storage type, as an unfused computation stores them."""
        scores = round_to(self.scores, dtype)
        return round_to(round_to(self.weights(scores), dtype) @ self.v, dtype)

    def fold(self, gradient):
        """Sums a per-query-head gradient over the query heads of each key head."""
        shape = gradient.shape
        return gradient.reshape(shape[0], self.key_heads, self.group, *shape[2:]).sum(axis=2)

    def backward(self, d_output, d_statistics=0.0, step=1e-5, vjp=None):
        """Gradients of q, k, v and the cotangent of z; with `vjp`, a formula in place of differences, those of captures too."""
        weights, statistics = self.normalized(self.values())
        cotangent = np.einsum("bhie,bhje->bhij", d_output, self.v)
        if statistics is not None:
            delta = np.einsum("bhie,bhie->bhi", d_output, weights @ self.v)
            row = np.broadcast_to(d_statistics, statistics.shape)[..., None]
            with np.errstate(all="ignore"):
                if self.normalizer == "sum":
                    total = statistics[..., None]
                    cotangent = np.where(total == 0, 0.0, (cotangent - delta[..., None]) / total + row)
                else:
                    cotangent = weights * (cotangent - delta[..., None] + row)
        cotangent = np.where(self.kept, cotangent, 0.0)
        captures = {}
        if vjp is None:
            ds = (self.values(self.scores + step) - self.values(self.scores - step)) / (2 * step) * cotangent
        else:
            ds, captures = vjp(self.scores, cotangent, *self.coordinates, self.nq, self.nk, self.captures)
        ds = np.where(self.kept, ds, 0.0)
        gradients = {
            **{f"d_{name}": value for name, value in captures.items()},
            "dq": self.scale * np.einsum("bhij,bhjd->bhid", ds, self.k),
            "dk": self.fold(self.scale * np.einsum("bhij,bhid->bhjd", ds, self.q)),
            "dv": self.fold(np.einsum("bhij,bhie->bhje", weights, d_output)),
        }
        return gradients, cotangent

    def magnitudes(self, d_output, step=1e-5):
        """The sums of the absolute terms of dq and dk. A normalizer's cotangent is a difference that cancels where few keys have weight:
        with one key it is zero, and what rounding leaves of it can only be compared with its terms."""
        weights, statistics = self.normalized(self.values())
        cotangent = np.einsum("bhie,bhje->bhij", np.abs(d_output), np.abs(self.v))
        cotangent += np.einsum("bhie,bhie->bhi", np.abs(d_output), np.abs(weights @ self.v))[..., None]
        with np.errstate(all="ignore"):
            factor = weights if self.normalizer == "softmax" else np.nan_to_num(1 / statistics[..., None], posinf=0, neginf=0)
        slope = (self.values(self.scores + step) - self.values(self.scores - step)) / (2 * step)
        ds = np.where(self.kept, np.abs(slope * cotangent * factor), 0.0)
        return {"dq": self.scale * np.einsum("bhij,bhjd->bhid", ds, np.abs(self.k)),
                "dk": self.fold(self.scale * np.einsum("bhij,bhid->bhjd", ds, np.abs(self.q)))}

    def capture_gradient(self, name, cotangent, step=1e-5):
        """The gradient of one capture and the sum of the absolute terms of each of its elements."""
        value = np.array(self.captures[name], dtype=np.float64)
        gradient, absolute = np.zeros(value.shape), np.zeros(value.shape)
        for index in np.ndindex(value.shape):
            sides = []
            for sign in (step, -step):
                moved = value.copy()
                moved[index] += sign
                sides.append(self.values(captures={**self.captures, name: moved if moved.shape else float(moved)}))
            terms = cotangent * (sides[0] - sides[1]) / (2 * step)
            gradient[index], absolute[index] = terms.sum(), np.abs(terms).sum()
        return gradient, absolute
