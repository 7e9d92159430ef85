"""Tiles of a larger attention on every target: offsets and lengths at run time, against the same rows of the whole.

A causal mask aligned to the last key, so that the bounds of key blocks depend on offsets and lengths; captures indexed by each
coordinate of the whole, with gradients.
"""

import numpy as np
import pytest

import oracle
import support

SOURCE = """
!q = tensor<?xHEADSx?x16xTYPE>
!k = tensor<?xKEYSx?x16xTYPE>
!st = tensor<?xHEADSx?xf32>
func.func @f(%q: !q {gdpa.name = "q"}, %k: !k {gdpa.name = "k"}, %v: !k {gdpa.name = "v"}, %c: f32 {gdpa.name = "scale"},
             %bias: tensor<?x?xf32> {gdpa.name = "bias"}, %table: tensor<?x?xf32> {gdpa.name = "table"},
             %b0: index {gdpa.name = "b0"}, %h0: index {gdpa.name = "h0"}, %i0: index {gdpa.name = "i0"}, %j0: index {gdpa.name = "j0"},
             %nq: index {gdpa.name = "nq"}, %nk: index {gdpa.name = "nk"}) -> (!q, !st) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %nb = tensor.dim %q, %c0 : !q
  %ns = tensor.dim %q, %c2 : !q
  %o0 = tensor.empty(%nb, %ns) : !q
  %s0 = tensor.empty(%nb, %ns) : !st
  %o, %st = gdpa.attention bhsd softmax ins(%q, %k, %v : !q, !k, !k) outs(%o0, %s0 : !q, !st) scale(%c : f32)
      captures(%bias, %table : tensor<?x?xf32>, tensor<?x?xf32>) offsets(%b0, %h0, %i0, %j0) lengths(%nq, %nk)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %NQ: index, %NK: index, %B: tensor<?x?xf32>, %T: tensor<?x?xf32>) {
        %r = tensor.extract %B[%h, %j] : tensor<?x?xf32>
        %w = tensor.extract %T[%b, %i] : tensor<?x?xf32>
        %x0 = arith.mulf %s, %w : f32
        %x1 = arith.addf %x0, %r : f32
        %d = arith.subi %NK, %NQ : index
        %di = arith.index_cast %d : index to i32
        %df = arith.sitofp %di : i32 to f32
        %tenth = arith.constant 0.125 : f32
        %e = arith.mulf %df, %tenth : f32
        %z = arith.addf %x1, %e : f32
        gdpa.yield %z : f32
      }
      mask(%b: index, %h: index, %i: index, %j: index, %NQ: index, %NK: index, %B: tensor<?x?xf32>, %T: tensor<?x?xf32>) {
        %d = arith.subi %NK, %NQ : index
        %e = arith.addi %i, %d : index
        %keep = arith.cmpi sge, %e, %j : index
        gdpa.yield %keep : i1
      }
      -> !q, !st
  return %o, %st : !q, !st
}
"""


def activation(s, b, h, i, j, nq, nk, c):
    return s * c["table"][b, i] + c["bias"][h, j] + 0.125 * (nk - nq)


def test_cpu_and_reference(tmp_path):
    """A tile of 1 of 3 batch entries, 2 of 6 heads (one group), 70 of 150 rows, 90 of 160 keys, in the middle of each."""
    rng = np.random.default_rng(31)
    whole = dict(b=3, h=6, i=150, j=160)
    start, size = dict(b=1, h=2, i=40, j=30), dict(b=1, h=2, i=70, j=90)
    q, do = (rng.standard_normal((size["b"], size["h"], size["i"], 16)) for _ in range(2))
    k, v = (rng.standard_normal((size["b"], 1, size["j"], 16)) for _ in range(2))
    captures = {"bias": rng.standard_normal((whole["h"], whole["j"])), "table": rng.uniform(0.5, 1.5, (whole["b"], whole["i"]))}

    def place(b, h, i, j):
        return b + start["b"], h + start["h"], i + start["i"], j + start["j"]

    lengths = whole["i"], whole["j"]
    case = oracle.Attention(q, k, v, 0.25, lambda s, b, h, i, j, nq, nk, c: activation(s, *place(b, h, i, j), *lengths, c),
                            lambda b, h, i, j, nq, nk, c: place(b, h, i, j)[2] + lengths[1] - lengths[0] >= place(b, h, i, j)[3], captures,
                            "softmax")
    gradients, cotangent = case.backward(do)
    want = {"o": case.forward(), "stats": case.statistics(), **gradients}
    # dz/dbias = 1, dz/dtable = s: no differences needed.
    want["d_bias"], want["d_table"] = np.zeros_like(captures["bias"]), np.zeros_like(captures["table"])
    h, j = start["h"], start["j"]
    want["d_bias"][h:h + size["h"], j:j + size["j"]] = cotangent.sum(axis=(0, 2))
    want["d_table"][start["b"], start["i"]:start["i"] + size["i"]] = (cotangent * case.scores).sum(axis=(0, 1, 3))
    source = SOURCE.replace("HEADS", "2").replace("KEYS", "1").replace("TYPE", "f32")
    description = support.compile_program(source, tmp_path)
    arguments = dict(q=q.astype(np.float32), k=k.astype(np.float32), v=v.astype(np.float32), do=do.astype(np.float32), scale=0.25,
                     bias=captures["bias"].astype(np.float32), table=captures["table"].astype(np.float32), b0=start["b"], h0=start["h"],
                     i0=start["i"], j0=start["j"], nq=lengths[0], nk=lengths[1])
    names = tuple(want)
    run = support.run_kernel(description, arguments, tmp_path, outputs=names, grad=True, options=["--check"])
    assert run.status == 0, run.stderr
    for name in names:
        assert oracle.error(run.arrays[name], want[name]) < 1e-5, name


@pytest.mark.parametrize("heads", [("2", "1"), ("?", "?")])
def test_nvidia_compiles(heads, tmp_path):
    source = SOURCE.replace("HEADS", heads[0]).replace("KEYS", heads[1]).replace("TYPE", "bf16")
    if heads[0] == "?":
        source = source.replace("%o0 = tensor.empty(%nb, %ns)", "%c1 = arith.constant 1 : index\n  %nh = tensor.dim %q, %c1 : !q\n  %o0 = tensor.empty(%nb, %nh, %ns)")
        source = source.replace("%s0 = tensor.empty(%nb, %ns)", "%s0 = tensor.empty(%nb, %nh, %ns)")
    support.compile_program(source, tmp_path, target="sm_80", reference=False)
    text = (tmp_path / "k.ptx").read_text()
    assert ".entry" in text
