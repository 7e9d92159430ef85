"""Runs an artefact of gdpa-compile on torch's CUDA tensors and current stream, through the C interface of the runtime (libgdpa_runtime.so)."""

import ctypes
import json
import math
import os
import pathlib

import torch

_MAX_RANK = 6
_DTYPES = {torch.float64: 0, torch.float32: 1, torch.bfloat16: 2, torch.float16: 3, torch.bool: 4, torch.int8: 5, torch.int16: 6,
           torch.int32: 7, torch.int64: 8}
# a scalar by value: (gdpa_dtype, what holds it)
_SCALARS = {"f64": (0, ctypes.c_double), "f32": (1, ctypes.c_float), "i1": (4, ctypes.c_bool), "i32": (7, ctypes.c_int32),
            "i64": (8, ctypes.c_int64), "index": (8, ctypes.c_int64)}


class CudaError(RuntimeError):
    pass


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * _MAX_RANK), ("strides", ctypes.c_int64 * _MAX_RANK)]


def _load():
    root = pathlib.Path(__file__).resolve().parents[2]
    library = ctypes.CDLL(os.environ.get("GDPA_RUNTIME", str(root / os.environ.get("BUILD_DIR", "build") / "lib" / "libgdpa_runtime.so")))
    library.gdpa_last_error.restype = ctypes.c_char_p
    return library


_library = _load()
_device = ctypes.c_void_p()


def _call(status, what):
    if status:
        raise CudaError(f"{what}: {_library.gdpa_last_error().decode()}")


def _open_device():
    """The current device; torch's context is its primary one, which the runtime shares."""
    if not _device:
        torch.zeros(1, device="cuda")
        _call(_library.gdpa_cuda_open(torch.cuda.current_device(), ctypes.byref(_device)), "open the device")
    return _device


class Call:
    """One entry with its arguments bound: calling it launches its kernels on torch's current stream."""

    def __init__(self, artefact, entry, arguments, workspace, keep):
        self._artefact, self._entry, self._arguments, self._keep = artefact, entry, arguments, (workspace, keep)
        self._workspace = ctypes.c_void_p(workspace.data_ptr())

    def __call__(self):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        status = _library.gdpa_cuda_run(self._artefact.handle, self._entry, _device, self._arguments, self._workspace, stream)
        if status:
            _call(status, f"run {self._artefact.path}")

    def kernel_times(self, repeats):
        """{symbol: milliseconds} of each kernel of the entry, by torch's profiler."""
        from torch.profiler import ProfilerActivity, profile
        with profile(activities=[ProfilerActivity.CUDA]) as profiler:
            for _ in range(repeats):
                self()
            torch.cuda.synchronize()
        return {event.key: event.device_time_total / repeats / 1e3 for event in profiler.key_averages()}


class Artefact:
    def __init__(self, path):
        """`path`: the launch description, beside its code."""
        self.path = pathlib.Path(path)
        self.description = json.loads(self.path.read_text())
        self.arguments = {a["name"]: a for a in self.description["arguments"]}
        self.handle = ctypes.c_void_p()
        _call(_library.gdpa_artefact_open(str(path).encode(), ctypes.byref(self.handle)), f"open {path}")
        _call(_library.gdpa_cuda_load(self.handle, _open_device()), f"load {path}")

    def bind(self, entry, **values):
        """`values`: tensors and numbers by argument name."""
        number = _library.gdpa_artefact_find_entry(self.handle, entry.encode())
        if number < 0:
            raise CudaError(f"{self.path}: no entry '{entry}'")
        names = self.description["entries"][entry]["arguments"]
        keep = []
        arguments = (_Tensor * len(names))(*[self._argument(name, values[name], keep) for name in names])
        size = ctypes.c_int64()
        _call(_library.gdpa_cuda_workspace(self.handle, number, _device, arguments, ctypes.byref(size)), f"bind {entry} of {self.path}")
        # Whatever was there before must not matter.
        workspace = torch.full((max(size.value, 1),), 0xFF, dtype=torch.uint8, device="cuda")
        return Call(self, number, arguments, workspace, keep)

    def _argument(self, name, value, keep):
        argument = self.arguments[name]
        if not argument["shape"] and argument["access"] == "read":  # a scalar, taken by value
            dtype, holder = _SCALARS[argument["type"]]
            keep.append(holder(value.item() if hasattr(value, "item") else value))
            return _Tensor(ctypes.cast(ctypes.pointer(keep[-1]), ctypes.c_void_p), dtype, 0)
        keep.append(value)
        return _Tensor(value.data_ptr(), _DTYPES[value.dtype], value.dim(), (ctypes.c_int64 * _MAX_RANK)(*value.shape),
                       (ctypes.c_int64 * _MAX_RANK)(*value.stride()))


def relative_error(actual, expected):
    """Relative Frobenius error against a float64 reference; NaN never passes."""
    difference = (actual.double() - expected).norm().item()
    norm = expected.norm().item()
    return difference / norm if norm else (0.0 if difference == 0 else math.inf)
