"""Runs an artefact of gdpa-compile (PTX with its launch description) on torch tensors, through the CUDA driver alone."""

import ctypes
import json
import math
import pathlib

import torch

_cuda = ctypes.CDLL("libcuda.so.1")
_SHARED_BYTES_LIMIT = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_REGISTERS, _LOCAL_BYTES = 4, 3  # CU_FUNC_ATTRIBUTE_NUM_REGS, _LOCAL_SIZE_BYTES
_SCALARS = {"f32": ctypes.c_float, "f64": ctypes.c_double, "i32": ctypes.c_int32, "i64": ctypes.c_int64,
            "index": ctypes.c_int64, "i1": ctypes.c_bool}


class CudaError(RuntimeError):
    pass


def _call(status, what):
    if status:
        text = ctypes.c_char_p()
        _cuda.cuGetErrorString(status, ctypes.byref(text))
        raise CudaError(f"{what}: {(text.value or b'?').decode()} ({status})")


def evaluate(expression, symbols):
    """An EXPR of a launch description: an integer, a symbol, or [op, a, b]."""
    if isinstance(expression, int):
        return expression
    if isinstance(expression, str):
        return symbols[expression]
    op, a, b = expression
    a, b = evaluate(a, symbols), evaluate(b, symbols)
    return {"add": lambda: a + b, "sub": lambda: a - b, "mul": lambda: a * b, "ceildiv": lambda: -(-a // b),
            "floordiv": lambda: a // b, "min": lambda: min(a, b), "max": lambda: max(a, b)}[op]()


class Kernel:
    def __init__(self, module, description):
        self.description = description
        self.function = ctypes.c_void_p()
        name = description["symbol"].encode()
        _call(_cuda.cuModuleGetFunction(ctypes.byref(self.function), module, name), f"find {name.decode()}")
        _call(_cuda.cuFuncSetAttribute(self.function, _SHARED_BYTES_LIMIT, description["shared_bytes"]),
              f"{description['shared_bytes']} bytes of shared memory for {name.decode()}")

    def attribute(self, number):
        value = ctypes.c_int()
        _call(_cuda.cuFuncGetAttribute(ctypes.byref(value), number, self.function), "attribute of a kernel")
        return value.value

    @property
    def registers(self):
        return self.attribute(_REGISTERS)

    @property
    def local_bytes(self):
        return self.attribute(_LOCAL_BYTES)


class Call:
    """One entry with its arguments bound: calling it launches its kernels on torch's current stream."""

    def __init__(self, launches, zeroed, keep):
        self._launches, self._zeroed, self._keep = launches, zeroed, keep

    def kernels(self):
        """(symbol, Call) of every launch alone."""
        return [(launch[0].description["symbol"], Call([launch], [], self._keep)) for launch in self._launches]

    def __call__(self):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        for tensor in self._zeroed:
            tensor.zero_()
        for kernel, grid, block, shared, pointers in self._launches:
            if 0 in grid:
                continue
            _call(_cuda.cuLaunchKernel(kernel.function, *grid, *block, shared, stream, pointers, None),
                  f"launch {kernel.description['symbol']}")


class Artefact:
    def __init__(self, path):
        """`path`: the launch description, beside its code."""
        torch.zeros(1, device="cuda")  # torch's context is the current one
        path = pathlib.Path(path)
        self.description = json.loads(path.read_text())
        if self.description.get("gdpa_launch") != 1:
            raise ValueError(f"{path}: expected a launch description of version 1")
        code = (path.parent / self.description["code"]["file"]).read_bytes() + b"\0"
        module = ctypes.c_void_p()
        _call(_cuda.cuModuleLoadData(ctypes.byref(module), code), f"load {path}")
        self.arguments = {a["name"]: a for a in self.description["arguments"]}
        self.kernels = {}
        for entry in self.description["entries"].values():
            for kernel in entry["kernels"]:
                if kernel["symbol"] not in self.kernels:
                    self.kernels[kernel["symbol"]] = Kernel(module, kernel)

    def bind(self, entry, **values):
        """`values`: tensors and numbers by argument name."""
        entry = self.description["entries"][entry]
        symbols = {"sm_count": torch.cuda.get_device_properties(0).multi_processor_count}
        for name, (argument, dim) in self.description["symbols"].items():
            if argument in values:
                symbols[name] = values[argument].shape[dim]
        workspaces, zeroed, keep = {}, [], []
        for workspace in entry.get("workspace", []):
            size = evaluate(workspace["bytes"], symbols)
            # Whatever was there before must not matter.
            workspaces[workspace["name"]] = torch.full((max(size, 1),), 0xFF, dtype=torch.uint8, device="cuda")
            if workspace["init"] == "zero":
                zeroed.append(workspaces[workspace["name"]])
        launches = []
        for kernel in entry["kernels"]:
            parameters = [self._parameter(p, values, workspaces, symbols) for p in kernel["params"]]
            pointers = (ctypes.c_void_p * len(parameters))(
                *[ctypes.cast(ctypes.pointer(p), ctypes.c_void_p) for p in parameters])
            keep.append(parameters)
            launches.append((self.kernels[kernel["symbol"]], [evaluate(g, symbols) for g in kernel["grid"]],
                             kernel["block"], kernel["shared_bytes"], pointers))
        return Call(launches, zeroed, (keep, workspaces, values))

    def _parameter(self, parameter, values, workspaces, symbols):
        if "pointer" in parameter:
            return ctypes.c_uint64(values[parameter["pointer"]].data_ptr())
        if "workspace" in parameter:
            return ctypes.c_uint64(workspaces[parameter["workspace"]].data_ptr())
        if "size" in parameter:
            name, dim = parameter["size"]
            return ctypes.c_int64(values[name].shape[dim])
        if "stride" in parameter:
            name, dim = parameter["stride"]
            return ctypes.c_int64(values[name].stride(dim))
        if "value" in parameter:
            return _SCALARS[parameter["type"]](evaluate(parameter["value"], symbols))
        name = parameter["scalar"]
        value = values[name]
        return _SCALARS[self.arguments[name]["type"]](value.item() if isinstance(value, torch.Tensor) else value)


def relative_error(actual, expected):
    """Relative Frobenius error against a float64 reference; NaN never passes."""
    difference = (actual.double() - expected).norm().item()
    norm = expected.norm().item()
    return difference / norm if norm else (0.0 if difference == 0 else math.inf)
