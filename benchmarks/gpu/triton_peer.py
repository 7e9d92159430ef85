"""A Triton forward of attention with an activation in place of softmax: what a user of Triton would write for a Hopper GPU by hand.

Tiles through TMA descriptors, tanh by the hardware's approximation (as the compiled kernels have it), the scale inside. `CONFIGS` are
the block sizes, warps, stages and warp specialisation that a benchmark tries.
"""

import dataclasses

import triton
import triton.language as tl

ACTIVATIONS = ("silu", "sigmoid", "relu", "gelu-tanh")


@dataclasses.dataclass(frozen=True)
class Config:
    rows: int  # queries of a program
    keys: int  # of a step
    warps: int
    stages: int
    specialised: bool = False  # loads in warps of their own

    def __str__(self):
        return f"{self.rows}x{self.keys} w{self.warps} s{self.stages}{' ws' if self.specialised else ''}"


CONFIGS = {
    64: (Config(128, 128, 4, 2, True), Config(128, 128, 4, 3, True), Config(128, 64, 4, 4, True), Config(128, 128, 8, 3), Config(128, 64, 4, 3)),
    128: (Config(128, 128, 4, 2, True), Config(128, 64, 4, 3, True), Config(128, 128, 8, 2), Config(128, 64, 8, 3), Config(64, 64, 4, 3)),
}


@triton.jit
def hardware_tanh(x):
    return tl.inline_asm_elementwise("tanh.approx.f32 $0, $1;", "=f,f", [x], dtype=tl.float32, is_pure=True, pack=1)


@triton.jit
def activate(s, scale, NAME: tl.constexpr):
    if NAME == "silu":
        h = s * (0.5 * scale)
        z = h * hardware_tanh(h) + h
    elif NAME == "sigmoid":
        z = 0.5 * hardware_tanh(s * (0.5 * scale)) + 0.5
    elif NAME == "relu":
        z = tl.maximum(s * scale, 0.0)
    else:  # gelu-tanh
        x = s * scale
        h = 0.5 * x
        z = h * hardware_tanh(x * (0.7978845608 + 0.0356774081 * x * x)) + h
    return z


@triton.jit
def forward(q, k, v, o, scale, length, D: tl.constexpr, ROWS: tl.constexpr, KEYS: tl.constexpr, NAME: tl.constexpr, CAUSAL: tl.constexpr,
            SPECIALISED: tl.constexpr):
    # the longest tiles first where a mask makes them unequal
    tile = tl.num_programs(0) - 1 - tl.program_id(0)
    first = tl.program_id(1) * length
    queries = q.load([first + tile * ROWS, 0])
    sums = tl.zeros((ROWS, D), tl.float32)
    i = tile * ROWS + tl.arange(0, ROWS)[:, None]
    last = (tile + 1) * ROWS if CAUSAL else length
    # warp specialisation takes one loop, so there every step has the mask; otherwise those on the diagonal alone
    split: tl.constexpr = CAUSAL and not SPECIALISED
    for j in tl.range(0, tile * ROWS // KEYS * KEYS if split else last, KEYS, warp_specialize=SPECIALISED):
        s = tl.dot(queries, k.load([first + j, 0]).T)
        z = activate(s, scale, NAME)
        if CAUSAL and SPECIALISED:
            z = tl.where(i >= j + tl.arange(0, KEYS)[None, :], z, 0.0)
        sums = tl.dot(z.to(tl.bfloat16), v.load([first + j, 0]), sums)
    if split:
        for j in tl.range(tile * ROWS // KEYS * KEYS, last, KEYS):
            s = tl.dot(queries, k.load([first + j, 0]).T)
            z = activate(s, scale, NAME)
            z = tl.where(i >= j + tl.arange(0, KEYS)[None, :], z, 0.0)
            sums = tl.dot(z.to(tl.bfloat16), v.load([first + j, 0]), sums)
    # 64-bit: o may be large; a descriptor's block would not follow where the compiler gives each half of the rows to other warps
    rows = (first + tile * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    tl.store(o + rows[:, None] * D + tl.arange(0, D)[None, :], sums.to(tl.bfloat16))


def launcher(activation, causal, config, q, k, v, o, scale):
    """A function that computes o; lengths are multiples of the block sizes."""
    from triton.tools.tensor_descriptor import TensorDescriptor

    batch, heads, length, depth = q.shape
    assert length % config.rows == 0 and length % config.keys == 0 and config.rows % config.keys == 0 or not causal
    query, key, value = (TensorDescriptor.from_tensor(t.view(-1, depth), [rows, depth])
                         for t, rows in ((q, config.rows), (k, config.keys), (v, config.keys)))
    grid = (length // config.rows, batch * heads)

    def run():
        return forward[grid](query, key, value, o, scale, length, depth, config.rows, config.keys, activation, causal, config.specialised,
                             num_warps=config.warps, num_stages=config.stages)

    return run
