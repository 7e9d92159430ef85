"""An artefact on several threads and streams at once and in CUDA graphs: every result bitwise that of a launch alone.

4 threads launch every entry 50 times on each of 4 streams, with 16 sets of inputs that differ in values and lengths, into outputs of
their own poisoned with NaN; every other launch lets the runtime allocate the workspace. Then the entries are captured in a graph,
directly after the code was loaded, with a workspace given and with one that the capture allocates, and replayed 20 times, each on
new contents of the inputs.

usage: gpu_streams.py PATH ... as gpu_artefact.py says
"""

import ctypes
import itertools
import sys
import threading

from gpu_artefact import SIZES, Artefact, Block, Failed, Inputs, alone, expect_different, expect_equal, run_script

THREADS, STREAMS, LAUNCHES, REPLAYS = 4, 4, 50, 20
SETS = THREADS * STREAMS
# Lengths that differ from one set of inputs to the next.
VARYING = ("Sq", "Sk", "Tq", "Tk")


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


def check(runtime, path, given):
    driver = Driver()
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
    return f"{launches} launches on {THREADS} threads and {STREAMS} streams each, 2 graphs of {REPLAYS} replays: equal"


if __name__ == "__main__":
    sys.exit(run_script(__doc__, check))
