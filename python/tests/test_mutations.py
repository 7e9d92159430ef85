"""gdpa-opt never crashes in our code on a module that holds our operations, well-formed or not.

Examples, in the custom and in the generic form, are mutated a few tokens or lines at a time and given to gdpa-opt with each pipeline. An exit
status other than 0 or 1 is a crash; the module is kept in build/test-failures. Crashes of upstream's own code are listed below by what their
stack or message holds.
"""

import random
import re

import pytest

import catalogue
import support

COUNT = 4000 if support.NIGHTLY else 400
BATCHES = 20
UPSTREAM_CRASHES = ()
TOKEN = re.compile(r"%[\w.]+|#[\w.]+|![\w.]+|@\w+|[A-Za-z_][\w.]*|-?\d+(?:\.\d*(?:e[+-]?\d+)?)?|->|\"[^\"]*\"|\S|\s+")
PIPELINES = ((), ("--canonicalize", "--cse"), ("--gdpa-autodiff", "--canonicalize"), ("--gdpa-prepare-entry",), ("--gdpa-to-linalg",),
             ("--gdpa-to-cpu",), ("--gdpa-to-nvvm=chip=sm_80",), ("--gdpa-to-reference",),
             ("--one-shot-bufferize=bufferize-function-boundaries allow-unknown-ops",))
NUMBERS = ("0", "-1", "1", "3", "65", "4096", "9223372036854775807", "2147483648")
SNIPPETS = ("", "?", "f32", "bf16", "f16", "f64", "i1", "i32", "index", "tensor<?xf32>", "tensor<f32>", "tensor<*xf32>", "memref<?x?x?x64xf32>", "vector<4xf32>",
            "thd", "bshd", "softmax", "sum", "none", "!output", "()", "{}", "[0]", "unit", "scf.if", "gdpa.yield", "gdpa.accumulate", "func.return")


def seeds():
    names = ("silu", "polynomial", "causal", "sliding-window", "relative-position", "document-mask", "learned-temperature")
    texts = []
    for name in names:
        source = re.sub(r"//.*", "", catalogue.BY_NAME[name].source)
        texts.append(source)
        texts.append(support.specialise(catalogue.BY_NAME[name].source, "bf16", 64, 40))
        for options in (["--mlir-print-op-generic"], ["--gdpa-autodiff"], ["--gdpa-autodiff", "--mlir-print-op-generic"], ["--gdpa-prepare-entry"],
                        ["--gdpa-autodiff", "--gdpa-prepare-entry", "--gdpa-plan=target=cpu", "--convert-gdpa-to-tile"]):
            done = support.call(support.tool("gdpa-opt"), "-", *options, stdin=source)
            if done.returncode == 0:
                texts.append(done.stdout)
    assert len(texts) >= 4 * len(names), "gdpa-opt no longer prints the examples' generic form"
    return texts


def kind(token):
    if re.fullmatch(r"-?\d.*", token):
        return "number"
    return token[0] if token[0] in "%#!@" else "word" if token[0].isalpha() else "other"


def mutated(text, rng):
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if rng.random() < 0.2:
            lines = text.splitlines()
            n = rng.randrange(len(lines))
            change = rng.choice(("delete", "duplicate", "swap"))
            if change == "delete":
                del lines[n]
            elif change == "duplicate":
                lines.insert(n, lines[n])
            else:
                m = rng.randrange(len(lines))
                lines[n], lines[m] = lines[m], lines[n]
            text = "\n".join(lines)
            continue
        tokens = TOKEN.findall(text)
        solid = [n for n, token in enumerate(tokens) if not token.isspace()]
        if not solid:
            return text
        n = rng.choice(solid)
        change = rng.choice(("delete", "duplicate", "like", "like", "like", "snippet", "number"))
        if change == "delete":
            tokens[n] = ""
        elif change == "duplicate":
            tokens[n] += " " + tokens[n]
        elif change == "like":  # another token of the same kind: more often still well-formed
            tokens[n] = rng.choice([tokens[m] for m in solid if kind(tokens[m]) == kind(tokens[n])])
        elif change == "snippet":
            tokens[n] = rng.choice(SNIPPETS)
        else:
            numbers = [m for m in solid if kind(tokens[m]) == "number"]
            if numbers:
                tokens[rng.choice(numbers)] = rng.choice(NUMBERS)
        text = "".join(tokens)
    return text


@pytest.fixture(scope="module")
def texts():
    return seeds()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_crash(batch, texts, failures):
    rng = random.Random(batch)
    crashes = []
    for n in range(COUNT // BATCHES):
        source = mutated(rng.choice(texts), rng)
        pipeline = rng.choice(PIPELINES)
        done = support.call(support.tool("gdpa-opt"), "-", *pipeline, stdin=source, timeout=120)
        if done.returncode in (0, 1) or any(known in done.stderr for known in UPSTREAM_CRASHES):
            continue
        path = failures / f"crash-{batch}-{n}.mlir"
        path.write_text(f"// gdpa-opt {' '.join(pipeline)}\n{source}")
        crashes.append(f"{path}: gdpa-opt {' '.join(pipeline)}: exit {done.returncode}\n{done.stderr[-1500:]}")
    assert not crashes, "\n".join(crashes)
