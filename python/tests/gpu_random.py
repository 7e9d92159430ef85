"""Random programs on this machine's GPU, forward and backward, against the reference target and numpy in float64.

usage: gpu_random.py [--compile FOLDER | --run FOLDER] [--target sm_80] [--count N] [--first SEED] [--jobs N]
  --compile FOLDER  only compile, into FOLDER (no GPU needed), with the cases themselves beside the artefacts
  --run FOLDER      only run what --compile has written, on outputs poisoned with NaN, three launches bitwise equal

What the target refuses by name is counted and another seed drawn. Exits with 1 where a case is wrong; its program stays in FOLDER.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import pickle
import re
import sys
import tempfile

import programs
import support
from differences import differences

REFUSED = re.compile(r"is not lowered|are not lowered|not lowered on")


def compile_case(folder, target, seed):
    """None, or why the case was not compiled; whether that is the target's to say."""
    case = programs.draw(seed, programs.GPU)
    name = f"random-{seed}"
    try:
        support.compile_program(case.mlir(f"seed {seed}, sizes {case.sizes}"), folder, target=target, name=name)
    except support.CompileError as error:
        return str(error), bool(REFUSED.search(str(error)))
    (folder / f"{name}.case").write_bytes(pickle.dumps(case))
    return None, False


def compile_all(folder, target, count, first, jobs):
    folder.mkdir(parents=True, exist_ok=True)
    compiled, wrong, refused, seed = 0, 0, collections.Counter(), first
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        while compiled + wrong < count and sum(refused.values()) <= 4 * count:
            seeds = range(seed, seed + count - compiled - wrong)
            seed = seeds.stop
            for number, (problem, is_refusal) in zip(seeds, pool.map(lambda n: compile_case(folder, target, n), seeds)):
                if problem is None:
                    compiled += 1
                elif is_refusal:
                    refused[re.sub(r".*?error: ", "", problem.splitlines()[1])] += 1
                else:
                    wrong += 1
                    print(f"seed {number}: {problem}")
    print(f"{compiled} programs compiled, {wrong} not, seeds {first} to {seed - 1}")
    for reason, times in refused.most_common():
        print(f"refused {times} times: {reason}")
    return 1 if wrong else 0


def run_case(path):
    with tempfile.TemporaryDirectory() as scratch:
        try:
            case, seed = pickle.loads(path.read_bytes()), int(path.stem.split("-")[1])
            return differences(case, seed, path.with_suffix(".json"), scratch, options=["--repeat=3"])
        except Exception as error:  # one case must not end the others
            return repr(error)


def run_all(folder, jobs):
    paths = sorted(folder.glob("random-*.case"))
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, problem in zip(paths, pool.map(run_case, paths)):
            if problem is not None:
                wrong += 1
                print(f"{path.stem}: {problem.strip()}", flush=True)
    print(f"{wrong} wrong of {len(paths)} random programs")
    return 1 if wrong or not paths else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", type=pathlib.Path)
    parser.add_argument("--run", type=pathlib.Path)
    parser.add_argument("--target", default="sm_80")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.compile:
        return compile_all(options.compile, options.target, options.count, options.first, options.jobs)
    if options.run:
        return run_all(options.run, options.jobs)
    if not support.has_gpu():
        print("no NVIDIA GPU: expected /dev/nvidia0", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        status = compile_all(pathlib.Path(folder), options.target, options.count, options.first, options.jobs)
        return run_all(pathlib.Path(folder), options.jobs) or status


if __name__ == "__main__":
    sys.exit(main())
