"""Milliseconds that loading the plugin adds to mlir-opt on an empty module: medians of rounds that run both, one after the other.

usage: plugin-load.py [--rounds=N] [PLUGIN] [MLIR-OPT]
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD_DIR", "build")


def milliseconds(command):
    """Elapsed time and processor time of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {os.waitstatus_to_exitcode(status)}")
    return 1e3 * elapsed, 1e3 * (usage.ru_utime + usage.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugin", nargs="?", default=BUILD / "lib" / "GDPAPlugin.so")
    parser.add_argument("mlir_opt", nargs="?", default="/usr/lib/llvm-22/bin/mlir-opt")
    parser.add_argument("--rounds", type=int, default=101)
    options = parser.parse_args()
    loading = [f"--load-dialect-plugin={options.plugin}", f"--load-pass-plugin={options.plugin}"]
    rounds = [(milliseconds([options.mlir_opt, "-"]), milliseconds([options.mlir_opt, *loading, "-"])) for _ in range(options.rounds)]
    print(f"mlir-opt on an empty module, medians of {options.rounds} rounds:")
    for kind, what in enumerate(("elapsed", "processor")):
        without, loaded = ([times[side][kind] for times in rounds] for side in (0, 1))
        added = statistics.quantiles((b - a for a, b in zip(without, loaded)), n=4)
        print(f"  {what} time {statistics.median(without):.1f} ms, with the plugin {statistics.median(loaded):.1f} ms: "
              f"added {added[1]:.1f} ms (quartiles {added[0]:.1f}..{added[2]:.1f})")


if __name__ == "__main__":
    main()
