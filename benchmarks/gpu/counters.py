#!/usr/bin/env python3
"""Hardware counters of the forward kernels of hopper.py, by ncu: what a kernel that is short of its aim is bound by.

usage: counters.py FOLDER SET/LABEL ...      (FOLDER of hopper.py --compile; "d128-4096/silu"; needs ncu, torch and the GPU)

tensor: cycles in which the tensor cores work; mufu: the pipe of the hardware's functions; fma: that of f32 arithmetic; issue: cycles in
which a scheduler issues; all in percent of their peak. GB: bytes that pass the L2 cache and the device memory.
"""

import csv
import pathlib
import subprocess
import sys

METRICS = {"us": "gpu__time_duration.sum", "tensor": "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
           "mufu": "sm__inst_executed_pipe_xu.avg.pct_of_peak_sustained_active", "fma": "sm__inst_executed_pipe_fma.avg.pct_of_peak_sustained_active",
           "issue": "smsp__issue_active.avg.pct_of_peak_sustained_active", "L2 GB": "lts__t_bytes.sum", "DRAM GB": "dram__bytes.sum"}
UNITS = {"ns": 1e-3, "us": 1, "ms": 1e3, "byte": 1e-9, "Kbyte": 1e-6, "Mbyte": 1e-3, "Gbyte": 1}


def launch(folder, jobs):
    """Launches each kernel twice; the second launch is the one that counts."""
    import torch
    import hopper_worker
    import kernels
    from artefact import Artefact

    generator = torch.Generator(device="cuda").manual_seed(0)
    for job in jobs:
        set_name, _, label = job.partition("/")
        set_ = next(s for s in kernels.SETS if s.name == set_name)
        kernel = next(k for k in set_.kernels if k.label == label)
        inputs = hopper_worker.Inputs(set_, generator)
        artefact = Artefact(folder / f"{kernel.name}.json")
        call = artefact.bind("forward", **inputs.arguments(kernel, hopper_worker.captures_of(artefact)))
        call()
        call()
        torch.cuda.synchronize()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--launch":
        return launch(pathlib.Path(sys.argv[2]), sys.argv[3:])
    jobs = sys.argv[2:]
    command = ["ncu", "--clock-control", "none", "-k", "regex:attention.*forward$", "--metrics", ",".join(METRICS.values()), "--csv",
               sys.executable, __file__, "--launch", sys.argv[1], *jobs]
    done = subprocess.run(command, capture_output=True, text=True)
    rows = list(csv.DictReader(line for line in done.stdout.splitlines() if line.startswith('"')))
    launches = {}
    for row in rows:
        launches.setdefault(row["ID"], {})[row["Metric Name"]] = float(row["Metric Value"].replace(",", "")) * UNITS.get(row["Metric Unit"], 1)
    if len(launches) != 2 * len(jobs):
        sys.exit(f"expected {2 * len(jobs)} launches, found {len(launches)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    print("| kernel | " + " | ".join(METRICS) + " |\n|---|" + "---|" * len(METRICS))
    for job, values in zip(jobs, list(launches.values())[1::2]):
        print(f"| {job} | " + " | ".join(f"{values[metric]:.4g}" for metric in METRICS.values()) + " |")


if __name__ == "__main__":
    main()
