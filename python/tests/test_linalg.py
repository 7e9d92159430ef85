"""--gdpa-to-linalg against numpy: the decomposition runs through upstream's loops and gives the same numbers as the definition."""

import dataclasses
import re

import numpy as np
import pytest

import oracle
from test_reference import CASES
from upstream import build, call

def double(program):
    """The program for f64 storage, so that the comparison is exact to rounding."""
    wide = lambda text: re.sub(r"\bf32\b", "f64", text.replace("0xFF800000", "0xFFF0000000000000")).replace("xf32", "xf64")
    return dataclasses.replace(program, storage="f64", activation=wide(program.activation), mask=wide(program.mask),
                               captures=tuple((name, wide(kind), value) for name, kind, value in program.captures))


@pytest.mark.parametrize("name", ["none", "sum", "softmax", "loop", "branch", "bshd", "bshd-sum", "bshd-softmax"])
def test_forward(name, tmp_path):
    program = dataclasses.replace(double(CASES[name]), heads=("?", "?"))
    rng = np.random.default_rng(11)
    batch, heads, key_heads, nq, nk = 2, 4, 2, 5, 6
    shape = (lambda h, n, d: (batch, h, n, d)) if program.layout == "bhsd" else (lambda h, n, d: (batch, n, h, d))
    q, k, v = (rng.standard_normal(s) for s in (shape(heads, nq, 4), shape(key_heads, nk, 4), shape(key_heads, nk, 3)))
    captures = {label: np.asarray(value, np.float64) for label, _, value in program.captures}
    output, statistics = np.full(shape(heads, nq, 3), np.nan), np.full((batch, heads, nq), np.nan)
    # The function's destinations are arguments too, of its own and of bufferization.
    results = [output] + ([statistics] if program.normalizer != "none" else [])
    arrays = [q, k, v, np.array(0.5), *captures.values(), *(result.copy() for result in results), *results]
    call(build(program.source(), tmp_path), arrays)
    want, want_statistics = program.forward(q, k, v, 0.5, captures)
    np.testing.assert_allclose(output, want, rtol=1e-12, atol=1e-12)
    if want_statistics is not None:
        np.testing.assert_allclose(statistics, want_statistics, rtol=1e-12, atol=1e-12)


def random_case(program, rng, batch=2, heads=4, key_heads=2, nq=5, nk=6):
    """q, k, v, do, dstats in the program's layout, and the captures."""
    if program.layout == "thd":
        cq, ck = np.array([0, 3, 3, 3 + nq], np.int32), np.array([1, 4, 6, 6 + nk], np.int32)
        shape, bounds = (lambda h, n, d: (n, h, d)), (cq, ck)
        nq, nk = int(cq[-1]) + 1, int(ck[-1]) + 2  # rows of no sequence at the ends
        statistics = (heads, nq)
    else:
        shape, bounds = ((lambda h, n, d: (batch, h, n, d)) if program.layout == "bhsd" else (lambda h, n, d: (batch, n, h, d))), ()
        statistics = (batch, heads, nq)
    q, k, v, do = (rng.standard_normal(shape(*s)) for s in ((heads, nq, 4), (key_heads, nk, 4), (key_heads, nk, 3), (heads, nq, 3)))
    captures = {label: np.asarray(value, np.float64) for label, _, value in program.captures}
    return (q, k, v, do, rng.standard_normal(statistics)), captures, bounds


@pytest.mark.parametrize("name", ["none", "sum", "softmax"])
def test_jagged_forward(name, tmp_path):
    program = dataclasses.replace(double(CASES[name]), heads=("4", "2"), layout="thd")
    (q, k, v, do, statistics), captures, bounds = random_case(program, np.random.default_rng(13))
    output, statistics = np.full_like(do, np.nan), np.full_like(statistics, np.nan)
    results = [output] + ([statistics] if program.normalizer != "none" else [])
    arrays = [q, k, v, np.array(0.5), *captures.values(), *bounds, *(result.copy() for result in results), *results]
    call(build(program.source(), tmp_path), arrays)
    want, want_statistics = program.forward(q, k, v, 0.5, captures, *bounds)
    np.testing.assert_allclose(output, want, rtol=1e-12, atol=1e-12)
    if want_statistics is not None:
        np.testing.assert_allclose(statistics, want_statistics, rtol=1e-12, atol=1e-12)


def dense_gradients(program, arrays, captures, first_batch=0):
    """dq, dk, dv and the captures' gradients of arrays [B,H,S,D] by the oracle."""
    q, k, v, do, dstats = arrays
    values = {name: value if value.ndim else float(value) for name, value in captures.items()}

    def keep(b, h, i, j, nq, nk, c):
        # A logit of -inf is a pair without weight, of which differences are no numbers.
        kept = program.keep(b, h, i, j, nq, nk) if program.keep else True
        return kept & np.isfinite(program.z(np.zeros(np.broadcast_shapes(h.shape, i.shape, j.shape)), b, h, i, j, nq, nk, c))

    case = oracle.Attention(q, k, v, 0.5, lambda *a: np.nan_to_num(program.z(*a), neginf=0), keep, values, program.normalizer, first_batch)
    with np.errstate(invalid="ignore"):
        gradients, cotangent = case.backward(do, dstats if program.normalizer != "none" else 0.0)
        found = [case.capture_gradient(name, cotangent)[0] for name in captures]
    return gradients["dq"], gradients["dk"], gradients["dv"], *found


@pytest.mark.parametrize("name, layout", [(name, layout) for name in ("none", "sum", "softmax") for layout in ("bhsd", "bshd", "thd")]
                         + [("loop", "bhsd"), ("branch", "bhsd")])
def test_gradients(name, layout, tmp_path):
    """Every normalizer; captures' gradients, below control flow, too."""
    program = dataclasses.replace(double(CASES[name]), heads=("4", "2"), layout=layout)
    (q, k, v, do, dstats), captures, bounds = random_case(program, np.random.default_rng(14))
    order = {"bhsd": (0, 1, 2, 3), "bshd": (0, 2, 1, 3)}.get(layout)
    has_statistics = program.normalizer != "none"
    o, stats = program.forward(q, k, v, 0.5, captures, *bounds)
    if layout == "thd":
        want = [np.zeros_like(x) for x in (q, k, v, *captures.values())]
        cq, ck = bounds
        for b in range(len(cq) - 1):
            rows, keys = slice(cq[b], cq[b + 1]), slice(ck[b], ck[b + 1])
            one = [x.transpose(1, 0, 2)[None] for x in (q[rows], k[keys], v[keys], do[rows])] + [dstats[None, :, rows]]
            if rows.start == rows.stop or keys.start == keys.stop:
                continue
            parts = dense_gradients(program, one, captures, b)
            for x, part, where in zip(want, parts, (rows, keys, keys)):
                x[where] = part[0].transpose(1, 0, 2)
            for x, part in zip(want[3:], parts[3:]):
                x += part
    else:
        want = dense_gradients(program, [x.transpose(order) for x in (q, k, v, do)] + [dstats], captures)
        want = [x.transpose(order) for x in want[:3]] + list(want[3:])
    saved = [o, stats] if has_statistics else []
    results = [np.full_like(x, np.nan) for x in (q, k, v, *captures.values())]
    arrays = [q, k, v, np.array(0.5), *captures.values(), *bounds, np.full_like(o, np.nan), *([np.full_like(dstats, np.nan)] if has_statistics else []),
              *saved, do, *([dstats] if has_statistics else []), *results]
    arrays = [np.ascontiguousarray(x) if x.ndim else x for x in arrays[:len(arrays) - len(results)]] + results
    call(build(program.source(), tmp_path, function="f_vjp", autodiff=True), arrays)
    for got, expected in zip(results, want):
        np.testing.assert_allclose(got, expected, rtol=2e-8, atol=2e-8)


BACKWARD = """
func.func @f(%q: tensor<?x?x?x4xf64>, %k: tensor<?x?x?x4xf64>, %v: tensor<?x?x?x3xf64>, %do: tensor<?x?x?x3xf64>, %c: f64,
             %dq0: tensor<?x?x?x4xf64>, %dk0: tensor<?x?x?x4xf64>, %dv0: tensor<?x?x?x3xf64>)
    -> (tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>) {
  %d:3 = gdpa.attention_backward bhsd none
      ins(%q, %k, %v, %do : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>, tensor<?x?x?x3xf64>)
      outs(%dq0, %dk0, %dv0 : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>) scale(%c : f64)
      joint(%s: f64, %ct: f64, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %z = arith.mulf %s, %s : f64
        %two = arith.constant 2.0 : f64
        %slope = arith.mulf %s, %two : f64
        %ds = arith.mulf %slope, %ct : f64
        gdpa.yield %z, %ds : f64, f64
      }
      mask(%b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {
        %keep = arith.cmpi sge, %i, %j : index
        gdpa.yield %keep : i1
      }
      -> tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>
  return %d#0, %d#1, %d#2 : tensor<?x?x?x4xf64>, tensor<?x?x?x4xf64>, tensor<?x?x?x3xf64>
}
"""


def test_backward(tmp_path):
    """z = s^2 under a causal mask: the gradients of the definition."""
    rng = np.random.default_rng(12)
    q, k, v, do = (rng.standard_normal(shape) for shape in ((2, 4, 5, 4), (2, 2, 6, 4), (2, 2, 6, 3), (2, 4, 5, 3)))
    results = [np.full_like(x, np.nan) for x in (q, k, v)]
    call(build(BACKWARD, tmp_path), [q, k, v, do, np.array(0.5), *(x.copy() for x in results), *results])
    keys, values, kept = np.repeat(k, 2, axis=1), np.repeat(v, 2, axis=1), np.tril(np.ones((5, 6)))
    s = 0.5 * np.einsum("bhid,bhjd->bhij", q, keys)
    ds = kept * 2 * s * np.einsum("bhid,bhjd->bhij", do, values)
    fold = lambda x: x.reshape(2, 2, 2, *x.shape[2:]).sum(axis=2)
    want = (0.5 * ds @ keys, fold(0.5 * np.einsum("bhij,bhid->bhjd", ds, q)), fold(np.einsum("bhij,bhid->bhjd", kept * s * s, do)))
    for got, expected in zip(results, want):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
