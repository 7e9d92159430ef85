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
    start = time.perf_counter()
    subprocess.run(command, input=b"", check=True, stdout=subprocess.DEVNULL)
    return 1e3 * (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plugin", nargs="?", default=BUILD / "lib" / "GDPAPlugin.so")
    parser.add_argument("mlir_opt", nargs="?", default="/usr/lib/llvm-22/bin/mlir-opt")
    parser.add_argument("--rounds", type=int, default=41)
    options = parser.parse_args()
    loading = [f"--load-dialect-plugin={options.plugin}", f"--load-pass-plugin={options.plugin}"]
    without, loaded = [], []
    for _ in range(options.rounds):
        without.append(milliseconds([options.mlir_opt, "-"]))
        loaded.append(milliseconds([options.mlir_opt, *loading, "-"]))
    added = [b - a for a, b in zip(without, loaded)]
    print(f"mlir-opt on an empty module: {statistics.median(without):.1f} ms; with the plugin: {statistics.median(loaded):.1f} ms; "
          f"added: {statistics.median(added):.1f} ms (median of {options.rounds} rounds, quartiles "
          f"{statistics.quantiles(added, n=4)[0]:.1f}..{statistics.quantiles(added, n=4)[2]:.1f})")


if __name__ == "__main__":
    main()
