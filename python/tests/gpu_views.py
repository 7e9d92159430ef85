"""Inputs of an artefact as views into larger memory: every result bitwise that of dense inputs with the same values.

Rows further apart than they are long, dimensions that lie in memory in another order, one batch that stands for all (stride 0),
strides of single elements that mean nothing, empty tensors without an address; and views that a kernel cannot take are refused.

usage: gpu_views.py PATH ... as gpu_artefact.py says
"""

import sys

import numpy as np

from gpu_artefact import SIZES, TYPES, Artefact, Failed, Inputs, alone, dense_strides, expect_equal, run_script

FLOATS = [number for number, name in enumerate(TYPES) if "f" in name]


def padded(shape):
    """16 bytes or more between the rows, a row between the dimensions before."""
    strides, step = [1], 1
    for extent in reversed(shape[1:]):
        step = step * extent + 16
        strides.insert(0, step)
    return strides


def reversed_order(shape):
    """The first dimension lies innermost but for the last."""
    strides, step = [], shape[-1]
    for extent in shape[:-1]:
        strides.append(step)
        step *= max(extent, 1)
    return [*strides, 1]


def one_for_all(shape):
    return [0, *dense_strides(shape)[1:]]


def meaningless(shape):
    """Odd strides wherever an extent is 1."""
    return [7 - 10 * i if extent == 1 and i + 1 < len(shape) else stride for i, (extent, stride) in enumerate(zip(shape, dense_strides(shape)))]


# name, what becomes of the strides, sizes beside the usual ones
VIEWS = (("padded rows", padded, {}), ("another order", reversed_order, {}), ("one batch for all", one_for_all, {}),
         ("strides of one", meaningless, {"B": 1, "Hq": 1, "Hkv": 1}), ("strides of one row", meaningless, {"Sq": 1, "Sk": 1, "Tq": 1, "Tk": 1}))
EMPTY = (("no keys", {"Sk": 0, "Tk": 0}), ("no queries", {"Sq": 0, "Tq": 0}), ("nothing", {"B": 0, "Sq": 0, "Sk": 0, "Tq": 0, "Tk": 0}))


def viewed(artefact):
    """Numbers of the arguments that are looked at through views."""
    return [number for number, argument in enumerate(artefact.arguments)
            if not argument.written and argument.rank >= 2 and argument.dtype in FLOATS]


def run(inputs):
    device = inputs.block()
    inputs.upload(device)
    results = alone(inputs, device)
    device.free()
    return results


def check_view(artefact, name, strides, sizes):
    inputs = Inputs(artefact, sizes, seed=3)
    for number in viewed(artefact):
        if strides is one_for_all:
            inputs.values[number] = np.ascontiguousarray(np.broadcast_to(inputs.values[number][:1], inputs.values[number].shape))
    expected = run(inputs)
    for number in viewed(artefact):
        inputs.strides[number] = strides(inputs.values[number].shape)
    expect_equal(name, run(inputs), expected, artefact)


def check_empty(artefact, name, sizes):
    inputs = Inputs(artefact, sizes, seed=4)
    expected = run(inputs)
    # Of an empty tensor nothing but its extents is looked at.
    for number in viewed(artefact):
        if inputs.values[number].size == 0:
            inputs.missing.add(number)
            inputs.strides[number] = [-3 - i for i in range(inputs.values[number].ndim)]
    expect_equal(name, run(inputs), expected, artefact)
    for number, content in expected.items():
        # Where nothing is kept everything is zero but the statistics.
        if artefact.arguments[number].role != b"stats" and inputs.missing and content.strip(b"\0"):
            raise Failed(f"{name}: expected zeros in '{artefact.arguments[number].name.decode()}', found others")


def check_refused(artefact, sizes):
    """A stride that is no multiple of the bytes that the kernel reads at once."""
    for number in viewed(artefact):
        inputs = Inputs(artefact, sizes, seed=5)
        if artefact.arguments[number].stride_multiple_bytes < 4:
            continue
        shape = inputs.values[number].shape
        inputs.strides[number] = [stride if i + 1 == len(shape) else stride + 1 for i, stride in enumerate(padded(shape))]
        try:
            run(inputs)
        except Failed as error:
            if "expected a stride of a multiple of" in str(error):
                continue
            raise
        raise Failed(f"'{artefact.arguments[number].name.decode()}': expected an error of its strides, found none")


def check(runtime, path, given):
    artefact = Artefact(runtime, path)
    for name, strides, sizes in VIEWS:
        check_view(artefact, name, strides, {**SIZES, **sizes, **given})
    for name, sizes in EMPTY:
        check_empty(artefact, name, {**SIZES, **given, **sizes})
    check_refused(artefact, {**SIZES, **given})
    artefact.close()
    return f"{len(VIEWS)} views, {len(EMPTY)} empty inputs: equal"


if __name__ == "__main__":
    sys.exit(run_script(__doc__, check))
