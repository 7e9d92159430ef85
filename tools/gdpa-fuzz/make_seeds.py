"""Writes modules of every stage of the pipelines as seeds: what the passes meet, in the text that today's printers write.

usage: make_seeds.py GDPA_OPT EXAMPLES FOLDER
"""

import hashlib
import pathlib
import re
import subprocess
import sys

EXAMPLES = ("silu", "polynomial", "causal", "relative-position", "document-mask")
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


def main(gdpa_opt, examples, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    seen = set()
    for name in EXAMPLES:
        source = re.sub(r"//.*", "", (pathlib.Path(examples) / f"{name}.mlir").read_text())
        for pipeline in PIPELINES:
            storage = "bf16" if "nvvm" in pipeline else "f32"
            program = source.replace("?x64xf32>", f"?x64x{storage}>")
            for after, text in [("", program), *stages(gdpa_opt, program, pipeline)]:
                digest = hashlib.sha1(text.encode()).hexdigest()[:12]
                if digest in seen or len(text) > LARGEST:
                    continue
                seen.add(digest)
                (folder / f"{name}-{after or 'source'}-{digest}.mlir").write_text(f"// pipeline: builtin.module({pipeline})\n{text}")
    print(f"{len(seen)} seeds in {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
