"""Runs the commands of docs/walkthrough.md and compares what they print with what stands there.

A fenced ```sh block is run by bash in a scratch folder that has examples/ in it, with build/bin and LLVM's tools on PATH; the scratch folder
stays the same through the document. A fenced block that follows directly (```mlir, ```text, ```json, ```asm) is its whole output.

usage: walkthrough.py [--update]   --update writes the outputs into the document
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import support

DOCUMENT = support.ROOT / "docs" / "walkthrough.md"
STEP = re.compile(r"^```sh\n(?P<command>.*?)^```\n(?P<gap>\n)?(?:^```(?P<language>mlir|text|json|asm)\n(?P<output>.*?)^```\n)?", re.M | re.S)


def environment():
    path = [str(support.BUILD / "bin"), "/usr/lib/llvm-22/bin", str(support.ROOT / ".venv" / "bin"), os.environ["PATH"]]
    ptxas = support.find_ptxas()
    if ptxas:
        path.insert(2, str(pathlib.Path(ptxas).parent))
    return {**os.environ, "PATH": os.pathsep.join(path)}


def run(command, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, env=environment(), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    output = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    return done.returncode, output + "\n" if output else ""


def steps(text):
    return list(STEP.finditer(text))


def differences():
    """[(command, what is wrong)] over the document."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "examples").symlink_to(support.ROOT / "examples")
        for step in steps(DOCUMENT.read_text()):
            status, output = run(step["command"], folder)
            if status:
                wrong.append((step["command"], f"exit {status}\n{output}"))
            elif output != (step["output"] or ""):
                diff = difflib.unified_diff((step["output"] or "").splitlines(), output.splitlines(), "document", "now", lineterm="")
                wrong.append((step["command"], "\n".join(diff)))
    return wrong


def update():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "examples").symlink_to(support.ROOT / "examples")

        def rewritten(step):
            status, output = run(step["command"], folder)
            if status:
                sys.exit(f"{step['command']}exit {status}\n{output}")
            text = f"```sh\n{step['command']}```\n"
            if not output:
                return text + (step["gap"] or "")
            after = "\n" if step["output"] is None and step["gap"] else ""
            return f"{text}\n```{step['language'] or 'text'}\n{output}```\n{after}"

        DOCUMENT.write_text(STEP.sub(rewritten, DOCUMENT.read_text()))


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    else:
        for command, what in differences():
            print(f"$ {command}{what}\n")
