"""What an activation computes from i alone or from j alone leaves the loop over pairs: the numbers stay those of the reference target."""

import numpy as np
import pytest

import support

# z = silu(s) tanh(bi[h, i]) exp(bj[h, j]) + log(j + 1) + table[min(j, 6)] / (i + 1)
BODY = """
        %c6 = arith.constant 6 : index
        %one = arith.constant 1.0 : f32
        %x = tensor.extract %BI[%h, %i] : tensor<?x?xf32>
        %y = tensor.extract %BJ[%h, %j] : tensor<?x?xf32>
        %t = math.tanh %x : f32
        %e = math.exp %y : f32
        %j32 = arith.index_cast %j : index to i32
        %jf = arith.sitofp %j32 : i32 to f32
        %j1 = arith.addf %jf, %one : f32
        %l = math.log %j1 : f32
        %i32 = arith.index_cast %i : index to i32
        %if = arith.sitofp %i32 : i32 to f32
        %i1 = arith.addf %if, %one : f32
        %at = arith.minsi %j, %c6 : index
        %v = tensor.extract %T[%at] : tensor<?xf32>
        %n = arith.negf %s : f32
        %m = math.exp %n : f32
        %d = arith.addf %m, %one : f32
        %w = arith.divf %s, %d : f32
        %w1 = arith.mulf %w, %t : f32
        %w2 = arith.mulf %w1, %e : f32
        %w3 = arith.addf %w2, %l : f32
        %r = arith.divf %v, %i1 : f32
        %z = arith.addf %w3, %r : f32
        gdpa.yield %z : f32"""


def program(dtype):
    rows, pair, table = f"tensor<?x?x?x32x{dtype}>", "tensor<?x?xf32>", "tensor<?xf32>"
    named = ", ".join(f'%{name}: {kind} {{gdpa.name = "{name}"}}' for name, kind in
                      (("q", rows), ("k", rows), ("v", rows), ("bi", pair), ("bj", pair), ("table", table), ("scale", "f32")))
    return f"""func.func @attention({named}, %o0: {rows}) -> {rows} {{
  %o = gdpa.attention bhsd none ins(%q, %k, %v : {rows}, {rows}, {rows}) outs(%o0 : {rows}) scale(%scale : f32)
      captures(%bi, %bj, %table : {pair}, {pair}, {table})
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index, %BI: {pair}, %BJ: {pair}, %T: {table}) {{{BODY}
      }} -> {rows}
  return %o : {rows}
}}
"""


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_numbers(dtype, tmp_path):
    path = support.compile_program(program(dtype), tmp_path)
    rng = np.random.default_rng(1)
    for nq, nk in ((70, 129), (1, 33), (5, 0), (0, 5)):
        inputs = support.make_inputs(rng, dtype, 2, 4, 2, nq, nk, 32, 32)
        captures = {"bi": (4, nq), "bj": (4, nk), "table": (min(nq * nk, 7),)}  # no element where no pair reads one
        inputs.update({name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in captures.items()})
        done = support.run_kernel(path, {**inputs, "scale": 0.25}, tmp_path, grad=True, outputs=(), options=["--check"])
        assert done.status == support.RESULT, (nq, nk, done.stderr, done.lines)


def test_they_leave_the_loop_on_gpus(tmp_path):
    done = support.call(support.tool("gdpa-opt"), "-", "--gdpa-to-nvvm=chip=sm_80 gradients=true", "--mlir-print-ir-after=gdpa-tile-assign-layouts",
                        stdin=program("bf16"))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('gdpa_tile.role = "rows"') >= 6
    support.compile_program(program("bf16"), tmp_path, target="sm_80")
