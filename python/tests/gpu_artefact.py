"""Artefacts of CUDA targets on a device through the runtime's C interface: inputs of any strides, outputs poisoned with NaN, results as
bytes; and what the command lines of gpu_streams.py and gpu_views.py have in common:

usage: SCRIPT PATH ... [SYMBOL=SIZE ...] [--library FILE]
       SCRIPT --compile FOLDER [--target T]
  PATH            a launch description of a CUDA target, or a folder of them (references are left out)
  SYMBOL=SIZE     sizes of the shapes' symbols; those of batches, heads and lengths have defaults, others are 8
  --library FILE  the runtime; build/lib/libgdpa_runtime.so
  --compile       write the artefacts that the tests in test/Integration run into FOLDER (no GPU needed)

Needs numpy and the CUDA driver, no other part of CUDA.
"""

import argparse
import ctypes
import itertools
import pathlib
import sys

import numpy as np

import support

# Of the symbols of shapes that every artefact has; those of captures are OTHER_SIZE.
SIZES = {"B": 2, "Hq": 4, "Hkv": 2, "Sq": 129, "Sk": 200, "Tq": 500, "Tk": 430, "cu_seqlens_q.0": 6, "cu_seqlens_k.0": 6}
OTHER_SIZE = 8
MAX_RANK = 6
TYPES = ("f64", "f32", "bf16", "f16", "i1", "i8", "i16", "i32", "i64")
NUMPY_TYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.uint8, "i8": np.int8, "i16": np.int16, "i32": np.int32,
               "i64": np.int64, "bf16": np.uint16}


class Failed(RuntimeError):
    pass


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32), ("shape", ctypes.c_int64 * MAX_RANK),
                ("strides", ctypes.c_int64 * MAX_RANK)]


class Argument(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("role", ctypes.c_char_p), ("dtype", ctypes.c_int32), ("rank", ctypes.c_int32),
                ("shape", ctypes.c_int64 * MAX_RANK), ("symbols", ctypes.c_char_p * MAX_RANK), ("written", ctypes.c_int32),
                ("by_value", ctypes.c_int32), ("stride_multiple_bytes", ctypes.c_int64)]


class Runtime:
    """libgdpa_runtime.so on device 0."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        self.library.gdpa_last_error.restype = ctypes.c_char_p
        self.library.gdpa_artefact_entry_name.restype = ctypes.c_char_p
        self.library.gdpa_dtype_size.restype = ctypes.c_int64
        self.cuda = ctypes.c_void_p()
        self.call("gdpa_cuda_open", 0, ctypes.byref(self.cuda))

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments):
            raise Failed(f"{name}: {self.library.gdpa_last_error().decode()}")

    def allocate(self, size):
        memory = ctypes.c_void_p()
        self.call("gdpa_cuda_allocate", self.cuda, ctypes.c_int64(size), ctypes.byref(memory))
        return memory.value or 0

    def free(self, memory):
        self.library.gdpa_cuda_free(self.cuda, ctypes.c_void_p(memory))

    def poison(self, memory, size):
        self.call("gdpa_cuda_fill", self.cuda, ctypes.c_void_p(memory), ctypes.c_ubyte(0xFF), ctypes.c_int64(size))

    def upload(self, memory, array):
        self.call("gdpa_cuda_upload", self.cuda, ctypes.c_void_p(memory), ctypes.c_void_p(array.ctypes.data), ctypes.c_int64(array.nbytes))

    def download(self, memory, size):
        bytes_ = ctypes.create_string_buffer(size)
        self.call("gdpa_cuda_download", self.cuda, bytes_, ctypes.c_void_p(memory), ctypes.c_int64(size))
        return bytes_.raw

    def synchronize(self):
        self.call("gdpa_cuda_synchronize", self.cuda)


class Artefact:
    def __init__(self, runtime, path):
        self.runtime, self.handle = runtime, ctypes.c_void_p()
        library = runtime.library
        runtime.call("gdpa_artefact_open", str(path).encode(), ctypes.byref(self.handle))
        runtime.call("gdpa_cuda_load", self.handle, runtime.cuda)
        self.arguments = []
        for number in range(library.gdpa_artefact_argument_count(self.handle)):
            argument = Argument()
            runtime.call("gdpa_artefact_argument", self.handle, number, ctypes.byref(argument))
            self.arguments.append(argument)
        # The backward reads what the forward wrote.
        entries = range(library.gdpa_artefact_entry_count(self.handle))
        self.entries = sorted(entries, key=lambda entry: library.gdpa_artefact_entry_name(self.handle, entry), reverse=True)
        self.positions = {entry: [library.gdpa_entry_argument(self.handle, entry, i)
                                  for i in range(library.gdpa_entry_argument_count(self.handle, entry))] for entry in self.entries}

    def close(self):
        self.runtime.library.gdpa_artefact_close(self.handle)

    def select(self, entry, tensors):
        return (Tensor * len(self.positions[entry]))(*[tensors[number] for number in self.positions[entry]])

    def workspace_size(self, tensors):
        """The most that an entry needs."""
        sizes = []
        for entry in self.entries:
            size = ctypes.c_int64()
            self.runtime.call("gdpa_cuda_workspace", self.handle, entry, self.runtime.cuda, self.select(entry, tensors), ctypes.byref(size))
            sizes.append(size.value)
        return max(sizes)

    def run(self, calls, workspace, stream):
        """`calls`: what select() gave for each entry, so that nothing is allocated here."""
        for entry in self.entries:
            self.runtime.call("gdpa_cuda_run", self.handle, entry, self.runtime.cuda, calls[entry], ctypes.c_void_p(workspace), stream)


def shape_of(argument, sizes):
    symbols = [symbol.decode() if symbol else None for symbol in argument.symbols[:argument.rank]]
    return [sizes.get(symbol, OTHER_SIZE) if symbol else extent for symbol, extent in zip(symbols, argument.shape)]


def bounds(random, count, rows):
    """Of the sequences of a jagged batch; some may be empty."""
    inner = np.sort(random.integers(0, rows + 1, max(count - 2, 0)))
    return np.concatenate([[0], inner, [rows]])[:count]


def values_of(argument, sizes, random):
    kind, role = TYPES[argument.dtype], argument.role.decode()
    shape = shape_of(argument, sizes)
    if role.startswith("cu_seqlens"):
        return bounds(random, shape[0], sizes["Tq" if role.endswith("q") else "Tk"]).astype(NUMPY_TYPES[kind])
    if kind.startswith("i"):
        return random.integers(0, 2, shape).astype(NUMPY_TYPES[kind])
    values = random.standard_normal(shape) * (0.1 if role == "scale" else 1)
    if kind == "bf16":  # truncated
        return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return np.asarray(values, NUMPY_TYPES[kind])


class Block:
    """Device memory for arrays of these sizes, each aligned to 256 bytes."""

    def __init__(self, runtime, sizes):
        ends = list(itertools.accumulate((size + 255) // 256 * 256 for size in sizes.values()))
        self.runtime, self.size = runtime, ends[-1] if ends else 0
        self.base = runtime.allocate(self.size)
        self.sizes = sizes
        self.addresses = {name: self.base + start for name, start in zip(sizes, [0, *ends[:-1]])}

    def poison(self):
        self.runtime.poison(self.base, self.size)

    def contents(self):
        """Bytes of each array."""
        everything = self.runtime.download(self.base, self.size)
        return {name: everything[self.addresses[name] - self.base:][:size] for name, size in self.sizes.items()}

    def free(self):
        self.runtime.free(self.base)


def dense_strides(shape):
    return [int(np.prod(shape[i + 1:], dtype=np.int64)) for i in range(len(shape))]


class Inputs:
    """Values of everything that no entry writes, on the host; `sizes` of the symbols.

    `strides` (elements, by argument number) may be changed before they are placed on the device; so may `missing`, the numbers of
    empty tensors whose address is null."""

    def __init__(self, artefact, sizes, seed):
        random = np.random.default_rng(seed)
        self.sizes, self.artefact = sizes, artefact
        self.strides, self.missing = {}, set()
        self.values = {number: np.ascontiguousarray(values_of(argument, sizes, random))
                       for number, argument in enumerate(artefact.arguments) if not argument.written}

    def block(self):
        """Memory for them on the device; scalars passed by value stay on the host."""
        return Block(self.artefact.runtime,
                     {n: self.stored(n).nbytes for n in self.values if not self.artefact.arguments[n].by_value})

    def strides_of(self, number):
        return self.strides.get(number) or dense_strides(shape_of(self.artefact.arguments[number], self.sizes))

    def stored(self, number):
        """The memory of an argument, with bytes of NaN between its elements."""
        values, strides = self.values[number], self.strides_of(number)
        if values.size == 0:
            return np.zeros(0, values.dtype)
        last = sum((extent - 1) * stride for extent, stride in zip(values.shape, strides))
        memory = np.full((last + 1) * values.itemsize, 0xFF, np.uint8).view(values.dtype)
        np.lib.stride_tricks.as_strided(memory, values.shape, [stride * values.itemsize for stride in strides])[...] = values
        return memory

    def upload(self, block):
        for number, address in block.addresses.items():
            self.artefact.runtime.upload(address, self.stored(number))

    def output_sizes(self):
        size = self.artefact.runtime.library.gdpa_dtype_size
        return {number: int(np.prod(shape_of(argument, self.sizes), dtype=np.int64)) * size(argument.dtype)
                for number, argument in enumerate(self.artefact.arguments) if argument.written}

    def tensors(self, inputs, outputs):
        """The tensors of all arguments in two blocks."""
        result = []
        for number, argument in enumerate(self.artefact.arguments):
            tensor = Tensor(dtype=argument.dtype, rank=argument.rank)
            tensor.shape[:argument.rank], tensor.strides[:argument.rank] = shape_of(argument, self.sizes), self.strides_of(number)
            if argument.by_value:
                tensor.data = self.values[number].ctypes.data
            elif number not in self.missing:
                tensor.data = (outputs if argument.written else inputs).addresses[number]
            result.append(tensor)
        return result

    def calls(self, inputs, outputs):
        tensors = self.tensors(inputs, outputs)
        return {entry: self.artefact.select(entry, tensors) for entry in self.artefact.entries}


def alone(inputs, device):
    """Results of one launch with nothing beside it."""
    artefact, runtime = inputs.artefact, inputs.artefact.runtime
    outputs = Block(runtime, inputs.output_sizes())
    outputs.poison()
    runtime.synchronize()
    artefact.run(inputs.calls(device, outputs), None, None)
    runtime.synchronize()
    contents = outputs.contents()
    outputs.free()
    return contents


def expect_equal(where, found, expected, artefact):
    for number, content in expected.items():
        if found[number] != content:
            name = artefact.arguments[number].name.decode()
            raise Failed(f"{where}: expected the bits of '{name}' of a launch alone, found others")


def expect_different(results):
    """Results of different inputs differ, so that a launch that read another one's inputs would show."""
    contents = [tuple(result.values()) for result in results]
    if any(contents[0]) and len(set(contents)) != len(contents):
        raise Failed("expected different results of different inputs, found equal ones")


def compile_all(folder, target):
    import catalogue  # in examples/, which support puts on the path

    folder.mkdir(parents=True, exist_ok=True)
    for name, layout in (("silu", "bhsd"), ("softmax", "bshd"), ("causal", "bhsd"), ("jagged-silu", "thd")):
        source = support.specialise(catalogue.BY_NAME[name].source, "bf16", 64, 64)
        if layout == "bshd":
            source = support.as_layout(source, layout)
        support.compile_program(source, folder, target=target, name=name, reference=False)


def run_script(usage, check):
    """Calls check(runtime, path, sizes) for every artefact of the command line; it raises Failed or returns what was seen."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="PATH|SYMBOL=SIZE")
    parser.add_argument("--library", type=pathlib.Path, default=support.BUILD / "lib" / "libgdpa_runtime.so")
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--target", default="sm_80")
    options = parser.parse_args()
    if options.compile:
        return compile_all(options.compile, options.target)
    sizes = {name: int(size) for name, size in (word.split("=") for word in options.words if "=" in word)}
    paths = []
    for path in (pathlib.Path(word) for word in options.words if "=" not in word):
        paths += sorted(p for p in path.glob("*.json") if not p.name.endswith(".reference.json")) if path.is_dir() else [path]
    if not paths:
        parser.error("expected at least one launch description")
    try:
        runtime = Runtime(options.library)
    except (OSError, Failed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    wrong = 0
    for path in paths:
        try:
            print(f"{path.name}: {check(runtime, path, sizes)}", flush=True)
        except Failed as error:
            wrong += 1
            print(f"{path.name}: WRONG: {error}", flush=True)
    print(f"{wrong} wrong of {len(paths)}")
    return 1 if wrong else 0
