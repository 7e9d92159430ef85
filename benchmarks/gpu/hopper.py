#!/usr/bin/env python3
"""The forward kernels of a GPU target beside their peers: one table with the speed in units of a plain matrix product.

usage: hopper.py --compile FOLDER [--target=sm_90a] [--only SETS] [--quick]      needs no GPU, but ptxas
       hopper.py --run FOLDER [--only SETS] [--quick] [--output FILE.md] ...     needs torch and the GPU, but no compiler

FOLDER, build/lib/libgdpa_runtime.so and benchmarks/ can go to another machine in between. Every kernel is checked at the size it is timed
at: sampled rows of every tile against numpy's float64, outputs poisoned with NaN, 8 launches bitwise equal. Then rounds time all kernels of
one size, their peers and G (the 8192^3 bf16 product) in random order; a ratio is the median of the rounds' ratios. Inputs are standard
normal, scaling is inside. FLOPs: 4 B H Sq Sk D, causal half, sequences of different lengths by their own lengths.

Peers: cuDNN and flash are torch's scaled_dot_product_attention (softmax), varlen torch's flash for sequences of different lengths; Triton
is triton_peer.py, the best of its configurations; FlexAttention and the compiled pair of products (the weights go through memory) are
torch.compile's. `of Triton`: of the same activation.

What times and checks is hopper_worker.py, in a process of its own: after a hang or a crash it goes on behind the kernel that failed.
"""

import argparse
import concurrent.futures
import contextlib
import datetime
import json
import os
import pathlib
import queue
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import kernels

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / os.environ.get("BUILD_DIR", "build") / "bin"
WORKER = pathlib.Path(__file__).with_name("hopper_worker.py")
STALL = 90  # seconds without a word from the worker: compiling a peer takes 20


def chosen(options):
    sets = kernels.QUICK if options.quick else kernels.SETS
    wanted = [word for word in options.only.split(",") if word]
    unknown = [word for word in wanted if not any(s.name.startswith(word) for s in sets)]
    if unknown:
        sys.exit(f"hopper.py: no set starts with {', '.join(unknown)}: {', '.join(s.name for s in sets)}")
    return [s for s in sets if not wanted or any(s.name.startswith(word) for word in wanted)]


def compile_all(folder, sets, target, jobs):
    folder.mkdir(parents=True, exist_ok=True)

    def one(kernel):
        output = folder / f"{kernel.name}.cubin"
        began = time.monotonic()
        done = subprocess.run([BIN / "gdpa-compile", "-", f"--target={target}", "--emit=cubin", "-o", output], input=kernel.source(),
                              capture_output=True, text=True)
        remarks = [line for line in done.stderr.splitlines() if "remark" in line or "warning" in line or done.returncode]
        return kernel.name, done.returncode, time.monotonic() - began, remarks

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, status, seconds, remarks in pool.map(one, kernels.all_kernels(sets)):
            failed += status != 0
            print(f"{name:32s} {'FAILED' if status else f'{seconds:.1f} s'}", *remarks[:3], flush=True)
    (folder / "about.json").write_text(json.dumps({"target": target, "commit": commit()}))
    return 1 if failed else 0


def commit():
    try:
        return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


class Worker:
    """Runs the worker again and again until every set is done, and keeps what it printed: one JSON object a line."""

    def __init__(self, options, sets, deadline):
        self.options, self.left, self.deadline = options, [s.name for s in sets], deadline
        self.events, self.bad = [], []
        self.log = open(options.log, "a")

    def run(self):
        while self.left and time.time() < self.deadline:
            before = len(self.left), len(self.bad)
            self.run_once()
            if (len(self.left), len(self.bad)) == before:  # it died between kernels: leave out the set
                self.events.append({"event": "failed", "set": self.left.pop(0), "name": "the whole set", "why": "the worker ended"})

    def run_once(self):
        command = [sys.executable, WORKER, self.options.run, "--sets", ",".join(self.left), "--bad", json.dumps(self.bad), "--rounds",
                   str(self.options.rounds), "--ms", str(self.options.ms), "--deadline", str(self.deadline)]
        command += ["--quick"] if self.options.quick else []
        command += ["--no-peers"] if self.options.no_peers else []
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1,
                                   start_new_session=True)
        lines = queue.SimpleQueue()
        threading.Thread(target=lambda: [lines.put(line) for line in process.stdout] + [lines.put(None)], daemon=True).start()
        current, stalled = None, False
        while True:
            try:
                line = lines.get(timeout=min(STALL, max(self.deadline + 20 - time.time(), 1)))
            except queue.Empty:
                stalled = True
                process.kill()
                break
            if line is None:
                break
            try:
                event = json.loads(line)
            except ValueError:
                print(line, end="", file=self.log)
                continue
            if event["event"] == "begin":
                current = event
            elif event["event"] == "end":
                current = None
            else:
                self.events.append(event)
                if event["event"] == "set":
                    self.left.remove(event["set"])
                elif event["event"] == "failed":
                    self.bad.append([event["set"], event["name"]])
        process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # those that it had started
        if process.returncode and current:
            why = "hangs" if stalled or process.returncode == 99 else f"ended the process ({process.returncode})"
            self.bad.append([current["set"], current["name"]])
            if current["name"] == "the whole set" and current["set"] in self.left:
                self.left.remove(current["set"])
            self.events.append({"event": "failed", "set": current["set"], "name": current["name"], "why": why})


def median_ratio(row, other):
    return statistics.median(a / b for a, b in zip(row["tflops"], other["tflops"]))


def table(set_, events):
    """The lines of a set, and how many of its kernels are wrong or short of their aim."""
    rows = {e["name"]: e for e in events if e["event"] == "row" and e["set"] == set_.name}
    failures = [e for e in events if e["event"] == "failed" and e["set"] == set_.name]
    product = rows.pop("G", None)
    lines, wrong, short = ["", f"## {set_.title}", ""], 0, 0
    if product:
        speeds = product["tflops"]
        lines += [f"G: {statistics.median(speeds):.0f} TFLOP/s ({min(speeds):.0f} to {max(speeds):.0f}), {len(speeds)} rounds.", "",
                  "| | TFLOP/s | of G | aim | of cuDNN | of flash | of Triton | error | 8 launches |", "|---|---|---|---|---|---|---|---|---|"]
        ours = [kernel.label for kernel in set_.kernels]
        for name, row in rows.items():
            of_g = median_ratio(row, product)
            peer = lambda other: f"{median_ratio(row, rows[other]):.2f}" if other in rows and other != name else ""
            aim = set_.aims.get(name)
            if name in ours:
                bad = not row.get("right", False)
                wrong += bad
                short += aim is not None and of_g < 0.98 * aim
                verdict = f"{aim:.2f}{'' if of_g >= 0.98 * aim else ' short'}" if aim is not None else ""
                triton = f"Triton {name}"
                error = f"{row['error']:.1e}" + (f", stats {row['stats']:.0e}" if row.get("stats") is not None else "") + (" WRONG" if bad else "")
                lines.append(f"| **{name}** | {statistics.median(row['tflops']):.0f} | {of_g:.3f} | {verdict} | {peer('cuDNN')} | {peer('flash')} "
                             f"| {peer(triton)} | {error} | {'equal' if row['equal'] else 'DIFFER'} |")
            else:
                lines.append(f"| {name}{' (' + row['note'] + ')' if row.get('note') else ''} | {statistics.median(row['tflops']):.0f} "
                             f"| {of_g:.3f} | | {peer('cuDNN')} | {peer('flash')} | | | |")
    for failure in failures:
        wrong += failure["name"] in set_.aims or failure["name"] == "the whole set"
        lines.append(f"\n- FAILED {failure['name']}: {failure['why']}")
    return lines, wrong, short


def device():
    """The card and its driver."""
    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True, text=True)
    except OSError:
        return "unknown device"
    return (done.stdout.strip().splitlines() or ["unknown device"])[0]


def run_all(options, sets):
    began = time.time()
    worker = Worker(options, sets, began + options.budget)
    worker.run()
    about = json.loads((options.run / "about.json").read_text())
    versions = next((e for e in worker.events if e["event"] == "versions"), {})
    lines = [f"# Forward kernels on {device()}, {datetime.date.today()}", "",
             f"`benchmarks/gpu/hopper.py`, target {about['target']}, commit {about['commit']}, torch {versions.get('torch')}, Triton {versions.get('triton')}. "
             f"bf16, medians of {options.rounds} rounds of {options.ms:g} ms each that take turns; G is the bf16 product of 8192^3 of the same round."]
    wrong = short = 0
    for set_ in sets:
        text, bad, behind = table(set_, worker.events)
        wrong, short = wrong + bad, short + behind
        lines += text
    if worker.left:
        lines.append(f"\nNot run within {options.budget:g} s: {', '.join(worker.left)}.")
    lines.append(f"\n{wrong} wrong or failed, {short} short of their aim by more than 2%. {time.time() - began:.0f} s.")
    text = "\n".join(lines) + "\n"
    print(text)
    options.output.write_text(text)
    options.output.with_suffix(".json").write_text(json.dumps(worker.events))
    return 1 if wrong or worker.left else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--target", default="sm_90a")
    parser.add_argument("--only", default="", help=f"sets whose names start so: {', '.join(s.name for s in kernels.SETS)}")
    parser.add_argument("--quick", action="store_true", help="silu at D 64 and 128, G and cuDNN")
    parser.add_argument("--no-peers", action="store_true", help="cuDNN and flash alone: nothing is compiled")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ms", type=float, default=20, help="of each kernel in each round")
    parser.add_argument("--budget", type=float, default=1e6, help="seconds after which nothing new begins")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of --compile")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("hopper.md"))
    parser.add_argument("--log", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "hopper.log")
    options = parser.parse_args()
    if not options.compile and not options.run:
        parser.error("expected --compile FOLDER or --run FOLDER")
    sets = chosen(options)
    status = compile_all(options.compile, sets, options.target, options.jobs) if options.compile else 0
    return run_all(options, sets) or status if options.run else status


if __name__ == "__main__":
    sys.exit(main())
