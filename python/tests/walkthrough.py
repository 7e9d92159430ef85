"""Runs the commands of the documents that show commands, and compares what they print with what stands there.

A fenced ```sh block is run by bash in a scratch folder that has examples/ in it, with build/bin, LLVM's tools and .venv/bin on PATH; the scratch
folder stays the same through a document. A fenced block that follows directly (```mlir, ```text, ```json, ```asm) is its whole output. A fenced
```mlir, ```python, ```c or ```cmake block that begins with `// file: NAME` or `# file: NAME` is first written to that file of the folder.
$PREFIX is an installation, made for the document that names it.

usage: walkthrough.py [--update] [NAME.md ...]   --update writes the outputs into the documents
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import support

DOCUMENTS = [support.ROOT / "docs" / name for name in ("walkthrough.md", "language.md", "integration.md")]
STEP = re.compile(r"^```(?:mlir|python|c|cmake)\n(?P<content>(?://|#) file: (?P<file>\S+)\n.*?)^```\n"
                  r"|^```sh\n(?P<command>.*?)^```\n(?P<gap>\n)?(?:^```(?P<language>mlir|text|json|asm)\n(?!(?://|#) file: )(?P<output>.*?)^```\n)?",
                  re.M | re.S)


def environment():
    path = [str(support.BUILD / "bin"), "/usr/lib/llvm-22/bin", str(support.ROOT / ".venv" / "bin"), os.environ["PATH"]]
    ptxas = support.find_ptxas()
    if ptxas:
        path.insert(2, str(pathlib.Path(ptxas).parent))
    return {**os.environ, "PATH": os.pathsep.join(path)}


def install(folder):
    """An installation in the folder, as a document's commands find it."""
    subprocess.run([support.ROOT / "scripts" / "install.sh", "install"], env={**os.environ, "PREFIX": str(folder / "installed")}, check=True,
                   stdout=subprocess.DEVNULL)


def run(command, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, env={**environment(), "PREFIX": str(folder / "installed")}, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    output = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    return done.returncode, output + "\n" if output else ""


def scratch(name, document):
    """The folder, as the document's commands find it."""
    folder = pathlib.Path(name)
    (folder / "examples").symlink_to(support.ROOT / "examples")
    if "$PREFIX" in document.read_text():
        install(folder)
    return folder


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)


def differences(document):
    """[(command, what is wrong)] over the document."""
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = scratch(name, document)
        for step in STEP.finditer(document.read_text()):
            if step["file"]:
                write(folder / step["file"], step["content"])
                continue
            status, output = run(step["command"], folder)
            if status:
                wrong.append((step["command"], f"exit {status}\n{output}"))
            elif output != (step["output"] or ""):
                diff = difflib.unified_diff((step["output"] or "").splitlines(), output.splitlines(), "document", "now", lineterm="")
                wrong.append((step["command"], "\n".join(diff)))
    return wrong


def update(document):
    with tempfile.TemporaryDirectory() as name:
        folder = scratch(name, document)

        def rewritten(step):
            if step["file"]:
                write(folder / step["file"], step["content"])
                return step[0]
            status, output = run(step["command"], folder)
            if status:
                sys.exit(f"{document}: {step['command']}exit {status}\n{output}")
            text = f"```sh\n{step['command']}```\n"
            if not output:
                return text + (step["gap"] or "")
            after = "\n" if step["output"] is None and step["gap"] else ""
            return f"{text}\n```{step['language'] or 'text'}\n{output}```\n{after}"

        document.write_text(STEP.sub(rewritten, document.read_text()))


if __name__ == "__main__":
    named = [document for document in DOCUMENTS if document.name in sys.argv]
    for document in named or DOCUMENTS:
        if "--update" in sys.argv:
            update(document)
        else:
            for command, what in differences(document):
                print(f"{document}\n$ {command}{what}\n")
