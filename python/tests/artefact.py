"""Calls a CPU artefact from its launch description with ctypes: any strides, no gdpa-run between.

The C interface is that of include/gdpa-runtime/gdpa_runtime.h; the workspace's size expressions are evaluated here.
"""

import ctypes
import json

import numpy as np

TYPES = {"f64": 0, "f32": 1, "bf16": 2, "f16": 3, "i1": 4, "i8": 5, "i16": 6, "i32": 7, "i64": 8, "index": 8}


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("shape", ctypes.c_int64 * 6),
                ("strides", ctypes.c_int64 * 6)]


TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
PARALLEL_FOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, TASK, ctypes.c_void_p)


class Runtime(ctypes.Structure):
    _fields_ = [("self", ctypes.c_void_p), ("parallel_for", PARALLEL_FOR)]


def aligned(size, alignment=256):
    """Bytes of 0xff (NaN in every float type) at an aligned address; returns (array, address)."""
    memory = np.full(size + alignment, 0xFF, dtype=np.uint8)
    return memory, (memory.ctypes.data + alignment - 1) // alignment * alignment


def evaluate(expression, symbols):
    if isinstance(expression, int):
        return expression
    if isinstance(expression, str):
        return symbols[expression]
    operation, left, right = expression[0], evaluate(expression[1], symbols), evaluate(expression[2], symbols)
    return {"add": lambda: left + right, "sub": lambda: left - right, "mul": lambda: left * right, "ceildiv": lambda: -(-left // right),
            "floordiv": lambda: left // right, "min": lambda: min(left, right), "max": lambda: max(left, right)}[operation]()


def call_entry(path, entry_name, arrays, chunk=1):
    """Runs one entry. `arrays` maps argument names to numpy arrays (bf16 as uint16 bits), of any strides; results are written in place.

    parallel_for runs `chunk` items at a time, last chunk first, each with fresh scratch full of NaN: kernels may rely on no order.
    """
    description = json.loads(path.read_text())
    library = ctypes.CDLL(str(path.parent / description["code"]["file"]))
    entry = description["entries"][entry_name]
    by_name = {argument["name"]: argument for argument in description["arguments"]}
    tensors = (Tensor * len(entry["arguments"]))()
    for tensor, name in zip(tensors, entry["arguments"]):
        array = arrays[name]
        tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, TYPES[by_name[name]["type"]], array.ndim
        for n in range(array.ndim):
            tensor.shape[n], tensor.strides[n] = array.shape[n], array.strides[n] // array.itemsize
    symbols = {symbol: arrays[where].shape[dim] for symbol, (where, dim) in description["symbols"].items() if where in arrays}
    sizes = [evaluate(workspace["bytes"], symbols) for workspace in entry.get("workspace", [])]
    memory, address = aligned(sum(-(-size // 256) * 256 for size in sizes) or 1)
    offset = 0
    for workspace, size in zip(entry.get("workspace", []), sizes):
        if workspace["init"] == "zero":
            ctypes.memset(address + offset, 0, size)
        offset += -(-size // 256) * 256

    def parallel_for(_, count, scratch_bytes, task, context):
        for begin in reversed(range(0, count, chunk)):
            scratch, scratch_address = aligned(max(scratch_bytes, 1), 64)
            task(context, begin, min(begin + chunk, count), scratch_address)
            del scratch

    runtime = Runtime(None, PARALLEL_FOR(parallel_for))
    function = library[entry["symbol"]]
    function.restype = ctypes.c_int32
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    status = function(ctypes.addressof(tensors), address, ctypes.addressof(runtime))
    assert status == 0, f"{entry['symbol']} returned {status}"
    del memory


def bits(array, dtype):
    """float32 values that dtype can hold, as the array a kernel reads: bf16 as its upper 16 bits."""
    if dtype == "bf16":
        return (np.ascontiguousarray(array, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return array.astype({"f32": np.float32, "f16": np.float16}[dtype])


def values(array, dtype):
    """The inverse of bits, as float64."""
    if dtype == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return array.astype(np.float64)
