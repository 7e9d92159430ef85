"""Strides and what lies around the tensors: rows with gaps, heads interleaved with sequence, columns apart, both dense
layouts, NaN in every gap.

The kernels are called through their C interface. Nothing outside a tensor may be read into a result or written.
"""

import math

import numpy as np
import pytest

import artefact
import catalogue
import oracle
import support

SIZES = ((1, 2, 1, 33, 70), (2, 4, 2, 129, 31), (2, 4, 4, 1, 65))


def poisoned(shape, dtype):
    """An array of all ones: NaN in every float type."""
    return np.full(shape, (1 << 8 * dtype.itemsize) - 1, dtype=f"u{dtype.itemsize}").view(dtype)


def embedded(array, layout):
    """The array as a view of larger memory full of NaN bits; returns (view, memory)."""
    batch, heads, rows, columns = array.shape
    if layout == "strided-columns":  # every other element of a row, rows backwards
        memory = poisoned((batch, heads, rows + 1, 2 * columns + 3), array.dtype)
        view = memory[:, :, rows - 1 :: -1, 1 : 2 * columns + 1 : 2] if rows else memory[:, :, :0, 1 : 2 * columns + 1 : 2]
    elif layout == "padded-rows":  # gaps before, between and after rows
        memory = poisoned((batch, heads, rows + 3, columns + 40), array.dtype)
        view = memory[:, :, 1 : rows + 1, 8 : columns + 8]
    else:  # [batch, rows, heads, columns] with a head more, as a projection leaves it
        memory = poisoned((batch, rows + 2, heads + 1, columns), array.dtype)
        view = memory[:, 1 : rows + 1, :heads].transpose(0, 2, 1, 3)
    view[...] = array
    return view, memory


def is_poison(memory, view):
    """Is every element of memory outside the view still all ones?"""
    inside = np.zeros(memory.shape, dtype=bool)
    pick = np.lib.stride_tricks.as_strided(
        inside.ravel()[(view.ctypes.data - memory.ctypes.data) // memory.itemsize :], view.shape, [s // memory.itemsize for s in view.strides])
    pick[...] = True
    return (memory.view(f"u{memory.itemsize}")[~inside] == (1 << 8 * memory.itemsize) - 1).all()


def compile_strided(source, folder):
    """The forward on memrefs of any strides: the prepared entry of the tensors' program with the last stride set free."""
    text = support.call(support.tool("gdpa-opt"), "-", "--gdpa-prepare-entry", "--one-shot-bufferize", "--canonicalize", stdin=source).stdout
    free = text.replace("strided<[?, ?, ?, 1], offset: ?>", "strided<[?, ?, ?, ?], offset: ?>")
    assert free != text
    return support.compile_program(free, folder, grad=False, reference=False)


@pytest.mark.parametrize("order, layout", [("bhsd", "padded-rows"), ("bhsd", "interleaved-heads"), ("bshd", "padded-rows"),
                                           ("bhsd", "strided-columns")])
@pytest.mark.parametrize("dtype, d, dv", [("f32", 64, 64), ("f32", 40, 24), ("bf16", 64, 64), ("bf16", 40, 24), ("f16", 64, 40)])
@pytest.mark.parametrize("name", ["causal", "polynomial"])
def test_strides_and_gaps(name, dtype, d, dv, order, layout, tmp_path):
    example = catalogue.BY_NAME[name]
    source = support.specialise(example.source, dtype, d, dv).replace("gdpa.attention bhsd", f"gdpa.attention {order}")
    path = compile_strided(source, tmp_path) if layout == "strided-columns" else support.compile_program(source, tmp_path, reference=False)
    scale = float(np.float32(1 / math.sqrt(d)))
    for batch, heads, key_heads, nq, nk in SIZES:
        rng = np.random.default_rng(11)
        inputs = support.make_inputs(rng, dtype, batch, heads, key_heads, nq, nk, d, dv)
        captures = {n: make(rng, {"B": batch, "Hq": heads, "Hkv": key_heads, "Sq": nq, "Sk": nk}) for n, make in example.captures.items()}
        arrays = {"scale": np.array(scale, dtype=np.float32), **{n: np.asarray(x) for n, x in captures.items()}}
        memories = {}
        shapes = {"o": inputs["do"].shape, "dq": inputs["q"].shape, "dk": inputs["k"].shape, "dv": inputs["v"].shape}
        for argument, array in inputs.items():
            arrays[argument], memories[argument] = embedded(artefact.bits(array, dtype), layout)
        for result, shape in shapes.items():
            poison = np.full(shape, np.nan, dtype=np.float32)
            arrays[result], memories[result] = embedded(artefact.bits(poison, dtype), layout)
        for capture in example.learned:
            arrays[f"d_{capture}"] = np.full(captures[capture].shape, np.nan, dtype=np.float32)
        call = dict(arrays)
        if order == "bshd":  # the same memory, seen in the other order
            call |= {argument: arrays[argument].transpose(0, 2, 1, 3) for argument in memories}
        artefact.call_entry(path, "forward", call)
        backward = layout != "strided-columns"  # a backward on memrefs is for gdpa-opt's users
        if backward:
            artefact.call_entry(path, "backward", call, chunk=3)
        wide = support.as_float64(inputs)
        case = oracle.Attention(wide["q"], wide["k"], wide["v"], scale, example.activation, example.mask, captures)
        want, cotangent = case.backward(wide["do"]) if backward else ({}, None)
        want["o"] = case.forward()
        where = f"B{batch} H{heads}/{key_heads} {nq}x{nk}"
        for result, expected in want.items():
            found = oracle.error(artefact.values(arrays[result], dtype), expected)
            assert found <= support.TOLERANCE[dtype], f"{where} {result}: error {found}"
        for capture in example.learned if backward else ():
            expected, absolute = case.capture_gradient(capture, cotangent)
            found = oracle.error(arrays[f"d_{capture}"], expected, absolute)
            assert found <= support.TOLERANCE[dtype], f"{where} d_{capture}: error {found}"
        for argument, memory in memories.items():
            assert is_poison(memory, arrays[argument]), f"{where}: something was written around {argument}"
