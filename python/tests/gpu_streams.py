"""An artefact on several threads and streams at once and in CUDA graphs: every result bitwise that of a launch alone.

4 threads launch every entry 50 times on each of 4 streams, with 16 sets of inputs that differ in values and lengths, into outputs of
their own poisoned with NaN; every other launch lets the runtime allocate the workspace. Then the entries are captured in a graph,
directly after the code was loaded, with a workspace given and with one that the capture allocates, and replayed 20 times, each on
new contents of the inputs.

usage: gpu_streams.py PATH ... [SYMBOL=SIZE ...] [--library FILE]
  PATH            a launch description of a CUDA target, or a folder of them (references are left out)
  SYMBOL=SIZE     sizes of the shapes' symbols; those of batches, heads and lengths have defaults, others are 8
  --library FILE  the runtime; build/lib/libgdpa_runtime.so
  --compile FOLDER [--target T]
                  only compile, into FOLDER, what the test in test/Integration runs (no GPU needed)

Needs numpy and the CUDA driver, no other part of CUDA.
"""

import argparse
import ctypes
import itertools
import pathlib
import sys
import threading

import numpy as np

import support

THREADS, STREAMS, LAUNCHES, REPLAYS = 4, 4, 50, 20
SETS = THREADS * STREAMS
SIZES = {"B": 2, "Hq": 4, "Hkv": 2, "Sq": 129, "Sk": 200, "Tq": 500, "Tk": 430, "cu_seqlens_q.0": 6, "cu_seqlens_k.0": 6}
# Lengths that differ from one set of inputs to the next.
VARYING = ("Sq", "Sk", "Tq", "Tk")
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


class Driver:
    """The CUDA driver's streams and graphs, on the primary context of device 0."""

    CAPTURE_GLOBAL, NON_BLOCKING = 0, 1

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")
        self.context = ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        self.make_current()

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            text = ctypes.c_char_p()
            self.library.cuGetErrorString(status, ctypes.byref(text))
            raise Failed(f"{name}: {(text.value or b'?').decode()} ({status})")

    def make_current(self):
        """For the calling thread."""
        self.call("cuCtxSetCurrent", self.context)

    def stream(self):
        stream = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(stream), self.NON_BLOCKING)
        return stream

    def wait(self, stream):
        self.call("cuStreamSynchronize", stream)

    def capture(self, stream, launch):
        """What `launch` puts on the stream, as a graph that can be launched."""
        graph, ready = ctypes.c_void_p(), ctypes.c_void_p()
        # Of the modes, the one that refuses most.
        self.call("cuStreamBeginCapture_v2", stream, self.CAPTURE_GLOBAL)
        try:
            launch()
        finally:  # what follows must not find a stream that is captured
            self.library.cuStreamEndCapture(stream, ctypes.byref(graph))
        if not graph:
            raise Failed("the capture of a graph was invalidated")
        self.call("cuGraphInstantiateWithFlags", ctypes.byref(ready), graph, ctypes.c_uint64(0))
        self.call("cuGraphDestroy", graph)
        return ready

    def replay(self, graph, stream):
        self.call("cuGraphLaunch", graph, stream)

    def destroy(self, graph):
        self.call("cuGraphExecDestroy", graph)


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
    return [sizes.get(symbol, 8) if symbol else extent for symbol, extent in zip(symbols, argument.shape)]


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


class Inputs:
    """Values of everything that no entry writes, on the host; `sizes` of the symbols."""

    def __init__(self, artefact, sizes, seed):
        random = np.random.default_rng(seed)
        self.sizes, self.artefact = sizes, artefact
        self.values = {number: np.ascontiguousarray(values_of(argument, sizes, random))
                       for number, argument in enumerate(artefact.arguments) if not argument.written}

    def block(self):
        """Memory for them on the device; scalars passed by value stay on the host."""
        return Block(self.artefact.runtime,
                     {n: values.nbytes for n, values in self.values.items() if not self.artefact.arguments[n].by_value})

    def upload(self, block):
        for number, address in block.addresses.items():
            self.artefact.runtime.upload(address, self.values[number])

    def output_sizes(self):
        size = self.artefact.runtime.library.gdpa_dtype_size
        return {number: int(np.prod(shape_of(argument, self.sizes), dtype=np.int64)) * size(argument.dtype)
                for number, argument in enumerate(self.artefact.arguments) if argument.written}

    def tensors(self, inputs, outputs):
        """The tensors of all arguments in two blocks."""
        result = []
        for number, argument in enumerate(self.artefact.arguments):
            tensor = Tensor(dtype=argument.dtype, rank=argument.rank)
            shape = shape_of(argument, self.sizes)
            strides = [int(np.prod(shape[i + 1:], dtype=np.int64)) for i in range(len(shape))]
            tensor.shape[:argument.rank], tensor.strides[:argument.rank] = shape, strides
            if argument.by_value:
                tensor.data = self.values[number].ctypes.data
            else:
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


def check_threads(driver, artefact, sets, devices, expected):
    """Returns the number of launches."""
    runtime = artefact.runtime
    plan = {}  # (thread, stream, launch): set, outputs, calls
    for thread, stream, launch in itertools.product(range(THREADS), range(STREAMS), range(LAUNCHES)):
        number = (thread * STREAMS + stream + 5 * launch) % SETS
        outputs = Block(runtime, sets[number].output_sizes())
        outputs.poison()
        plan[thread, stream, launch] = number, outputs, sets[number].calls(devices[number], outputs)
    size = max(artefact.workspace_size(inputs.tensors(device, plan[0, 0, 0][1])) for inputs, device in zip(sets, devices))
    workspaces = {key: runtime.allocate(size) for key in itertools.product(range(THREADS), range(STREAMS))}
    runtime.synchronize()
    start, errors = threading.Barrier(THREADS), []

    def work(thread):
        try:
            driver.make_current()
            streams = [driver.stream() for _ in range(STREAMS)]
            start.wait()
            for launch, stream in itertools.product(range(LAUNCHES), range(STREAMS)):
                # Null: the runtime allocates in the order of the stream.
                workspace = workspaces[thread, stream] if launch % 2 == 0 else None
                artefact.run(plan[thread, stream, launch][2], workspace, streams[stream])
            for stream in streams:
                driver.wait(stream)
        except Exception as error:  # reported by the main thread
            errors.append(error)
            start.abort()

    threads = [threading.Thread(target=work, args=[thread]) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    for (thread, stream, launch), (number, outputs, _) in plan.items():
        expect_equal(f"thread {thread}, stream {stream}, launch {launch}", outputs.contents(), expected[number], artefact)
        outputs.free()
    for workspace in workspaces.values():
        runtime.free(workspace)
    return len(plan)


def check_graph(driver, artefact, inputs, allocates):
    """Captures the entries on the first inputs and replays them on the contents of all; these have the same sizes."""
    runtime = artefact.runtime
    device, outputs = inputs[0].block(), Block(runtime, inputs[0].output_sizes())
    inputs[0].upload(device)
    size = artefact.workspace_size(inputs[0].tensors(device, outputs))
    workspace = None if allocates else runtime.allocate(size)
    stream, calls = driver.stream(), inputs[0].calls(device, outputs)
    # Scalars by value are fixed by the capture.
    by_value = {number: inputs[0].values[number] for number, argument in enumerate(artefact.arguments) if argument.by_value and not argument.written}
    runtime.synchronize()
    graph = driver.capture(stream, lambda: artefact.run(calls, workspace, stream))
    results = []
    for replay in range(REPLAYS):
        now = inputs[replay % len(inputs)]
        now.values.update(by_value)
        now.upload(device)
        outputs.poison()
        runtime.synchronize()
        driver.replay(graph, stream)
        driver.wait(stream)
        results.append(outputs.contents())
    driver.destroy(graph)
    expected = []
    for now in inputs:
        now.upload(device)
        expected.append(alone(now, device))
    for replay, found in enumerate(results):
        expect_equal(f"replay {replay} of a graph", found, expected[replay % len(inputs)], artefact)
    expect_different(expected)
    for block in (device, outputs):
        block.free()
    if workspace:
        runtime.free(workspace)


def expect_different(results):
    """Results of different inputs differ, so that a launch that read another one's inputs would show."""
    contents = [tuple(result.values()) for result in results]
    if any(contents[0]) and len(set(contents)) != len(contents):
        raise Failed("expected different results of different inputs, found equal ones")


def check(driver, runtime, path, given):
    # Graphs first: nothing but loading went before.
    for allocates in (False, True):
        artefact = Artefact(runtime, path)
        check_graph(driver, artefact, [Inputs(artefact, {**SIZES, **given}, seed) for seed in range(5)], allocates)
        artefact.close()
    artefact = Artefact(runtime, path)
    sets = []
    for seed in range(SETS):
        sizes = {**SIZES, **given}
        sizes.update({name: sizes[name] + seed for name in VARYING if name not in given})
        sets.append(Inputs(artefact, sizes, 100 + seed))
    devices = []
    for inputs in sets:
        devices.append(inputs.block())
        inputs.upload(devices[-1])
    runtime.synchronize()
    expected = [alone(inputs, device) for inputs, device in zip(sets, devices)]
    expect_different(expected)
    launches = check_threads(driver, artefact, sets, devices, expected)
    for device in devices:
        device.free()
    artefact.close()
    print(f"{path.name}: {launches} launches on {THREADS} threads and {STREAMS} streams each, 2 graphs of {REPLAYS} replays: equal", flush=True)


def compile_all(folder, target):
    import catalogue  # in examples/, which support puts on the path

    folder.mkdir(parents=True, exist_ok=True)
    for name, layout in (("silu", "bhsd"), ("softmax", "bshd"), ("causal", "bhsd"), ("jagged-silu", "thd")):
        example = {e.name: e for e in (*catalogue.ALL, *catalogue.JAGGED)}[name]
        source = support.specialise(example.source, "bf16", 64, 64)
        if layout == "bshd":
            source = support.as_layout(source, layout)
        support.compile_program(source, folder, target=target, name=name, reference=False, grad=target == "sm_80")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    wrong = 0
    try:
        driver, runtime = Driver(), Runtime(options.library)
    except (OSError, Failed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in paths:
        try:
            check(driver, runtime, path, sizes)
        except Failed as error:
            wrong += 1
            print(f"{path.name}: WRONG: {error}", flush=True)
    print(f"{wrong} wrong of {len(paths)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
