"""Writes modules of every stage of the pipelines as seeds: what the passes meet, in the text that today's printers write.

Each is to be given to the pass of ours that comes next. The program itself takes the whole pipeline.

usage: make_seeds.py BIN EXAMPLES FOLDER
"""

import hashlib
import pathlib
import re
import subprocess
import sys

EXAMPLES = ("polynomial", "document-mask", "softmax", "relu-normalized", "jagged-silu", "straight-through", "spline")
LARGEST = 60_000
PIPELINES = ("gdpa-autodiff", "gdpa-to-cpu{gradients=true cpu=x86-64-v3}", "gdpa-to-nvvm{gradients=true}", "gdpa-to-reference{gradients=true}",
             "gdpa-to-linalg")


def stages(gdpa_opt, source, pipeline):
    """The module after each pass that changed it, with the name of the pass."""
    command = [gdpa_opt, "-", f"--pass-pipeline=builtin.module({pipeline})", "--mlir-print-ir-after-all", "--mlir-print-ir-module-scope",
               "--mlir-disable-threading", "-o", "/dev/null"]
    printed = subprocess.run(command, input=source, capture_output=True, text=True).stderr
    parts = re.split(r"^// -----// IR Dump After .*?\((\S+)\).*//----- //\n", printed, flags=re.M)
    return zip(parts[1::2], parts[2::2])


def single_passes(gdpa_fuzz):
    """The pipelines of one pass, by its name."""
    lines = subprocess.run([gdpa_fuzz, "--list-pipelines"], capture_output=True, text=True, check=True).stdout.splitlines()
    alone = {}
    for line in lines:
        if not line.startswith("builtin.module("):
            continue
        alone.setdefault(re.sub(r"\{.*\}", "", re.findall(r"\(([^()]*)\)", line)[-1]), line)
    return alone


def main(binaries, examples, folder):
    binaries, folder = pathlib.Path(binaries), pathlib.Path(folder)
    gdpa_opt, alone = binaries / "gdpa-opt", single_passes(binaries / "gdpa-fuzz")
    folder.mkdir(parents=True, exist_ok=True)
    seen = set()
    for name in EXAMPLES:
        source = re.sub(r"//.*", "", (pathlib.Path(examples) / f"{name}.mlir").read_text())
        for pipeline in PIPELINES:
            storage = "bf16" if "nvvm" in pipeline else "f32"
            program = source.replace("?x64xf32>", f"?x64x{storage}>")
            reached = [("source", program), *stages(gdpa_opt, program, pipeline)]
            for n, (after, text) in enumerate(reached):
                digest = hashlib.sha1(text.encode()).hexdigest()[:12]
                if digest in seen or len(text) > LARGEST:
                    continue
                seen.add(digest)
                following = [alone[name] for name, _ in reached[n + 1 :] if name in alone and n > 0]
                (folder / f"{name}-{after}-{digest}.mlir").write_text(
                    f"// pipeline: {following[0] if following else f'builtin.module({pipeline})'}\n{text}")
    print(f"{len(seen)} seeds in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
