"""One argument as several of q, k and v: its gradient is the sum over what it is read as. An argument that is read nowhere: zero."""

import json

import numpy as np
import pytest

import oracle
import support


def program(arguments, q, k, v, layout, dtype):
    rows = f"tensor<?x?x?x64x{dtype}>"
    heads = ", ".join(f'%{name}: {rows} {{gdpa.name = "{name}"}}' for name in arguments)
    sizes = "".join(f"  %c{n} = arith.constant {n} : index\n  %n{n} = tensor.dim %{q}, %c{n} : {rows}\n" for n in range(3))
    return f"""func.func @attention({heads}, %scale: f32 {{gdpa.name = "scale"}}) -> {rows} {{
{sizes}  %o0 = tensor.empty(%n0, %n1, %n2) : {rows}
  %o = gdpa.attention {layout} none ins(%{q}, %{k}, %{v} : {rows}, {rows}, {rows}) outs(%o0 : {rows}) scale(%scale : f32)
      activation(%s: f32, %b: index, %h: index, %i: index, %j: index, %nq: index, %nk: index) {{
        %z = math.tanh %s : f32
        gdpa.yield %z : f32
      }} -> {rows}
  return %o : {rows}
}}
"""


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize("q, k, v, layout", [("x", "x", "y", "bhsd"), ("x", "y", "y", "bhsd"), ("x", "y", "x", "bshd"), ("x", "x", "x", "bhsd")])
def test_gradients_are_summed(q, k, v, layout, dtype, tmp_path):
    arguments = sorted({q, k, v})
    path = support.compile_program(program(arguments, q, k, v, layout, dtype), tmp_path)
    rng = np.random.default_rng(1)
    shape = (2, 3, 70, 64)
    inputs = {name: oracle.round_to(rng.standard_normal(shape), dtype).astype(np.float32) for name in [*arguments, "do"]}
    names = {argument: next(f"d{role}" for role, name in zip("qkv", (q, k, v)) if name == argument) for argument in arguments}
    done = support.run_kernel(path, {**inputs, "scale": 0.125}, tmp_path, grad=True, outputs=("o", *names.values()), options=["--check"])
    assert done.status == support.RESULT, done.stderr
    wide = support.as_float64(inputs)
    order = (0, 2, 1, 3) if layout == "bshd" else (0, 1, 2, 3)
    case = oracle.Attention(*(wide[name].transpose(order) for name in (q, k, v)), 0.125, lambda s, *_: np.tanh(s))
    gradients, _ = case.backward(wide["do"].transpose(order))
    for argument, result in names.items():
        want = sum(gradients[f"d{role}"] for role, name in zip("qkv", (q, k, v)) if name == argument)
        assert oracle.error(done.arrays[result], want.transpose(order)) <= support.TOLERANCE[dtype], result


UNREAD = {"x": "tensor<?x3xf32>", "y": "f32", "z": "tensor<5xDTYPE>"}


def unread(dtype):
    more = ", ".join(f'%{name}: {kind} {{gdpa.name = "{name}"}}' for name, kind in UNREAD.items()).replace("DTYPE", dtype)
    return program("qkv", "q", "k", "v", "bhsd", dtype).replace("%scale: f32 {", f"{more}, %scale: f32 {{")


def test_gradients_of_what_is_read_nowhere_are_zero(tmp_path):
    path = support.compile_program(unread("f32"), tmp_path)
    inputs = support.make_inputs(np.random.default_rng(1), "f32", 1, 2, 2, 33, 40, 64, 64)
    inputs.update(x=np.ones((70, 3), np.float32), y=2.0, z=np.ones(5, np.float32), scale=0.125)
    done = support.run_kernel(path, inputs, tmp_path, grad=True, outputs=("o", "d_x", "d_y", "d_z"), options=["--check"])
    assert done.status == support.RESULT, done.stderr
    for name, shape in (("d_x", (70, 3)), ("d_y", ()), ("d_z", (5,))):
        assert done.arrays[name].shape == shape and not done.arrays[name].any()


def test_they_are_written_on_gpus(tmp_path):
    description = json.loads(support.compile_program(unread("bf16"), tmp_path, target="sm_80").read_text())
    written = {p["pointer"] for kernel in description["entries"]["backward"]["kernels"] for p in kernel["params"] if "pointer" in p}
    assert {"d_x", "d_y", "d_z"} <= written
