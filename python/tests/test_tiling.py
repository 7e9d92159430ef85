"""Tiled and fused attention against the definition: upstream's transform ops cut the operation, --gdpa-to-linalg lowers the tiles.

Activations depend on every coordinate and on captures that no tile cuts, and are NaN where the mask drops a pair, so that a tile
that does not know where it lies, or a product with 0 in place of a select, changes numbers.
"""

import dataclasses

import numpy as np
import pytest

import oracle
import support
from test_reference import Program
from upstream import build, call, script

# NaN above the diagonal, which the mask drops; 1 + ... keeps sums away from 0.
ACTIVATION = """
  %d = arith.subi %i, %j : index
  %di = arith.index_cast %d : index to i64
  %df = arith.sitofp %di : i64 to f64
  %root = math.sqrt %df : f64
  %l = arith.subi %nk, %nq : index
  %li = arith.index_cast %l : index to i64
  %lf = arith.sitofp %li : i64 to f64
  %r = tensor.extract %bias[%h, %j] : tensor<?x?xf64>
  %w = tensor.extract %table[%b, %i] : tensor<?x?xf64>
  %x0 = arith.mulf %s, %t : f64
  %x1 = math.tanh %x0 : f64
  %x2 = arith.addf %x1, %r : f64
  %x3 = arith.mulf %x2, %w : f64
  %x4 = arith.addf %x3, %root : f64
  %x5 = arith.mulf %lf, %t : f64
  %z = arith.addf %x4, %x5 : f64
"""
MASK = """
  %below = arith.cmpi sge, %i, %j : index
  %three = arith.constant 3 : index
  %other = arith.cmpi ne, %i, %three : index
  %keep = arith.andi %below, %other : i1
"""
BATCH, HEADS, KEY_HEADS, QUERIES, KEYS = 2, 6, 2, 7, 9
BIAS = np.linspace(0.2, 1.4, HEADS * KEYS).reshape(HEADS, KEYS)
TABLE = np.linspace(0.5, 1.5, BATCH * QUERIES).reshape(BATCH, QUERIES)


def value(s, b, h, i, j, nq, nk, c):
    with np.errstate(invalid="ignore"):
        return (np.tanh(s * c["t"]) + c["bias"][h, j]) * c["table"][b, i] + np.sqrt(i - j) + (nk - nq) * c["t"]


PROGRAM = Program(activation=ACTIVATION, z=value, storage="f64", mask=MASK, keep=lambda b, h, i, j, nq, nk: (i >= j) & (i != 3),
                  captures=(("bias", "tensor<?x?xf64>", BIAS), ("table", "tensor<?x?xf64>", TABLE), ("t", "f64", 0.7)),
                  heads=(str(HEADS), str(KEY_HEADS)))


def make_arrays(program, rng):
    shape = (lambda h, n, d: (BATCH, h, n, d)) if program.layout == "bhsd" else (lambda h, n, d: (BATCH, n, h, d))
    q, k, v = (rng.standard_normal(shape(*s)) for s in ((HEADS, QUERIES, 4), (KEY_HEADS, KEYS, 4), (KEY_HEADS, KEYS, 3)))
    return q, k, v, {name: np.asarray(x, np.float64) for name, _, x in program.captures}


def check_forward(program, transforms, folder):
    q, k, v, captures = make_arrays(program, np.random.default_rng(21))
    want, want_statistics = program.forward(q, k, v, 0.5, captures)
    results = [np.full(want.shape, np.nan)] + ([np.full(want_statistics.shape, np.nan)] if program.normalizer != "none" else [])
    call(build(program.source(), folder, transforms),
         [q, k, v, np.array(0.5), *captures.values(), *(result.copy() for result in results), *results])
    np.testing.assert_allclose(results[0], want, rtol=1e-12, atol=1e-12)
    if want_statistics is not None:
        np.testing.assert_allclose(results[1], want_statistics, rtol=1e-12, atol=1e-12)


def with_types(operation, results, operands="%attention"):
    any_op = "!transform.any_op"
    names = ", ".join(f"%{name}" for name in results)
    return f"    {names} = {operation} : ({any_op}) -> ({', '.join([any_op] * sum(int(n.partition(':')[2] or 1) for n in results))})\n"


def forall(sizes, on="%attention"):
    return with_types(f"transform.structured.tile_using_forall {on} tile_sizes {sizes}", ("tiled", "loop"))


def loops(sizes, on="%attention"):
    return with_types(f"transform.structured.tile_using_for {on} tile_sizes {sizes}", ("tiled", f"loops:{sum(size > 0 for size in sizes)}"))


def states(normalizer):
    return {"none": 1, "sum": 2, "softmax": 3}[normalizer]


def split(how, normalizer, on="%attention"):
    """The keys as a partial reduction: `how` is a loop and its tile sizes or its number of threads."""
    return with_types(f"transform.structured.tile_reduction_using_{how.format(on)}",
                      (f"fill:{states(normalizer)}", "partial", "merge", "loop"))


# Tiles of 3 heads are groups of their own, tiles of 6 two groups, tiles of 1 lie inside one; 7 rows leave a tile of 1.
@pytest.mark.parametrize("layout", ["bhsd", "bshd"])
@pytest.mark.parametrize("normalizer", ["none", "sum", "softmax"])
def test_parallel_tiles(normalizer, layout, tmp_path):
    program = dataclasses.replace(PROGRAM, normalizer=normalizer, layout=layout)
    check_forward(program, script(forall([1, 3, 2, 2])), tmp_path)


@pytest.mark.parametrize("sizes", [[0, 1], [1, 0, 3], [0, 0, 0, 1], [2, 6, 7, 3], [1, 1, 1, 1]])
def test_tiles(sizes, tmp_path):
    check_forward(dataclasses.replace(PROGRAM, normalizer="softmax"), script(loops(sizes)), tmp_path)


def test_heads_known_at_run_time(tmp_path):
    check_forward(dataclasses.replace(PROGRAM, normalizer="sum", heads=("?", "?")), script(forall([1, 1, 4])), tmp_path)


def test_tiles_of_tiles(tmp_path):
    """Offsets and lengths of a tile are those of the tile around it and its own."""
    body = forall([1, 3, 4]) + loops([0, 1, 3], on="%tiled").replace("%tiled, ", "%inner, ", 1)
    check_forward(dataclasses.replace(PROGRAM, normalizer="softmax"), script(body), tmp_path)


# The layout does not depend on the loop.
SPLITS = [(how, layout) for how in ("for {} by tile_sizes = [0, 0, 0, 0, 4]", "forall {} by num_threads = [0, 0, 0, 0, 4]",
                                    "forall {} by tile_sizes = [0, 0, 0, 0, 2]")
          for layout in (("bhsd", "bshd") if "num_threads" in how else ("bhsd",))]


@pytest.mark.parametrize("normalizer", ["none", "sum", "softmax"])
@pytest.mark.parametrize("how, layout", SPLITS)
def test_split_keys(how, normalizer, layout, tmp_path):
    """Pieces of 4, 3 and 2 of 9 keys; rows that keep nothing of a piece, or nothing at all."""
    check_forward(dataclasses.replace(PROGRAM, normalizer=normalizer, layout=layout), script(split(how, normalizer)), tmp_path)


def test_split_keys_of_tiles(tmp_path):
    """Rows and heads in parallel, in each the keys in pieces, in each of these the keys one after the other; the merge is tiled, too."""
    how = "forall {} by num_threads = [0, 0, 0, 0, 2]"
    body = (forall([1, 3, 4]) + split(how, "softmax", on="%tiled").replace("%loop = ", "%pieces = ", 1)
            + loops([0, 0, 0, 0, 2], on="%partial").replace("%tiled, ", "%inner, ", 1)
            + with_types("transform.structured.tile_using_for %merge tile_sizes [0, 1, 2, 2]", ("merged", "merge_loops:3")))
    check_forward(dataclasses.replace(PROGRAM, normalizer="softmax"), script(body), tmp_path)


MERGE_DEVICES = """
func.func @f(%q: !q, %k0: !k0, %k1: !k1, %v0: !v0, %v1: !v1, %c: f64, %a: !a, %m: !m, %l: !m, %o0: !o, %s0: !m) -> (!o, !m) {
  %zero = arith.constant 0 : index
  %five = arith.constant 5 : index
  %nine = arith.constant 9 : index
  %seven = arith.constant 7 : index
  %a0, %m0, %l0 = gdpa.attention_partial bhsd softmax
      ins(%q, %k0, %v0 : !q, !k0, !v0) outs(%a, %m, %l : !a, !m, !m) scale(%c : f64)
      offsets(%zero, %zero, %zero, %zero) lengths(%seven, %nine)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f64 } -> !a, !m, !m
  %a1, %m1, %l1 = gdpa.attention_partial bhsd softmax
      ins(%q, %k1, %v1 : !q, !k1, !v1) outs(%a, %m, %l : !a, !m, !m) scale(%c : f64)
      offsets(%zero, %zero, %zero, %five) lengths(%seven, %nine)
      activation(%s: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) { gdpa.yield %s : f64 } -> !a, !m, !m
  %ea0 = tensor.expand_shape %a0 [[0, 1], [2], [3], [4]] output_shape [1, 2, 6, 7, 3] : !a into tensor<1x2x6x7x3xf64>
  %ea1 = tensor.expand_shape %a1 [[0, 1], [2], [3], [4]] output_shape [1, 2, 6, 7, 3] : !a into tensor<1x2x6x7x3xf64>
  %em0 = tensor.expand_shape %m0 [[0, 1], [2], [3]] output_shape [1, 2, 6, 7] : !m into tensor<1x2x6x7xf64>
  %em1 = tensor.expand_shape %m1 [[0, 1], [2], [3]] output_shape [1, 2, 6, 7] : !m into tensor<1x2x6x7xf64>
  %el0 = tensor.expand_shape %l0 [[0, 1], [2], [3]] output_shape [1, 2, 6, 7] : !m into tensor<1x2x6x7xf64>
  %el1 = tensor.expand_shape %l1 [[0, 1], [2], [3]] output_shape [1, 2, 6, 7] : !m into tensor<1x2x6x7xf64>
  %ca = tensor.concat dim(0) %ea1, %ea0 : (tensor<1x2x6x7x3xf64>, tensor<1x2x6x7x3xf64>) -> tensor<2x2x6x7x3xf64>
  %cm = tensor.concat dim(0) %em1, %em0 : (tensor<1x2x6x7xf64>, tensor<1x2x6x7xf64>) -> tensor<2x2x6x7xf64>
  %cl = tensor.concat dim(0) %el1, %el0 : (tensor<1x2x6x7xf64>, tensor<1x2x6x7xf64>) -> tensor<2x2x6x7xf64>
  %o, %st = gdpa.attention_merge bhsd softmax ins(%ca, %cm, %cl : tensor<2x2x6x7x3xf64>, tensor<2x2x6x7xf64>, tensor<2x2x6x7xf64>)
      outs(%o0, %s0 : !o, !m) -> !o, !m
  return %o, %st : !o, !m
}
"""
TYPES = {"!q": "tensor<2x6x7x4xf64>", "!k0": "tensor<2x2x5x4xf64>", "!k1": "tensor<2x2x4x4xf64>", "!v0": "tensor<2x2x5x3xf64>",
         "!v1": "tensor<2x2x4x3xf64>", "!a": "tensor<2x6x7x3xf64>", "!o": "tensor<2x6x7x3xf64>", "!m": "tensor<2x6x7xf64>"}


def test_merge_of_devices(tmp_path):
    """Keys that lie on two devices: their states, gathered in any order, merge to the whole."""
    rng = np.random.default_rng(22)
    q, k, v = (rng.standard_normal(s) for s in ((BATCH, HEADS, QUERIES, 4), (BATCH, KEY_HEADS, KEYS, 4), (BATCH, KEY_HEADS, KEYS, 3)))
    source = MERGE_DEVICES
    for name, kind in TYPES.items():
        source = source.replace(f"{name},", f"{kind},").replace(f"{name})", f"{kind})").replace(f"{name}\n", f"{kind}\n").replace(f"{name} ", f"{kind} ")
    start = [np.zeros((2, 6, 7, 3)), np.full((2, 6, 7), -np.inf), np.zeros((2, 6, 7))]
    results = [np.full((2, 6, 7, 3), np.nan), np.full((2, 6, 7), np.nan)]
    parts = [np.ascontiguousarray(x) for x in (k[:, :, :5], k[:, :, 5:], v[:, :, :5], v[:, :, 5:])]
    call(build(source, tmp_path, script("    transform.apply_patterns to %root { transform.apply_patterns.tensor.decompose_concat } : !transform.any_op",
                                        names=())), [q, *parts, np.array(0.5), *start, *(x.copy() for x in results), *results])
    whole = oracle.Attention(q, k, v, 0.5, lambda s, *rest: s, normalizer="softmax")
    np.testing.assert_allclose(results[0], whole.forward(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(results[1], whole.statistics(), rtol=1e-12, atol=1e-12)


BLOCK = """
func.func @f(%x: tensor<2x7x5xf64>, %wq: tensor<6x5x4xf64>, %k: tensor<2x2x9x4xf64>, %v: tensor<2x2x9x3xf64>, %g: tensor<2x6x7x3xf64>,
             %wo: tensor<6x3x5xf64>, %c: f64, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>, %t: f64) -> tensor<2x7x5xf64> {
  %zero = arith.constant 0.0 : f64
  %q0 = tensor.empty() : tensor<2x6x7x4xf64>
  %q1 = linalg.fill ins(%zero : f64) outs(%q0 : tensor<2x6x7x4xf64>) -> tensor<2x6x7x4xf64>
  %q = linalg.contract indexing_maps = [affine_map<(b, h, i, d, n) -> (b, i, n)>, affine_map<(b, h, i, d, n) -> (h, n, d)>,
                                                  affine_map<(b, h, i, d, n) -> (b, h, i, d)>] {project}
      ins(%x, %wq : tensor<2x7x5xf64>, tensor<6x5x4xf64>) outs(%q1 : tensor<2x6x7x4xf64>) -> tensor<2x6x7x4xf64>
  %o0 = tensor.empty() : tensor<2x6x7x3xf64>
  %s0 = tensor.empty() : tensor<2x6x7xf64>
  %o, %st = gdpa.attention bhsd softmax ins(%q, %k, %v : tensor<2x6x7x4xf64>, tensor<2x2x9x4xf64>, tensor<2x2x9x3xf64>)
      outs(%o0, %s0 : tensor<2x6x7x3xf64>, tensor<2x6x7xf64>) scale(%c : f64)
      captures(%bias, %table, %t : tensor<?x?xf64>, tensor<?x?xf64>, f64)
      activation(%s: f64, COORDINATES, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>, %t: f64) { ACTIVATION gdpa.yield %z : f64 }
      mask(COORDINATES, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>, %t: f64) { MASK gdpa.yield %keep : i1 }
      -> tensor<2x6x7x3xf64>, tensor<2x6x7xf64>
  %gate0 = tensor.empty() : tensor<2x6x7x3xf64>
  %gated = linalg.generic {indexing_maps = [affine_map<(b, h, i, d) -> (b, h, i, d)>, affine_map<(b, h, i, d) -> (b, h, i, d)>,
                                                  affine_map<(b, h, i, d) -> (b, h, i, d)>],
                           iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%o, %g : tensor<2x6x7x3xf64>, tensor<2x6x7x3xf64>) outs(%gate0 : tensor<2x6x7x3xf64>) attrs = {gate} {
    ^bb0(%a: f64, %b: f64, %old: f64):
      %one = arith.constant 1.0 : f64
      %n = arith.negf %b : f64
      %e = math.exp %n : f64
      %d = arith.addf %e, %one : f64
      %r = arith.divf %a, %d : f64
      linalg.yield %r : f64
  } -> tensor<2x6x7x3xf64>
  // The residual is where the projection's sums begin.
  %y = linalg.contract indexing_maps = [affine_map<(b, i, n, h, d) -> (b, h, i, d)>, affine_map<(b, i, n, h, d) -> (h, d, n)>,
                                                 affine_map<(b, i, n, h, d) -> (b, i, n)>] {output}
      ins(%gated, %wo : tensor<2x6x7x3xf64>, tensor<6x3x5xf64>) outs(%x : tensor<2x7x5xf64>) -> tensor<2x7x5xf64>
  return %y : tensor<2x7x5xf64>
}
""".replace("COORDINATES", "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index").replace("ACTIVATION", ACTIVATION).replace("MASK", MASK)

MATCH = """    %{0} = transform.structured.match attributes {{{0}}} in %root : (!transform.any_op) -> !transform.any_op
"""
FUSE = """    %{0}_fused, %loop_{0} = transform.structured.fuse_into_containing_op %{0} into %{1}
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
"""


FUSE_CONSUMER = """    %{0}_fused, %loop_{0} = transform.gdpa.fuse_consumer %{0} into %{1}
        : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
"""


def check_block(body, folder, source=BLOCK, function=lambda x: x):
    """The block under a script; `function` is what `source` does to the keys before."""
    rng = np.random.default_rng(23)
    x, wq, k, v, g, wo = (rng.standard_normal(s) for s in ((2, 7, 5), (6, 5, 4), (2, 2, 9, 4), (2, 2, 9, 3), (2, 6, 7, 3), (6, 3, 5)))
    result = np.full_like(x, np.nan)
    matches = "".join(MATCH.format(name) for name in ("gate", "project", "output", "keys"))
    call(build(source, folder, script(matches + body)), [x.copy(), wq, k, v, g, wo, np.array(0.5), BIAS, TABLE, np.array(0.7), result])
    q = np.einsum("bin,hnd->bhid", x, wq)
    o, _ = dataclasses.replace(PROGRAM, normalizer="softmax").forward(q, function(k), v, 0.5, {"bias": BIAS, "table": TABLE, "t": 0.7})
    want = x + np.einsum("bhid,hdn->bin", o / (1 + np.exp(-g)), wo)
    np.testing.assert_allclose(result, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("consumer, sizes", [("gate", [1, 3, 2, 2]), ("gate", [1, 1, 4]), ("output", [1, 3])])
def test_fused_producers(consumer, sizes, tmp_path):
    """A projection before, an output gate, a projection and a residual behind: all in the loop over tiles of the last one."""
    body, loop = forall(sizes, on=f"%{consumer}"), "loop"
    for name in ["attention", "project"] if consumer == "gate" else ["gate", "attention", "project"]:
        body += FUSE.format(name, loop)
        loop = f"loop_{name}"
    check_block(body, tmp_path)


def test_fused_consumers(tmp_path):
    """The projection of the queries is tiled; attention, then the gate follow into its loop."""
    check_block(forall([1, 3, 2], on="%project") + FUSE_CONSUMER.format("attention", "loop") + FUSE_CONSUMER.format("gate", "loop_attention"), tmp_path)


def test_fused_producer_and_consumer_of_tiled_attention(tmp_path):
    nest = "    %nest = transform.merge_handles %loops#0, %loops#1, %loops#2 : !transform.any_op\n"
    body = loops([1, 3, 2]) + nest + FUSE_CONSUMER.format("gate", "nest")
    check_block(body, tmp_path)


def test_attention_as_consumer_of_key_heads(tmp_path):
    """A tile of key heads brings the query heads of its groups."""
    source = BLOCK.replace("  %o0 = ", """  %keys0 = tensor.empty() : tensor<2x2x9x4xf64>
  %keys = linalg.elementwise kind=#linalg.elementwise_kind<exp> {keys} ins(%k : tensor<2x2x9x4xf64>) outs(%keys0 : tensor<2x2x9x4xf64>) -> tensor<2x2x9x4xf64>
  %o0 = """, 1).replace("ins(%q, %k, %v", "ins(%q, %keys, %v")
    check_block(forall([1, 1], on="%keys") + FUSE_CONSUMER.format("attention", "loop"), tmp_path, source, np.exp)


BACKWARD = """
func.func @f(%q: tensor<?x6x?x4xf64>, %k: tensor<?x2x?x4xf64>, %v: tensor<?x2x?x3xf64>, %do: tensor<?x6x?x3xf64>, %o: tensor<?x6x?x3xf64>,
             %st: tensor<?x6x?xf64>, %c: f64, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>, %dq0: tensor<?x6x?x4xf64>,
             %dk0: tensor<?x2x?x4xf64>, %dv0: tensor<?x2x?x3xf64>) -> (tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>) {
  %dq, %dk, %dv = gdpa.attention_backward bhsd softmax
      ins(%q, %k, %v, %do : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x6x?x3xf64>)
      saved(%o, %st : tensor<?x6x?x3xf64>, tensor<?x6x?xf64>)
      outs(%dq0, %dk0, %dv0 : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>) scale(%c : f64)
      captures(%bias, %table : tensor<?x?xf64>, tensor<?x?xf64>)
      joint(%s: f64, %ct: f64, COORDINATES, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>) {
        %r = tensor.extract %bias[%h, %j] : tensor<?x?xf64>
        %w = tensor.extract %table[%b, %i] : tensor<?x?xf64>
        %d = arith.subi %i, %j : index
        %di = arith.index_cast %d : index to i64
        %df = arith.sitofp %di : i64 to f64
        %root = math.sqrt %df : f64
        %x0 = arith.mulf %s, %w : f64
        %x1 = arith.addf %x0, %r : f64
        %z = arith.addf %x1, %root : f64
        %p = arith.mulf %root, %ct : f64
        %zero = arith.constant 0.0 : f64
        %n = arith.mulf %p, %zero : f64
        %ds0 = arith.mulf %ct, %w : f64
        %ds = arith.addf %ds0, %n : f64
        gdpa.yield %z, %ds : f64, f64
      }
      mask(COORDINATES, %bias: tensor<?x?xf64>, %table: tensor<?x?xf64>) { MASK gdpa.yield %keep : i1 }
      -> tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>
  return %dq, %dk, %dv : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>
}
""".replace("COORDINATES", "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index").replace("MASK", MASK)


@pytest.mark.parametrize("sizes", [[1, 1], [0, 1], [2, 2]])
def test_tiled_backward(sizes, tmp_path):
    """Batch entries and key heads with their groups; NaN where masked, in z and in ds."""
    rng = np.random.default_rng(24)
    q, k, v, do = (rng.standard_normal(s) for s in ((BATCH, HEADS, QUERIES, 4), (BATCH, KEY_HEADS, KEYS, 4), (BATCH, KEY_HEADS, KEYS, 3),
                                                    (BATCH, HEADS, QUERIES, 3)))
    keep = lambda b, h, i, j, nq, nk, c: (i >= j) & (i != 3)
    case = oracle.Attention(q, k, v, 0.5, lambda s, b, h, i, j, nq, nk, c: s * TABLE[b, i] + BIAS[h, j] + np.sqrt(np.maximum(i - j, 0)), keep,
                            normalizer="softmax")
    want, _ = case.backward(do)
    results = [np.full_like(x, np.nan) for x in (q, k, v)]
    body = with_types(f"transform.structured.tile_using_forall %attention_backward tile_sizes {sizes}", ("tiled", "loop"))
    call(build(BACKWARD, tmp_path, script(body, names=("attention_backward",))),
         [q, k, v, do, case.forward(), case.statistics(), np.array(0.5), BIAS, TABLE, *(x.copy() for x in results), *results])
    for got, name in zip(results, ("dq", "dk", "dv")):
        np.testing.assert_allclose(got, want[name], rtol=2e-8, atol=2e-8)


CAPTURES = """
func.func @f(%q: tensor<?x6x?x4xf64>, %k: tensor<?x2x?x4xf64>, %v: tensor<?x2x?x3xf64>, %do: tensor<?x6x?x3xf64>, %o: tensor<?x6x?x3xf64>,
             %st: tensor<?x6x?xf64>, %c: f64, %bias: tensor<?x?xf64>, %t: f64, %dq0: tensor<?x6x?x4xf64>, %dk0: tensor<?x2x?x4xf64>,
             %dv0: tensor<?x2x?x3xf64>, %dbias0: tensor<?x?xf64>, %dt0: tensor<f64>)
    -> (tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x?xf64>, tensor<f64>) {
  %d:5 = gdpa.attention_backward bhsd softmax
      ins(%q, %k, %v, %do : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x6x?x3xf64>)
      saved(%o, %st : tensor<?x6x?x3xf64>, tensor<?x6x?xf64>)
      outs(%dq0, %dk0, %dv0, %dbias0, %dt0 : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x?xf64>, tensor<f64>)
      scale(%c : f64) captures(%bias, %t : tensor<?x?xf64>, f64) wrt [0, 1]
      joint(%s: f64, %ct: f64, COORDINATES, %bias: tensor<?x?xf64>, %t: f64) {
        %r = tensor.extract %bias[%h, %j] : tensor<?x?xf64>
        %x = arith.mulf %s, %t : f64
        %z = arith.addf %x, %r : f64
        %ds = arith.mulf %ct, %t : f64
        %dt = arith.mulf %ct, %s : f64
        gdpa.accumulate %ct, %bias[%h, %j] : f64, tensor<?x?xf64>
        gdpa.accumulate %dt, %t : f64, f64
        gdpa.yield %z, %ds : f64, f64
      }
      mask(COORDINATES, %bias: tensor<?x?xf64>, %t: f64) { MASK gdpa.yield %keep : i1 }
      -> tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x?xf64>, tensor<f64>
  return %d#0, %d#1, %d#2, %d#3, %d#4 : tensor<?x6x?x4xf64>, tensor<?x2x?x4xf64>, tensor<?x2x?x3xf64>, tensor<?x?xf64>, tensor<f64>
}
""".replace("COORDINATES", "%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index").replace("MASK", MASK)


@pytest.mark.parametrize("how", ["forall {} by tile_sizes = [1, 1]", "for {} by tile_sizes = [1, 1]", "forall {} reduction_dims = [1] by num_threads = [0, 2]",
                                 "for {} reduction_dims = [1] by tile_sizes = [0, 2]"])
def test_gradients_of_captures_of_tiles(how, tmp_path):
    """Every tile has gradients of its own, which are added up: one at a head of the whole, one of a scalar."""
    rng = np.random.default_rng(26)
    q, k, v, do = (rng.standard_normal(s) for s in ((BATCH, HEADS, QUERIES, 4), (BATCH, KEY_HEADS, KEYS, 4), (BATCH, KEY_HEADS, KEYS, 3),
                                                    (BATCH, HEADS, QUERIES, 3)))
    case = oracle.Attention(q, k, v, 0.5, lambda s, b, h, i, j, nq, nk, c: s * 0.7 + BIAS[h, j], lambda b, h, i, j, nq, nk, c: (i >= j) & (i != 3),
                            normalizer="softmax")
    gradients, cotangent = case.backward(do)
    want = [gradients["dq"], gradients["dk"], gradients["dv"], cotangent.sum(axis=(0, 2)), (cotangent * case.scores).sum()]
    results = [np.full(np.shape(x), np.nan) for x in want]
    body = with_types(f"transform.structured.tile_reduction_using_{how.format('%attention_backward')}", ("fill:5", "tiled", "merge:2", "loop"))
    call(build(CAPTURES, tmp_path, script(body, names=("attention_backward",))),
         [q, k, v, do, case.forward(), case.statistics(), np.array(0.5), BIAS, np.array(0.7), *(x.copy() for x in results), *results])
    for got, expected in zip(results, want):
        np.testing.assert_allclose(got, expected, rtol=2e-8, atol=2e-8)


def test_example(tmp_path):
    """examples/transform: the script's result is what the block computes."""
    folder = support.ROOT / "examples" / "transform"
    rng = np.random.default_rng(25)
    x, wq, k, v, g, wo = (rng.standard_normal(s) for s in ((2, 37, 16), (4, 16, 8), (2, 2, 45, 8), (2, 2, 45, 8), (2, 4, 37, 8), (4, 8, 16)))
    wq, slopes = wq / 4, np.array([0.5, 0.25, 0.125, 0.0625])
    arrays = [a.astype(np.float32) for a in (x, wq, k, v, g, wo)]
    result = np.full(x.shape, np.nan, np.float32)
    function = build((folder / "attention-block.mlir").read_text(), tmp_path, (folder / "tile-fuse-split.mlir").read_text(), function="block")
    call(function, [arrays[0].copy(), *arrays[1:], np.array(0.35, np.float32), slopes.astype(np.float32), result])
    q = np.einsum("bin,hnd->bhid", x, wq)
    case = oracle.Attention(q, k, v, 0.35, lambda s, b, h, i, j, nq, nk, c: s - slopes[h] * (i + nk - nq - j),
                            lambda b, h, i, j, nq, nk, c: i + nk - nq >= j, normalizer="softmax")
    want = x + np.einsum("bhid,hdn->bin", case.forward() / (1 + np.exp(-g)), wo)
    assert oracle.error(result, want) < 1e-6
