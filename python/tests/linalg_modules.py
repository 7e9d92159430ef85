"""Runs a function of tensors, @main of a module, through upstream's ordinary lowering: the yardstick for what --gdpa-raise makes of it."""

import ctypes
import pathlib
import re

import numpy as np

import artefact
import support

LLVM = pathlib.Path("/usr/lib/llvm-22/bin")
BUFFERIZE = ("one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
             "buffer-results-to-out-params{modify-public-functions=true hoist-static-allocs=true},canonicalize,cse")
TO_LLVM = ("convert-linalg-to-loops,func.func(llvm-request-c-wrappers),convert-scf-to-cf,expand-strided-metadata,lower-affine,"
           "finalize-memref-to-llvm,func.func(math-extend-to-supported-types{target-type=f32},"
           "arith-emulate-unsupported-floats{source-types=bf16 target-type=f32},arith-expand{include-bf16=true}),convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,"
           "convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts")
ROWS = 19  # where the number of rows is dynamic
DTYPES = {"f32": np.float32, "f64": np.float64, "bf16": np.uint16, "i1": np.uint8, "i64": np.int64, "i32": np.int32}


def signature(source):
    """Shapes (None where dynamic) and element types of the arguments and results of @main."""
    head = re.search(r"func\.func (?:public )?@main\((.*?)\) -> (.*?)(?:attributes|\{\n)", source, re.S)

    def tensors(text):
        for dims, element in re.findall(r"tensor<((?:[0-9?]+x)*)([a-z0-9]+)>", text):
            yield [None if dim == "?" else int(dim) for dim in dims.split("x")[:-1]], element

    return list(tensors(head[1])), list(tensors(head[2]))


def lower(module, passes, folder, name, optimize="-O2"):
    """The module after `passes` and the ordinary lowering, as a shared library."""
    return build(module, f"{passes + ',' if passes else ''}canonicalize,cse,{BUFFERIZE},{TO_LLVM}", folder, name, optimize)


def build(module, passes, folder, name, optimize="-O2"):
    """The module after `passes`, which end in the LLVM dialect, as a shared library."""
    pipeline, out = f"builtin.module({passes})", pathlib.Path(folder) / name
    commands = [
        (support.tool("gdpa-opt"), module, "--pass-pipeline=" + pipeline, "-o", f"{out}.mlir"),
        (LLVM / "mlir-translate", "--mlir-to-llvmir", f"{out}.mlir", "-o", f"{out}.ll"),
        (LLVM / "clang", optimize, "-march=native", "-shared", "-fPIC", "-Wno-override-module", f"{out}.ll", "-lm", "-o", f"{out}.so"),
    ]
    for command in commands:
        done = support.call(*command)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"
    return ctypes.CDLL(f"{out}.so")


def descriptor(array):
    """MLIR's memref descriptor of an array."""
    class Descriptor(ctypes.Structure):
        _fields_ = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64),
                    ("sizes", ctypes.c_int64 * max(array.ndim, 1)), ("strides", ctypes.c_int64 * max(array.ndim, 1))]

    made = Descriptor(array.ctypes.data, array.ctypes.data, 0)
    for n in range(array.ndim):
        made.sizes[n], made.strides[n] = array.shape[n], array.strides[n] // array.itemsize
    return made


def call(library, inputs, outputs):
    """Outputs of static size are arguments after the inputs; others come back as descriptors before them."""
    descriptors = [descriptor(array) for array in [*inputs, *outputs]]
    library._mlir_ciface_main(*(ctypes.byref(one) for one in descriptors))
    return outputs


def call_entry(library, inputs, outputs, runtime=None):
    """Calls @main as --gdpa-function-to-cpu makes it: inputs, then outputs; tasks in reverse order unless a runtime is given."""
    kinds = {np.dtype(np.float64): 0, np.dtype(np.float32): 1, np.dtype(np.uint16): 2, np.dtype(np.uint8): 4, np.dtype(np.int64): 8}
    tensors = (artefact.Tensor * (len(inputs) + len(outputs)))()
    for tensor, array in zip(tensors, [*inputs, *outputs]):
        tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, kinds[array.dtype], array.ndim
        for n in range(array.ndim):
            tensor.shape[n], tensor.strides[n] = array.shape[n], array.strides[n] // array.itemsize

    def parallel_for(_, count, scratch_bytes, task, context):
        for item in reversed(range(count)):
            scratch, address = artefact.aligned(max(scratch_bytes, 1), 64)
            task(context, item, item + 1, address)
            del scratch

    own = artefact.Runtime(None, artefact.PARALLEL_FOR(parallel_for))
    library.main.restype = ctypes.c_int32
    library.main.argtypes = [ctypes.c_void_p] * 3
    status = library.main(ctypes.addressof(tensors), None, runtime or ctypes.addressof(own))
    assert status == 0, f"@main returned {status}"
    return outputs


def bf16(array):
    """Rounded to nearest even, as 16 bits."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def floats(array):
    return (array.astype(np.uint32) << 16).view(np.float32) if array.dtype == np.uint16 else array


def draw(rng, shape, element):
    if element == "i1":
        kept = rng.random(shape) < 0.6
        kept[..., 0] = True
        return kept.astype(np.uint8)
    values = rng.standard_normal(shape).astype(np.float32)
    return bf16(values) if element == "bf16" else values.astype(DTYPES[element])


def arrays(source, seed=0):
    """Inputs of a module's @main, a function that makes outputs, the first result's element type."""
    rng = np.random.default_rng(seed)
    inputs, results = signature(source)
    static = lambda shape: [ROWS if n is None else n for n in shape]
    made = [draw(rng, static(shape), element) for shape, element in inputs]
    outputs = lambda: [np.full(static(shape), 99, DTYPES[element]) for shape, element in results]
    return made, outputs, results[0][1]
