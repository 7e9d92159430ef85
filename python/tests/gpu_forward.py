"""Forward kernels on this machine's GPU against numpy's float64, many in one process: a cover of what kernels are specialised on, and random programs.

usage: gpu_forward.py --compile FOLDER [--target sm_90a] [--count 300] [--first SEED] [--jobs N]    needs no GPU, but ptxas
       gpu_forward.py --run FOLDER [--jobs N] [--output FILE]                                       needs torch and libgdpa_runtime.so
       gpu_forward.py --sanitize FOLDER [--jobs N]                                                  compute-sanitizer over a sample

Outputs are poisoned with NaN and launched 8 times, bitwise equal. Every tensor lies between rows of NaN, in three placements; nothing
outside an output may change. In jagged batches the rows of every second sequence are NaN in one more launch: the others may not change.
Lengths 0 to 1000, head dims 8 to 256, groups of 1, 2 and 8 heads, all layouts, normalizers, masks and captures of rank 0 to 4 meet in pairs.
Failing programs are written to the output file with their sizes. After a hang or a crash the run goes on behind the case.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import math
import multiprocessing
import os
import pathlib
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

import differences
import forward_cases
import support

REPEATS = 8
HANG_SECONDS = 10
HUNG, BROKEN = 99, 98
GUARD = 4096  # elements of NaN before and after a tensor
SANITIZED_PROGRAMS = 8


# -- compile


def compile_case(folder, target, name, case, runs):
    """None, or why there is no kernel."""
    (folder / f"{name}.mlir").write_text(case.mlir())
    done = support.call(support.tool("gdpa-compile"), folder / f"{name}.mlir", f"--target={target}", "--emit=cubin", "-o", folder / f"{name}.cubin")
    if done.returncode:
        return done.stderr
    (folder / f"{name}.case").write_bytes(pickle.dumps((case, runs)))
    return None


def compile_all(folder, target, count, first, jobs):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.case"):
        old.unlink()
    failed, refused = 0, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        cases = forward_cases.grid() + list(pool.map(forward_cases.drawn, range(first, first + count)))
        for (name, *_), problem in zip(cases, pool.map(lambda case: compile_case(folder, target, *case), cases)):
            if problem is None:
                continue
            if re.search(r"is not lowered|are not lowered|not lowered on", problem):
                refused[re.sub(r".*?error: ", "", problem.splitlines()[0])] += 1
            else:
                failed += 1
                print(f"{name}: {problem}", flush=True)
    print(f"{len(cases) - failed - sum(refused.values())} programs compiled for {target}, {failed} not")
    for reason, times in refused.most_common():
        print(f"refused {times} times: {reason}")
    return 1 if failed else 0


# -- judge: in processes of their own


def inputs_of(case, run):
    """The case with its sizes, its inputs, captures and scale."""
    case, rng = run.of(case), np.random.default_rng(run.seed)
    inputs = case.make_inputs(rng)
    return case, inputs, case.make_captures(rng), float(np.float32(1 / math.sqrt(case.d)))


def judge(case, run, results):
    """What is wrong with the arrays of a run, or None."""
    case, inputs, captures, scale = inputs_of(case, run)
    expected = case.forward(inputs, scale, captures)
    return differences.forward_difference(results, expected, differences.allowed(case, inputs, scale, captures, expected[0]))


# -- run: one process owns the GPU


class Hung(Exception):
    pass


class Device:
    """What a case needs of torch and the runtime."""

    def __init__(self):
        sys.path.insert(0, str(support.ROOT / "benchmarks" / "gpu"))
        import torch
        from artefact import Artefact
        self.torch, self.Artefact = torch, Artefact
        self.types = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}

    def wait(self):
        event = self.torch.cuda.Event()
        event.record()
        began = time.monotonic()
        while not event.query():
            if time.monotonic() - began > HANG_SECONDS:
                raise Hung
            time.sleep(0.0002)

    def place(self, shape, dtype, placement):
        """(a tensor of NaN, the whole of the memory that it lies in)"""
        torch = self.torch
        outer = list(shape)
        if placement != "dense":
            outer[-1] += 8
        if placement == "apart":
            outer[:-1] = [extent + 1 for extent in outer[:-1]]
        strides = [math.prod(max(extent, 1) for extent in outer[n + 1:]) for n in range(len(outer))]
        memory = torch.full((2 * GUARD + math.prod(outer),), math.nan, device="cuda", dtype=dtype)
        return torch.as_strided(memory, shape, strides, GUARD), memory

    def upload(self, array, dtype, placement):
        tensor, _ = self.place(array.shape, dtype, placement)
        return tensor.copy_(self.torch.from_numpy(array).cuda())

    def bits(self, tensor):
        return tensor.contiguous().view(self.torch.int32 if tensor.element_size() == 4 else self.torch.int16)

    def run(self, artefact, case, run):
        """The results as arrays by name; raises AssertionError where something else than their numbers is wrong."""
        torch = self.torch
        case, inputs, captures, scale = inputs_of(case, run)
        values = {"scale": scale}
        for name in "qkv":
            values[name] = self.upload(inputs[name], self.types[case.dtype], run.placement)
        for name in ("cu_seqlens_q", "cu_seqlens_k"):
            if name in inputs:
                values[name] = torch.from_numpy(inputs[name]).cuda()
        for name, value in captures.items():
            if not isinstance(value, np.ndarray):
                values[name] = value
            elif value.dtype == np.float32:
                values[name] = self.upload(value, torch.float32, "dense")
            else:
                values[name] = torch.from_numpy(value).cuda()
        shape = (*inputs["q"].shape[:-1], case.dv)
        outputs = {"o": self.place(shape, self.types[case.dtype], run.placement)}
        if case.normalizer != "none":
            batch, heads, queries = (case.sizes[n] for n in ("B", "Hq", "Sq"))
            outputs["stats"] = self.place((heads, len(inputs["q"])) if case.layout == "thd" else (batch, heads, queries), torch.float32, "dense")
        call = artefact.bind("forward", **values, **{name: tensor for name, (tensor, _) in outputs.items()})
        first = {}
        for number in range(REPEATS):
            for tensor, memory in outputs.values():
                memory.fill_(math.nan)
            call()
            self.wait()
            for name, (tensor, _) in outputs.items():
                if number == 0:
                    first[name] = tensor.clone()
                else:
                    assert torch.equal(self.bits(first[name]), self.bits(tensor)), f"{name}: launch {number + 1} differs from the first"
        results = {name: tensor.float().cpu().numpy() for name, tensor in first.items()}
        for name, (tensor, memory) in outputs.items():
            tensor.fill_(math.nan)
            assert memory.isnan().all(), f"{name}: written outside of the tensor"
        if case.layout == "thd":
            self.check_neighbours(call, case, inputs, values, outputs, first)
        return results

    def check_neighbours(self, call, case, inputs, values, outputs, first):
        """Every second sequence becomes NaN; the results of the others may not change."""
        for odd in (0, 1):
            kept = self.torch.zeros(len(inputs["q"]), dtype=self.torch.bool)
            saved = {name: values[name].clone() for name in "qkv"}
            for names, bounds in (("q", inputs["cu_seqlens_q"]), ("kv", inputs["cu_seqlens_k"])):
                for b in range(len(bounds) - 1):
                    rows = slice(int(bounds[b]), int(bounds[b + 1]))
                    if b % 2 != odd:
                        if names == "q":
                            kept[rows] = True
                        continue
                    for name in names:
                        values[name][rows] = math.nan
            for tensor, _ in outputs.values():
                tensor.fill_(math.nan)
            call()
            self.wait()
            kept = kept.cuda()
            for name, (tensor, _) in outputs.items():
                same = self.bits(tensor) == self.bits(first[name])
                assert same.movedim(1 if name == "stats" else 0, 0)[kept].all(), f"{name}: NaN of a neighbouring sequence changes it"
            for name, tensor in saved.items():
                values[name].copy_(tensor)


def record(options, name, run, problem):
    """Notes a failure: one line for people, the program and its sizes in the output file."""
    print(f"{name} ({run}): {problem}", flush=True)
    with open(options.output, "a") as file:
        file.write(f"// {name}: {problem}\n// {run}\n{(options.run / f'{name}.mlir').read_text()}\n")


def work(options, paths):
    """Runs cases from number options.first_case on; leaves the number of the case in hand in the progress file."""
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    status, counts = 0, collections.Counter()
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        device, judged = Device(), []
        for number, path in list(enumerate(paths))[options.first_case:]:
            options.progress.write_text(json.dumps({"case": number, "wrong": counts["wrong"], "runs": counts["runs"]}))
            case, runs = pickle.loads(path.read_bytes())
            run = None
            try:
                artefact = device.Artefact(path.with_suffix(".json"))
                for run in runs:
                    counts["runs"] += 1
                    judged.append((path.stem, run, pool.submit(judge, case, run, device.run(artefact, case, run))))
            except AssertionError as problem:
                counts["wrong"] += 1
                record(options, path.stem, run, problem)
            except Hung:
                counts["wrong"] += 1
                record(options, path.stem, run, f"hangs for {HANG_SECONDS} s")
                status = HUNG
                break
            except Exception as problem:  # an error of the driver may be one of every later call
                counts["wrong"] += 1
                record(options, path.stem, run, repr(problem))
                try:
                    device.torch.cuda.synchronize()
                except Exception:
                    status = BROKEN
                    break
            while len(judged) > 4 * options.jobs:  # results take memory
                settle(options, counts, *judged.pop(0))
        for entry in judged:
            settle(options, counts, *entry)
        options.progress.write_text(json.dumps({"case": number, "wrong": counts["wrong"], "runs": counts["runs"]}))
    sys.stdout.flush()
    os._exit(status)  # a GPU that hangs does not let go of the process


def settle(options, counts, name, run, future):
    try:
        problem = future.result()
    except Exception as error:
        problem = repr(error)
    if problem:
        counts["wrong"] += 1
        record(options, name, run, problem)


def run_all(options):
    paths = sorted(options.run.glob("*.case"), key=lambda path: (path.stem.startswith("random"), path.stem))
    options.output.unlink(missing_ok=True)
    began, first, wrong, runs = time.monotonic(), 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        progress = pathlib.Path(scratch) / "progress"
        while first < len(paths):
            progress.write_text(json.dumps({"case": first, "wrong": 0, "runs": 0}))
            command = [sys.executable, __file__, "--run", options.run, "--worker", "--first-case", first, "--progress", progress, "--jobs",
                       options.jobs, "--output", options.output]
            worker = subprocess.Popen([str(word) for word in command], start_new_session=True)
            status = worker.wait()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)  # those that it had started
            at = json.loads(progress.read_text())
            wrong, runs = wrong + at["wrong"], runs + at["runs"]
            if status == 0:
                break
            if status not in (HUNG, BROKEN):
                wrong += 1
                print(f"{paths[at['case']].stem}: the process ended with {status}")
            first = at["case"] + 1
    print(f"{wrong} wrong in {runs} runs of {len(paths)} programs, {REPEATS} launches each, {time.monotonic() - began:.0f} s")
    return 1 if wrong or not paths else 0


# -- compute-sanitizer


def sanitize_case(tool, path):
    """The summary of one tool over one program; whether it is clean."""
    case, runs = pickle.loads(path.read_bytes())
    run = min(runs, key=lambda run: abs(run.sizes["Hq"] * run.sizes["Sq"] * run.sizes["Sk"] - 100_000))
    case, inputs, captures, scale = inputs_of(case, run)
    with tempfile.TemporaryDirectory() as scratch:
        command = ["compute-sanitizer", "--tool", tool, support.tool("gdpa-run"), path.with_suffix(".json")]
        for name, value in {**inputs, **captures, "scale": scale}.items():
            if name in ("do", "dstats"):
                continue
            if isinstance(value, np.ndarray):
                np.save(f"{scratch}/{name}.npy", value)
                value = f"{scratch}/{name}.npy"
            command += ["--arg", f"{name}={value}"]
        try:
            done = support.call(*command, timeout=120)
        except subprocess.TimeoutExpired:
            return f"| {path.stem} | {tool} | more than 120 s |", False
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "========= " in line]
    summary = next((line for line in reversed(lines) if "SUMMARY" in line), (lines or [done.stderr.strip()[-200:]])[-1])
    clean = done.returncode == 0 and re.search(r"SUMMARY: 0 (errors|hazards)", summary) is not None
    detail = "" if clean else " ".join(lines[1:5])[:400]
    return f"| {path.stem} | {tool} | {summary.replace('=========', '').strip()} {detail} |", clean


def sanitize(folder, jobs):
    if shutil.which("compute-sanitizer") is None:
        print("no compute-sanitizer on this machine")
        return 1
    grid = sorted(folder.glob("grid*.case"), key=lambda path: path.stem)
    # one of each layout and normalizer before more of the same
    kinds = {}
    for path in grid:
        case, _ = pickle.loads(path.read_bytes())
        kinds.setdefault((case.layout, case.normalizer), path)
    sample = list(kinds.values())[:SANITIZED_PROGRAMS]
    print("| program | tool | what it says |\n|---|---|---|")
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for line, clean in pool.map(lambda job: sanitize_case(*job), [(tool, path) for path in sample for tool in ("memcheck", "synccheck", "racecheck")]):
            wrong += not clean
            print(line, flush=True)
    print(f"{wrong} of {3 * len(sample)} not clean")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--sanitize", type=pathlib.Path)
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("--count", type=int, default=300, help="random programs")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("failures.mlir"))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first-case", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--progress", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compile:
        return compile_all(options.compile, options.target, options.count, options.first, options.jobs)
    if options.sanitize:
        return sanitize(options.sanitize, options.jobs)
    if not options.run:
        parser.error("expected --compile, --run or --sanitize")
    if options.worker:
        return work(options, sorted(options.run.glob("*.case"), key=lambda path: (path.stem.startswith("random"), path.stem)))
    return run_all(options)


if __name__ == "__main__":
    sys.exit(main())
