"""Writes the inputs of --gdpa-raise's tests, as front ends emit them for the modules below.

    python -m venv fe && fe/bin/pip install torch-mlir==20261001 torch==2.13.0 jax==0.10.2
    fe/bin/python generate.py [NAME...]

torch: torch_mlir.fx.export_and_import to linalg on tensors. With dynamic sizes the function gets the attribute
torch.assume_strict_symbolic_shapes before it goes to linalg; without it, every operand is broadcast at run time.
JAX: the exported StableHLO through torch-mlir-opt, to linalg.
"""

import pathlib
import subprocess
import sys

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).parent
B, H, S, D = 2, 4, 24, 16
STRICT = "builtin.module(torch-backend-to-linalg-on-tensors-backend-pipeline)"
STABLEHLO = ["--inline", "--symbol-dce", "--stablehlo-legalize-to-linalg", "--canonicalize", "--cse"]


def scores(q, k):
    return q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5


def causal(nq, nk):
    return torch.ones(nq, nk, dtype=torch.bool).tril()


class Silu(torch.nn.Module):
    def forward(self, q, k, v):
        return F.silu(scores(q, k)) @ v


class SiluBSHD(torch.nn.Module):
    def forward(self, q, k, v):
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return (F.silu(scores(q, k)) @ v).transpose(1, 2)


class GeluEinsum(torch.nn.Module):
    def forward(self, q, k, v):
        s = torch.einsum("bhid,bhjd->bhij", q * 0.25, k)
        return torch.einsum("bhij,bhjd->bhid", F.gelu(s, approximate="tanh"), v)


class SigmoidBiasCausal(torch.nn.Module):
    def forward(self, q, k, v, bias):
        w = torch.sigmoid(scores(q, k) + bias)
        return torch.where(causal(q.shape[2], k.shape[2]), w, 0.0) @ v


class SigmoidBiasMask(torch.nn.Module):
    def forward(self, q, k, v, bias, mask):
        w = torch.sigmoid(scores(q, k) + bias)
        return w.masked_fill(~mask, 0.0) @ v


class Alibi(torch.nn.Module):
    """A slope for each head times the distance; relu^2 of the sum."""

    def forward(self, q, k, v, slopes):
        i, j = torch.arange(q.shape[2])[:, None], torch.arange(k.shape[2])[None]
        s = scores(q, k) + slopes[:, None, None] * (j - i)
        return F.relu(s).square() @ v


class SumNormalized(torch.nn.Module):
    def forward(self, q, k, v):
        w = F.elu(scores(q, k)) + 1.5
        return w / w.sum(-1, keepdim=True) @ v


class SoftmaxCausal(torch.nn.Module):
    """Spelled out, the mask as -inf."""

    def forward(self, q, k, v):
        s = scores(q, k).masked_fill(~causal(q.shape[2], k.shape[2]), float("-inf"))
        return torch.softmax(s, -1) @ v


class SDPA(torch.nn.Module):
    def forward(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


class SDPAMask(torch.nn.Module):
    def forward(self, q, k, v, mask):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class SDPABias(torch.nn.Module):
    """Grouped heads, a float mask, a temperature for each head."""

    def forward(self, q, k, v, bias, temperature):
        q = q * temperature[:, None, None]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, enable_gqa=True)


class SiluExpanded(torch.nn.Module):
    """Grouped heads by expand."""

    def forward(self, q, k, v):
        def repeat(x):
            return x[:, :, None].expand(-1, -1, 2, -1, -1).flatten(1, 2)

        return F.silu(scores(q, repeat(k))) @ repeat(v)


class SiluGroupsInRows(torch.nn.Module):
    """Grouped heads by einsum, which folds a group into the rows."""

    def forward(self, q, k, v):
        q = q.unflatten(1, (2, 2))
        s = torch.einsum("bgrid,bgjd->bgrij", q, k) * 0.25
        return torch.einsum("bgrij,bgjd->bgrid", F.silu(s), v).flatten(1, 2)


class Block(torch.nn.Module):
    """relu^2 attention with grouped heads between projections."""

    def __init__(self, width=32, heads=4, key_heads=2):
        super().__init__()
        self.heads, self.key_heads, self.depth = heads, key_heads, width // heads
        self.q = torch.nn.Linear(width, width)
        self.k = torch.nn.Linear(width, key_heads * self.depth, bias=False)
        self.v = torch.nn.Linear(width, key_heads * self.depth, bias=False)
        self.o = torch.nn.Linear(width, width)

    def forward(self, x):
        q = self.q(x).unflatten(-1, (self.heads, self.depth)).transpose(1, 2)
        k = self.k(x).unflatten(-1, (self.key_heads, self.depth)).transpose(1, 2)
        v = self.v(x).unflatten(-1, (self.key_heads, self.depth)).transpose(1, 2)
        repeats = self.heads // self.key_heads
        k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
        o = F.relu(scores(q, k)).square() @ v
        return self.o(o.transpose(1, 2).flatten(2))


class Layer(torch.nn.Module):
    """A transformer layer with softmax attention; the weights are arguments."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, x, scale1, shift1, qkv, qkv_bias, out, out_bias, scale2, shift2, up, up_bias, down, down_bias):
        width = x.shape[-1]
        y = F.layer_norm(x, (width,), scale1, shift1)
        q, k, v = F.linear(y, qkv, qkv_bias).split(width, -1)
        q, k, v = (t.unflatten(-1, (self.heads, width // self.heads)).transpose(1, 2) for t in (q, k, v))
        o = torch.softmax(scores(q, k), -1) @ v
        x = x + F.linear(o.transpose(1, 2).flatten(2), out, out_bias)
        y = F.layer_norm(x, (width,), scale2, shift2)
        return x + F.linear(F.gelu(F.linear(y, up, up_bias), approximate="tanh"), down, down_bias)


def layer_arguments(batch, rows, width, hidden):
    shapes = [(batch, rows, width), (width,), (width,), (3 * width, width), (3 * width,), (width, width), (width,),
              (width,), (width,), (hidden, width), (hidden,), (width, hidden), (width,)]
    return [torch.zeros(shape) for shape in shapes]


def qkv(kv_heads=H, dtype=torch.float32, bshd=False):
    shapes = [(B, S, h, D) if bshd else (B, h, S, D) for h in (H, kv_heads, kv_heads)]
    return [torch.zeros(shape, dtype=dtype) for shape in shapes]


# name: module, arguments, the dynamic dimensions of each argument (None: no dynamic variant)
ROWS = [{2: "S"}] * 3
TORCH = {
    "silu": (Silu(), qkv(), ROWS),
    "silu-bshd": (SiluBSHD(), qkv(bshd=True), [{1: "S"}] * 3),
    "silu-bf16": (Silu(), qkv(dtype=torch.bfloat16), ROWS),
    "silu-expanded": (SiluExpanded(), qkv(2), ROWS),
    "silu-groups-in-rows": (SiluGroupsInRows(), qkv(2), None),
    "gelu-einsum": (GeluEinsum(), qkv(), ROWS),
    "sigmoid-bias-causal": (SigmoidBiasCausal(), qkv() + [torch.zeros(1, H, S, S)], ROWS + [{2: "S", 3: "S"}]),
    "sigmoid-bias-mask": (SigmoidBiasMask(), qkv() + [torch.zeros(1, H, S, S), torch.ones(S, S, dtype=torch.bool)],
                          ROWS + [{2: "S", 3: "S"}, {0: "S", 1: "S"}]),
    "alibi": (Alibi(), qkv() + [torch.zeros(H)], ROWS + [None]),
    "sum-normalized": (SumNormalized(), qkv(), ROWS),
    "softmax-causal": (SoftmaxCausal(), qkv(), ROWS),
    "softmax-causal-bf16": (SoftmaxCausal(), qkv(dtype=torch.bfloat16), None),
    "sdpa-causal": (SDPA(), qkv(), ROWS),
    "sdpa-mask": (SDPAMask(), qkv() + [torch.ones(S, S, dtype=torch.bool)], ROWS + [{0: "S", 1: "S"}]),
    "sdpa-bias-grouped": (SDPABias(), qkv(2) + [torch.zeros(B, 1, S, S), torch.zeros(H)], None),
    "block": (Block(), [torch.zeros(B, S, 32)], [{1: "S"}]),
    "layer": (Layer(4), layer_arguments(B, S, 32, 64), [{1: "S"}] + [None] * 12),
}


def symbols(dims):
    """The dynamic dimensions with their symbols, one object for each name."""
    known = {}
    return [{dim: known.setdefault(name, torch.export.Dim(name, min=2, max=4096)) for dim, name in (one or {}).items()}
            for one in dims]


def from_torch(module, arguments, dims=None):
    from torch_mlir import fx, ir, passmanager

    torch.manual_seed(0)
    module = module.eval()
    if dims is None:
        return str(fx.export_and_import(module, *arguments, output_type="linalg-on-tensors"))
    program = torch.export.export(module, tuple(arguments), dynamic_shapes={"args": tuple(symbols(dims))}
                                  if False else tuple(symbols(dims)))
    result = fx.export_and_import(program, output_type="torch")
    with result.context:
        for operation in result.body.operations:
            operation.attributes["torch.assume_strict_symbolic_shapes"] = ir.UnitAttr.get()
        passmanager.PassManager.parse(STRICT).run(result.operation)
    return str(result)


def from_jax(function, arguments):
    import jax

    text = jax.export.export(jax.jit(function))(*arguments).mlir_module()
    tool = pathlib.Path(sys.executable).parent / "torch-mlir-opt"
    return subprocess.run([tool, *STABLEHLO], input=text, text=True, check=True, capture_output=True).stdout


def jax_programs():
    import jax
    import jax.numpy as jnp

    shape = jax.ShapeDtypeStruct((B, H, S, D), jnp.float32)
    score = lambda q, k: jnp.einsum("bhid,bhjd->bhij", q, k) * 0.25
    apply = lambda w, v: jnp.einsum("bhij,bhjd->bhid", w, v)
    mask = lambda: jnp.tril(jnp.ones((S, S), bool))

    def grouped(q, k, v):
        s = jnp.einsum("bgrid,bgjd->bgrij", q.reshape(B, 2, 2, S, D), k) * 0.25
        return jnp.einsum("bgrij,bgjd->bgrid", jax.nn.silu(s), v).reshape(B, H, S, D)

    def local(q, k, v):
        return jax.nn.dot_product_attention(q, k, v, is_causal=True)

    pair = jax.ShapeDtypeStruct((B, 2, S, D), jnp.float32)
    bshd = jax.ShapeDtypeStruct((B, S, H, D), jnp.float32)
    half = jax.ShapeDtypeStruct((B, H, S, D), jnp.bfloat16)
    bias = jax.ShapeDtypeStruct((1, H, S, S), jnp.float32)
    return {
        "silu": (lambda q, k, v: apply(jax.nn.silu(score(q, k)), v), [shape] * 3),
        "silu-bf16": (lambda q, k, v: apply(jax.nn.silu(score(q, k)), v), [half] * 3),
        "silu-grouped": (grouped, [shape, pair, pair]),
        "gelu": (lambda q, k, v: apply(jax.nn.gelu(score(q, k)), v), [shape] * 3),
        "sigmoid-bias-causal": (lambda q, k, v, b: apply(jnp.where(mask(), jax.nn.sigmoid(score(q, k) + b), 0), v), [shape] * 3 + [bias]),
        "softmax-causal": (lambda q, k, v: apply(jax.nn.softmax(jnp.where(mask(), score(q, k), -jnp.inf), axis=-1), v), [shape] * 3),
        "dot-product-attention": (local, [bshd] * 3),
    }


def write(name, make):
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    try:
        (FOLDER / f"{name}.mlir").write_text(make())
        print(name)
    except Exception as error:  # noqa: BLE001 a front end that fails on one module still writes the others
        print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)


if __name__ == "__main__":
    for name, (module, arguments, dims) in TORCH.items():
        write(f"torch-{name}", lambda: from_torch(module, arguments))
        if dims:
            write(f"torch-{name}-dynamic", lambda: from_torch(module, arguments, dims))
    for name, (function, arguments) in jax_programs().items():
        write(f"jax-{name}", lambda: from_jax(function, arguments))
