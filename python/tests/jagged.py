"""Jagged batches for tests: bounds from lengths, inputs, and the oracle sequence by sequence."""

import numpy as np

import oracle

# (query lengths, key lengths): empty sequences first, last and in the middle, one alone, lengths around a block's
BATCHES = (
    ((3, 100, 31), (40, 7, 129)),
    ((0, 17, 0, 0, 65, 0), (0, 5, 70, 0, 64, 0)),
    ((255, 256, 257, 1), (127, 128, 129, 1)),
    ((1,), (300,)),
    ((0, 0), (0, 0)),
    ((5,) * 40, (3,) * 40),
)


def bounds(lengths, dtype=np.int32):
    return np.cumsum([0, *lengths]).astype(dtype)


def make_inputs(rng, dtype, lengths, heads, key_heads, d, dv):
    """q, k, v, do (values of the storage type) and the bounds of the sequences."""
    queries, keys = (sum(side) for side in lengths)
    kind = np.float64 if dtype == "f64" else np.float32
    shapes = {"q": (queries, heads, d), "k": (keys, key_heads, d), "v": (keys, key_heads, dv), "do": (queries, heads, dv)}
    made = {}
    for name, shape in shapes.items():
        value = rng.standard_normal(shape)
        made[name] = (value if dtype == "f64" else oracle.round_to(value, dtype)).astype(kind)
    return {**made, "cu_seqlens_q": bounds(lengths[0]), "cu_seqlens_k": bounds(lengths[1])}


def sequences(lengths):
    """(b, rows of the queries, rows of the keys) of each sequence."""
    firsts = [bounds(side, np.int64) for side in lengths]
    for b in range(len(lengths[0])):
        yield (b, *(slice(first[b], first[b + 1]) for first in firsts))


def expected(example, inputs, lengths, scale, captures):
    """o, dq, dk, dv and d_NAME with the sums of absolute terms (None for the former), in float64."""
    wide = {name: inputs[name].astype(np.float64) for name in ("q", "k", "v", "do")}
    want = {"o": np.zeros(wide["do"].shape), **{f"d{name}": np.zeros(wide[name].shape) for name in "qkv"}}
    sums = {name: [0.0, 0.0] for name in example.learned}
    for b, rows, columns in sequences(lengths):
        dense = [wide[name][where].transpose(1, 0, 2)[None] for name, where in (("q", rows), ("k", columns), ("v", columns), ("do", rows))]
        case = oracle.Attention(*dense[:3], scale, example.activation, example.mask, captures, example.normalizer, first_batch=b)
        gradients, cotangent = case.backward(dense[3], step=1e-8 if example.kinks else 1e-5)
        for name, value, where in (("o", case.forward(), rows), *((n, gradients[n], rows if n == "dq" else columns) for n in ("dq", "dk", "dv"))):
            want[name][where] = value[0].transpose(1, 0, 2)
        for name in example.learned:
            for n, part in enumerate(case.capture_gradient(name, cotangent)):
                sums[name][n] = sums[name][n] + part
    return {**{name: (value, None) for name, value in want.items()}, **{f"d_{name}": tuple(both) for name, both in sums.items()}}
