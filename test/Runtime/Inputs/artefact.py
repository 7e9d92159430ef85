"""Writes a hand-made artefact: a launch description and its code file.

usage: artefact.py KIND DIRECTORY CODE [KEY=JSON ...]

KIND is a key of ENTRIES below; writes DIRECTORY/k.json (k.reference.json for the kind "reference") beside a copy of CODE.
A KEY=JSON pair overrides a value of the description; KEY is a dotted path ("code.sha256", "arguments.0.type"); JSON "null"
removes the key.
"""
import copy
import hashlib
import json
import shutil
import sys

ROWS = {"q": ["B", "Hq", "Sq", 8], "k": ["B", "Hkv", "Sk", 8], "v": ["B", "Hkv", "Sk", 8], "do": ["B", "Hq", "Sq", 8],
        "o": ["B", "Hq", "Sq", 8], "dq": ["B", "Hq", "Sq", 8]}
ROW_SYMBOLS = {"B": ["q", 0], "Hq": ["q", 1], "Sq": ["q", 2], "Hkv": ["k", 1], "Sk": ["k", 2]}


def row(name, kind="f32", access="read"):
    return {"name": name, "type": kind, "shape": ROWS[name], "access": access, "role": name}


def scalar(name, kind="f32", role=None):
    return {"name": name, "type": kind, "shape": [], "access": "read", "role": role or name}


def attention(kind):
    return [row("q", kind), row("k", kind), row("v", kind), scalar("scale", kind), row("o", kind, "write")]


def vector(name, kind, access="read"):
    return {"name": name, "type": kind, "shape": ["n"], "access": access}


def one_vector(symbol, kind="f32"):
    return {"arguments": [vector("q", kind), vector("o", kind, "write")], "symbols": {"n": ["q", 0]},
            "entries": {"forward": {"arguments": ["q", "o"], "symbol": symbol}}}


ENTRIES = {
    "attention": {
        "arguments": attention("f32") + [row("do"), row("dq", access="write")], "symbols": ROW_SYMBOLS,
        "entries": {
            "forward": {"arguments": ["q", "k", "v", "scale", "o"], "symbol": "toy_forward"},
            "backward": {"arguments": ["v", "do", "o", "dq"], "symbol": "toy_backward",
                         "workspace": [{"name": "zeros", "bytes": 100, "init": "zero"},
                                       {"name": "rest", "bytes": ["mul", 4, "B"], "init": "none"}]}}},
    "reference": {
        "arguments": attention("f64") + [{"name": "o.valid", "type": "i8", "shape": ["B", "Hq", "Sq"], "access": "write"}],
        "symbols": ROW_SYMBOLS,
        "entries": {"forward": {"arguments": ["q", "k", "v", "scale", "o", "o.valid"], "symbol": "toy_reference"}}},
    "copy": one_vector("toy_copy"),
    "copy-reference": one_vector("toy_copy", "f64"),
    "copy-bf16": one_vector("toy_copy", "bf16"),
    "copy-f16": one_vector("toy_copy", "f16"),
    "copy-i32": one_vector("toy_copy", "i32"),
    "copy-i1": one_vector("toy_copy", "i1"),
    "forgetful": one_vector("toy_forgetful"),
    "changing": one_vector("toy_changing"),
    "failing": one_vector("toy_failing"),
    "greedy": one_vector("toy_greedy"),
    "scalar": {"arguments": [scalar("q", "i64", "capture"), {"name": "o", "type": "i64", "shape": [], "access": "write"}],
               "symbols": {}, "entries": {"forward": {"arguments": ["q", "o"], "symbol": "toy_copy"}}},
    # Behind the fake driver of fake_cuda.c, whose kernels these are.
    "cuda": {
        "target": "sm_80",
        "arguments": [vector("q", "f32"), scalar("scale"), vector("o", "f32", "write")], "symbols": {"n": ["q", 0]},
        "entries": {"forward": {
            "arguments": ["q", "scale", "o"],
            "workspace": [{"name": "sums", "bytes": ["mul", 4, "sm_count"], "init": "zero"}],
            "kernels": [{"symbol": "fake_scale", "grid": [["ceildiv", "n", 128], 1, 1], "block": [128, 1, 1], "shared_bytes": 1024,
                         "params": [{"pointer": "q"}, {"pointer": "o"}, {"scalar": "scale"}, {"size": ["q", 0]},
                                    {"stride": ["q", 0], "type": "i32"}, {"workspace": "sums"},
                                    {"value": ["sub", "n", 1], "type": "i32"}]}]}}},
    # One box of q, whose rows are its first dimension and whose heads the second.
    "tensor-map": {
        "target": "sm_90a",
        "arguments": [{"name": "q", "type": "f32", "shape": ["Sk", "Hkv", 4], "access": "read"},
                      {"name": "o", "type": "f32", "shape": ["Hkv", 3, 8], "access": "write"}],
        "symbols": {"Sk": ["q", 0], "Hkv": ["q", 1]},
        "entries": {"forward": {
            "arguments": ["q", "o"],
            "kernels": [{"symbol": "fake_boxes", "grid": ["Hkv", 1, 1], "block": [128, 1, 1],
                         "params": [{"tensor_map": "q", "dims": [2, 0, 1], "box": [8, 3, 1], "swizzle": 128}, {"pointer": "o"}]}]}}},
}
CUDA = ("cuda", "tensor-map")


def override(description, path, value):
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for parent in parents:
        description = description[parent]
    if value is None:
        del description[last]
    else:
        description[last] = value


def make(kind, directory, code, changes):
    """Writes the artefact; returns the description."""
    is_cuda = kind in CUDA
    is_reference = kind.endswith("reference")
    name = "k.reference" if is_reference else "k"
    file = name + (".ptx" if is_cuda else ".so")
    shutil.copyfile(code, f"{directory}/{file}")
    with open(code, "rb") as opened:
        digest = hashlib.sha256(opened.read()).hexdigest()
    description = {"gdpa_launch": 1, "target": "reference" if is_reference else "cpu",
                   "code": {"file": file, "sha256": digest}, **copy.deepcopy(ENTRIES[kind])}
    for change in changes:
        path, value = change.split("=", 1)
        override(description, path, json.loads(value))
    with open(f"{directory}/{name}.json", "w") as opened:
        json.dump(description, opened, indent=1)
    return description


if __name__ == "__main__":
    make(*sys.argv[1:4], sys.argv[4:])
